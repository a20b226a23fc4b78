"""Sites near a city have its forecasts, as they were known at a time."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.acquire.weather.nws.archive import SelectedCitiesArchive
from airwatch_dagster.acquire.weather.nws.forecasts import NwsWeather
from airwatch_dagster.acquire.weather.source import WeatherOfDay, WeatherSource
from airwatch_dagster.enrich.weather import checked_weather
from airwatch_dagster_tests.acquire.weather.nws_samples import bulletin, city

SITES = pd.DataFrame(
    [
        {"site_id": "170310001", "latitude": 41.67, "longitude": -87.73},
        {"site_id": "380150003", "latitude": 46.83, "longitude": -100.77},
    ]
)
DAY = date(2021, 7, 4)
MIDNIGHT = pd.Timestamp("2021-07-05 00:00")


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    folder = tmp_path / "mirror"
    folder.mkdir()
    return folder


def store(mirror: Path, issued: str, *cities: str, part: int = 1) -> None:
    name = f"FPUS20_KWBN_{pd.Timestamp(issued):%Y%m%dT%H%M}Z_part{part}.txt"
    (mirror / name).write_text(bulletin(issued, part=part, cities=cities))


def forecasts(mirror: Path, by: pd.Timestamp = MIDNIGHT) -> WeatherOfDay:
    archive = SelectedCitiesArchive(mirror.as_uri(), download_dir=mirror.parent / "nws")
    source: WeatherSource = NwsWeather(archive)
    return source.forecasts(DAY, SITES, published_by=by)


def test_a_site_has_the_days_of_the_city_near_it_in_the_contract(mirror: Path) -> None:
    store(mirror, "2021-07-04 12:50", city("CHICAGO", "SMOKE"), city("FROGTOWN", "FROGS"))

    found = forecasts(mirror)

    rows = checked_weather(found.rows)
    assert rows[["site_id", "horizon_days"]].to_numpy().tolist() == [["170310001", n] for n in (0, 1, 2)]
    assert rows["weather_class"].tolist() == ["smoke", "showers", None]
    assert rows["temperature_max_c"].tolist() == pytest.approx([30.0, 25.0, float("nan")], nan_ok=True, abs=0.01)
    assert rows["issued_at"].unique().tolist() == [pd.Timestamp("2021-07-04 12:50")]
    assert rows["weather_model"].unique().tolist() == ["NWS FPUS20"]
    assert rows["station_distance_km"].between(30, 45).all()
    assert rows["temperature_c"].isna().all()
    assert found.notes == (
        "bulletin of 2021-07-04 12:50 UTC: only parts 1 of 4",
        "words without a class: FROGS (1)",
        "cities without a known station: FROGTOWN",
    )


def test_what_is_published_later_changes_nothing(mirror: Path) -> None:
    store(mirror, "2021-07-04 12:50", city("CHICAGO"))
    before = forecasts(mirror)
    store(mirror, "2021-07-05 00:50", city("CHICAGO", "SNOW", "SNOW", one=("0", "10"), two=("0", "10")))

    pd.testing.assert_frame_equal(forecasts(mirror).rows, before.rows)
    assert forecasts(mirror, by=pd.Timestamp("2021-07-05 00:50")).rows["weather_class"].tolist() == [
        "clear",
        "snow",
        "snow",
    ]


def test_without_a_bulletin_there_are_no_rows_and_a_note(mirror: Path) -> None:
    found = forecasts(mirror)

    assert (len(found.rows), len(found.rejected)) == (0, 0)
    assert found.notes == ("no bulletin from 2021-07-04 00:00 to 2021-07-05 00:00 UTC",)


def test_lines_set_aside_are_returned(mirror: Path) -> None:
    store(mirror, "2021-07-04 12:50", city("CHICAGO"), "MILWAUKEE  80")

    rejected = forecasts(mirror).rejected

    assert rejected["value"].tolist() == ["MILWAUKEE  80"]
    assert rejected["file"].iloc[0].endswith("FPUS20_KWBN_20210704T1250Z_part1.txt")
