"""The simulated query language and change feed answer and refuse as quickbooks.md says the real ones do."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from contract.sandbox_client import Client, fault, open_client, read

from qbsf.sandbox.quickbooks.pacific import stamp


@pytest.fixture
def client() -> Iterator[Client]:
    with open_client() as opened:
        yield opened


@pytest.mark.parametrize(
    ("statement", "code", "detail"),
    [
        ("select * from Custmoer", "4001", "QueryValidationError: invalid context declaration: Custmoer"),
        ("select * from Invoice where Id in (1, 2)", "4000", "QueryParserError: Encountered"),
        ("select * from Invoice where Id = 1", "4000", "QueryParserError"),
        ("select * from Invoice where Balance > 0", "4000", "QueryParserError"),
        ("select * from Invoice where Id = '1' or Id = '2'", "4000", "QueryParserError"),
        ("select Id, DocNumber from Invoice", "4000", "QueryParserError"),
        ("select * from Invoice, Customer", "4000", "QueryParserError"),
        ("select * from Invoice where Id != '1'", "4000", "QueryParserError"),
        ("select * from Invoice where DocNumber = 'O'Brien'", "4000", "QueryParserError"),
        ("select * from Invoice where", "4000", "QueryParserError"),
        ("select * from Invoice group by Id", "4000", "QueryParserError"),
        ("select * from Invoice where CustomField = '006'", "4001", "'CustomField' is not queryable"),
        ("select * from Invoice where PrivateNote like '%006%'", "4001", "'PrivateNote' is not queryable"),
        ("select * from Payment where UnappliedAmt > '0'", "4001", "'UnappliedAmt' is not queryable"),
        ("select * from Payment where PaymentMethodRef = '1'", "4001", "is not queryable"),
        ("select * from Invoice where Foo = '1'", "4001", "Property Foo not found for Entity Invoice"),
        ("select * from Invoice where Id > '1'", "4001", "operator > is not supported"),
        ("select * from Invoice orderby CustomerRef", "4001", "is not sortable"),
        ("select * from Invoice startposition 0", "4001", "value 0 is too small. Min allowed value is 1"),
        ("select * from Invoice maxresults 1001", "4001", "Max allowed value is 1000"),
        ("select * from Customer where Active = 'true'", "4001", "no value for property 'Active'"),
        ("select * from Invoice where TxnDate = 'soon'", "4001", "no value for property 'TxnDate'"),
    ],
)
def test_a_statement_is_refused(client: Client, statement: str, code: str, detail: str) -> None:
    status, actual, text = fault(client.query(statement))
    assert (status, actual) == (400, code)
    assert detail in text


def test_a_statement_must_come_as_application_text(client: Client) -> None:
    assert fault(client.post("query", {"query": "select * from Invoice"}))[1] == "500"


def test_names_and_values_are_compared_without_case(client: Client) -> None:
    invoice = client.sandbox.books.add_invoice("Acme", "10.00", number="inv-7A")
    assert client.ids("SELECT * FROM invoice WHERE docnumber = 'INV-7a'") == [invoice]
    assert client.ids("select * from Customer where DisplayName like 'ac%E'", "Customer") == ["1"]


def test_quotes_are_escaped_with_a_backslash(client: Client) -> None:
    customer = client.sandbox.books.add_customer("O'Brien")
    assert client.ids(r"select * from Customer where DisplayName = 'O\'Brien'", "Customer") == [customer]


def test_an_empty_result_has_no_member_for_the_entity(client: Client) -> None:
    answer = read(client.query("select * from Invoice"))
    assert answer["QueryResponse"] == {}
    assert "time" in answer


def test_count_answers_with_a_total_only(client: Client) -> None:
    client.sandbox.books.bulk_seed(7)
    answer = read(client.query("select count(*) from Invoice where Balance = '0'"))
    assert answer["QueryResponse"] == {"totalCount": 7}


def test_a_page_has_100_rows_unless_asked_otherwise_and_pages_do_not_overlap(client: Client) -> None:
    seeded = client.sandbox.books.bulk_seed(120)
    assert len(client.ids("select * from Invoice")) == 100
    pages = [
        client.ids(f"select * from Invoice orderby MetaData.LastUpdatedTime startposition {start} maxresults 50")
        for start in (1, 51, 101)
    ]
    assert [len(page) for page in pages] == [50, 50, 20]
    assert [row for page in pages for row in page] == seeded


def test_order_by_id_has_no_effect(client: Client) -> None:
    books = client.sandbox.books
    made = [books.add_invoice("Acme", "1.00") for _ in range(3)]
    for statement in ("orderby Id", "orderby Id desc", "order by Id asc", ""):
        assert client.ids(f"select * from Invoice {statement}") == made[::-1]


def test_balance_and_dates_select_and_sort(client: Client) -> None:
    books = client.sandbox.books
    older = books.add_invoice("Acme", "10.00", txn_date="2026-01-31")
    newer = books.add_invoice("Acme", "99.50", txn_date="2026-02-01")
    books.receive_payment(older)
    assert client.ids("select * from Invoice where Balance > '0'") == [newer]
    assert client.ids("select * from Invoice where TxnDate <= '2026-01-31'") == [older]
    assert client.ids("select * from Invoice orderby TotalAmt desc, TxnDate") == [newer, older]
    assert client.ids("select * from Invoice where CustomerRef = '1' and TotalAmt = '10.00'") == [older]


def test_times_are_compared_as_instants_and_without_an_offset_as_pacific(client: Client) -> None:
    books = client.sandbox.books
    invoice = books.add_invoice("Acme", "10.00")
    books.backdate("Invoice", invoice, updated="2026-07-01T12:00:00Z")
    selecting = "select * from Invoice where MetaData.LastUpdatedTime"
    assert client.ids(f"{selecting} >= '2026-07-01T12:00:00Z'") == [invoice]
    assert client.ids(f"{selecting} >= '2026-07-01T05:00:00-07:00' and Metadata.CreateTime > '2020-01-01'") == [invoice]
    assert client.ids(f"{selecting} >= '2026-07-01T05:00:00'") == [invoice]
    assert client.ids(f"{selecting} > '2026-07-01T05:00:00'") == []
    assert client.ids(f"{selecting} < '2026-07-01T12:00:00Z'") == []


def test_offsets_flip_with_daylight_saving(client: Client) -> None:
    books = client.sandbox.books
    invoice = books.add_invoice("Acme", "10.00")
    for instant, shown in [
        ("2026-03-08T09:59:59Z", "2026-03-08T01:59:59-08:00"),
        ("2026-03-08T10:00:00Z", "2026-03-08T03:00:00-07:00"),
        ("2026-11-01T08:59:59Z", "2026-11-01T01:59:59-07:00"),
        ("2026-11-01T09:00:00Z", "2026-11-01T01:00:00-08:00"),
    ]:
        books.backdate("Invoice", invoice, updated=instant)
        metadata = read(client.get(f"invoice/{invoice}"))["Invoice"]["MetaData"]
        assert metadata["LastUpdatedTime"] == shown


def test_lists_show_inactive_rows_only_when_asked(client: Client) -> None:
    books = client.sandbox.books
    books.hide("PaymentMethod", "2")
    active = client.ids("select * from PaymentMethod", "PaymentMethod")
    every = client.ids("select * from PaymentMethod where Active in (true, false)", "PaymentMethod")
    assert set(every) - set(active) == {"2"}
    assert client.ids("select * from PaymentMethod where Active = false", "PaymentMethod") == ["2"]


def test_a_thousand_ids_in_one_posted_statement(client: Client) -> None:
    seeded = client.sandbox.books.bulk_seed(1200)
    listed = ",".join(f"'{each}'" for each in seeded[:1000])
    found = client.ids(f"select * from Invoice where Id in ({listed}) maxresults 1000")
    assert set(found) == set(seeded[:1000])


# -- change feed ------------------------------------------------------------------------------------------------------


def test_the_change_feed_tells_each_entity_and_leaves_unchanged_ones_empty(client: Client) -> None:
    books = client.sandbox.books
    since = stamp(client.sandbox.clock.now())
    invoice = books.add_invoice("Acme", "10.00")
    answer = read(client.get("cdc", entities="Invoice,Payment", changedSince=since))
    blocks = answer["CDCResponse"][0]["QueryResponse"]
    assert [row["Id"] for row in blocks[0]["Invoice"]] == [invoice]
    assert blocks[1] == {}
    assert "time" in answer


def test_deleted_records_are_bare_ids_after_the_live_ones(client: Client) -> None:
    books = client.sandbox.books
    since = stamp(client.sandbox.clock.now())
    gone = books.add_invoice("Acme", "10.00")
    books.delete_invoice(gone)
    kept = books.add_invoice("Acme", "10.00")
    live, deleted = client.changes("Invoice", since)["Invoice"]
    assert live["Id"] == kept
    assert (deleted["Id"], deleted["status"], deleted["domain"]) == (gone, "Deleted", "QBO")
    assert set(deleted) == {"Id", "status", "domain", "MetaData"}
    assert set(deleted["MetaData"]) == {"LastUpdatedTime"}


def test_the_change_feed_ends_at_1000_objects_and_drops_deletions_first(client: Client) -> None:
    books = client.sandbox.books
    seeded = books.bulk_seed(1001, paid=0, days=1)
    books.delete_invoice(seeded[0])
    since = stamp(client.sandbox.clock.now() - timedelta(days=2))
    changes = client.changes("Invoice,Customer", since)
    assert [row["Id"] for row in changes["Invoice"]] == seeded[1:]
    assert changes["Customer"] == []


@pytest.mark.parametrize("since", ["2020-01-01T00:00:00Z", "2026-11-22T00:00:00 08:00", "yesterday", ""])
def test_the_change_feed_refuses_a_time_it_cannot_use(client: Client, since: str) -> None:
    status, code, detail = fault(client.get("cdc", entities="Invoice", changedSince=since))
    assert (status, code) == (400, "500")
    assert "older than fixed days is not supported" in detail


@pytest.mark.parametrize("entities", ["Invoice,Nonsense", "TaxCode", "Preferences"])
def test_the_change_feed_refuses_entities_that_it_does_not_track(client: Client, entities: str) -> None:
    since = stamp(client.sandbox.clock.now())
    assert fault(client.get("cdc", entities=entities, changedSince=since))[0] == 400


def test_the_change_feed_needs_entities(client: Client) -> None:
    assert fault(client.get("cdc", changedSince="2026-11-22T00:00:00Z"))[1] == "2020"


def test_late_rows_of_one_second_appear_afterwards(client: Client) -> None:
    books = client.sandbox.books
    since = stamp(client.sandbox.clock.now())
    books.delay_visibility(30)
    made = {books.add_invoice("Acme", "10.00") for _ in range(4)}
    early = {row["Id"] for row in client.changes("Invoice", since)["Invoice"]}
    assert 0 < len(early) < 4
    assert set(client.ids("select * from Invoice")) == early
    client.sandbox.clock.advance(timedelta(seconds=31))
    assert {row["Id"] for row in client.changes("Invoice", since)["Invoice"]} == made
