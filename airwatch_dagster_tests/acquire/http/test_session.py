import contextlib
import logging
import socket
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import connectionpool, poolmanager
from urllib3.util.retry import Retry

from airwatch_dagster.acquire.aqs.client import AqsClient
from airwatch_dagster.acquire.aqs.geographies import ByState
from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter
from airwatch_dagster.acquire.http.session import SessionHolder, get
from airwatch_dagster.errors import AirWatchError, SourceUnavailable
from airwatch_dagster_tests.acquire.fake_server import FakeServer, Reply
from airwatch_dagster_tests.acquire.published_samples import API_ROW, envelope

EMAIL, KEY = "someone@example.org", "sesame-42"
SECRETS = ("someone", "example.org", "sesame")
DAILY = "/dailyData/byState"
JULY = (date(2021, 7, 1), date(2021, 7, 31))


@pytest.fixture(autouse=True)
def everything_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="urllib3")


def client(url: str, session: requests.Session, tmp_path: Path) -> AqsClient:
    limiter = RateLimiter(tmp_path / "turn", interval_s=0.0, pause_s=0.0)
    return AqsClient(url, email=EMAIL, key=KEY, limiter=limiter, session=session, sleep=lambda seconds: None)


def secrets_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    text = caplog.text + "".join(f"{record.msg} {record.args!r} {record.exc_text}" for record in caplog.records)
    return [secret for secret in SECRETS if secret in text.lower()]


def with_retries(session: requests.Session) -> requests.Session:
    """``session``, whose adapter repeats what failed, as a person's own may."""
    session.mount("http://", HTTPAdapter(max_retries=Retry(total=2, status_forcelist=[502], backoff_factor=0.0)))
    return session


RESPONSES = {
    "a response": [Reply(envelope([API_ROW]))],
    "a refusal": [Reply(envelope([], status="Failed", error=[f"{EMAIL} is unknown"]), 400)],
    "a redirect": [Reply(b"", 302, {"Location": f"/elsewhere?email={EMAIL}&key={KEY}"})],
    "a repetition": [Reply(b"", 502), Reply(b"", 429, {"Retry-After": "0"}), Reply(envelope([API_ROW]))],
    "a cut connection": [Reply(envelope([API_ROW]), cut=True)],
}


@pytest.mark.parametrize("what", RESPONSES)
@pytest.mark.parametrize("adapter_repeats", [False, True])
def test_no_log_record_contains_email_or_key(
    what: str,
    adapter_repeats: bool,
    server: FakeServer,
    session: requests.Session,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.will_send(DAILY, *RESPONSES[what])
    asking = client(server.url, with_retries(session) if adapter_repeats else session, tmp_path)
    with contextlib.suppress(AirWatchError):
        asking.daily_data(ByState("17"), *JULY)
    assert any(KEY in target for target in server.requested)
    assert "GET /dailyData/byState?(hidden) HTTP/1.1" in caplog.text
    assert secrets_in(caplog) == []


@pytest.mark.parametrize("adapter_repeats", [False, True])
def test_no_log_record_contains_email_or_key_without_a_response(
    adapter_repeats: bool, session: requests.Session, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asking = client("http://127.0.0.1:9", with_retries(session) if adapter_repeats else session, tmp_path)
    with pytest.raises(SourceUnavailable):
        asking.daily_data(ByState("17"), *JULY)
    assert "Starting new HTTP connection" in caplog.text
    assert secrets_in(caplog) == []


@pytest.fixture
def garbling() -> Iterator[str]:
    """The URL of a server whose only response has a malformed header."""
    body = envelope([API_ROW])
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def response() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\nthis is none\r\n\r\n"
                connection.sendall(head.encode() + body)

        thread = threading.Thread(target=response)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def test_a_warning_about_a_malformed_header_contains_neither_email_nor_key(
    garbling: str, session: requests.Session, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client(garbling, session, tmp_path).request("dailyData/byState", {"state": "17"})
    assert "Failed to parse headers (url=" in caplog.text
    assert "/dailyData/byState?(hidden)" in caplog.text
    assert secrets_in(caplog) == []


def test_a_redirect_of_a_download_is_followed_and_logged_without_its_query(
    server: FakeServer, session: requests.Session, caplog: pytest.LogCaptureFixture
) -> None:
    server.will_send("/file.zip", Reply(b"", 302, {"Location": f"/signed.zip?email={EMAIL}&key={KEY}"}))
    server.will_send("/signed.zip", Reply(b"whole"))
    assert get(session, f"{server.url}/file.zip", culprit="file.zip").content == b"whole"
    assert "GET /signed.zip?(hidden) HTTP/1.1" in caplog.text
    assert secrets_in(caplog) == []


def test_a_redirect_that_the_pool_follows_is_logged_without_its_query(
    server: FakeServer, session: requests.Session, caplog: pytest.LogCaptureFixture
) -> None:
    server.will_send("/here", Reply(b"", 302, {"Location": f"/there?key={KEY}"}))
    server.will_send("/there", Reply(b""))
    get(session, f"{server.url}/there", culprit="there")
    with poolmanager.PoolManager() as pool:
        pool.request("GET", f"{server.url}/here?email={EMAIL}")
    assert f"Redirecting {server.url}/here?(hidden) -> " in caplog.text
    assert secrets_in(caplog) == []


def test_the_rest_of_a_log_record_is_unchanged(
    server: FakeServer, session: requests.Session, caplog: pytest.LogCaptureFixture
) -> None:
    server.will_send("/a/file", Reply(b"12345", 404))
    get(session, f"{server.url}/a/file", culprit="file", params={"key": KEY})
    scheme, _, port = server.url.rpartition(":")
    (record,) = [record for record in caplog.records if "GET" in record.getMessage()]
    assert record.getMessage() == f'{scheme}:{port} "GET /a/file?(hidden) HTTP/1.1" 404 5'
    assert (record.levelname, record.name) == ("DEBUG", "urllib3.connectionpool")
    assert f"Starting new HTTP connection (1): 127.0.0.1:{port}" in caplog.messages


def test_a_url_without_a_query_is_logged_unchanged(
    server: FakeServer, session: requests.Session, caplog: pytest.LogCaptureFixture
) -> None:
    server.will_send("/a/file", Reply(b"12345"))
    get(session, f"{server.url}/a/file", culprit="file")
    assert '"GET /a/file HTTP/1.1" 200 5' in caplog.text


def test_the_log_filters_are_installed_once(
    server: FakeServer, session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.will_send("/a/file", Reply(b"12345"))
    added: list[object] = []
    monkeypatch.setattr(connectionpool.log, "addFilter", added.append)
    for _ in range(3):
        get(session, f"{server.url}/a/file", culprit="file")
    assert len(added) <= 1


def test_a_holder_closes_only_the_session_it_opened(open_sessions: set[requests.Session]) -> None:
    with requests.Session() as given:
        own, other = SessionHolder(), SessionHolder(given)
        opened = own.session()
        assert own.session() is opened
        assert other.session() is given
        for holder in (own, other, own):
            holder.close()
        assert open_sessions == {given}


def test_queries_are_hidden_in_a_text_that_another_filter_put_together(
    server: FakeServer, session: requests.Session, caplog: pytest.LogCaptureFixture
) -> None:
    server.will_send("/a/file", Reply(b"12345"))
    get(session, f"{server.url}/a/file", culprit="file")
    connectionpool.log.debug('"GET /a/file?email=***&param=88101 HTTP/1.1" 200')
    assert '"GET /a/file?(hidden) HTTP/1.1" 200' in caplog.messages
