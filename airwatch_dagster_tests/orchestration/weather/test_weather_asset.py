"""Weather from an NBM archive on a server to its table: by the command line, late cycles and an outage included."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import format_datetime
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from airwatch_dagster_tests.acquire.weather.nbs_samples import bulletin, station
from airwatch_dagster_tests.installations import Installation, run_job
from airwatch_dagster_tests.stub_servers import Answer, answering

DAY = "2021-05-30"
BROKEN = ["KRFD    NBM V4.0 NBS GUIDANCE    5/31/2021  0000 UTC", " DT /MAY  31", "UTC nothing of it can be read"]


@dataclass
class Archive:
    """NOAA's open data with a bulletin of Chicago at 00, 06, 12 and 18 UTC, published 44 minutes after each."""

    is_up: bool = True
    lags: dict[str, pd.Timedelta] = field(default_factory=dict)
    """Cycle, such as 2021-05-31 00, → its lag; other cycles have the usual one."""
    requests: list[str] = field(default_factory=list)

    def answer(self, path: str) -> Answer:
        self.requests.append(path)
        if not self.is_up:
            return 503, b"", {}
        _, day, hour, *_ = path.split("/")
        run = pd.Timestamp(f"{day.removeprefix('blend.')} {hour}:00")
        if run.hour % 6:
            return 404, b"", {}
        lag = self.lags.get(f"{run:%Y-%m-%d %H}", pd.Timedelta(minutes=44))
        stations = [station("KORD", run=run), *([BROKEN] if run == pd.Timestamp("2021-05-31") else [])]
        published = format_datetime((run + lag).tz_localize("UTC").to_pydatetime(), usegmt=True)
        return 200, bulletin(*stations).encode(), {"Last-Modified": published, "ETag": f'"{run:%Y%m%d%H}"'}


@pytest.fixture
def archive() -> Archive:
    return Archive()


@pytest.fixture
def installation(archive: Archive, tmp_path: Path) -> Iterator[Installation]:
    with answering(archive.answer) as address:
        weather = {"AIRWATCH_WEATHER_SOURCE": "nbm", "AIRWATCH_NBM_URL": address}
        without_waits = {"AIRWATCH_AQS_URL": address, "AIRWATCH_AQS_INTERVAL_S": "0"}
        yield Installation.at(tmp_path / "installed", **weather, **without_waits)


@pytest.mark.slow
def test_weather_of_a_server_is_stored_explained_and_filled_later(archive: Archive, installation: Installation) -> None:
    weather = ("--tables", "weather_forecasts")
    installation.run("backfill", DAY, DAY, "--tables", "monitors")

    archive.is_up = False
    away = installation.run("backfill", DAY, DAY, *weather)
    assert "weather_is_complete" in away
    assert "the server responded with status 503" in away
    assert installation.tables.read("weather_forecasts", [DAY]).empty

    archive.is_up = True
    archive.lags["2021-05-31 18"] = pd.Timedelta(hours=3)
    planned = installation.run("backfill", DAY, DAY, *weather, "--plan")
    assert "incomplete, asked again" in planned
    assert "From the archive of the NBM: about 3 bulletins" in planned
    filled = installation.run("backfill", DAY, DAY, *weather)
    assert "weather_is_complete" not in filled

    rows = installation.tables.read("weather_forecasts", [DAY])
    chicago = rows[rows["site_id"].str.startswith("17031")]
    assert set(chicago["horizon_days"]) == {0, 1, 2, 3}
    assert set(chicago["weather_model"]) == {"NBM V4.0"}
    assert chicago.groupby("horizon_days")["issued_at"].max().tolist() == [
        *(pd.Timestamp("2021-05-30 00:44"), pd.Timestamp("2021-05-31 00:44")),
        *(pd.Timestamp("2021-05-31 12:44"), pd.Timestamp("2021-05-31 12:44")),
    ], "the cycle of 18 UTC was published after 18:30 UTC"
    [rejected] = installation.tables.read("rejected_lines").to_dict("records")
    assert (rejected["read_for"], rejected["is_repaired"]) == ("weather_forecasts", False)
    assert rejected["date_local"] == pd.Timestamp(DAY)
    [kept] = (installation.folder / "state" / "downloads").glob("nbm-*/blend.20210531/blend_nbstx.t12z.gz")
    assert b"NBS GUIDANCE" in gzip.decompress(kept.read_bytes())

    archive.requests.clear()
    assert "Everything is stored and up to date" in installation.run("backfill", DAY, DAY, *weather)
    assert archive.requests == []


@pytest.mark.slow
def test_a_day_that_stays_empty_is_asked_for_again_and_nothing_else_becomes_due(
    archive: Archive, installation: Installation
) -> None:
    installation.run("backfill", DAY, DAY, "--tables", "monitors")
    archive.is_up = False
    installation.run("backfill", DAY, DAY, "--tables", "weather_forecasts")
    written = installation.tables.stored_partitions("weather_forecasts")

    archive.requests.clear()
    again = installation.run("backfill", DAY, DAY, "--tables", "weather_forecasts")

    assert "1 run builds 1 partition of 1 table" in again
    assert archive.requests != []
    assert installation.tables.stored_partitions("weather_forecasts") == written


@pytest.mark.slow
def test_without_a_source_of_weather_none_is_planned_and_naming_it_is_an_error(tmp_path: Path) -> None:
    installation = Installation.at(tmp_path / "installed")

    assert "weather_forecasts" not in installation.run("backfill", DAY, DAY, "--plan")
    named = installation.airwatch("backfill", DAY, DAY, "--tables", "weather_forecasts")
    assert named.exit_code != 0
    assert "AIRWATCH_WEATHER_SOURCE is none" in named.output


@pytest.mark.slow
def test_the_early_issue_has_the_weather_of_noon_and_the_daily_run_asks_again(installation: Installation) -> None:
    installation.run("backfill", DAY, DAY, "--tables", "monitors")

    def newest_after(job: str) -> pd.Timestamp:
        with installation.with_definitions() as (definitions, instance):
            only = [dg.AssetKey("weather_forecasts")]
            assert run_job(definitions, job, partition_key=DAY, instance=instance, asset_selection=only).success
        return installation.tables.read("weather_forecasts", [DAY])["issued_at"].max()

    assert newest_after("issue_early") == pd.Timestamp("2021-05-31 06:44")
    assert newest_after("forecast_day") == pd.Timestamp("2021-05-31 12:44")
