"""Redirects: followed on the same host and never to less encryption; every other one is named with both addresses."""

import traceback
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from airwatch_dagster.acquire.airdata.archive import AirDataArchive
from airwatch_dagster.acquire.airnow.archive import AirNowArchive
from airwatch_dagster.acquire.aqs.client import AqsClient
from airwatch_dagster.acquire.aqs.geographies import ByState
from airwatch_dagster.acquire.http.redirects import Configured, redirected
from airwatch_dagster.acquire.http.session import get
from airwatch_dagster.errors import AirWatchError, ConfigurationError, SourceUnavailable
from airwatch_dagster_tests.acquire.aqs.conftest import EMAIL, KEY, Waits
from airwatch_dagster_tests.acquire.fake_server import FakeServer, Reply
from airwatch_dagster_tests.acquire.published_samples import API_ROW, envelope

HERE = "http://mirror.example/airdata/file_list.csv"
MIRROR = Configured("http://mirror.example/airdata", "AIRWATCH_AIRDATA_URL")


class WithoutTls(HTTPAdapter):
    """Sends what is meant for https without encryption, and records it: the tests' server has no certificate."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        self.sent.append(request)
        plain = request.copy()
        plain.url = (request.url or "").replace("https://", "http://", 1)
        response = super().send(plain, *arguments, **options)
        response.url = request.url or ""
        return response


@pytest.fixture
def encrypted(session: requests.Session) -> WithoutTls:
    adapter = WithoutTls()
    session.mount("https://", adapter)
    return adapter


def once_then(first: Reply, second: Reply) -> list[Reply | Callable[..., Reply]]:
    return [first, second]


def refusal(location: str, *, url: str = HERE, is_permanent: bool = False) -> AirWatchError:
    with pytest.raises(AirWatchError) as caught:
        redirected(url, location, culprit="file_list.csv", is_permanent=is_permanent, configured=MIRROR)
    return caught.value


@pytest.mark.parametrize(
    ("url", "location", "next_url"),
    [
        (HERE, "https://mirror.example/airdata/file_list.csv", "https://mirror.example/airdata/file_list.csv"),
        (HERE, "https://MIRROR.example:8443/x", "https://MIRROR.example:8443/x"),
        (HERE, "//mirror.example/x?signature=1#top", "http://mirror.example/x?signature=1"),
        (HERE, "/elsewhere/file_list.csv", "http://mirror.example/elsewhere/file_list.csv"),
        (HERE, "http://mirror.example:80/x", "http://mirror.example:80/x"),
        ("http://ann:pw@mirror.example/a", "https://mirror.example/a", "https://ann:pw@mirror.example/a"),
        ("https://ann:pw@mirror.example/a", "b", "https://ann:pw@mirror.example/b"),
    ],
)
def test_a_redirect_on_the_same_host_is_followed_with_its_credentials(url: str, location: str, next_url: str) -> None:
    assert redirected(url, location, culprit="x", is_permanent=False, configured=MIRROR) == next_url


@pytest.mark.parametrize(
    ("location", "shown", "new_base"),
    [
        (
            "https://other.example/data/file_list.csv?key=1",
            "https://other.example/data/file_list.csv",
            "https://other.example/data",
        ),
        ("http://mirror.example:8080/airdata/file_list.csv", None, "http://mirror.example:8080/airdata"),
        ("https://www.mirror.example/airdata/file_list.csv", None, "https://www.mirror.example/airdata"),
        ("//evil.example/airdata/file_list.csv", "http://evil.example/airdata/file_list.csv", None),
        ("https://mirror.example.evil.example/x", None, "https://mirror.example.evil.example/x"),
        ("https://mirror.example@evil.example/x", "https://evil.example/x", "https://evil.example/x"),
        ("ftp://mirror.example/airdata/file_list.csv", None, "ftp://mirror.example/airdata"),
        ("file:///etc/passwd", None, None),
    ],
)
def test_every_other_redirect_names_both_addresses_and_the_setting(
    location: str, shown: str | None, new_base: str | None
) -> None:
    error = refusal(location)

    assert error.problem == f"{HERE} redirects to {shown or location}, which is not followed"
    assert error.fix.startswith(f"Set AIRWATCH_AIRDATA_URL to {new_base or ''}")


def test_a_permanent_redirect_is_a_setting_to_change_and_a_temporary_one_may_pass() -> None:
    permanent, temporary = (
        refusal("https://other.example/airdata/file_list.csv", is_permanent=permanent) for permanent in (True, False)
    )

    assert isinstance(permanent, ConfigurationError)
    assert (permanent.culprit, permanent.retry_helps) == ("AIRWATCH_AIRDATA_URL", False)
    assert isinstance(temporary, SourceUnavailable)
    assert (temporary.culprit, temporary.retry_helps) == ("file_list.csv", True)


@pytest.mark.parametrize("location", ["http://mirror.example/airdata/file_list.csv", "http://other.example/x"])
def test_a_redirect_from_https_to_http_is_never_followed_nor_advised(location: str) -> None:
    error = refusal(location, url=HERE.replace("http", "https", 1))

    assert location in error.problem
    assert not error.fix.startswith("Set ")
    assert "AIRWATCH_AIRDATA_URL" in error.fix


@pytest.mark.parametrize("location", ["http://mirror.example:port/x", "http://[::1/x"])
def test_a_redirect_to_an_address_that_is_not_valid_is_an_error_of_ours(location: str) -> None:
    assert refusal(location).problem == f"{HERE} redirects to an address that is not valid"


def test_a_circle_of_redirects_ends(server: FakeServer, session: requests.Session) -> None:
    server.will_send("/a", Reply(b"", 302, {"Location": "/b?key=1"}))
    server.will_send("/b", Reply(b"", 302, {"Location": "/a?key=1"}))

    with pytest.raises(SourceUnavailable, match=f"a: {server.url}/[ab] was redirected more than 5 times"):
        get(session, f"{server.url}/a?key=1", culprit="a")
    assert len(server.requested) == 6


def test_a_file_behind_a_redirect_to_https_is_downloaded_whole(
    server: FakeServer, session: requests.Session, encrypted: WithoutTls, tmp_path: Path
) -> None:
    https = server.url.replace("http://", "https://")
    server.will_send("/file.zip", *once_then(Reply(b"moved", 301, {"Location": f"{https}/file.zip"}), Reply(b"whole")))
    get(session, f"{server.url}/file.zip", culprit="file.zip", body_to=tmp_path / "file.zip")

    assert (tmp_path / "file.zip").read_bytes() == b"whole"
    assert [request.url for request in encrypted.sent] == [f"{https}/file.zip"]


@pytest.mark.parametrize(
    ("archive", "setting"), [(AirDataArchive, "AIRWATCH_AIRDATA_URL"), (AirNowArchive, "AIRWATCH_AIRNOW_URL")]
)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_an_archive_that_moved_to_another_host_names_its_setting(
    server: FakeServer, session: requests.Session, tmp_path: Path, archive: Any, setting: str, status: int
) -> None:
    def moved(_: object) -> Reply:
        return Reply(b"", status, {"Location": f"https://other.example/new{server.requested[-1]}"})

    day = "/20210701/daily_data_v2.dat"
    for path in ("/file_list.csv", f"/2021{day}"):
        server.will_send(path, moved)

    with (
        archive(server.url, download_dir=tmp_path, session=session, sleep=lambda _: None) as opened,
        pytest.raises(AirWatchError, match=r"https://other\.example/new/") as caught,
    ):
        opened.file_list() if archive is AirDataArchive else opened.daily(date(2021, 7, 1))

    assert caught.value.fix.startswith(f"Set {setting} to https://other.example/new if the service moved there")
    assert caught.value.retry_helps is (status in (302, 307))


def client(url: str, session: requests.Session, tmp_path: Path) -> AqsClient:
    from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter

    limiter = RateLimiter(tmp_path / "turn", interval_s=0.0, pause_s=0.0)
    return AqsClient(url, email=EMAIL, key=KEY, limiter=limiter, session=session, sleep=Waits(), jitter=lambda: 1.0)


@pytest.mark.parametrize("with_query", [True, False])
def test_the_api_is_requested_by_https_from_the_first_redirect_on(
    server: FakeServer, session: requests.Session, encrypted: WithoutTls, tmp_path: Path, with_query: bool
) -> None:
    def to_https(_: object) -> Reply:
        target = server.requested[-1] if with_query else "/data/api/dailyData/byState"
        return Reply(b"", 301, {"Location": server.url.replace("http://", "https://") + target})

    server.will_send("/data/api/dailyData/byState", to_https, Reply(envelope([API_ROW])))
    aqs = client(f"{server.url}/data/api", session, tmp_path)
    for _ in range(2):
        assert len(aqs.daily_data(ByState("17"), date(2021, 7, 1), date(2021, 7, 31))) == 1

    assert len(server.requested) == 3
    assert all(f"key={KEY}" in target and "state=17" in target for target in server.requested)
    assert len(encrypted.sent) == 2


def test_email_and_key_are_sent_to_no_other_host_and_shown_nowhere(
    server: FakeServer, session: requests.Session, tmp_path: Path
) -> None:
    other = server.url.replace("127.0.0.1", "localhost")
    location = f"{other}/data/api/dailyData/byState?email={EMAIL}&key={KEY}"
    server.will_send("/data/api/dailyData/byState", Reply(b"", 308, {"Location": location}))

    with pytest.raises(ConfigurationError, match=r"^AIRWATCH_AQS_URL: ") as caught:
        client(f"{server.url}/data/api", session, tmp_path).request("dailyData/byState", {"state": "17"})

    assert len(server.requested) == 1
    assert caught.value.fix.startswith(f"Set AIRWATCH_AQS_URL to {other}/data/api if the service moved there")
    shown = "".join(traceback.format_exception(caught.value))
    assert [secret for secret in (EMAIL, KEY) if secret in shown] == []


def test_a_secret_in_the_path_of_a_redirect_is_hidden(
    server: FakeServer, session: requests.Session, tmp_path: Path
) -> None:
    server.will_send("/x", Reply(b"", 301, {"Location": f"https://other.example/{EMAIL}/{KEY}"}))

    with pytest.raises(ConfigurationError) as caught:
        client(server.url, session, tmp_path).request("x", {})
    assert "https://other.example/***/***" in caught.value.problem


def test_a_page_that_a_redirect_of_the_api_leads_to_is_requested_once(
    server: FakeServer, session: requests.Session, tmp_path: Path
) -> None:
    """A maintenance page does not become the address of the API."""
    server.will_send("/dailyData", Reply(b"", 302, {"Location": "/down.html"}), Reply(envelope([API_ROW])))
    server.will_send("/down.html", Reply(b"<html>"))

    assert len(client(server.url, session, tmp_path).request("dailyData", {})) == 1
    assert [target.partition("?")[0] for target in server.requested] == ["/dailyData", "/down.html", "/dailyData"]
