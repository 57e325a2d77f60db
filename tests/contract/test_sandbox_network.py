"""The sandbox's network: nothing leaves it, faults strike what they are meant for, and the log tells."""

import gc
import socket
import struct
import threading
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
import requests
from contract.sandbox_client import TOKEN_URL, Client, fault, open_client, read

from qbsf.sandbox.exchange import Request


@pytest.fixture
def client() -> Iterator[Client]:
    with open_client() as opened:
        yield opened


def test_a_host_that_is_not_simulated_is_unreachable(client: Client) -> None:
    with pytest.raises(requests.exceptions.ProxyError, match="502"):
        client.session.get("https://example.com/", timeout=5)


def test_plain_http_does_not_leave_the_machine_either(client: Client) -> None:
    client.session.proxies["http"] = client.sandbox.network.proxy_url
    assert client.session.get("http://example.com/", timeout=5).status_code == 502


def test_a_client_that_does_not_trust_the_sandbox_gets_nothing(client: Client) -> None:
    client.session.verify = True
    with pytest.raises(requests.exceptions.SSLError):
        client.get("preferences")


def test_connections_that_stay_silent_block_nobody(client: Client) -> None:
    address = ("127.0.0.1", client.sandbox.network.port)
    silent = [socket.create_connection(address) for _ in range(5)]
    try:
        assert client.get("preferences").status_code == 200
    finally:
        for connection in silent:
            connection.close()


def test_a_client_that_is_killed_before_tls_begins_leaves_nothing_open(client: Client) -> None:
    for _ in range(150):
        with socket.create_connection(("127.0.0.1", client.sandbox.network.port)) as killed:
            killed.sendall(b"CONNECT quickbooks.api.intuit.com:443 HTTP/1.1\r\n\r\n")
            killed.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert client.get("preferences").status_code == 200
    gc.collect()  # what was left open is told here


def test_the_date_header_is_the_servers_clock(client: Client) -> None:
    client.sandbox.clock.advance(timedelta(days=400))
    date = parsedate_to_datetime(client.get("preferences").headers["Date"])
    assert abs(date - client.sandbox.clock.now()) < timedelta(seconds=5)


def test_a_chunked_body_arrives_whole(client: Client) -> None:
    chunks = iter([b"select * ", b"from Customer"])
    headers = client.headers(**{"Content-Type": "application/text"})
    response = client.session.post(f"{client.base}/query", data=chunks, headers=headers, timeout=5)
    assert read(response)["QueryResponse"] == {}


def test_the_log_tells_api_requests_from_token_requests(client: Client) -> None:
    client.get("preferences")
    client.session.post(TOKEN_URL, {"grant_type": "refresh_token"}, timeout=5)
    log = client.sandbox.network.log
    assert log.count("quickbooks") == 1
    assert log.count("quickbooks", token=True) == 1
    assert log.count("salesforce") == 0
    assert log[1].body == b"grant_type=refresh_token"
    assert log[1].status == 401


@pytest.mark.parametrize(
    ("kind", "status", "content_type", "text"),
    [
        ("server_error", 500, "application/json", '"code": "10000"'),
        ("unavailable", 503, "text/html", "<html>"),
        ("throttle", 429, "application/xml", "ThrottleExceeded; errorCode=003001"),
        ("expired", 401, "application/json", "errorCode=003200; statusCode=401"),
        ("html", 200, "text/html", "<html>"),
        ("fault_in_200", 200, "application/json", '"Fault"'),
        ("empty", 200, "application/json", ""),
    ],
)
def test_a_fault_answers_once_in_place_of_the_service(
    client: Client, kind: str, status: int, content_type: str, text: str
) -> None:
    client.sandbox.faults.add("quickbooks", kind, "preferences")  # type: ignore[arg-type]
    assert client.get("companyinfo/1").status_code == 200
    struck = client.get("preferences")
    assert struck.status_code == status
    assert struck.headers["Content-Type"].startswith(content_type)
    assert text in struck.text
    assert client.get("preferences").status_code == 200
    assert [entry.fault for entry in client.sandbox.network.log] == ["", kind, ""]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("server_error", 500, "UNKNOWN_EXCEPTION"),
        ("throttle", 403, "REQUEST_LIMIT_EXCEEDED"),
        ("expired", 401, "INVALID_SESSION_ID"),
        ("fault_in_200", 200, "UNKNOWN_EXCEPTION"),
    ],
)
def test_a_fault_of_salesforce_speaks_as_salesforce_does(client: Client, kind: str, status: int, code: str) -> None:
    client.sandbox.faults.add("salesforce", kind)  # type: ignore[arg-type]
    versions = f"{client.sandbox.org.instance_url}/services/data/"
    struck = client.session.get(versions, timeout=5)
    assert (struck.status_code, struck.json()[0]["errorCode"]) == (status, code)
    assert client.session.get(versions, timeout=5).status_code == 200
    assert client.sandbox.network.log.count("salesforce") == 2


def test_a_throttled_answer_can_say_how_long_to_wait(client: Client) -> None:
    client.sandbox.faults.add("quickbooks", "throttle", retry_after=60)
    assert client.get("preferences").headers["Retry-After"] == "60"


def test_a_fault_of_the_token_endpoint_spares_the_api(client: Client) -> None:
    client.sandbox.faults.add("quickbooks", "unavailable", scope="token")
    assert client.get("preferences").status_code == 200
    assert client.session.post(TOKEN_URL, {}, timeout=5).status_code == 503


def test_a_fault_waits_for_its_turn_and_strikes_as_often_as_asked(client: Client) -> None:
    client.sandbox.faults.add("quickbooks", "server_error", after=1, times=2)
    statuses = [client.get("preferences").status_code for _ in range(4)]
    assert statuses == [200, 500, 500, 200]
    assert client.sandbox.faults.pending() == []


@pytest.mark.parametrize(("kind", "created"), [("reset", 0), ("reset_after", 1)])
def test_a_reset_before_or_after_the_request_was_done(client: Client, kind: str, created: int) -> None:
    client.sandbox.faults.add("quickbooks", kind, "POST")  # type: ignore[arg-type]
    with pytest.raises(requests.exceptions.ConnectionError):
        client.post("customer", {"DisplayName": "New"})
    assert len(client.rows("select * from Customer", "Customer")) == created
    assert client.sandbox.network.log[0].status == 0


def test_a_truncated_answer_ends_before_its_length_and_the_request_was_done(client: Client) -> None:
    client.sandbox.faults.add("quickbooks", "truncated", "/customer")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.post("customer", {"DisplayName": "New"})
    assert len(client.rows("select * from Customer", "Customer")) == 1


def test_a_hanging_request_never_gets_an_answer_and_is_not_done(client: Client) -> None:
    client.sandbox.faults.add("quickbooks", "hang", "customer")
    headers = client.headers(**{"Content-Type": "application/json"})
    with pytest.raises(requests.exceptions.ReadTimeout):
        client.session.post(f"{client.base}/customer", '{"DisplayName": "New"}', headers=headers, timeout=0.2)
    assert client.rows("select * from Customer", "Customer") == []


def test_closing_the_sandbox_ends_a_hanging_request() -> None:
    with open_client() as client:
        client.sandbox.faults.add("quickbooks", "hang")
        outcome: list[Exception] = []
        sent = threading.Event()

        def ask() -> None:
            try:
                client.get("preferences")
            except requests.exceptions.ConnectionError as error:
                outcome.append(error)

        client.sandbox.faults.add("quickbooks", "hook_before", hook=lambda _request: sent.set())
        thread = threading.Thread(target=ask)
        thread.start()
        assert sent.wait(5)
        client.sandbox.close()
        thread.join(5)
        assert len(outcome) == 1


def test_a_hook_acts_in_the_middle_of_a_request(client: Client) -> None:
    books = client.sandbox.books
    invoice = books.add_invoice("Acme", "100.00")
    seen: list[str] = []

    def pay(request: Request) -> None:
        seen.append(request.path)
        books.receive_payment(invoice)

    client.sandbox.faults.add("quickbooks", "hook_after", "invoice/", hook=pay)
    assert read(client.get(f"invoice/{invoice}"))["Invoice"]["Balance"] == 100
    assert read(client.get(f"invoice/{invoice}"))["Invoice"]["Balance"] == 0
    assert len(seen) == 1


def test_a_bug_of_the_simulation_is_an_answer_that_says_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_request: Request) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(client.sandbox.quickbooks, "handle", broken)
    response = client.get("preferences")
    assert (response.status_code, response.headers["X-Sandbox-Error"]) == (500, "1")


def test_a_uri_that_is_too_long_is_refused(client: Client) -> None:
    response = client.get("query", query="select * from Invoice where DocNumber = '" + "9" * 17_000 + "'")
    assert response.status_code == 414


def test_an_unknown_kind_of_fault_is_a_mistake(client: Client) -> None:
    with pytest.raises(ValueError, match="no fault kind"):
        client.sandbox.faults.add("quickbooks", "sulk")  # type: ignore[arg-type]
    assert fault(client.get("invoice/1"))[1] == "610"
