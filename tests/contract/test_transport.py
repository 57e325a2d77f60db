"""What a user meets when servers and lines misbehave, seen from qbsf.http."""

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
import responses
import urllib3
from contract.api_doubles import NOW, NoJitter, StillClock

from qbsf.answers import Trouble, json_body, kind_of_body, trouble_of_error, trouble_of_status
from qbsf.clock import Deadline
from qbsf.errors import AnswerLost, ConfigError, OutOfTime, Unreachable
from qbsf.http import LONGEST_WAIT_SECONDS, TRIES, ApiSession, Service, open_session
from qbsf.ratelimit import Limit

ADDRESS = "https://api.example.com/things"


def judge(response: requests.Response) -> Trouble | None:
    trouble = trouble_of_status(response)
    if trouble is None and response.ok and json_body(response) is None:
        return Trouble(f"answered HTTP {response.status_code} with {kind_of_body(response)}.")
    return trouble


SERVICE = Service("The service", judge, lambda request: request.method == "GET", trace_headers=("x-trace",))


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


def session(clock: StillClock, seconds: float | None = None, limits: tuple[Limit, ...] = ()) -> ApiSession:
    service = Service(SERVICE.name, SERVICE.judge, SERVICE.repeatable, limits, SERVICE.trace_headers)
    deadline = None if seconds is None else Deadline(clock, seconds)
    return open_session(service, clock=clock, random=NoJitter(), deadline=deadline)


@responses.activate
def test_a_passing_fault_is_not_noticed(clock: StillClock) -> None:
    responses.get(ADDRESS, status=503, body="<html>busy</html>")
    responses.get(ADDRESS, body=requests.ConnectionError("reset"))
    responses.get(ADDRESS, body="<!DOCTYPE html><p>maintenance")
    responses.get(ADDRESS, json={"a": 1})
    http = session(clock)
    assert http.get(ADDRESS).json() == {"a": 1}
    assert http.sent == 4


@responses.activate
@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("<html><body>sign in", "HTTP 200 with an HTML page"),
        ("", "HTTP 200 with an empty body"),
        ('{"a": [1, 2', "HTTP 200 with JSON that breaks off"),
        ("<?xml version='1.0'?><a/>", "HTTP 200 with XML"),
        ("upstream timed out", "HTTP 200 with text that is not JSON"),
    ],
)
def test_a_body_that_is_no_data_is_told_in_one_line(clock: StillClock, body: str, what: str) -> None:
    responses.get(ADDRESS, body=body)
    http = session(clock)
    with pytest.raises(Unreachable) as caught:
        http.get(ADDRESS)
    assert caught.value.message == f"The service answered {what} ({TRIES} tries)."
    assert caught.value.exit_code == 4
    assert http.sent == TRIES


@responses.activate
def test_a_write_whose_answer_is_lost_is_sent_once_and_said_to_be_in_doubt(clock: StillClock) -> None:
    responses.post(ADDRESS, body=requests.ConnectionError("reset"))
    http = session(clock)
    with pytest.raises(AnswerLost):
        http.post(ADDRESS, json={})
    assert http.sent == 1


@responses.activate
def test_a_throttled_write_is_known_not_to_be_done(clock: StillClock) -> None:
    responses.post(ADDRESS, status=429, body="slow down")
    with pytest.raises(Unreachable) as caught:
        session(clock).post(ADDRESS, json={})
    assert not isinstance(caught.value, AnswerLost)


@responses.activate
@pytest.mark.parametrize("value", ["7", "Sun, 22 Nov 2026 08:00:07 GMT"])
def test_retry_after_is_honoured_by_the_servers_clock(clock: StillClock, value: str) -> None:
    date = {"Retry-After": value, "Date": NOW.strftime("%a, %d %b %Y %H:%M:%S GMT")}
    responses.get(ADDRESS, status=503, headers=date)
    responses.get(ADDRESS, json={})
    session(clock).get(ADDRESS)
    assert clock.slept == [7.0]


@responses.activate
def test_a_server_that_asks_for_an_hour_is_left_to_the_next_run(clock: StillClock) -> None:
    responses.get(ADDRESS, status=503, headers={"Retry-After": str(int(LONGEST_WAIT_SECONDS) + 1)})
    http = session(clock)
    with pytest.raises(Unreachable):
        http.get(ADDRESS)
    assert (http.sent, clock.slept) == (1, [])


@responses.activate
def test_no_wait_outlasts_the_time_limit(clock: StillClock) -> None:
    responses.get(ADDRESS, status=503, headers={"Retry-After": "30"})
    http = session(clock, seconds=20)
    with pytest.raises(Unreachable):
        http.get(ADDRESS)
    assert (http.sent, clock.slept) == (1, [])


@responses.activate
def test_after_the_time_limit_nothing_is_sent(clock: StillClock) -> None:
    http = session(clock, seconds=20)
    clock.sleep(20)
    with pytest.raises(OutOfTime):
        http.get(ADDRESS)
    assert http.sent == 0


@responses.activate
def test_a_redirect_is_not_followed_with_the_token(clock: StillClock) -> None:
    responses.get(ADDRESS, status=302, headers={"Location": "https://login.hotel.example/wifi?token=x"})
    http = session(clock)
    with pytest.raises(Unreachable, match=r"redirect to login\.hotel\.example instead of data"):
        http.get(ADDRESS, headers={"Authorization": "Bearer x"})
    assert len(responses.calls) == 1


@responses.activate
def test_cookies_are_not_sent_back(clock: StillClock) -> None:
    responses.get(ADDRESS, json={}, headers={"Set-Cookie": "id=1; Path=/"})
    http = session(clock)
    http.get(ADDRESS)
    http.get(ADDRESS)
    assert "Cookie" not in responses.calls[1].request.headers


@responses.activate
def test_a_netrc_login_does_not_replace_the_token(
    clock: StillClock, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    responses.get(ADDRESS, json={})
    session(clock).get(ADDRESS, headers={"Authorization": "Bearer right"})
    assert responses.calls[0].request.headers["Authorization"] == "Bearer right"


@responses.activate
def test_the_log_names_the_request_and_no_secret(clock: StillClock, caplog: pytest.LogCaptureFixture) -> None:
    responses.get(ADDRESS, json={"body": "private"}, headers={"X-Trace": "t-1"})
    with caplog.at_level(logging.DEBUG, logger="qbsf.http"):
        session(clock).get(ADDRESS, params={"q": "private"}, headers={"Authorization": "Bearer private"})
    assert [record.getMessage() for record in caplog.records] == ["GET api.example.com/things 200 t-1"]


@responses.activate
def test_requests_are_paced_without_polling(clock: StillClock) -> None:
    responses.get(ADDRESS, json={})
    http = session(clock, limits=(Limit(2, 1.0), Limit(5, 60.0)))
    for _ in range(6):
        http.get(ADDRESS)
    assert clock.slept == [1.0, 1.0, 58.0]


@responses.activate
def test_pacing_that_would_outlast_the_time_limit_ends_the_pass_in_order(clock: StillClock) -> None:
    responses.get(ADDRESS, json={})
    http = session(clock, seconds=30, limits=(Limit(1, 60.0),))
    http.get(ADDRESS)
    with pytest.raises(OutOfTime):
        http.get(ADDRESS)
    assert clock.slept == []


@responses.activate
def test_threads_share_one_session_and_its_limits(clock: StillClock) -> None:
    responses.get(ADDRESS, json={})
    http = session(clock, limits=(Limit(4, 10.0),))
    threads = [threading.Thread(target=http.get, args=(ADDRESS,)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert http.sent == 12
    assert clock.seconds >= 1020.0


def test_a_wrong_proxy_setting_is_a_configuration_error(clock: StillClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://")
    with pytest.raises(ConfigError, match="HTTPS_PROXY"):
        session(clock).get(ADDRESS)


def test_a_missing_certificate_file_is_a_configuration_error(
    clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(ConfigError, match="REQUESTS_CA_BUNDLE"):
        session(clock).get(ADDRESS)


@contextmanager
def server(*answers: bytes) -> Iterator[str]:
    """A server on loopback that says each answer word for word and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(20)

    def serve() -> None:
        for answer in answers:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        thread.join()
        listener.close()


GOOD = b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"a": 1}'


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 80\r\n\r\n{}",
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{"a": 1}\r\n',
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"a": ',
    ],
    ids=["hung up", "too short", "chunks break off", "not gzip", "cut without a length"],
)
def test_an_answer_that_breaks_off_is_asked_for_again(clock: StillClock, broken: bytes) -> None:
    with server(broken, GOOD) as address:
        http = session(clock)
        assert http.get(address).json() == {"a": 1}
        assert http.sent == 2
        http.close()


def test_a_server_that_is_not_there_is_told_plainly(clock: StillClock) -> None:
    with server() as address:
        pass
    with pytest.raises(Unreachable, match=r"^The service could not be reached: no connection \(5 tries\)\."):
        session(clock).get(address)


def test_a_write_that_never_left_is_not_in_doubt(clock: StillClock) -> None:
    with server() as address:
        pass
    with pytest.raises(Unreachable) as caught:
        session(clock).post(address, json={})
    assert not isinstance(caught.value, AnswerLost)


def test_a_name_that_nobody_knows_is_told_plainly() -> None:
    pool = urllib3.HTTPSConnectionPool("api.example.com")
    connection = urllib3.connection.HTTPConnection("api.example.com")
    unknown = urllib3.exceptions.NameResolutionError("api.example.com", connection, socket.gaierror())
    retries = urllib3.exceptions.MaxRetryError(pool, "/", unknown)
    trouble = trouble_of_error(requests.ConnectionError(retries), 10)
    assert (trouble.what, trouble.arrived) == ("could not be reached: its name is not found.", False)
    behind_proxy = urllib3.exceptions.MaxRetryError(pool, "/", urllib3.exceptions.ProxyError("no", unknown))
    assert "the proxy's name" in trouble_of_error(requests.exceptions.ProxyError(behind_proxy), 10).what


@pytest.mark.parametrize(
    ("error", "what", "arrived"),
    [
        (requests.ConnectTimeout(), "could not be reached: no connection in time.", False),
        (requests.ReadTimeout(), "did not answer within 10 seconds.", True),
        (requests.ConnectionError(urllib3.exceptions.ProtocolError("reset")), "closed the connection", True),
    ],
)
def test_only_what_surely_never_left_counts_as_not_sent(
    error: requests.RequestException, what: str, arrived: bool
) -> None:
    trouble = trouble_of_error(error, 10)
    assert trouble.what.startswith(what)
    assert trouble.arrived is arrived


@responses.activate
def test_a_server_that_fails_until_the_turn_comes_too_late_is_left_to_the_next_run(clock: StillClock) -> None:
    responses.get(ADDRESS, status=503)
    http = session(clock, seconds=30, limits=(Limit(1, 60.0),))
    with pytest.raises(Unreachable, match="did not recover within the time limit"):
        http.get(ADDRESS)
    assert http.sent == 1


class HastyClock(StillClock):
    """Between any two looks at it minutes pass."""

    def monotonic(self) -> float:
        self.seconds += 200.0
        return self.seconds


def test_a_body_that_trickles_is_given_up() -> None:
    with server(*[GOOD] * TRIES) as address:
        http = session(HastyClock())
        with pytest.raises(Unreachable, match="sent its answer too slowly"):
            http.get(address)
        http.close()
