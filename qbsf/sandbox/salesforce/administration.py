"""What the org's administrator does: stages, record types, automations, locks, limits."""

from collections.abc import Sequence

from qbsf.sandbox.salesforce.customization import Customization
from qbsf.sandbox.salesforce.hazards import Broken, FailingFlow, Flow, FlowChange, ValidationRule
from qbsf.sandbox.salesforce.schema import Row, Value
from qbsf.sandbox.salesforce.state import ADMINISTRATOR, locked


class Administration(Customization):
    """Setup. Changes hold at once, for every later request."""

    @locked
    def add_stage(
        self,
        label: str,
        *,
        api_name: str = "",
        closed: bool = False,
        won: bool = False,
        probability: int = 50,
        category: str = "Pipeline",
    ) -> str:
        """A further stage; answers its id."""
        stage_id = self._add_stage_row(
            label, api_name or label, closed=closed, won=won, probability=probability, category=category
        )
        self._refresh_stage_field()
        return stage_id

    @locked
    def rename_stage(self, old: str, new: str, *, keep_api_name: bool = True) -> None:
        """Change a stage's label, and with `keep_api_name` False also the name that the API reads and writes."""
        stage = self._stage(old)
        changes: dict[str, Value] = {"MasterLabel": new}
        if not keep_api_name:
            changes["ApiName"] = new
            for row in list(self._database.table("Opportunity").rows()):
                if row["StageName"] == stage["ApiName"]:
                    self._database.put("Opportunity", Row(row, StageName=new))
        self._change_stage(stage, changes)

    @locked
    def deactivate_stage(self, label: str) -> None:
        self._change_stage(self._stage(label), {"IsActive": False})

    @locked
    def add_record_type(self, developer_name: str, *, name: str = "", object_name: str = "Opportunity") -> str:
        """A record type; answers its id."""
        schema, admin = self._schema.find("RecordType"), self._actors[ADMINISTRATOR]
        values: dict[str, object] = {
            "Name": name or developer_name.replace("_", " "),
            "DeveloperName": developer_name,
            "SobjectType": object_name,
            "IsActive": True,
        }
        return self._saver.create(schema, self._saver.read(schema, values, admin, creating=True), admin)

    @locked
    def add_validation_rule(
        self, broken: Broken, message: str, *, fields: Sequence[str] = (), object_name: str = "Opportunity"
    ) -> ValidationRule:
        """A rule that refuses every record its formula is true of, whoever saves it."""
        rule = ValidationRule(object_name, broken, message, tuple(fields))
        self._hazards.rules.append(rule)
        return rule

    @locked
    def require_on_win(self, field: str) -> ValidationRule:
        """The common rule: a won deal needs a value in a field."""
        return self.add_validation_rule(
            lambda row: row["IsWon"] is True and row[field] is None, f"{field} is needed to win", fields=(field,)
        )

    @locked
    def remove_validation_rule(self, rule: ValidationRule) -> None:
        self._hazards.rules.remove(rule)

    @locked
    def add_flow(
        self,
        change: FlowChange,
        *,
        name: str = "Flow",
        times: int | None = None,
        object_name: str = "Opportunity",
    ) -> Flow:
        """A flow that runs after each save and sets what `change(saved, before)` answers, as "Flow User"."""
        flow = Flow(name, object_name, change, times)
        self._hazards.flows.append(flow)
        return flow

    @locked
    def add_reverting_flow(self, field: str, *, times: int | None = None, object_name: str = "Opportunity") -> Flow:
        """A flow that puts a field back to what it was whenever somebody changed it."""

        def back(saved: Row, before: Row) -> dict[str, object] | None:
            return {field: before[field]} if before and saved[field] != before[field] else None

        return self.add_flow(back, name=f"Keep {field}", times=times, object_name=object_name)

    @locked
    def add_failing_flow(
        self, fails_for: Broken, *, name: str = "Assign Owner", object_name: str = "Opportunity"
    ) -> FailingFlow:
        """A flow that throws for some records and takes their whole chunk with it."""
        flow = FailingFlow(name, object_name, fails_for)
        self._hazards.failing_flows.append(flow)
        return flow

    @locked
    def remove_flows(self) -> None:
        self._hazards.flows.clear()
        self._hazards.failing_flows.clear()

    @locked
    def lock_for_approval(self, record_id: str, *, locked: bool = True) -> None:
        """Lock a record in an approval process: the API cannot edit it."""
        self._hazards.lock_for_approval(record_id, locked=locked)

    @locked
    def lock_rows(self, record_id: str, tries: int = 1) -> None:
        """Somebody holds an Opportunity, or the Account of several, during the next requests that save them."""
        self._hazards.lock_rows(record_id, tries)

    @locked
    def fail_saves(self, record_id: str, tries: int = 1) -> None:
        """The server fails (UNKNOWN_EXCEPTION) for one record in the next requests that save it."""
        self._hazards.fail_saves(record_id, tries)

    @locked
    def set_allowance(self, total: int, used: int) -> None:
        """API requests in 24 hours: how many there are and how many others have used."""
        self._allowance.set(total, used)

    @property
    def api_calls_used(self) -> int:
        return self._allowance.used

    @locked
    def set_page_size(self, rows: int) -> None:
        """Query pages no larger than this."""
        self._queries.page_size = rows

    @locked
    def expire_sessions(self) -> None:
        """End every session: the next request with its token answers 401."""
        self.sessions.end_all()

    @locked
    def refuse_rest(self, *, refused: bool = True) -> None:
        """The 401 that no new login cures: the session is not valid for use with the REST API."""
        self.sessions.valid_for_rest = not refused

    def _stage(self, label: str) -> Row:
        found = next(
            (row for row in self._database.table("OpportunityStage").rows() if row["MasterLabel"] == label), None
        )
        if found is None:
            raise KeyError(f"no stage {label}")
        return found

    def _change_stage(self, stage: Row, changes: dict[str, Value]) -> None:
        schema = self._schema.find("OpportunityStage")
        self._saver.update(schema, str(stage["Id"]), changes, self._actors[ADMINISTRATOR])
        self._refresh_stage_field()
