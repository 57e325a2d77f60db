"""Requests under way side by side: the same results in the same order, limits kept, and a failure loses no other."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from machine.computer import Computer
from program.installation import Installation
from program.passes import asked, cost, won
from program.scenes import later

from qbsf.sandbox.exchange import Request

NO_BRAKE = {"max_wins": 0, "max_changes": 0}


class Watch:
    """How many requests are under way at each service, and what is written at the same time."""

    def __init__(self, qbsf: Installation) -> None:
        self._lock = threading.Lock()
        self._under_way: list[tuple[str, frozenset[str]]] = []
        self._org = qbsf.org
        self.most = {"quickbooks": 0, "salesforce": 0}
        self.shared: set[str] = set()
        """Accounts of which two requests wrote deals at once."""
        for service in self.most:
            qbsf.sandbox.faults.add(service, "hook_before", times=10**6, hook=self._begins(service))
            qbsf.sandbox.faults.add(service, "hook_after", times=10**6, hook=self._ends(service))

    def _begins(self, service: str) -> Any:
        def hook(request: Request) -> None:
            accounts = self._accounts(request)
            with self._lock:
                for _, others in self._under_way:
                    self.shared |= accounts & others
                self._under_way.append((service, accounts))
                count = sum(1 for one, _ in self._under_way if one == service)
                self.most[service] = max(self.most[service], count)
            threading.Event().wait(0.02)

        return hook

    def _ends(self, service: str) -> Any:
        def hook(request: Request) -> None:
            with self._lock:
                self._under_way.remove((service, self._accounts(request)))

        return hook

    def _accounts(self, request: Request) -> frozenset[str]:
        if request.method != "PATCH":
            return frozenset()
        ids = [part[2:20] for part in request.body.decode().split('"id":') if part[2:5] == "006"]
        accounts = (self._org.get(each)["AccountId"] for each in ids)
        return frozenset(str(account) for account in accounts if account is not None)  # without one, nothing is shared


@pytest.fixture
def computers(tmp_path: Path) -> Iterator[list[Computer]]:
    """The same world twice: one asks for one thing at a time, one for many."""
    made = []
    for name, at_once in (("one", 1), ("many", 8)):
        (tmp_path / name).mkdir()
        computer = Computer(tmp_path / name)
        computer.at_once = at_once
        made.append(computer)
    yield made
    for computer in made:
        computer.close()


def paid_world(qbsf: Installation, count: int) -> list[str]:
    """So many paid invoices, each named by a deal, and no brake."""
    invoices = qbsf.books.bulk_seed(count)
    qbsf.org.bulk_seed(count, fields=lambda position: {"QB_Invoice_ID__c": invoices[position]})
    qbsf.configure(sync=NO_BRAKE)
    return invoices


def mixed_world(qbsf: Installation, count: int) -> list[str]:
    """Paid deals of a few accounts, and of each kind of trouble some."""
    qbsf.configure(sync=NO_BRAKE)
    accounts = [qbsf.org.add_account(f"Account {number}") for number in range(7)]
    invoices = qbsf.books.bulk_seed(count, paid=count - 10)
    deals: list[str] = []
    for position, invoice in enumerate(invoices):
        fields: dict[str, Any] = {"QB_Invoice_ID__c": invoice, "AccountId": accounts[position % 7]}
        if position % 50 == 3:
            fields["StageName"] = "Closed Lost"
        if position % 50 == 7:
            fields["QB_Invoice_ID__c"] = invoices[position - 1]  # two deals want one invoice
        if position % 50 == 11:
            fields["QB_Invoice_ID__c"] = "999999"  # unknown
        deals.append(qbsf.org.add_opportunity(f"Deal {position}", **fields))
    return deals


def told(outcome: Any) -> Any:
    """A report without what differs from run to run."""
    report = outcome.json
    del report["run"]
    return report


def test_results_are_the_same_records_in_the_same_order_whatever_the_overlap(computers: list[Computer]) -> None:
    reports = []
    for computer in computers:
        deals = mixed_world(computer, 1300)
        first, second = computer.run("sync", "--json", "-v"), computer.run("sync", "--json", "-v")
        assert (first.exit_code, second.exit_code) == (0, 0)
        rows = [
            {name: value for name, value in computer.org.get(each).items() if name.startswith(("QB_", "Stage"))}
            for each in deals
        ]
        history = computer.run("history", "--json").json["writes"]
        writes = [(each["opportunity_id"], each["changes"]) for each in history]
        reports.append((told(first), told(second), rows, sorted(writes, key=str)))
    one, many = reports
    assert many == one


def test_results_are_the_same_whether_all_is_decided_before_the_first_write_or_not(computers: list[Computer]) -> None:
    told_and_written = []
    for computer, chunk in zip(computers, (200, 7), strict=True):
        computer.chunk = chunk
        deals = mixed_world(computer, 600)
        report = told(computer.run("sync", "--json", "-v"))
        del report["requests"]
        told_and_written.append((report, [computer.writes(each) for each in deals]))
        computer.settled()
    first, second = told_and_written
    assert second == first


def test_deals_are_written_while_payments_of_others_are_still_read(computers: list[Computer]) -> None:
    qbsf = computers[1]
    invoices = paid_world(qbsf, 1500)
    (last,) = qbsf.books.payments_of(invoices[1499])
    wrote = threading.Event()
    waited: list[bool] = []
    of_last = f"'{last}'".encode()
    qbsf.sandbox.faults.add("salesforce", "hook_after", "PATCH ", hook=lambda _: wrote.set())
    qbsf.sandbox.faults.add(
        "quickbooks", "hook_before", lambda asked: of_last in asked.body, hook=lambda _: waited.append(wrote.wait(30))
    )
    assert qbsf.run("sync", "--json").exit_code == 0
    assert waited == [True]
    assert qbsf.all_writes() == 1500


def test_no_deal_is_written_before_every_opportunity_was_read(computers: list[Computer]) -> None:
    """The first deal's payment is here long before the page with another deal that names its invoice's number."""
    qbsf = computers[1]
    qbsf.chunk = 10
    invoices = qbsf.books.bulk_seed(2100)
    number = str(qbsf.books.invoice(invoices[0])["DocNumber"])
    deals = qbsf.org.bulk_seed(
        2100,
        fields=lambda position: (
            {"QB_Invoice_Number__c": number} if position == 2050 else {"QB_Invoice_ID__c": invoices[position]}
        ),
    )
    qbsf.configure(sync=NO_BRAKE)
    report = qbsf.run("sync", "--json")
    reasons = {each["opportunity_id"]: each["reason"] for each in report.json["records"]}
    assert (reasons[deals[0]], reasons[deals[2050]]) == ("ambiguous_opportunity", "ambiguous_opportunity")
    assert (qbsf.writes(deals[0]), qbsf.writes(deals[2050])) == (0, 0)
    assert qbsf.all_writes() == 2098


def test_eight_requests_at_quickbooks_and_four_at_salesforce_are_under_way_at_most(qbsf: Installation) -> None:
    paid_world(qbsf, 3000)
    later(qbsf, hours=24 * 100)  # beyond the look-back window: all are asked for by id
    qbsf.authorize()
    watch = Watch(qbsf)
    qbsf.sync()
    assert 1 < watch.most["quickbooks"] <= 8
    assert 1 < watch.most["salesforce"] <= 4
    assert qbsf.all_writes() == 3000


def test_deals_of_one_account_are_never_written_by_two_requests_at_once(qbsf: Installation) -> None:
    accounts = [qbsf.org.add_account(f"Account {number}") for number in range(3)]
    invoices = qbsf.books.bulk_seed(1500)
    qbsf.org.bulk_seed(
        1500, fields=lambda n: {"QB_Invoice_ID__c": invoices[n], "AccountId": accounts[n % 3] if n < 1200 else None}
    )
    qbsf.configure(sync=NO_BRAKE)
    watch = Watch(qbsf)
    qbsf.sync()
    assert watch.shared == set()
    assert watch.most["salesforce"] > 1
    assert qbsf.all_writes() == 1500


def test_a_page_of_payments_that_fails_does_not_lose_the_others(computers: list[Computer]) -> None:
    qbsf = computers[1]
    invoices = paid_world(qbsf, 2500)
    (payment,) = qbsf.books.payments_of(invoices[1500])
    broken = f"'{payment}'".encode()

    def is_broken(request: Request) -> bool:
        return b"from payment" in request.body.lower() and broken in request.body

    qbsf.sandbox.faults.add("quickbooks", "unavailable", is_broken, times=10)
    stopped = qbsf.run("sync", "--json")
    assert stopped.exit_code == 4
    assert stopped.json["summary"]["updated"] == qbsf.all_writes() > 0
    entries = [each for each in asked(qbsf) if b"from payment" in each.body.lower()]
    assert len(entries) == 1
    assert broken in entries[0].body
    assert qbsf.all_writes() == 2500
    qbsf.settled()


def test_a_chunk_that_is_refused_as_a_whole_does_not_lose_the_others(qbsf: Installation) -> None:
    invoices = qbsf.books.bulk_seed(1000)
    deals = qbsf.org.bulk_seed(1000, fields=lambda position: {"QB_Invoice_ID__c": invoices[position]})
    qbsf.configure(sync=NO_BRAKE)
    qbsf.sandbox.faults.add("salesforce", "unavailable", "composite/sobjects", after=1, times=1)
    qbsf.sandbox.faults.add("salesforce", "unavailable", f"{max(deals)}", times=2)
    outcome = qbsf.sync(expect=(0, 4))
    kept = [deal for deal in deals if won(qbsf, deal)]
    assert len(kept) >= 800
    assert outcome.json["summary"]["updated"] == len(kept)
    qbsf.sync()
    assert all(won(qbsf, deal) for deal in deals)
    assert {qbsf.writes(deal) for deal in deals} == {1}
    qbsf.settled()


def test_what_the_feed_cannot_hold_is_read_by_kind_and_the_next_pass_looks_for_deletions(qbsf: Installation) -> None:
    invoices = qbsf.books.bulk_seed(1200)
    deals = qbsf.org.bulk_seed(1200, fields=lambda position: {"QB_Invoice_ID__c": invoices[position]})
    qbsf.configure(sync=NO_BRAKE, stages={"reversed": "Proposal and Agreement"})
    qbsf.sync()
    later(qbsf, minutes=20)
    qbsf.sync()
    for invoice in invoices[:1100]:
        qbsf.books.touch("Invoice", invoice)
    (payment,) = qbsf.books.payments_of(invoices[1150])
    qbsf.books.edit_payment(payment, reference="corrected")
    qbsf.books.delete_invoice(invoices[1199])
    outcome = qbsf.sync()
    assert outcome.json["run"]["mode"] == "incremental"
    assert qbsf.field(deals[1150], "QB_Payment_Reference__c") == "corrected"
    assert not won(qbsf, deals[1199])  # its payment, which pays nothing now, told of it
    assert qbsf.sync().json["run"]["mode"] == "full"
    for _ in range(2):  # the overlap shows the whole crowd once more, and one more pass looks for deletions
        later(qbsf, minutes=20)
        qbsf.sync()
    qbsf.sync()
    assert cost(qbsf) == (1, 1)


def test_a_token_that_another_thread_is_renewing_is_kept_before_the_process_ends(qbsf: Installation) -> None:
    """Salesforce refuses the login while QuickBooks' token is being renewed beside it."""
    qbsf.sync()
    qbsf.configure(sync={"record_partial_payments": False})  # both systems' settings are read again
    keyring = qbsf.home / "keyring.json"
    entries = json.loads(keyring.read_text())["qbsf"]
    others = {name: value for name, value in entries.items() if "salesforce" not in name}
    keyring.write_text(json.dumps({"qbsf": {**others, "default:salesforce.client_secret": "wrong"}}))
    renewing = threading.Event()

    def wait_for_renewal(_request: Request) -> None:
        assert renewing.wait(10)

    def renew(_request: Request) -> None:
        renewing.set()
        threading.Event().wait(0.5)

    qbsf.sandbox.faults.add("quickbooks", "expired", times=2)
    qbsf.sandbox.faults.add("quickbooks", "hook_after", scope="token", hook=renew)
    qbsf.sandbox.faults.add("salesforce", "hook_before", scope="token", hook=wait_for_renewal)
    assert qbsf.run("sync").exit_code == 3
    renewed = json.loads(keyring.read_text())["qbsf"]
    assert renewed["default:quickbooks.access"] != entries["default:quickbooks.access"]


def test_a_part_of_a_composite_that_only_failed_for_the_moment_is_asked_for_again(qbsf: Installation) -> None:
    invoice = qbsf.books.add_invoice("Acme Corp", "100.00")
    deal = qbsf.deal(invoice=invoice)
    qbsf.books.receive_payment([invoice])
    qbsf.sandbox.faults.add("salesforce", "server_error", "/composite", times=2)
    qbsf.sync()
    assert won(qbsf, deal)
