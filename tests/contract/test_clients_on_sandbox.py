"""Both clients against the simulated servers, over proxy and TLS as in a real run."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import requests
from contract.api_doubles import NoJitter

from qbsf.clock import SystemClock
from qbsf.config import FieldsConfig, StagesConfig
from qbsf.errors import AnswerLost, ConfigError, Unreachable
from qbsf.model import FieldValue, OpportunityUpdate
from qbsf.quickbooks.client import QuickBooks
from qbsf.quickbooks.faults import LookBackExceeded
from qbsf.salesforce.client import SalesforceOrg
from qbsf.salesforce.columns import OpportunityColumns
from qbsf.salesforce.session import SalesforceSession
from qbsf.sandbox.world import Sandbox


class SandboxGrant:
    """The tokens of a whole authorization, renewed by another one."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._tokens = sandbox.books.issue_tokens()

    @property
    def realm_id(self) -> str:
        return self._tokens["realm_id"]

    def access_token(self) -> str:
        return self._tokens["access_token"]

    def replace(self, rejected: str) -> str:
        assert rejected == self._tokens["access_token"]
        self._tokens = self._sandbox.books.issue_tokens()
        return self._tokens["access_token"]


class SandboxLogins:
    """Client-credentials logins at the simulated org."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._app = sandbox.org.app
        self._session: SalesforceSession | None = None

    def current(self) -> SalesforceSession:
        self._session = self._session or self.renew("")
        return self._session

    def renew(self, rejected: str) -> SalesforceSession:
        assert self._session is None or rejected == self._session.access_token
        form = {"grant_type": "client_credentials"}
        login = (self._app.client_id, self._app.client_secret)
        answer = requests.post(
            "https://acme.my.salesforce.com/services/oauth2/token", data=form, auth=login, timeout=10
        ).json()
        _, organization_id, user_id = answer["id"].rsplit("/", 2)
        self._session = SalesforceSession(answer["access_token"], answer["instance_url"], organization_id, user_id)
        return self._session


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox() as running:
        monkeypatch.setenv("HTTPS_PROXY", running.network.proxy_url)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(running.network.certificates.bundle))
        monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
        yield running


@pytest.fixture
def books(sandbox: Sandbox) -> Iterator[QuickBooks]:
    client = QuickBooks(SandboxGrant(sandbox), "sandbox", clock=SystemClock(), random=NoJitter())
    yield client
    client.close()


@pytest.fixture
def org(sandbox: Sandbox) -> Iterator[SalesforceOrg]:
    client = SalesforceOrg(SandboxLogins(sandbox), "66.0", clock=SystemClock(), random=NoJitter())
    yield client
    client.close()


FIELDS = FieldsConfig()


def columns(org: SalesforceOrg, fields: FieldsConfig = FIELDS) -> OpportunityColumns:
    return OpportunityColumns.of(fields, StagesConfig(), org.opportunity_fields(), "1")


def yesterday() -> datetime:
    return datetime.now(UTC) - timedelta(days=1)


def test_a_payment_is_seen_with_its_invoice_and_a_deletion_by_its_id(sandbox: Sandbox, books: QuickBooks) -> None:
    invoice = sandbox.books.add_invoice("O'Neil & Söhne", "2750.10", private_note="for 0065500000KQ12X")
    payment = sandbox.books.receive_payment({invoice: "2750.10"}, method="Check", reference="77")
    gone = sandbox.books.add_invoice(total="5")
    sandbox.books.delete_invoice(gone)
    changes = books.changes_since(yesterday())
    (seen,) = [one for one in changes.invoices if one.id == invoice]
    assert (seen.total, seen.balance, seen.payment_ids) == (Decimal("2750.10"), Decimal(0), (payment,))
    assert (seen.opportunity_ids, seen.customer) == (("0065500000KQ12XAAT",), "O'Neil & Söhne")
    (paid,) = [one for one in changes.payments if one.id == payment]
    assert [(line.txn_type, line.txn_id, line.amount) for line in paid.lines] == [
        ("Invoice", invoice, Decimal("2750.10"))
    ]
    assert books.payment_methods()[paid.method_id] == "Check"
    assert [one.id for one in changes.deleted_invoices] == [gone]
    assert changes.complete
    assert books.invoice(gone) is None
    assert books.payments_by_id([payment]) == [paid]


def test_invoices_are_found_by_id_and_by_any_number(sandbox: Sandbox, books: QuickBooks) -> None:
    numbers = ["O'Neil-1", "a\\", "50%", "Ä 1"]
    ids = [sandbox.books.add_invoice(total="1", number=number) for number in numbers]
    assert {one.number for one in books.invoices_by_number([*numbers, "' OR 1"])} == set(numbers)
    assert {one.id for one in books.invoices_by_id([*ids, "999999", "no id"])} == set(ids)


def test_a_crowded_book_is_read_whole_in_pages(sandbox: Sandbox, books: QuickBooks) -> None:
    ids = sandbox.books.bulk_seed(2300, days=3)
    read = [row.id for page in books.invoices_changed(yesterday() - timedelta(days=10)) for row in page.rows]
    assert sorted(read) == sorted(ids)
    assert sum(len(page.rows) for page in books.payments_changed(yesterday() - timedelta(days=10))) == 2300


def test_a_change_feed_that_does_not_reach_back_says_so(books: QuickBooks) -> None:
    with pytest.raises(LookBackExceeded):
        books.changes_since(datetime.now(UTC) - timedelta(days=31))


def test_the_company_tells_its_currency_and_name(books: QuickBooks) -> None:
    company = books.company(details=True)
    assert (company.home_currency, company.name, company.country) == ("USD", "Sandbox Company", "US")


def test_an_expired_token_is_replaced_unseen(sandbox: Sandbox, books: QuickBooks) -> None:
    assert books.company().home_currency == "USD"
    sandbox.books.expire_access_tokens()
    assert books.company().home_currency == "USD"


@pytest.mark.parametrize("kind", ["html", "truncated", "empty", "reset", "reset_after", "fault_in_200", "unavailable"])
def test_a_read_gets_over_every_single_fault(
    sandbox: Sandbox, books: QuickBooks, org: SalesforceOrg, kind: str
) -> None:
    invoice = sandbox.books.add_invoice(total="5")
    first = sandbox.faults.add("quickbooks", kind)  # type: ignore[arg-type]  # parametrize gives plain texts
    assert books.invoice(invoice) is not None
    second = sandbox.faults.add("salesforce", kind)  # type: ignore[arg-type]
    assert org.stages()
    assert (first.struck, second.struck) == (1, 1)


def test_linked_deals_are_read_in_pages_oldest_change_first(sandbox: Sandbox, org: SalesforceOrg) -> None:
    sandbox.org.add_opportunity("not linked")
    ids = sandbox.org.bulk_seed(2500, fields=lambda n: {"QB_Invoice_ID__c": str(n)})
    pages = list(org.linked_opportunities(columns(org), None))
    assert len(pages) == 2
    assert [row.id for page in pages for row in page.rows] == ids
    assert {page.total for page in pages} == {2500}
    (later,) = org.linked_opportunities(columns(org), datetime.now(UTC) + timedelta(hours=1))
    assert later.rows == ()


def test_a_deal_is_written_and_read_back_exactly(sandbox: Sandbox, org: SalesforceOrg) -> None:
    account = sandbox.org.add_account("O'Neil")
    deal = sandbox.org.add_opportunity("Deal", account=account, QB_Invoice_Number__c="1%_'\\")
    amount = Decimal("1234567890123.45")
    changes: dict[str, FieldValue] = {"StageName": "Closed Won", "QB_Payment_Amount__c": amount}
    changes["QB_Payment_Date__c"] = yesterday().date()
    locked = sandbox.org.add_opportunity("Locked")
    sandbox.org.lock_for_approval(locked)
    results = org.update([OpportunityUpdate(deal, account, changes), OpportunityUpdate(locked, "", {"Name": "x"})])
    assert [(result.opportunity_id, result.code) for result in results] == [(deal, ""), (locked, "ENTITY_IS_LOCKED")]
    (row,) = org.opportunities_naming(columns(org), ["%_'\\"])
    assert row.fields["QB_Payment_Amount__c"] == amount
    assert row.fields["QB_Payment_Date__c"] == yesterday().date()
    assert (row.is_won, row.account_name, row.modified_by_id) == (True, "O'Neil", org.user_id)


def test_many_deals_are_read_by_id(sandbox: Sandbox, org: SalesforceOrg) -> None:
    ids = sandbox.org.bulk_seed(1300)
    sandbox.network.log.clear()
    assert {row.id for row in org.opportunities_by_id(columns(org), ids)} == set(ids)
    assert org.requests_sent <= 5


@pytest.mark.parametrize("kind", ["reset", "reset_after", "truncated", "html", "unavailable", "server_error"])
def test_an_update_in_doubt_is_not_repeated(sandbox: Sandbox, org: SalesforceOrg, kind: str) -> None:
    deal = sandbox.org.add_opportunity("Deal")
    fault = sandbox.faults.add("salesforce", kind, "PATCH", times=9)  # type: ignore[arg-type]
    with pytest.raises(AnswerLost):
        org.update([OpportunityUpdate(deal, "", {"Name": "Other"})])
    assert fault.struck == 1


def test_an_expired_session_is_renewed_for_reads_and_writes(sandbox: Sandbox, org: SalesforceOrg) -> None:
    deal = sandbox.org.add_opportunity("Deal")
    sandbox.org.expire_sessions()
    assert org.stages()
    sandbox.org.expire_sessions()
    assert org.update([OpportunityUpdate(deal, "", {"Name": "Other"})])[0].ok


def test_a_session_without_api_rights_is_told_as_such(sandbox: Sandbox, org: SalesforceOrg) -> None:
    sandbox.org.refuse_rest()
    with pytest.raises(ConfigError, match="scope `api`"):
        org.stages()


def test_a_used_up_allowance_is_told_by_its_code(sandbox: Sandbox, org: SalesforceOrg) -> None:
    sandbox.org.set_allowance(100, 100)
    with pytest.raises(Unreachable) as caught:
        org.stages()
    assert caught.value.code == "api_allowance"


def test_the_allowance_and_the_org_are_known_after_an_answer(sandbox: Sandbox, org: SalesforceOrg) -> None:
    organization = org.organization()
    assert (organization.is_sandbox, organization.is_production, organization.id) == (False, False, org.organization_id)
    assert org.api_usage == (sandbox.org.api_calls_used, 15_000)
    assert org.server_time is not None
    assert abs(org.server_time - sandbox.clock.now()) < timedelta(minutes=1)


def test_an_api_version_that_is_gone_is_a_configuration_error(sandbox: Sandbox) -> None:
    org = SalesforceOrg(SandboxLogins(sandbox), "21.0", clock=SystemClock(), random=NoJitter())
    with pytest.raises(ConfigError, match="api_version"):
        org.stages()
    org.close()


def test_a_field_that_is_gone_since_it_was_cached_is_named(org: SalesforceOrg) -> None:
    info = org.opportunity_fields()
    gone = replace(info["QB_Payment_Link__c"], name="Gone__c")
    fields = replace(FIELDS, payment_link="Gone__c")
    stale = OpportunityColumns.of(fields, StagesConfig(), info | {"Gone__c": gone}, "1")
    with pytest.raises(ConfigError, match="no Opportunity field Gone__c"):
        list(org.linked_opportunities(stale, None))


def test_a_certificate_nobody_trusts_is_told_with_the_cure(books: QuickBooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(Unreachable, match=r"QuickBooks showed a certificate that is not trusted here\..*CA_BUNDLE"):
        books.company()
    assert books.requests_sent == 1


def test_a_proxy_that_refuses_the_host_is_named_as_the_one_that_does(books: QuickBooks) -> None:
    books.api._root = "https://elsewhere.example/v3/company"
    with pytest.raises(Unreachable, match=r"the proxy refused \(5 tries\)\. See HTTPS_PROXY"):
        books.company()


def test_changed_credit_memos_are_listed(sandbox: Sandbox, books: QuickBooks) -> None:
    memo = sandbox.books.add_credit_memo(total="5")
    assert [one.id for one in books.credit_memos_changed(yesterday())] == [memo]
    assert [one.id for one in books.changes_since(yesterday()).credit_memos] == [memo]
