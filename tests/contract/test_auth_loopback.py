"""The listener: what each caller on the machine gets, and that nothing but the right answer ends the wait."""

import http.client
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from qbsf.auth import loopback, pages
from qbsf.auth.loopback import Listener
from qbsf.auth.redirect import Consent, ConsentRefusedError, consent_of
from qbsf.errors import QbsfError

RIGHT = "/callback?code=XAB1-code&state=state-1&realmId=9130350"
WAIT = 20.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str


def call(port: int, target: str, *, method: str = "GET", host: str = "127.0.0.1") -> Answer:
    connection = http.client.HTTPConnection(host, port, timeout=WAIT)
    try:
        connection.request(method, target)
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read().decode())
    finally:
        connection.close()


def listening(port: int, host: str = "localhost") -> Listener:
    return Listener(host, port, "/callback", judge=lambda query: consent_of(query, "state-1"))


@pytest.fixture
def browser() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_the_page_is_shown_only_when_the_exchange_has_succeeded(browser: ThreadPoolExecutor) -> None:
    port = free_port()
    with listening(port) as listener:
        page: Future[Answer] = browser.submit(call, port, RIGHT)
        assert listener.wait(WAIT) == Consent("XAB1-code", "9130350")
        assert not page.done()
        listener.show(pages.connected("Acme & Söhne <GmbH>", "9130350", "sandbox"))
        answer = page.result(WAIT)
    assert answer.status == 200
    assert "Acme &amp; Söhne &lt;GmbH&gt;" in answer.text
    assert answer.headers["Connection"] == "close"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "XAB1" not in answer.text


def test_after_a_failure_the_browser_is_told_what_the_terminal_says(browser: ThreadPoolExecutor) -> None:
    port = free_port()
    with listening(port) as listener:
        page = browser.submit(call, port, RIGHT)
        listener.wait(WAIT)
        listener.show(pages.failed("Intuit said <no>.", "Run it again."))
        assert "Intuit said &lt;no&gt;." in page.result(WAIT).text


@pytest.mark.parametrize("target", ["/", "/favicon.ico", "/callback/", "/Callback", "/other?code=x&state=state-1"])
def test_anything_but_the_callback_is_not_found_and_the_wait_goes_on(target: str) -> None:
    port = free_port()
    with listening(port) as listener:
        assert call(port, target).status == 404
        with pytest.raises(TimeoutError):
            listener.wait(0.0)


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS", "PUT"])
def test_other_methods_are_not_found(method: str) -> None:
    port = free_port()
    with listening(port):
        answer = call(port, RIGHT, method=method)
    assert answer.status == 404
    assert "XAB1" not in answer.text


@pytest.mark.parametrize("query", ["", "?state=other&code=x&realmId=1", "?code=x&realmId=1", "?state=state-1"])
def test_a_wrong_or_missing_state_is_refused_and_the_right_answer_still_counts(
    browser: ThreadPoolExecutor, query: str
) -> None:
    port = free_port()
    with listening(port) as listener:
        assert call(port, f"/callback{query}").status == 400
        browser.submit(call, port, RIGHT)
        assert listener.wait(WAIT).code == "XAB1-code"


def test_what_was_sent_is_not_repeated_in_a_page() -> None:
    port = free_port()
    with listening(port):
        text = call(port, "/callback?state=<script>alert(1)</script>").text
        assert "<script" not in text
        assert "alert" not in call(port, "/<script>alert(1)</script>").text


def test_silent_connections_do_not_keep_the_answer_out(browser: ThreadPoolExecutor) -> None:
    port = free_port()
    with listening(port) as listener:
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
        silent[0].sendall(b"GET /callb")
        browser.submit(call, port, RIGHT)
        assert listener.wait(WAIT).realm_id == "9130350"
        for connection in silent:
            connection.close()


def test_a_denial_is_shown_and_ends_the_wait(browser: ThreadPoolExecutor) -> None:
    port = free_port()
    with listening(port) as listener:
        page = browser.submit(call, port, "/callback?error=access_denied&state=state-1")
        with pytest.raises(ConsentRefusedError):
            listener.wait(WAIT)
        assert "nothing was changed" in page.result(WAIT).text


def test_the_first_answer_counts_and_a_second_tab_sees_the_same_page(browser: ThreadPoolExecutor) -> None:
    port = free_port()
    with listening(port) as listener:
        first = browser.submit(call, port, RIGHT)
        listener.wait(WAIT)
        second = browser.submit(call, port, RIGHT.replace("XAB1", "XAB2"))
        listener.show(pages.connected("Acme", "9130350", "sandbox"))
        assert first.result(WAIT).text == second.result(WAIT).text
        listener.show(pages.failed("too", "late"))
        assert "Connected" in call(port, RIGHT).text


def test_a_browser_that_goes_away_breaks_nothing(browser: ThreadPoolExecutor) -> None:
    port = free_port()
    with listening(port) as listener:
        with socket.create_connection(("127.0.0.1", port)) as gone:
            gone.sendall(f"GET {RIGHT} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            listener.wait(WAIT)
        page = browser.submit(call, port, RIGHT)
        listener.show(pages.connected("Acme", "9130350", "sandbox"))
        assert page.result(WAIT).status == 200


def test_a_malformed_request_gets_a_plain_page() -> None:
    port = free_port()
    with listening(port), socket.create_connection(("127.0.0.1", port), timeout=WAIT) as raw:
        raw.sendall(b"GET /<b>x</b> y z HTTP/1.1\r\n\r\n")
        answer = raw.makefile("rb").read().decode()
    assert answer.startswith("HTTP/1.0 400 ")
    assert "<b>x" not in answer


def test_nothing_listens_after_the_end() -> None:
    port = free_port()
    with listening(port):
        pass
    with pytest.raises(ConnectionRefusedError):
        call(port, RIGHT)


def test_a_browser_left_waiting_is_sent_to_the_terminal(browser: ThreadPoolExecutor) -> None:
    port = free_port()
    with listening(port) as listener:
        page = browser.submit(call, port, RIGHT)
        listener.wait(WAIT)
    assert "Look at the terminal" in page.result(WAIT).text


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_busy_port_is_told_before_a_browser_opens(family: socket.AddressFamily) -> None:
    if family == socket.AF_INET6 and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    port = free_port()
    with socket.socket(family) as other:
        other.bind(("127.0.0.1" if family == socket.AF_INET else "::1", port))
        other.listen()
        with pytest.raises(QbsfError, match=f"Port {port} .* is in use") as caught, listening(port):
            pass
        assert "--paste" in caught.value.todo
    with listening(port):
        assert call(port, "/").status == 404, "nothing of the failed start is left"


def test_localhost_is_answered_on_both_loopback_addresses_and_on_no_other() -> None:
    if not has_ipv6():
        pytest.skip("this machine has no IPv6")
    port = free_port()
    with listening(port) as listener:
        assert call(port, "/", host="127.0.0.1").status == 404
        assert call(port, "/", host="::1").status == 404
        addresses = {address for _, address in listener._addresses()}
    assert addresses == {"127.0.0.1", "::1"}


def test_an_address_by_number_is_the_only_one_listened_on() -> None:
    port = free_port()
    with listening(port, "127.0.0.1"):
        with pytest.raises(ConnectionRefusedError):
            call(port, "/", host="::1")
        assert call(port, "/", host="127.0.0.1").status == 404


def test_a_machine_without_ipv6_listens_on_the_other_address(monkeypatch: pytest.MonkeyPatch) -> None:
    real = loopback._Server

    class NoSix(real):  # type: ignore[misc, valid-type]
        def __init__(self, family: socket.AddressFamily, *rest: object) -> None:
            if family == socket.AF_INET6:
                raise OSError(97, "Address family not supported by protocol")
            super().__init__(family, *rest)

    monkeypatch.setattr(loopback, "_Server", NoSix)
    port = free_port()
    with listening(port):
        assert call(port, "/").status == 404


def test_nothing_of_a_request_is_logged_or_printed(
    browser: ThreadPoolExecutor, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    port = free_port()
    with listening(port) as listener:
        browser.submit(call, port, RIGHT)
        listener.wait(WAIT)
        listener.show(pages.connected("Acme", "9130350", "sandbox"))
    assert capfd.readouterr() == ("", "")
    assert "XAB1" not in caplog.text
