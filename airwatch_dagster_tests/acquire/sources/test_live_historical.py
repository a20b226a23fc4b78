"""Agencies' forecasts of days whose file is gone, from a server that keeps its files for a month."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
import requests

from airwatch_dagster.acquire.airdata.archive import AirDataArchive
from airwatch_dagster.acquire.airnow.archive import AirNowArchive
from airwatch_dagster.acquire.airnow.historical.client import HistoricalForecasts
from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter
from airwatch_dagster.acquire.aqs.response_cache import ResponseCache
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.sources.airdata import AirDataSource
from airwatch_dagster.acquire.sources.live import LiveSource
from airwatch_dagster.errors import ConfigurationError, SourceRefused, SourceUnavailable
from airwatch_dagster.practice.faults.faults import ScriptedFaults
from airwatch_dagster.practice.server.server import DEFAULT_KEY, PracticeServer
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster.verify.agency_areas import area_forecasts, sites_of_areas

pytestmark = pytest.mark.slow

TODAY = date(2021, 6, 1)
GONE, KEPT = date(2021, 4, 30), date(2021, 5, 20)

HISTORICAL = "/aq/forecast/historical/"


@pytest.fixture
def requested(session: requests.Session) -> list[str]:
    """Paths of the requests."""
    paths: list[str] = []
    session.hooks["response"].append(lambda response, **_: paths.append(response.request.path_url.partition("?")[0]))
    return paths


@pytest.fixture
def server() -> Iterator[PracticeServer]:
    with PracticeServer(today=TODAY, airnow_keeps_days=30) as opened:
        yield opened


def live(
    server: PracticeServer,
    folder: Path,
    session: requests.Session,
    *,
    key: str | None = DEFAULT_KEY,
    today: date = TODAY,
) -> LiveSource:
    archive = AirDataArchive(server.airdata_url, download_dir=folder / "airdata", session=session)
    airnow = AirNowArchive(
        server.airnow_url, download_dir=folder / "airnow", session=session, sleep=lambda seconds: None
    )
    historical = (
        None
        if key is None
        else HistoricalForecasts(
            server.airnow_api_url,
            key=key,
            limiter=RateLimiter(folder / "turn", interval_s=0.0, pause_s=0.0),
            cache=ResponseCache(folder / "cache"),
            session=session,
            sleep=lambda seconds: None,
        )
    )
    return LiveSource(AirDataSource(archive, Area.parse("cbsa:16980"), 0.0), airnow, today, historical=historical)


def test_a_day_whose_file_is_gone_has_the_forecasts_that_its_file_had(
    server: PracticeServer, tmp_path: Path, session: requests.Session
) -> None:
    with PracticeServer(today=TODAY) as keeping:
        file = live(keeping, tmp_path / "file", session, key=None).agency_forecasts(GONE).records
    found = live(server, tmp_path, session).agency_forecasts(GONE)

    records = validated("agency_forecasts", found.records)
    in_file = file[(file["record_type"] == "F") & (file["reporting_area"] == "Chicago")].reset_index(drop=True)
    pd.testing.assert_frame_equal(records.assign(forecast_source=in_file["forecast_source"]), in_file)
    assert (len(records), found.is_from_service, len(found.rejected)) == (2, True, 0)


def test_the_scoreboard_takes_them_as_it_takes_those_of_files(
    server: PracticeServer, tmp_path: Path, session: requests.Session
) -> None:
    source = live(server, tmp_path, session)
    with PracticeServer(today=TODAY) as keeping:
        files = live(keeping, tmp_path / "file", session, key=None)
        days = [day.date() for day in pd.date_range("2021-04-20", "2021-05-06")]
        from_files = pd.concat([files.agency_forecasts(day).records for day in days], ignore_index=True)
        read = [source.agency_forecasts(day) for day in days]
    records = pd.concat([one.records for one in read], ignore_index=True)

    assert [one.is_from_service for one in read].count(True) == 12
    chicago = from_files[from_files["reporting_area"] == "Chicago"]
    expected, forecasts = area_forecasts(chicago), area_forecasts(records[records["reporting_area"] == "Chicago"])
    pd.testing.assert_frame_equal(forecasts.reset_index(drop=True), expected.reset_index(drop=True))
    assert len(forecasts) == 2 * len(days)
    sites = source.bulk.national_monitors.assign(date_local=pd.Timestamp(GONE))
    sites = sites[source.bulk.area.contains(sites["state_code"], sites["cbsa_code"])]
    members = sites_of_areas(records, site_days=sites)
    assert members.equals(sites_of_areas(from_files, site_days=sites))
    assert set(members["reporting_area"]) == {"Chicago"}


def test_a_file_wins_where_it_exists(
    server: PracticeServer, tmp_path: Path, session: requests.Session, requested: list[str]
) -> None:
    found = live(server, tmp_path, session).agency_forecasts(KEPT)

    assert not found.is_from_service
    assert set(found.records["record_type"]) == {"Y", "F"}
    assert requested == ["/airnow/2021/20210520/reportingarea.dat"]


@pytest.mark.parametrize(("ahead", "may_appear"), [(2, True), (3, False)])
def test_the_service_is_not_asked_for_a_day_whose_file_can_still_appear(
    server: PracticeServer,
    tmp_path: Path,
    session: requests.Session,
    requested: list[str],
    ahead: int,
    may_appear: bool,
) -> None:
    server.move_clock(TODAY - timedelta(days=1))
    source = live(server, tmp_path, session, today=TODAY + timedelta(days=ahead))
    if may_appear:
        with pytest.raises(SourceRefused, match="no file with forecasts of 2021-06-01"):
            source.agency_forecasts(TODAY)
    else:
        source.agency_forecasts(TODAY)
    assert (HISTORICAL in requested) is not may_appear


def test_without_a_key_the_error_says_how_to_go_on(
    server: PracticeServer, tmp_path: Path, session: requests.Session
) -> None:
    with pytest.raises(SourceRefused, match=r"no file with forecasts of 2021-04-30 .*Set AIRNOW_API_KEY") as raised:
        live(server, tmp_path, session, key=None).agency_forecasts(GONE)
    assert "AIRWATCH_AIRNOW_URL" in raised.value.fix


def test_a_key_that_is_refused_is_named(server: PracticeServer, tmp_path: Path, session: requests.Session) -> None:
    with pytest.raises(ConfigurationError, match=r"^AIRNOW_API_KEY: .*HTTP 401: Request not authenticated\)") as raised:
        live(server, tmp_path, session, key="wrong-key").agency_forecasts(GONE)
    assert "wrong-key" not in str(raised.value)


def test_days_before_anything_was_issued_have_no_records(
    server: PracticeServer, tmp_path: Path, session: requests.Session
) -> None:
    assert live(server, tmp_path, session).agency_forecasts(date(2014, 3, 5)).records.empty


def test_an_interrupted_backfill_asks_nothing_twice(
    tmp_path: Path, session: requests.Session, requested: list[str]
) -> None:
    days = [date(2021, 3, 1), date(2021, 3, 2), date(2021, 3, 28), date(2021, 4, 20)]
    faults = ScriptedFaults([None, *["server_error"] * 4], path_prefix=HISTORICAL)
    with PracticeServer(today=TODAY, airnow_keeps_days=30, faults=faults) as server:
        first = live(server, tmp_path, session)
        read = [len(first.agency_forecasts(day).records) for day in days[:2]]
        with pytest.raises(SourceUnavailable, match="status 500"):
            first.agency_forecasts(days[2])
        before = requested.count(HISTORICAL)
        source = live(server, tmp_path, session)
        records = [source.agency_forecasts(day).records for day in days]

    assert read == [2, 2]
    assert before == 1 + 4
    assert requested.count(HISTORICAL) == before + 1
    assert all(len(rows) == 2 for rows in records)


@pytest.mark.parametrize(
    "fault", ["server_error", "throttled", "truncated_json", "html_page", "wrong_envelope", "cut_connection"]
)
def test_a_passing_fault_of_the_service_is_retried(tmp_path: Path, session: requests.Session, fault: str) -> None:
    faults = ScriptedFaults([fault], path_prefix=HISTORICAL)  # type: ignore[list-item]
    with PracticeServer(today=TODAY, airnow_keeps_days=30, faults=faults) as server:
        records = live(server, tmp_path, session).agency_forecasts(GONE).records

    assert len(records) == 2
    assert faults.counts == {fault: 1}


def test_the_cost_is_a_request_for_each_area_and_month_without_days_that_can_still_appear(
    server: PracticeServer, tmp_path: Path, session: requests.Session
) -> None:
    source = live(server, tmp_path, session)

    assert source.agency_cost(date(2021, 1, 1), date(2021, 3, 20)).calls == 3
    assert source.agency_cost(date(2021, 5, 30), date(2021, 5, 31)).calls == 0
    assert live(server, tmp_path, session, key=None).agency_cost(date(2021, 1, 1), date(2021, 3, 20)).calls == 0
