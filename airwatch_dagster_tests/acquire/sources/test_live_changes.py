import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import requests

from airwatch_dagster.acquire.airdata.archive import AirDataArchive
from airwatch_dagster.acquire.airnow.archive import AirNowArchive
from airwatch_dagster.acquire.aqs.client import AqsClient
from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.pulls import PullRequest
from airwatch_dagster.acquire.sources.airdata import AirDataSource
from airwatch_dagster.acquire.sources.aqs import AqsSource
from airwatch_dagster.acquire.sources.live import LiveSource
from airwatch_dagster.clean.monitor_days import monitor_days
from airwatch_dagster_tests.acquire.fake_server import FakeServer, Reply, running
from airwatch_dagster_tests.acquire.published_samples import API_ROW, envelope, mirror
from airwatch_dagster_tests.acquire.sources.histories import RAW, current, merged

CHICAGO = Area.parse("cbsa:16980")
LATER = pd.Timestamp("2021-09-01 15:00")
CHANGED_DAY = API_ROW | {"arithmetic_mean": 5.5, "pollutant_standard": "PM25 24-hour 2024"}
FOURTH = (date(2021, 7, 4), date(2021, 7, 5))

WithChange = Callable[..., tuple[LiveSource, pd.DataFrame]]


@pytest.fixture
def with_change(tmp_path: Path, session: requests.Session) -> WithChange:
    """A source whose file is of 1 December 2021, and a history into which it and a change by AQS were merged."""

    def opened(changed_on: str, api: FakeServer, *, as_of: str = "2021-12-01") -> tuple[LiveSource, pd.DataFrame]:
        daily = [{}, {"Date Local": "2021-07-05"}]
        address = mirror(tmp_path / "mirror", daily={2021: daily}, monitors=[{}])
        listed = tmp_path / "mirror" / "file_list.csv"
        listed.write_text(listed.read_text().replace("2021-12-01", as_of))
        (tmp_path / "airnow").mkdir()
        bulk = AirDataSource(AirDataArchive(address, download_dir=tmp_path / "downloads"), CHICAGO, 0.0)
        limiter = RateLimiter(tmp_path / "turn", interval_s=0.0, pause_s=0.0)
        client = AqsClient(api.url, email="a@b.c", key="sesame", limiter=limiter, session=session, clock=lambda: 1.7e9)
        airnow = AirNowArchive((tmp_path / "airnow").as_uri(), download_dir=tmp_path / "airnow-downloads")
        source = LiveSource(bulk, airnow, date(2023, 11, 14), AqsSource(client, CHICAGO, date(2023, 11, 14)))
        api.will_send("/dailyData/byCBSA", Reply(envelope([CHANGED_DAY | {"date_of_last_change": changed_on}])))
        history = merged(RAW.empty(), source.pull(PullRequest(*FOURTH)), LATER)
        change = source.changes(
            PullRequest.of_year(2021, history=history), since=date(2021, 1, 1), until=date(2023, 11, 14)
        )
        return source, merged(history, change, LATER)

    return opened


@pytest.fixture
def api() -> Iterator[FakeServer]:
    fake = FakeServer()
    http = running(fake)
    yield fake
    http.shutdown()
    http.server_close()


def of_source(rows: pd.DataFrame, source: str) -> pd.DataFrame:
    return rows[rows["source"] == source]


def values(history: pd.DataFrame) -> list[tuple[int, float, str]]:
    return sorted((row.date_local.day, row.pm25_ugm3, row.source) for row in monitor_days(history).itertuples())


MUCH_LATER = pd.Timestamp("2024-01-01")


@pytest.mark.parametrize("changed_on", ["2021-12-01", "2022-05-01"])
def test_a_file_cut_before_a_change_does_not_undo_it(with_change: WithChange, api: FakeServer, changed_on: str) -> None:
    source, history = with_change(changed_on, api)
    assert values(history) == [(4, 5.5, "aqs"), (5, 8.5, "airdata")]
    second = source.pull(PullRequest(*FOURTH, history=history))
    assert second.rows["date_local"].dt.day.tolist() == [5]
    pd.testing.assert_frame_equal(merged(history, second, MUCH_LATER), history)


@pytest.mark.slow
def test_a_file_cut_after_a_change_replaces_it(with_change: WithChange, api: FakeServer) -> None:
    source, history = with_change("2021-11-30", api)
    after = merged(history, source.pull(PullRequest(*FOURTH, history=history)), MUCH_LATER)
    assert values(after) == [(4, 8.5, "airdata"), (5, 8.5, "airdata")]
    assert of_source(after, "aqs")["superseded_at"].tolist() == [MUCH_LATER]


@pytest.mark.parametrize("as_of", ["", "unknown"])
@pytest.mark.slow
def test_a_file_without_an_as_of_day_replaces_a_change(with_change: WithChange, api: FakeServer, as_of: str) -> None:
    source, history = with_change("2022-05-01", api, as_of=as_of)
    after = merged(history, source.pull(PullRequest(*FOURTH, history=history)), MUCH_LATER)
    assert values(after) == [(4, 8.5, "airdata"), (5, 8.5, "airdata")]


@pytest.mark.slow
def test_airnow_does_not_fill_a_day_that_only_a_change_of_aqs_has(
    with_change: WithChange, api: FakeServer, tmp_path: Path
) -> None:
    source, history = with_change("2022-05-01", api)
    mirror(tmp_path / "mirror", daily={2021: [{"Date Local": "2021-07-03"}]}, monitors=[{}])
    for day in FOURTH:
        folder = tmp_path / "airnow" / f"{day:%Y/%Y%m%d}"
        folder.mkdir(parents=True)
        line = [f"{day:%m/%d/%y}", "170310001", "Village Garage", "PM2.5-24hr", "UG/M3", "7.0", "24", "IEPA", "29", "0"]
        text = io.StringIO()
        csv.writer(text, delimiter="|", lineterminator="\n").writerow([*line, "41.67", "-87.73", "840170310001"])
        (folder / "daily_data_v2.dat").write_text(text.getvalue())
    pull = replace(source, today=date(2021, 7, 6)).pull(PullRequest(*FOURTH, history=history))
    assert [(row.source, row.date_local.day) for row in pull.rows.itertuples()] == [("airnow", 5)]
    after = merged(history, pull, MUCH_LATER)
    assert values(after) == [(4, 5.5, "aqs"), (5, 7.0, "airnow")]


def test_a_site_whose_statistical_area_becomes_known_gets_a_new_version(tmp_path: Path) -> None:
    def pulled(area: str, cbsa_name: str, history: pd.DataFrame) -> pd.DataFrame:
        new_county = {"County Code": "999", "CBSA Name": cbsa_name}
        address = mirror(tmp_path / "mirror", daily={2021: [new_county]}, monitors=[new_county])
        (tmp_path / "airnow").mkdir(exist_ok=True)
        airnow = AirNowArchive((tmp_path / "airnow").as_uri(), download_dir=tmp_path / "airnow-downloads")
        archive = AirDataArchive(address, download_dir=tmp_path / "downloads")
        source = LiveSource(AirDataSource(archive, Area.parse(area), 0.0), airnow, date(2023, 11, 14))
        return merged(
            history, source.pull(PullRequest(*FOURTH, history=history)), LATER if history.empty else MUCH_LATER
        )

    before = pulled("state:17", "Renamed, IL", RAW.empty())
    after = pulled("cbsa:16980", "Chicago-Naperville-Elgin, IL-IN-WI", before)
    assert before["cbsa_code"].isna().all()
    assert current(after)["cbsa_code"].tolist() == ["16980"]
