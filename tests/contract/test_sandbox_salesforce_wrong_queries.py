"""Queries the simulated org refuses, and how it says so (samples/salesforce/errors.json)."""

import pytest
from contract.org_client import SAMPLES, OrgClient, Reply, recorded_errors
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture
def client() -> OrgClient:
    return OrgClient()


def refusal(reply: Reply) -> tuple[object, str]:
    """ErrorCode and the last line of the message."""
    assert reply.status == 400, reply.body
    return reply.error["errorCode"], str(reply.error["message"]).rpartition("\n")[2]


@pytest.mark.parametrize(
    ("soql", "code", "says"),
    [
        ("SELECT Nme FROM Opportunity", "INVALID_FIELD", "No such column 'Nme' on entity 'Opportunity'"),
        ("SELECT Account.Nme FROM Opportunity", "INVALID_FIELD", "No such column 'Nme' on entity 'Account'"),
        ("SELECT Acount.Name FROM Opportunity", "INVALID_FIELD", "Didn't understand relationship 'Acount'"),
        ("SELECT Id FROM Opportunities", "INVALID_TYPE", "sObject type 'Opportunities' is not supported"),
        ("SELECT (SELECT Id FROM Lines) FROM Opportunity", "INVALID_TYPE", "Didn't understand relationship 'Lines'"),
        ("SELECT Id, Id FROM Opportunity", "MALFORMED_QUERY", "duplicate field selected: Id"),
        ("SELECT Id FROM Opportunity WHERE Nme = 'x'", "INVALID_FIELD", "No such column 'Nme'"),
        ("SELECT Id FROM Opportunity ORDER BY Nme", "INVALID_FIELD", "No such column 'Nme'"),
        ("SELECT Id FROM Opportunity WHERE Id IN ()", "MALFORMED_QUERY", "unexpected token: ')'"),
        ("SELECT Id FROM Opportunity WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered in a query call"),
        ("SELECT Id FROM Opportunity ORDER BY Description", "INVALID_FIELD", "can not be sorted in a query call"),
        ("SELECT Id FROM Opportunity WHERE CloseDate = '2026-01-01'", "INVALID_FIELD", "must be of type date"),
        ("SELECT Id FROM Opportunity WHERE SystemModstamp > 2026-01-01", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Opportunity WHERE Amount = '5'", "INVALID_FIELD", "should not be enclosed in quotes"),
        ("SELECT Id FROM Opportunity WHERE Name = 5", "INVALID_FIELD", "should be enclosed in quotes"),
        ("SELECT Id FROM Opportunity WHERE IsWon = 'true'", "INVALID_FIELD", "must be of type boolean"),
        ("SELECT Id FROM Opportunity WHERE Amount LIKE '5%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT Id FROM Opportunity WHERE Id LIKE '006%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT Id FROM Opportunity WHERE Amount > null", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT Id FROM Opportunity WHERE Id = 'nonsense'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field"),
        ("SELECT Id FROM Opportunity WHERE Id = 0065500000KQ12XAAT", "MALFORMED_QUERY", "no viable alternative"),
        ("SELECT Id FROM Opportunity WHERE Name = Acme", "MALFORMED_QUERY", "unexpected token: 'Acme'"),
        ("SELECT Id FROM Opportunity WHERE Name = :name", "MALFORMED_QUERY", "Bind variables only allowed in Apex"),
        ("SELECT Id FROM Opportunity WHERE Name = 'a", "MALFORMED_QUERY", "unexpected char"),
        ("SELECT Id FROM Opportunity WHERE Name = 'a\\x'", "MALFORMED_QUERY", "Illegal character sequence '\\x'"),
        ("SELECT Id FROM Opportunity WHERE Name = 'a' AND Name = 'b' OR Name = 'c'", "MALFORMED_QUERY", "'OR'"),
        ("SELECT Id FROM Opportunity WHERE Name", "MALFORMED_QUERY", "<EOF>"),
        ("SELECT Id FROM Opportunity LIMIT x", "MALFORMED_QUERY", "unexpected token: 'x'"),
        ("SELECT Id FROM Opportunity FOR UPDATE", "MALFORMED_QUERY", "unexpected token: 'FOR'"),
        ("SELECT Id FROM Opportunity OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "2000"),
        ("SELECT FROM Opportunity", "MALFORMED_QUERY", "unexpected token: 'FROM'"),
        ("SELECT Id", "MALFORMED_QUERY", "<EOF>"),
        ("", "MALFORMED_QUERY", "<EOF>"),
        (
            "SELECT Id FROM Opportunity WHERE SystemModstamp > 2026-01-01T00:00:00 00:00",
            "MALFORMED_QUERY",
            "no viable alternative at character",
        ),
    ],
)
def test_a_wrong_query_is_refused(client: OrgClient, soql: str, code: str, says: str) -> None:
    found, message = refusal(client.query(soql))
    assert found == code
    assert says in message


@pytest.mark.skipif(not SAMPLES.exists(), reason="the recorded answers are not on this machine")
def test_a_missing_column_is_told_in_the_recorded_words(client: OrgClient) -> None:
    recorded = recorded_errors()["INVALID_FIELD"]
    reply = client.query("SELECT CurrencyIsoCode FROM Opportunity")
    assert {"http": reply.status, **reply.error} == recorded


def test_an_error_points_at_row_and_column(client: OrgClient) -> None:
    message = str(client.query("SELECT Id\nFROM Opportunity\nWHERE Nme = 'x'").error["message"])
    assert message.startswith("\nWHERE Nme = 'x'\n      ^\nERROR at Row:3:Column:7\n")


def test_a_statement_longer_than_the_limit_is_refused(client: OrgClient) -> None:
    ids = ",".join(["'0065500000KQ12XAAT'"] * 5000)
    soql = f"SELECT Id FROM Opportunity WHERE Id IN ({ids})"
    part = {"method": "GET", "url": f"/services/data/v66.0/query?q={soql}", "referenceId": "all"}
    reply = client.send("POST", "/composite", {"compositeRequest": [part]})
    results = reply.document["compositeResponse"]
    assert isinstance(results, list)
    assert results[0]["httpStatusCode"] == 400
    assert results[0]["body"][0]["errorCode"] == "MALFORMED_QUERY"


def test_a_literal_longer_than_the_limit_is_refused(client: OrgClient) -> None:
    assert refusal(client.query(f"SELECT Id FROM Opportunity WHERE Name = '{'x' * 4001}'"))[0] == "MALFORMED_QUERY"
    assert client.names(f"SELECT Name FROM Opportunity WHERE Name = '{'x' * 4000}'") == []


def test_too_long_addresses_are_refused_by_the_server(client: OrgClient) -> None:
    ids = ",".join(f"'{record_id}'" for record_id in client.org.bulk_seed(700))
    soql = f"SELECT Id FROM Opportunity WHERE Id IN ({ids})"
    assert client.query(soql).status == 414
    assert client.query("SELECT Id FROM User", headers={"x-padding": "x" * 16_384}).status == 431


KEYWORDS = ["SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "LIKE", "ORDER", "BY", "LIMIT", "COUNT()"]
NAMES = ["FIELDS(ALL)", "Id", "Name", "Account.Name", "Opportunity", "Amount", "CloseDate", "SystemModstamp", "IsWon"]
LITERALS = ["'a'", "'%\\_'", "null", "TRUE", "5", "2026-01-01", "2026-01-01T00:00:00Z", "TODAY", "LAST_N_DAYS:3"]
MARKS = ["(", ")", ",", "=", "!=", ">", "'"]
WORDS = st.sampled_from([*KEYWORDS, *NAMES, *LITERALS, *MARKS])
ONE_ORG = OrgClient()


@settings(deadline=None)
@given(st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=40))
def test_no_query_whatever_breaks_the_org(soql: str) -> None:
    for text in (soql, f"SELECT Id FROM Opportunity WHERE {soql}"):
        assert ONE_ORG.query(text).status in {200, 400}
