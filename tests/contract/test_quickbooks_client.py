"""The QuickBooks client against every odd answer QuickBooks is known to give (quickbooks.md sections 2 to 5)."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses
from contract.api_doubles import NOW, SECRET_TOKEN, Grant, NoJitter, StillClock
from samples import sample_text

from qbsf.clock import Deadline
from qbsf.errors import AuthorizationNeeded, ConfigError, QbsfError, UnexpectedAnswer, Unreachable
from qbsf.quickbooks.client import QuickBooks
from qbsf.quickbooks.faults import LookBackExceeded, QuickBooksRefused

ROOT = "https://quickbooks.api.intuit.com/v3/company/9130350"
TIME = "2026-11-22T00:00:00-08:00"


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def grant() -> Grant:
    return Grant()


@pytest.fixture
def books(clock: StillClock, grant: Grant) -> QuickBooks:
    deadline = Deadline(clock, 240)
    return QuickBooks(grant, "production", clock=clock, random=NoJitter(), deadline=deadline)


def invoice(number: int, updated: datetime = NOW, **change: object) -> dict[str, object]:
    times = {"CreateTime": TIME, "LastUpdatedTime": updated.isoformat(timespec="seconds")}
    body = {"Id": str(number), "TxnDate": "2026-11-01", "TotalAmt": 10.1, "Balance": 0, "MetaData": times}
    return {**body, **change}


def found(entity: str, rows: list[dict[str, object]]) -> dict[str, object]:
    return {"QueryResponse": {entity: rows} if rows else {}, "time": TIME}


def fault(code: str, detail: str, kind: str = "ValidationFault") -> dict[str, object]:
    return {"Fault": {"Error": [{"Message": "m", "Detail": detail, "code": code}], "type": kind}, "time": TIME}


def statement(call: int) -> str:
    body = responses.calls[call].request.body
    assert isinstance(body, bytes)
    return body.decode()


@responses.activate
def test_changes_are_one_request_with_the_time_and_its_offset(books: QuickBooks) -> None:
    responses.get(f"{ROOT}/cdc", body=sample_text("quickbooks", "cdc_multi_entity_from_xml.json"))
    changes = books.changes_since(NOW)
    assert [invoice.id for invoice in changes.invoices] == ["103"]
    request = responses.calls[0].request
    assert "changedSince=2026-11-22T08%3A00%3A00%2B00%3A00" in str(request.url)
    assert parse_qs(urlsplit(str(request.url)).query)["entities"] == ["Invoice,Payment,CreditMemo"]
    assert request.headers["Authorization"] == f"Bearer {SECRET_TOKEN}"
    assert books.requests_sent == 1


@responses.activate
@pytest.mark.parametrize("status", [200, 400])
def test_a_pause_longer_than_the_feed_reaches_is_told_apart(books: QuickBooks, status: int) -> None:
    detail = "Operation cdc with changedSince date older than fixed days is not supported."
    responses.get(f"{ROOT}/cdc", status=status, json=fault("500", detail))
    with pytest.raises(LookBackExceeded):
        books.changes_since(NOW)


@responses.activate
def test_a_rejected_token_is_replaced_once_and_the_request_sent_again(books: QuickBooks, grant: Grant) -> None:
    responses.get(f"{ROOT}/invoice/7", status=401, body=sample_text("quickbooks", "error_401_expired_3200.json"))
    responses.get(f"{ROOT}/invoice/7", json={"Invoice": invoice(7), "time": TIME})
    got = books.invoice("7")
    assert got is not None
    assert got.total == Decimal("10.1")
    assert grant.rejected == [SECRET_TOKEN]
    assert responses.calls[1].request.headers["Authorization"] == "Bearer newer-1"


@responses.activate
def test_a_token_rejected_again_needs_a_person_and_shows_no_piece_of_it(books: QuickBooks, grant: Grant) -> None:
    body = sample_text("quickbooks", "error_401_expired_3200.json").replace("<token fragment>", SECRET_TOKEN)
    responses.get(f"{ROOT}/invoice/7", status=401, body=body, headers={"Intuit-Tid": "1-abc"})
    with pytest.raises(AuthorizationNeeded, match=r"intuit_tid 1-abc.*qbsf auth quickbooks") as caught:
        books.invoice("7")
    assert SECRET_TOKEN not in str(caught.value)
    assert len(grant.rejected) == 1


XML_FAULT = (
    '<IntuitResponse><Fault type="{}"><Error code="{}"><Message>m</Message><Detail>d &amp; e</Detail></Error></Fault>'
    "</IntuitResponse>"
)


@responses.activate
@pytest.mark.parametrize(
    ("status", "body", "error", "text"),
    [
        (403, json.dumps(fault("3100", "ApplicationAuthorizationFailed")), ConfigError, "development keys"),
        (403, '{"fault": {"error": [{"message": "errorCode=003100", "code": "003100"}]}}', ConfigError, "client_id"),
        (403, XML_FAULT.format("AUTHORIZATION", "3100"), ConfigError, "client_id"),
        (401, json.dumps(fault("120", "no rights", "AuthorizationFault")), AuthorizationNeeded, "administrator"),
        (403, json.dumps(fault("6190", "Subscription period has ended")), ConfigError, "subscription"),
        (200, json.dumps(fault("6190", "Subscription period has ended")), ConfigError, "subscription"),
        (400, json.dumps(fault("4001", "property Foo is not queryable")), QuickBooksRefused, "Foo"),
        (200, json.dumps(fault("2010", "line one\nline two")), QuickBooksRefused, "fault 2010: line one line two"),
        (400, XML_FAULT.format("ValidationFault", "2030"), QuickBooksRefused, "d & e"),
        (403, "<html>Access denied by firewall</html>", UnexpectedAnswer, "HTTP 403 and an HTML page"),
        (404, "", UnexpectedAnswer, "HTTP 404 and an empty body"),
        (401, "", AuthorizationNeeded, "qbsf auth quickbooks"),
        (403, json.dumps(fault("3300", "a token", "AUTHORIZATION")), ConfigError, "client_id"),
    ],
)
def test_a_refusal_says_what_it_means(
    books: QuickBooks, status: int, body: str, error: type[QbsfError], text: str
) -> None:
    responses.get(f"{ROOT}/invoice/7", status=status, body=body, headers={"intuit_tid": "1-abc"})
    with pytest.raises(error, match=re.escape(text)) as caught:
        books.invoice("7")
    assert "1-abc" in str(caught.value)
    assert "\n" not in str(caught.value)


@responses.activate
@pytest.mark.parametrize("name", ["json", "lower case", "xml", "on 200", "on 403"])
def test_throttling_waits_a_minute_whatever_it_looks_like(books: QuickBooks, clock: StillClock, name: str) -> None:
    xml = sample_text("quickbooks", "error_429_throttle_3001.xml")
    lower = '{"fault": {"error": [{"message": "errorCode=003001", "code": "003001"}], "type": "SERVICE"}}'
    status, body = {
        "json": (429, json.dumps(fault("3001", "ThrottleExceeded"))),
        "lower case": (429, lower),
        "xml": (429, xml),
        "on 200": (200, xml),
        "on 403": (403, lower),
    }[name]
    responses.get(f"{ROOT}/invoice/7", status=status, body=body)
    responses.get(f"{ROOT}/invoice/7", json={"Invoice": invoice(7), "time": TIME})
    assert books.invoice("7") is not None
    assert clock.slept == [60.0]


@responses.activate
def test_throttling_that_outlasts_the_time_limit_is_left_to_the_next_run(books: QuickBooks, clock: StillClock) -> None:
    responses.get(f"{ROOT}/invoice/7", status=429, body="")
    with pytest.raises(Unreachable, match="throttling"):
        books.invoice("7")
    assert sum(clock.slept) < 240


@responses.activate
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<html>We'll be back</html>"),
        (200, '{"Invoice": {"Id": "7"'),
        (200, ""),
        (502, "<html>bad gateway</html>"),
        (500, json.dumps(fault("10000", "An application error has occurred", "SystemFault"))),
        (400, json.dumps(fault("10000", "An application error has occurred", "SystemFault"))),
        (200, json.dumps(fault("10000", "An application error has occurred", "SystemFault"))),
    ],
)
def test_a_passing_fault_of_quickbooks_is_not_noticed(books: QuickBooks, status: int, body: str) -> None:
    responses.get(f"{ROOT}/invoice/7", status=status, body=body)
    responses.get(f"{ROOT}/invoice/7", json={"Invoice": invoice(7), "time": TIME})
    assert books.invoice("7") is not None


@responses.activate
def test_a_lasting_fault_of_quickbooks_is_told_with_its_own_words(books: QuickBooks) -> None:
    responses.get(f"{ROOT}/invoice/7", status=503, json=fault("10000", "Try later", "SystemFault"))
    with pytest.raises(Unreachable, match=r"QuickBooks answered HTTP 503 \(Try later\) \(5 tries\)\."):
        books.invoice("7")


@responses.activate
@pytest.mark.parametrize("status", [200, 400])
def test_an_invoice_that_is_not_there_is_none(books: QuickBooks, status: int) -> None:
    responses.get(f"{ROOT}/invoice/7", status=status, json=fault("610", "Object Not Found"))
    assert books.invoice("7") is None


@responses.activate
@pytest.mark.parametrize("text", ["", "../payment/1", "7?x=1", "7 OR 1=1", "id:7", "\uff19"])
def test_a_text_that_is_no_id_names_nothing_and_is_not_sent(books: QuickBooks, text: str) -> None:
    assert books.invoice(text) is None
    assert books.invoices_by_id([text]) == []
    assert books.payments_by_id([text]) == []
    assert books.requests_sent == 0


@responses.activate
def test_many_payments_are_asked_for_by_the_thousand(books: QuickBooks) -> None:
    responses.post(f"{ROOT}/query", json=found("Payment", []))
    assert books.payments_by_id(str(n) for n in range(1500)) == []
    assert books.requests_sent == 2
    assert statement(0).startswith("SELECT * FROM Payment WHERE Id IN ('0', '1', ")
    assert statement(1).endswith("'1499') STARTPOSITION 1 MAXRESULTS 1000")
    assert responses.calls[0].request.headers["Content-Type"] == "application/text"


class Ledger:
    """Answers statements over a list of invoices, as QuickBooks would, and lets a test interfere between two."""

    def __init__(self, rows: list[dict[str, object]]) -> None:
        self.rows = rows
        self.between: Callable[[int], None] = lambda _asked: None
        self.asked = 0

    def answer(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        self.between(self.asked)
        self.asked += 1
        assert isinstance(request.body, bytes)
        text = request.body.decode()
        bound = re.search(r"LastUpdatedTime >= '([^']+)'", text)
        place = re.search(r"STARTPOSITION (\d+) MAXRESULTS (\d+)", text)
        assert place is not None
        since = datetime.fromisoformat(bound[1]) if bound else datetime.min.replace(tzinfo=UTC)
        rows = sorted((row for row in self.rows if updated(row) >= since), key=updated)
        start, most = int(place[1]) - 1, int(place[2])
        return 200, {}, json.dumps(found("Invoice", rows[start : start + most]))


def updated(row: dict[str, object]) -> datetime:
    times = row["MetaData"]
    assert isinstance(times, dict)
    return datetime.fromisoformat(times["LastUpdatedTime"])


def serve(rows: list[dict[str, object]]) -> Ledger:
    ledger = Ledger(rows)
    responses.add_callback("POST", f"{ROOT}/query", ledger.answer)
    return ledger


def seen(books: QuickBooks, since: datetime = NOW) -> list[str]:
    return [row.id for page in books.invoices_changed(since) for row in page.rows]


@responses.activate
@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 3500])
def test_every_changed_invoice_is_read_once(books: QuickBooks, count: int) -> None:
    serve([invoice(n, NOW + timedelta(seconds=n // 7)) for n in range(count)])
    assert seen(books) == [str(n) for n in range(count)]


@responses.activate
@pytest.mark.parametrize("count", [1000, 1001, 2500])
def test_an_import_of_thousands_within_one_second_is_read_once(books: QuickBooks, count: int) -> None:
    serve([invoice(n, NOW + timedelta(seconds=1)) for n in range(count)] + [invoice(9999, NOW + timedelta(hours=1))])
    assert seen(books) == [*(str(n) for n in range(count)), "9999"]


@responses.activate
def test_an_invoice_changed_while_pages_are_read_pushes_no_other_out(books: QuickBooks) -> None:
    ledger = serve([invoice(n, NOW + timedelta(seconds=n)) for n in range(2500)])

    def touch(asked: int) -> None:
        if asked == 1:
            ledger.rows[5] = invoice(5, NOW + timedelta(hours=1), Balance=3)

    ledger.between = touch
    pages = list(books.invoices_changed(NOW))
    ids = [row.id for page in pages for row in page.rows]
    assert set(ids) == {str(n) for n in range(2500)}
    assert ids.count("5") == 2
    assert pages[-1].rows[-1].balance == 3


@responses.activate
def test_a_change_within_a_crowded_second_loses_nothing(books: QuickBooks) -> None:
    ledger = serve([invoice(n, NOW) for n in range(2500)])

    def touch(asked: int) -> None:
        if asked == 1:
            ledger.rows[5] = invoice(5, NOW + timedelta(hours=1))

    ledger.between = touch
    assert set(seen(books)) == {str(n) for n in range(2500)}


@responses.activate
def test_a_second_that_never_comes_to_rest_is_left_to_the_next_run(books: QuickBooks) -> None:
    ledger = serve([invoice(n, NOW) for n in range(2500)])

    def touch(asked: int) -> None:
        ledger.rows[asked] = invoice(asked, NOW + timedelta(hours=1))

    ledger.between = touch
    with pytest.raises(Unreachable, match="change faster"):
        seen(books)


@responses.activate
def test_a_number_shared_by_more_invoices_than_a_page_holds(books: QuickBooks) -> None:
    serve([invoice(n, NOW + timedelta(seconds=n), DocNumber="A-1") for n in range(1200)])
    assert len(books.invoices_by_number(["A-1", "", "x" * 22])) == 1200
    assert "WHERE DocNumber IN ('A-1') ORDERBY" in statement(0)


@responses.activate
def test_the_answers_own_time_is_the_servers_clock(books: QuickBooks) -> None:
    serve([])
    (page,) = books.invoices_changed(NOW)
    assert (page.server_time, page.rows) == (datetime(2026, 11, 22, 8, tzinfo=UTC), ())


@responses.activate
def test_payment_methods_include_inactive_ones(books: QuickBooks) -> None:
    responses.post(f"{ROOT}/query", body=sample_text("quickbooks", "paymentmethod_query.json"))
    assert books.payment_methods()["1"] == "Cash"
    assert "WHERE Active IN (true, false)" in statement(0)


@responses.activate
def test_the_company_is_read_with_its_name_only_where_asked(books: QuickBooks) -> None:
    responses.get(f"{ROOT}/preferences", body=sample_text("quickbooks", "preferences.json"))
    responses.get(f"{ROOT}/companyinfo/9130350", json={"CompanyInfo": {"CompanyName": "Acme"}, "time": TIME})
    assert (books.company().home_currency, books.requests_sent) == ("USD", 1)
    assert books.company(details=True).name == "Acme"


@responses.activate
def test_creating_keeps_the_digits_of_money_and_is_safe_to_send_twice(books: QuickBooks) -> None:
    responses.post(f"{ROOT}/invoice", body=requests.ConnectionError("reset"))
    responses.post(f"{ROOT}/invoice", json={"Invoice": invoice(8), "time": TIME})
    made = books.api.post("Invoice", {"Line": [{"Amount": Decimal("0.10")}]}, request_id="opp-1")
    assert made["Id"] == "8"
    assert [parse_qs(urlsplit(str(call.request.url)).query)["requestid"] for call in responses.calls] == [["opp-1"]] * 2
    assert responses.calls[1].request.body == b'{"Line":[{"Amount":0.10}]}'


@responses.activate
def test_a_refused_creation_carries_the_fault_for_the_caller(books: QuickBooks) -> None:
    body = sample_text("quickbooks", "error_400_duplicate_name_6240.json")
    responses.post(f"{ROOT}/customer", status=400, body=body)
    with pytest.raises(QuickBooksRefused) as caught:
        books.api.post("Customer", {"DisplayName": "Acme"}, request_id="customer-1")
    assert caught.value.fault.code == "6240"


@responses.activate
def test_a_creation_without_a_requestid_is_a_mistake_of_the_caller(books: QuickBooks) -> None:
    for request_id in ("", "x" * 51):
        with pytest.raises(ValueError, match="requestid"):
            books.api.post("Invoice", {}, request_id=request_id)


@responses.activate
def test_a_fault_in_the_place_of_one_entitys_changes_is_not_taken_for_silence(books: QuickBooks) -> None:
    responses.get(f"{ROOT}/cdc", json={"CDCResponse": [fault("4001", "no such entity")], "time": TIME})
    with pytest.raises(QuickBooksRefused, match="no such entity"):
        books.changes_since(NOW)


@responses.activate
@pytest.mark.parametrize("member", ["Invoice", "time"])
def test_an_answer_without_what_was_asked_for_or_its_time_is_refused(books: QuickBooks, member: str) -> None:
    body = {"Invoice": invoice(7), "time": TIME}
    del body[member]
    responses.get(f"{ROOT}/invoice/7", json=body)
    responses.post(f"{ROOT}/invoice", json=body)
    with pytest.raises((UnexpectedAnswer, Unreachable), match=member):
        books.invoice("7")
    with pytest.raises((UnexpectedAnswer, Unreachable), match=member):
        books.api.post("Invoice", {}, request_id="1")


@responses.activate
@pytest.mark.parametrize("note", ['"cut \\ud83d"', '"x\xed\xa0\xbd"'])
def test_half_an_emoji_in_a_note_hides_no_invoice(books: QuickBooks, note: str) -> None:
    body = json.dumps(found("Invoice", [invoice(7, PrivateNote="NOTE"), invoice(8)])).encode()
    responses.post(f"{ROOT}/query", body=body.replace(b'"NOTE"', note.encode("latin-1")))
    assert [each.id for each in books.invoices_by_id(["7", "8"])] == ["7", "8"]


@responses.activate
def test_a_text_that_is_no_utf_8_is_an_answer_that_cannot_be_read(books: QuickBooks) -> None:
    body = json.dumps(found("Invoice", [invoice(7, PrivateNote="NOTE")])).encode()
    responses.post(f"{ROOT}/query", body=body.replace(b"NOTE", b"caf\xe9"))
    with pytest.raises(Unreachable, match="JSON that breaks off"):
        books.invoices_by_id(["7"])


@responses.activate
def test_an_invoice_that_answers_as_deleted_is_none(books: QuickBooks) -> None:
    responses.get(f"{ROOT}/payment/73", body=sample_text("quickbooks", "payment_deleted.json"))
    assert books.api.read("Payment", "73") is None


@responses.activate
def test_payment_methods_that_fill_a_page_are_read_on(books: QuickBooks) -> None:
    rows: list[dict[str, object]] = [{"Id": str(n), "Name": f"Method {n}"} for n in range(1001)]
    responses.post(f"{ROOT}/query", json=found("PaymentMethod", rows[:1000]))
    responses.post(f"{ROOT}/query", json=found("PaymentMethod", rows[1000:]))
    assert len(books.payment_methods()) == 1001
    assert "STARTPOSITION 1001 " in statement(1)


@responses.activate
def test_the_sandbox_has_its_own_host(clock: StillClock, grant: Grant) -> None:
    host = "https://sandbox-quickbooks.api.intuit.com/v3/company/9130350"
    responses.get(f"{host}/invoice/7", json={"Invoice": invoice(7), "time": TIME})
    assert QuickBooks(grant, "sandbox", clock=clock, random=NoJitter()).invoice("7") is not None


@responses.activate
def test_a_damaged_company_id_is_never_put_into_an_address(books: QuickBooks, grant: Grant) -> None:
    grant.realm_id = "1/../2"
    with pytest.raises(AuthorizationNeeded, match="company id"):
        books.invoice("7")
    assert books.requests_sent == 0
