"""The practice server over HTTP."""

import io
import zipfile
from collections.abc import Iterator
from datetime import date

import pytest
import requests

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.practice.server.server import PracticeServer

TODAY = date(2024, 5, 10)
QUERY = "email=a@b.c&key=practice&param=88101&bdate=20240101&edate=20240102&cbsa=16980"


@pytest.fixture(scope="module")
def server() -> Iterator[PracticeServer]:
    with PracticeServer(today=TODAY, seed=1) as server:
        yield server


def ask(method: str, url: str, headers: dict[str, str]) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, headers=headers, timeout=30)


def get(url: str, **headers: str) -> requests.Response:
    return ask("GET", url, headers)


class Stopwatch:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_all_three_sources_respond(server: PracticeServer) -> None:
    assert get(f"{server.aqs_url}/dailyData/byCBSA?{QUERY}").json()["Header"][0]["status"] == "Success"
    assert zipfile.is_zipfile(io.BytesIO(get(f"{server.airdata_url}/daily_88101_2024.zip").content))
    assert get(f"{server.airnow_url}/2024/20240509/daily_data_v2.dat").content.startswith(b"05/09/24|170319001|")
    assert get(f"{server.airnow_url}/2024/20240509/daily_data.dat").content.startswith(b"05/09/24|170319001|")
    assert get(f"{server.airnow_url}/2024/20240510/reportingarea.dat").content.startswith(b"05/10/24|05/09/24|")


HISTORICAL = "format=application/json&reportingAreaCode=il002&startDate=2024-05-01&endDate=2024-05-02"


def test_airnows_service_has_forecasts_for_its_key(server: PracticeServer) -> None:
    url = f"{server.airnow_api_url}/forecast/historical/"
    rows = get(f"{url}?api_key=practice&{HISTORICAL}").json()
    assert [(row["dateIssue"][5:], row["dateValid"][5:]) for row in rows] == [
        *(("04-30", "05-01"), ("05-01", "05-01")),
        *(("05-01", "05-02"), ("05-02", "05-02")),
    ]
    refused = get(f"{url}?apiKey=practice&{HISTORICAL}")
    assert (refused.status_code, refused.json()) == (
        401,
        {"WebServiceError": [{"Message": "Request not authenticated."}]},
    )
    nothing = get(f"{url}?api_key=practice&{HISTORICAL.replace('il002', 'il999')}")
    assert (nothing.status_code, list(nothing.json())) == (200, ["WebServiceError"])
    assert get(f"{url}?api_key=practice&startDate=1 May").status_code == 400


def test_files_of_agencies_forecasts_can_be_gone_after_some_days() -> None:
    with PracticeServer(today=TODAY, seed=1, airnow_keeps_days=3) as server:
        kept, gone = (f"{server.airnow_url}/2024/202405{day}" for day in ("07", "06"))
        assert get(f"{kept}/reportingarea.dat").status_code == 200
        assert get(f"{gone}/reportingarea.dat").status_code == 404
        assert get(f"{gone}/daily_data_v2.dat").status_code == 200
        assert get(f"{server.airnow_url}/today/reportingarea_metadata.dat").status_code == 200


def test_addresses_are_on_this_machine(server: PracticeServer) -> None:
    for url in (server.airdata_url, server.aqs_url, server.airnow_url, server.airnow_api_url):
        assert url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/Data/api/list/states",
        "/data/api/list/States",
        "/airdata/daily_88101_2014.zip",
        "/airdata/",
        "/airnow/2024/20240510/daily_data_v2.dat",
        "/airnow/2024/20240511/reportingarea.dat",
        "/airnow/2023/20240101/daily_data_v2.dat",
        "/airnow/2024/20241332/daily_data_v2.dat",
        "/airnow/2014/20141231/daily_data_v2.dat",
    ],
)
def test_unknown_paths_are_404(server: PracticeServer, path: str) -> None:
    assert get(server.url + path).status_code == 404


def test_api_errors_arrive_as_400_with_json(server: PracticeServer) -> None:
    response = get(f"{server.aqs_url}/dailyData/byCBSA?{QUERY}&param=")
    assert response.status_code == 400
    assert response.json()["Header"][0]["error"] == ["value is missing or the value is empty: param"]


@pytest.mark.parametrize("path", ["airdata/daily_88101_2024.zip", "airnow/2024/20240509/daily_data_v2.dat"])
def test_a_file_that_the_client_has_is_a_304(server: PracticeServer, path: str) -> None:
    first = get(f"{server.url}/{path}")
    for name, validator in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
        repeated = get(f"{server.url}/{path}", **{name: first.headers[validator]})
        assert (repeated.status_code, repeated.content) == (304, b"")
        assert repeated.headers["ETag"] == first.headers["ETag"]


def test_a_file_that_the_client_has_in_another_version_is_sent(server: PracticeServer) -> None:
    url = f"{server.airdata_url}/daily_88101_2024.zip"
    assert get(url, **{"If-None-Match": '"other"'}).status_code == 200
    assert get(url, **{"If-Modified-Since": "Thu, 09 May 2024 00:00:00 GMT"}).status_code == 200
    assert get(url, **{"If-Modified-Since": "nonsense"}).status_code == 200
    both = {"If-None-Match": '"other"', "If-Modified-Since": "Fri, 10 May 2030 00:00:00 GMT"}
    assert get(url, **both).status_code == 200


def test_head_has_size_and_version_without_the_body(server: PracticeServer) -> None:
    url = f"{server.airdata_url}/daily_88101_2024.zip"
    head, whole = ask("HEAD", url, {}), get(url)
    assert head.content == b""
    assert head.headers["ETag"] == whole.headers["ETag"]
    assert int(head.headers["Content-Length"]) == len(whole.content)


def test_two_servers_with_one_seed_and_day_agree() -> None:
    bodies = []
    for _ in range(2):
        with PracticeServer(today=TODAY, seed=1) as server:
            api = get(f"{server.aqs_url}/dailyData/byCBSA?{QUERY}").content
            bodies.append((api, get(f"{server.airdata_url}/daily_88101_2024.zip").content))
    assert bodies[0] == bodies[1]


def test_moving_the_clock_publishes_more() -> None:
    with PracticeServer(today=date(2024, 1, 2), seed=1) as server:
        url = f"{server.airdata_url}/daily_88101_2024.zip"
        first = get(url)
        server.move_clock(date(2024, 1, 3))
        second = get(url, **{"If-None-Match": first.headers["ETag"]})
    assert second.status_code == 200
    assert len(second.content) > len(first.content)


def test_the_clock_may_be_a_function() -> None:
    days = iter([date(2024, 1, 2), date(2024, 1, 3)])
    with PracticeServer(today=lambda: next(days), seed=1) as server:
        path = f"{server.airnow_url}/2024/20240102/daily_data_v2.dat"
        assert [get(path).status_code for _ in range(2)] == [404, 200]


def test_early_requests_get_429_and_the_time_to_wait() -> None:
    watch = Stopwatch()
    with PracticeServer(today=TODAY, seed=1, min_interval_seconds=6.0, monotonic=watch) as server:
        url = f"{server.aqs_url}/metaData/isAvailable"
        assert get(url).status_code == 200
        watch.seconds += 1.5
        early = get(url)
        assert (early.status_code, early.headers["Retry-After"]) == (429, "5")
        watch.seconds += 4.5
        assert get(url).status_code == 200


def test_files_are_not_rate_limited() -> None:
    with PracticeServer(today=TODAY, seed=1, min_interval_seconds=6.0, monotonic=Stopwatch()) as server:
        assert [get(f"{server.airdata_url}/aqs_monitors.zip").status_code for _ in range(3)] == [200, 200, 200]


def test_another_key_may_be_set() -> None:
    with PracticeServer(today=TODAY, seed=1, key="sesame") as server:
        url = f"{server.aqs_url}/dailyData/byCBSA?{QUERY}"
        assert get(url).status_code == 400
        assert get(url.replace("practice", "sesame")).status_code == 200


def test_the_log_has_requests_without_credentials(capfd: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []
    with PracticeServer(today=TODAY, seed=1, log=lines.append) as server:
        get(f"{server.aqs_url}/dailyData/byCBSA?{QUERY}")
        get(f"{server.url}/nothing?key=practice")
    assert lines == ["200 GET /data/api/dailyData/byCBSA", "404 GET /nothing"]
    assert capfd.readouterr() == ("", "")


def test_a_server_without_a_log_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with PracticeServer(today=TODAY, seed=1) as server:
        get(f"{server.url}/nothing")
    assert capfd.readouterr() == ("", "")


def test_closing_frees_the_port() -> None:
    with PracticeServer(today=TODAY, seed=1) as server:
        url = server.url
    with pytest.raises(requests.ConnectionError):
        get(url)
    port = int(url.rsplit(":", 1)[1])
    with PracticeServer(today=TODAY, seed=1, port=port) as reopened:
        assert reopened.url == url


def test_a_port_in_use_is_named_in_the_error(server: PracticeServer) -> None:
    port = int(server.url.rsplit(":", 1)[1])
    with pytest.raises(ConfigurationError, match=f"port {port} cannot be opened"):
        PracticeServer(today=TODAY, port=port)
