"""`qbsf invoice`: never twice. Lost answers, kills, lost state, two runs at once: one invoice, one customer, linked."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Lock

import pytest
from program.installation import Installation
from program.invoicing import Seller, assert_billed, assert_idle, customers, invoice, invoices, only_invoice
from program.killing import Killer

from qbsf.config_file import load_config
from qbsf.invoicing.command import run_invoicing
from qbsf.invoicing.options import InvoicingOptions
from qbsf.invoicing.report import InvoicingReport
from qbsf.output.progress import SilentProgress
from qbsf.sandbox.exchange import Request
from qbsf.sandbox.faults import Kind

FAULTS: tuple[Kind, ...] = (
    "server_error",
    "unavailable",
    "html",
    "fault_in_200",
    "empty",
    "reset",
    "reset_after",
    "truncated",
)
KILLS: tuple[Kind, Kind] = ("hook_before", "hook_after")
DEALS = 5


class TirelessClock:
    """This machine's clock, on which waiting takes no time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, _seconds: float) -> None:
        """Done already."""


class SlowDeals(TirelessClock, SilentProgress):
    """A clock on which every deal takes as long as it is told to."""

    seconds_a_deal = 0.0
    _spent = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._spent

    def advance(self, steps: int = 1) -> None:
        self._spent += steps * self.seconds_a_deal


class Runner:
    """Runs `qbsf invoice` in this process, where a wait for a server costs nothing."""

    def __init__(self, qbsf: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        self.qbsf = qbsf
        self._environ = qbsf.environment()
        for name, value in self._environ.items():
            monkeypatch.setenv(name, value)
        self._config = load_config(qbsf.config_path, self._environ)

        self.time = SlowDeals()

    def run(self) -> InvoicingReport:
        options = InvoicingOptions(allow_large=True)
        return run_invoicing(self._config, options, self.time, clock=self.time, environ=self._environ)


@pytest.fixture
def seller(qbsf: Installation) -> Seller:
    return Seller(qbsf)


@pytest.fixture
def runner(qbsf: Installation, monkeypatch: pytest.MonkeyPatch) -> Runner:
    qbsf.books.settings.quickbooks_payments = True
    return Runner(qbsf, monkeypatch)


def five(seller: Seller, name: str = "Customer") -> list[str]:
    return [seller.deal(f"{name} {number}") for number in range(DEALS)]


def assert_once(qbsf: Installation, deals: list[str]) -> None:
    """One invoice and one customer for each deal, and every deal names its own."""
    for deal in deals:
        assert_billed(qbsf, deal)
    assert len(invoices(qbsf)) == len(deals)
    assert len(customers(qbsf)) == len(set(customers(qbsf))) == len(deals)


class FirstTries:
    """Strikes every request the first time that it is sent."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str, bytes]] = set()
        self._lock = Lock()

    def __call__(self, request: Request) -> bool:
        sent = (request.method, request.target, request.body)
        with self._lock:
            is_first = sent not in self._seen
            self._seen.add(sent)
        return is_first


@pytest.mark.parametrize("kind", FAULTS)
def test_every_request_fails_once_and_five_deals_have_five_invoices(
    qbsf: Installation, seller: Seller, runner: Runner, kind: Kind
) -> None:
    deals = five(seller)
    fault = qbsf.sandbox.faults.add("", kind, FirstTries(), times=1000)
    report = runner.run()
    assert fault.struck > 5 * DEALS
    qbsf.sandbox.faults.clear()
    assert report.summary.created + report.summary.failed <= DEALS
    runner.run()
    assert_once(qbsf, deals)
    assert_idle(qbsf)


@pytest.mark.parametrize("kind", ["reset_after", "unavailable"])
def test_a_run_cut_off_at_any_request_is_made_good_by_the_next(
    qbsf: Installation, seller: Seller, runner: Runner, kind: Kind
) -> None:
    """The request fails however often it is tried: the run ends there."""
    deals, nth, cut = five(seller), 0, True
    while cut:
        nth += 1
        fault = qbsf.sandbox.faults.add("", kind, after=nth - 1, times=20)
        report = runner.run()
        cut = fault.struck > 0
        qbsf.sandbox.faults.clear()
        assert report.exit_code in ((4,) if cut else (0,))
        if nth % 4 == 0:
            deals += five(seller, f"Round {nth}")
    runner.run()
    assert_once(qbsf, deals)
    assert_idle(qbsf)


@pytest.mark.parametrize("kind", KILLS)
def test_a_kill_at_any_request_of_a_deal_leaves_one_invoice_and_one_customer(
    qbsf: Installation, seller: Seller, kind: Kind
) -> None:
    """Among five; the requests before the first customer only read."""
    qbsf.books.settings.quickbooks_payments = True
    qbsf.configure(invoicing={"max_new_invoices": 0})
    killer, deals = Killer(qbsf, kind, "invoice"), five(seller)
    first = _first_write(qbsf)
    for nth in range(first, first + 6):
        assert killer.run(nth)
        deals.append(seller.deal(f"Late {nth}"))
    invoice(qbsf)
    assert_once(qbsf, deals)
    assert_idle(qbsf)


def _first_write(qbsf: Installation) -> int:
    """How many requests a run sends up to its first write, as a dry run tells."""
    before = sum(qbsf.requests())
    invoice(qbsf, "--dry-run")
    return sum(qbsf.requests()) - before + 1


@pytest.mark.long
@pytest.mark.parametrize("kind", KILLS)
def test_a_kill_at_every_request_of_a_run_over_five_deals(qbsf: Installation, seller: Seller, kind: Kind) -> None:
    qbsf.books.settings.quickbooks_payments = True
    qbsf.configure(invoicing={"max_new_invoices": 0})
    killer, deals, nth, killed = Killer(qbsf, kind, "invoice"), list[str](), 0, True
    while killed:
        nth += 1
        deals += five(seller, f"Round {nth}")
        killed = killer.run(nth)
        invoice(qbsf)
        assert_once(qbsf, deals)
    assert nth > 5 * DEALS
    assert_idle(qbsf)


@pytest.mark.long
@pytest.mark.parametrize("kind", [*FAULTS, "expired"])
def test_every_fault_at_every_request_of_a_run_over_five_deals(
    qbsf: Installation, seller: Seller, runner: Runner, kind: Kind
) -> None:
    deals, nth, struck = list[str](), 0, True
    while struck:
        nth += 1
        deals += five(seller, f"Round {nth}")
        fault = qbsf.sandbox.faults.add("", kind, after=nth - 1)
        runner.run()
        struck = fault.struck > 0
        qbsf.sandbox.faults.clear()
        runner.run()
        assert_once(qbsf, deals)
    assert nth > 5 * DEALS


def test_an_invoice_whose_link_back_was_lost_is_reconciled(qbsf: Installation, seller: Seller) -> None:
    deal = seller.deal()
    qbsf.sandbox.faults.add("salesforce", "unavailable", "PATCH", times=20)
    first = qbsf.run("invoice", "--json")
    assert (first.exit_code, qbsf.field(deal, "QB_Invoice_ID__c")) == (4, None)
    qbsf.sandbox.faults.clear()
    record = invoice(qbsf).record(deal)
    assert (record["outcome"], record["reason"]) == ("reconciled", "invoice_found")
    assert_billed(qbsf, deal)


def test_an_invoice_that_a_bookkeeper_made_for_the_deal_is_reconciled_and_its_sum_compared(
    qbsf: Installation, seller: Seller
) -> None:
    deal = seller.deal()
    qbsf.books.add_invoice("Acme Corp", "750.00", private_note=f"for {deal[:15]}")
    shown = invoice(qbsf, "--dry-run").record(deal)
    record = invoice(qbsf).record(deal)
    assert shown["outcome"] == record["outcome"] == "reconciled"
    assert "750.00" in record["note"]
    assert only_invoice(qbsf)["Id"] == qbsf.field(deal, "QB_Invoice_ID__c")


@pytest.mark.parametrize("forget", ["nothing", "request ids", "state", "note", "customer's name", "both names"])
def test_what_was_made_is_found_whatever_is_forgotten_of_it(qbsf: Installation, seller: Seller, forget: str) -> None:
    deal = seller.deal()
    qbsf.sandbox.faults.add("salesforce", "unavailable", "PATCH", times=20)
    assert qbsf.run("invoice").exit_code == 4
    qbsf.sandbox.faults.clear()
    made, customer = only_invoice(qbsf)["Id"], only_invoice(qbsf)["CustomerRef"]["value"]
    match forget:
        case "request ids":
            qbsf.sandbox.quickbooks.forget_answers()
        case "state":
            qbsf.state_path.unlink()
        case "note":
            qbsf.books.edit_invoice(made, private_note="")
            qbsf.sandbox.quickbooks.forget_answers()
        case "customer's name":
            qbsf.books.rename("Customer", customer, "Acme Corporation")
            qbsf.state_path.unlink()
        case "both names":
            qbsf.books.rename("Customer", customer, "Acme Corporation")
            qbsf.sandbox.quickbooks.forget_answers()
    assert invoice(qbsf).record(deal)["outcome"] == "reconciled"
    assert only_invoice(qbsf)["Id"] == made == qbsf.field(deal, "QB_Invoice_ID__c")
    assert len(customers(qbsf)) == 1
    assert_idle(qbsf)


def test_two_runs_at_once_make_one_invoice_each_deal(qbsf: Installation, seller: Seller) -> None:
    deals = five(seller)
    with ThreadPoolExecutor(3) as pool:
        codes = sorted(each.exit_code for each in pool.map(lambda _: qbsf.run("invoice"), range(3)))
    assert codes[0] == 0
    assert set(codes) <= {0, 5}
    assert_once(qbsf, deals)


def test_two_machines_at_once_make_one_invoice_each_deal(qbsf: Installation, seller: Seller, runner: Runner) -> None:
    """Another installation of the same company runs whole between this one's look and its first create."""
    deals = five(seller)
    qbsf.sandbox.faults.add(
        "quickbooks",
        "hook_before",
        f"POST sandbox-quickbooks.api.intuit.com/v3/company/{qbsf.books.realm_id}/customer",
        hook=lambda _: _another_machine(qbsf),
    )
    runner.run()
    assert_once(qbsf, deals)
    assert_idle(qbsf)


def _another_machine(qbsf: Installation) -> None:
    qbsf.extra_environment["QBSF_STATE_DIR"] = str(qbsf.home / "another")
    grant = qbsf.home / "another" / "default"
    grant.mkdir(parents=True)
    (grant / "grant.json").write_bytes((qbsf.state_path.parent / "grant.json").read_bytes())
    invoice(qbsf)
    del qbsf.extra_environment["QBSF_STATE_DIR"]


def test_a_deleted_invoice_may_be_made_again_once_the_deal_names_it_no_more(qbsf: Installation, seller: Seller) -> None:
    deal = seller.deal()
    for _ in range(2):
        invoice(qbsf)
        qbsf.books.delete_invoice(assert_billed(qbsf, deal)["Id"])
        assert invoice(qbsf).records == []
        qbsf.org.edit(deal, QB_Invoice_ID__c=None, QB_Invoice_Number__c=None)
    assert invoice(qbsf).record(deal)["outcome"] == "created"
    assert_billed(qbsf, deal)
    assert_idle(qbsf)


def test_a_voided_invoice_is_not_replaced_without_a_person(qbsf: Installation, seller: Seller) -> None:
    deal = seller.deal()
    invoice(qbsf)
    voided = assert_billed(qbsf, deal)
    qbsf.books.void_invoice(voided["Id"])
    qbsf.org.edit(deal, QB_Invoice_ID__c=None, QB_Invoice_Number__c=None)
    record = invoice(qbsf).record(deal)
    assert (record["outcome"], record["reason"]) == ("skipped", "voided")
    qbsf.books.edit_invoice(voided["Id"], private_note="Voided")
    assert invoice(qbsf).record(deal)["outcome"] == "created"
    assert_billed(qbsf, deal)


def test_a_refused_link_back_is_told_and_tried_again(qbsf: Installation, seller: Seller) -> None:
    rule = qbsf.org.add_validation_rule(lambda row: row["QB_Invoice_ID__c"] is not None, "Invoices are frozen")
    deal = seller.deal()
    for _ in range(2):
        record = invoice(qbsf, expect=1).record(deal)
        assert (record["outcome"], record["reason"]) == ("failed", "rejected")
        assert record["error"]["message"] == "Invoices are frozen"
        assert record["invoice"]["number"] == only_invoice(qbsf)["DocNumber"]
    qbsf.org.remove_validation_rule(rule)
    assert invoice(qbsf).record(deal)["outcome"] == "reconciled"
    assert_billed(qbsf, deal)


def test_a_locked_row_is_tried_again_in_the_same_run(qbsf: Installation, seller: Seller) -> None:
    deal = seller.deal()
    qbsf.org.lock_rows(deal, 2)
    assert invoice(qbsf).record(deal)["outcome"] == "created"
    assert_billed(qbsf, deal)


def test_a_flow_that_empties_the_link_is_told(qbsf: Installation, seller: Seller) -> None:
    qbsf.org.add_reverting_flow("QB_Invoice_ID__c")
    deal = seller.deal()
    record = invoice(qbsf, expect=1).record(deal)
    assert (record["outcome"], record["error"]["code"]) == ("failed", "CHANGED_BACK")
    assert "QB_Invoice_ID__c" in record["error"]["message"]
    assert len(invoices(qbsf)) == 1


def test_one_deal_that_quickbooks_refuses_does_not_stop_the_others(qbsf: Installation, seller: Seller) -> None:
    bad, good = seller.deal("Bad", email="x" * 60 + "@acme.example"), seller.deal("Good")
    qbsf.sandbox.faults.add("quickbooks", "hook_before", '"DisplayName":"Bad"', hook=lambda _: _hide_all(qbsf))
    outcome = invoice(qbsf, expect=1)
    assert outcome.record(bad)["reason"] == "rejected"
    assert outcome.record(bad)["error"]["code"] == "2500"
    assert outcome.record(good)["outcome"] in {"created", "failed"}
    assert len(outcome.records) == 2


def _hide_all(qbsf: Installation) -> None:
    """A bookkeeper makes the item inactive while the run is under way."""
    for item in qbsf.books.company.lists["Item"]:
        if item.name == "Consulting":
            item.active = False


def test_a_deal_that_is_lost_by_hand_during_a_long_run_stays_without_invoice(
    qbsf: Installation, seller: Seller, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    deal = seller.deal()
    monkeypatch.setattr("qbsf.invoicing.engine.FRESH_SECONDS", -1.0)
    qbsf.sandbox.faults.add(
        "quickbooks", "hook_after", "companyinfo", hook=lambda _: qbsf.org.edit(deal, StageName="Closed Lost")
    )
    report = runner.run()
    assert [(record.outcome, record.reason) for record in report.records] == [("skipped", "changed")]
    assert (invoices(qbsf), customers(qbsf)) == ([], [])


def test_a_run_that_is_out_of_time_stops_between_two_requests_and_the_next_goes_on(
    qbsf: Installation, seller: Seller, runner: Runner
) -> None:
    deals = five(seller)
    runner.time.seconds_a_deal = 100.0
    first = runner.run()
    assert (first.exit_code, first.run.complete, first.error) == (0, False, None)
    assert 0 < first.summary.created < DEALS
    runner.time.seconds_a_deal = 0.0
    assert runner.run().run.complete
    assert_once(qbsf, deals)


@pytest.mark.parametrize("currency", ["", "other"])
def test_a_customer_that_somebody_makes_meanwhile_is_used_not_doubled(
    qbsf: Installation, seller: Seller, currency: str
) -> None:
    qbsf.books.settings.multi_currency = True
    deal = seller.deal()

    def somebody(_request: Request) -> None:
        qbsf.books.add_customer("Acme Corp", currency="EUR" if currency else "")

    qbsf.sandbox.faults.add("quickbooks", "hook_before", "/customer?", hook=somebody)
    record = invoice(qbsf).record(deal)
    assert customers(qbsf) == ["Acme Corp"]
    if currency:
        assert (record["reason"], invoices(qbsf)) == ("currency_mismatch", [])
    else:
        assert_billed(qbsf, deal)
