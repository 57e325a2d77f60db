"""Passes, and everything that goes wrong with them: the rules of the state machine that nobody wishes for."""

from collections import Counter
from datetime import timedelta
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from machine.people import PICK, People
from machine.truth import AMOUNT
from machine.watch import CONTESTED, expected
from machine.worlds import FOR_EVER, nth
from program.installation import Outcome

from qbsf.sandbox.exchange import Request
from qbsf.sandbox.faults import Kind

FAULTS: tuple[Kind, ...] = (
    "server_error",
    "unavailable",
    "throttle",
    "html",
    "fault_in_200",
    "empty",
    "reset",
    "reset_after",
    "truncated",
    "hang",
    "hang_after",
)
CODES = {0, 1, 4}
"""How a pass ends whose grant is whole: done, something refused, a service unreachable."""


class Worlds(People):
    """The whole machine. `figures` counts what all histories together have met."""

    figures: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.figures["histories"] += 1

    def teardown(self) -> None:
        try:
            self._clean_pass()
            self._clean_pass("--full")
            self._nothing_more_is_written()
        finally:
            super().teardown()

    # -- passes ---------------------------------------------------------------------------------------------------

    @rule(full=st.booleans())
    def clean_pass(self, full: bool) -> None:
        """One pass that nothing disturbs: the world is as the rules say."""
        self._clean_pass(*(["--full"] if full else []))

    @rule()
    def nothing_more_is_written(self) -> None:
        """After a full pass, which heals what nobody could announce, neither an incremental nor a full one writes."""
        self._clean_pass("--full")
        self._nothing_more_is_written()

    def _clean_pass(self, *words: str) -> None:
        self._pass(*words)
        for deal in self.deals:
            if self._is_plain(deal):
                self._hold_against_the_rules(deal)

    def _nothing_more_is_written(self) -> None:
        before = self.qbsf.all_writes()
        self._pass()
        self._pass("--full")
        assert self.qbsf.all_writes() == before, self.qbsf.org.api_saves()[before:]

    def _pass(self, *words: str) -> None:
        """A pass that reaches its end; where the grant was lost a person authorizes again."""
        self._before = {deal: (self.watch.deals[deal].facts, self._stage(deal)) for deal in self.deals}
        self._expected = {
            deal: expected(self.watch.deals[deal], self.watch.truth_about(deal), self._stage(deal), self.reversed_stage)
            for deal in self.deals
        }
        outcome = self._sync(*words)
        if outcome is not None and outcome.exit_code == 3:
            outcome = self._sync(*words)
        assert outcome is not None
        assert outcome.exit_code in {0, 1}, outcome.stdout + outcome.stderr
        assert outcome.json["run"]["complete"], outcome.stdout

    def _sync(self, *words: str) -> Outcome | None:
        """Any pass; None where it was killed. Nothing that must not happen has happened."""
        self.figures["passes"] += 1
        known = self.qbsf.books.oauth.newest_refresh_token
        outcome = self.qbsf.attempt(*words)
        self.qbsf.sandbox.faults.clear()
        self.watch.follow()
        issued = self.qbsf.books.oauth.issued_refresh_tokens
        assert self.qbsf.stored_refresh_token in issued[-2:], "neither the newest refresh token nor the one before it"
        if outcome is None:
            self.figures["kills"] += 1
            return None
        assert outcome.exit_code in CODES | {3}, outcome.stdout + outcome.stderr
        error = outcome.json["error"]
        assert error is None or error["code"] != "unforeseen", error
        if outcome.exit_code == 3:
            self._authorize_again(known, str(error))
        return outcome

    def _authorize_again(self, known: str, told: str) -> None:
        """Only a rotated token whose answer was lost, or a hundred idle days, need a person."""
        oauth = self.qbsf.books.oauth
        stored = next(each for each in oauth.refresh_tokens if each.value == self.qbsf.stored_refresh_token)
        is_over = stored.superseded or stored.expires <= self.qbsf.clock.now()
        assert is_over, f"a good grant was given up: {told} ({known == stored.value})"
        self.figures["authorized again"] += 1
        self.qbsf.authorize()

    def _stage(self, deal: str) -> str:
        return self.qbsf.stage(deal)

    def _is_plain(self, deal: str) -> bool:
        history = self.watch.deals[deal]
        odd = deal in self.odd or history.forgotten or history.people_wrote
        return not odd and bool(self.watch.links_of(deal))

    def _hold_against_the_rules(self, deal: str) -> None:
        self.figures["deals checked"] += 1
        found = (self.watch.deals[deal].facts, self._stage(deal))
        name = self.qbsf.field(deal, "Name")
        told = f"{name}, before {self._before[deal]}, {self.watch.truth_about(deal)}, {self.watch.deals[deal]}"
        assert found == self._expected[deal], told

    # -- trouble --------------------------------------------------------------------------------------------------

    @rule(number=st.integers(0, 12), kind=st.sampled_from(FAULTS), lasting=st.booleans(), full=st.booleans())
    def disturbed_pass(self, number: int, kind: Kind, lasting: bool, full: bool) -> None:
        """A fault at some request of a pass, once or from then on."""
        times = FOR_EVER if lasting else 1
        fault = self.qbsf.sandbox.faults.add("", kind, nth(number), times=times, scope="any")
        outcome = self._sync(*(["--full"] if full else []))
        if fault.struck:
            self.figures["faults"] += 1
            self.watch.disturbed()
        assert outcome is not None

    @rule(number=st.integers(0, 12), after=st.booleans())
    def pass_killed_at_a_request(self, number: int, after: bool) -> None:
        kind: Kind = "hook_after" if after else "hook_before"
        self.qbsf.sandbox.faults.add("", kind, nth(number), scope="any", hook=self.qbsf.kill)
        if self._sync() is None:
            self.watch.disturbed()

    @rule(number=st.integers(1, 400))
    def pass_killed_between_requests(self, number: int) -> None:
        self.qbsf.kill_at_statement(number)
        if self._sync() is None:
            self.watch.disturbed()

    @rule(number=st.integers(0, 8), dry=st.booleans())
    def two_passes_at_once(self, number: int, dry: bool) -> None:
        """While a pass waits for an answer another one starts: it holds back, a dry run looks and writes nothing."""
        codes: list[int] = []

        def second(_request: Request) -> None:
            before = self.qbsf.all_writes()
            codes.append(self.qbsf.run("sync", "--json", *(["--dry-run"] if dry else [])).exit_code)
            assert self.qbsf.all_writes() == before

        self.qbsf.sandbox.faults.add("", "hook_before", nth(number), hook=second)
        self._sync()
        assert codes in ([], [0], [1], [3]) if dry else codes in ([], [5]), codes
        self.figures["passes at once"] += len(codes)

    @rule(minutes=st.sampled_from([1, 5, 14, 16, 59, 61, 6 * 60, 25 * 60, 8 * 24 * 60, 32 * 24 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.qbsf.clock.advance(timedelta(minutes=minutes))

    @rule(hours=st.sampled_from([0, -1, 1, 49, -49, 24 * 40, -24 * 40]))
    def machine_clock_is_wrong(self, hours: int) -> None:
        self.qbsf.error = timedelta(hours=hours)

    @rule()
    def tokens_end(self) -> None:
        self.qbsf.books.expire_access_tokens()
        self.qbsf.org.expire_sessions()

    @rule()
    def state_is_deleted(self) -> None:
        """What qbsf knew of its own deeds is gone: from now on it may be cautious, never bold."""
        self.figures["states deleted"] += 1
        self.qbsf.delete_state()
        self.watch.state_was_deleted()

    @precondition(lambda self: self.deals)
    @rule(deal=PICK, tries=st.integers(1, 3))
    def row_is_locked(self, deal: int, tries: int) -> None:
        """Not longer than one pass tries."""
        self.qbsf.org.lock_rows(self.deals[deal % len(self.deals)], tries=tries)

    @precondition(lambda self: self.unpaid)
    @rule(invoice=PICK, minutes=st.sampled_from([5, 60, 5 * 60]))
    def a_flow_changes_back_what_is_written(self, invoice: int, minutes: int) -> None:
        """Money comes in, and a flow takes its amount out again until somebody switches it off."""
        self.qbsf.books.receive_payment([self.unpaid[invoice % len(self.unpaid)].id], reference="fought over")
        self.qbsf.org.add_reverting_flow(AMOUNT)
        for _ in range(2 * CONTESTED):
            self._sync()
            self.qbsf.clock.advance(timedelta(minutes=minutes))
        self.qbsf.org.remove_flows()
