"""What goes wrong with single records in a real org: validation rules, flows, locks, faults.

Rules and flows run for everybody; locks and faults meet only what comes through the API, once a request.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from qbsf.sandbox.salesforce.faults import ChunkError, RecordError, approval_locked, row_locked, server_fault
from qbsf.sandbox.salesforce.schema import Row

Broken = Callable[[Row], bool]
"""A rule's formula: True refuses the record, as in Salesforce."""
FlowChange = Callable[[Row, Row], Mapping[str, object] | None]
"""The record as saved and as it was (empty for a new one); answers the fields the flow then sets."""


@dataclass(frozen=True)
class ValidationRule:
    object_name: str
    broken: Broken
    message: str
    fields: tuple[str, ...] = ()


@dataclass
class Flow:
    """Runs after a save; `times` is how often it still does, None for always."""

    name: str
    object_name: str
    change: FlowChange
    times: int | None = None

    def run(self, saved: Row, before: Row) -> Mapping[str, object] | None:
        if self.times == 0:
            return None
        changes = self.change(saved, before)
        if changes and self.times is not None:
            self.times -= 1
        return changes


@dataclass(frozen=True)
class FailingFlow:
    """A flow that throws for the records it is true of, and takes their whole chunk with it."""

    name: str
    object_name: str
    fails_for: Broken


class Hazards:
    """The org's automations and everything that is locked or broken in it."""

    def __init__(self) -> None:
        self.rules: list[ValidationRule] = []
        self.flows: list[Flow] = []
        self.failing_flows: list[FailingFlow] = []
        self._approval_locks: set[str] = set()
        self._row_locks: dict[str, int] = {}
        self._faults: dict[str, int] = {}
        self._met: set[str] = set()

    def begin_request(self) -> None:
        """A row lock or fault lasts for the whole of a request and counts as one try."""
        self._met.clear()

    def lock_rows(self, record_id: str, tries: int) -> None:
        self._row_locks[record_id] = tries

    def fail_saves(self, record_id: str, tries: int) -> None:
        self._faults[record_id] = tries

    def lock_for_approval(self, record_id: str, *, locked: bool) -> None:
        (self._approval_locks.add if locked else self._approval_locks.discard)(record_id)

    def check_locks(self, row: Row) -> None:
        """RecordError where the record, or the Account above it, is locked or broken at the moment."""
        record_id = str(row["Id"])
        for one in (record_id, str(row["AccountId"])):
            if self._meets(self._row_locks, one):
                raise row_locked(one)
        if self._meets(self._faults, record_id):
            raise server_fault("1453278811-47118 (-1271831331)")
        if record_id in self._approval_locks:
            raise approval_locked()

    def check_rules(self, object_name: str, row: Row) -> None:
        for rule in self.rules:
            if rule.object_name == object_name and rule.broken(row):
                raise RecordError("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, rule.fields)

    def check_flows(self, object_name: str, row: Row) -> None:
        for flow in self.failing_flows:
            if flow.object_name == object_name and flow.fails_for(row):
                text = (
                    f'We can\'t save this record because the "{flow.name}" process failed. Give your Salesforce admin'
                    " these details. The flow failed to access the value of a field."
                )
                raise ChunkError("CANNOT_EXECUTE_FLOW_TRIGGER", text)

    def _meets(self, tries: dict[str, int], record_id: str) -> bool:
        if record_id in self._met:
            return record_id in tries
        left = tries.get(record_id, 0)
        if not left:
            tries.pop(record_id, None)
            return False
        tries[record_id] = left - 1
        self._met.add(record_id)
        return True
