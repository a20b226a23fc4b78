"""A backfill asks for weather where it has a source, again for days that lack something, and says what is sent."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.commands.backfill.parallel import Task
from airwatch_dagster.commands.backfill.planning import DEFAULT_TABLES, Step
from airwatch_dagster.commands.backfill.weather import (
    asked_again,
    weather_cost_text,
    weather_costs_by_task,
    with_weather_table,
)
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.configuration.settings import Settings
from airwatch_dagster.orchestration.resources import download_folder
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests.builders import monitors
from airwatch_dagster_tests.installations import Installation
from airwatch_dagster_tests.orchestration.weather.fake_weather import weather_of

TABLE = "weather_forecasts"
MAY = Task(TABLE, Step(TABLE, "2024-05-01", "2024-05-31", 31))
EMPTY = TABLES[TABLE].empty()


@pytest.fixture(params=["nbm"])
def tables(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TableStorage]:
    """The storage of an installation on EPA's data, with a source of weather."""
    installation = Installation.at(tmp_path, AIRWATCH_SOURCE="live", AIRWATCH_WEATHER_SOURCE=request.param)
    installation.tables.write("monitors", {None: monitors({}, {"site_id": "170319002"})})
    with installation.activated():
        yield installation.tables


def settings() -> Settings:
    return Settings.from_environment()


def test_weather_is_built_by_default_where_it_has_a_source(
    tables: TableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert with_weather_table(settings(), None) == [*DEFAULT_TABLES, TABLE]
    assert with_weather_table(settings(), ["features"]) == ["features"]

    monkeypatch.setenv("AIRWATCH_WEATHER_SOURCE", "none")
    assert with_weather_table(settings(), None) == DEFAULT_TABLES
    with pytest.raises(ConfigurationError, match="weather_forecasts has no source: AIRWATCH_WEATHER_SOURCE is none"):
        with_weather_table(settings(), [TABLE])


def test_days_that_lack_something_are_asked_for_again_unless_they_are_built_anyway(tables: TableStorage) -> None:
    stored = {
        "2021-07-30": weather_of("2021-07-30", 0, 1).rows,
        "2021-07-31": EMPTY,
        "2021-08-01": EMPTY,
        "2021-08-02": weather_of("2021-08-02", 0, 1, 2, 3).rows,
        "2021-08-03": EMPTY,
    }
    tables.write(TABLE, dict(stored))
    built = Step(TABLE, "2021-08-03", "2021-08-04", 2)

    again = asked_again(settings(), tables, (pd.Timestamp("2021-07-30"), pd.Timestamp("2021-08-04")), but=[built])

    steps = [task.step for task in again if task.step is not None]
    assert [(step.first, step.last, step.count) for step in steps] == [
        ("2021-07-30", "2021-07-31", 2),
        ("2021-08-01", "2021-08-01", 1),
    ]
    assert steps[0].reasons == {"incomplete, asked again": 2}


def test_a_month_of_the_nbm_costs_two_bulletins_a_day_less_those_that_are_kept(tables: TableStorage) -> None:
    chosen = settings()
    folder = download_folder(chosen, "nbm", "https://noaa-nbm-grib2-pds.s3.amazonaws.com") / "blend.20240501"
    folder.mkdir(parents=True)
    for hour in (4, 17):
        (folder / f"blend_nbstx.t{hour:02}z.gz").write_bytes(b"kept")

    [cost] = weather_costs_by_task([MAY], tables).values()

    assert (cost.calls, cost.cached_calls) == (61, 2)
    assert weather_cost_text(cost) == (
        "From the archive of the NBM: about 61 bulletins, 1.8 GB to receive and 336 MB to keep; 2 more are cached."
    )


@pytest.mark.parametrize("tables", ["nws"], indirect=True)
def test_a_month_of_the_nws_costs_four_small_requests_a_day(tables: TableStorage) -> None:
    [cost] = weather_costs_by_task([MAY], tables).values()

    assert weather_cost_text(cost) == "From the archive of FPUS20 bulletins: about 128 requests of a few kB."


@pytest.mark.parametrize("tables", ["open-meteo"], indirect=True)
def test_a_month_of_open_meteo_costs_fortnights_of_each_site(tables: TableStorage) -> None:
    [cost] = weather_costs_by_task([MAY], tables).values()

    assert cost.calls == 3
    text = weather_cost_text(cost)
    assert text.startswith("From Open-Meteo: 3 requests, ")
    assert text.endswith(" of the free service's calls, at least 1 min.")


@pytest.mark.parametrize("values", [{"AIRWATCH_WEATHER_SOURCE": "none"}, {"AIRWATCH_SOURCE": "practice"}])
def test_without_a_source_and_with_simulated_air_nothing_is_sent(
    values: dict[str, str], tables: TableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)

    assert weather_costs_by_task([MAY], tables) == {}
