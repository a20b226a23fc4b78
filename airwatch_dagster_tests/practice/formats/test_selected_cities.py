"""FPUS20 bulletins of the practice world as AirWatch reads them."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.acquire.weather.nws.bulletin import CityForecasts, read_selected_cities
from airwatch_dagster.acquire.weather.nws.cities import station_of_city, unknown_words
from airwatch_dagster.practice.formats.selected_cities import PARTS, selected_cities
from airwatch_dagster.practice.world.weather.forecasts import forecast, observed
from airwatch_dagster.practice.world.weather.publication import versions_of_issue
from airwatch_dagster.practice.world.weather.stations import STATIONS

CITIES = [station for station in STATIONS if station.city is not None]
LATER = datetime(2030, 1, 1, tzinfo=UTC)


def read(first: datetime, days: int = 1, *, known_by: datetime = LATER) -> CityForecasts:
    texts = [
        selected_cities(part, first, first + timedelta(days=days), known_by=known_by, seed=1)
        for part in range(1, PARTS + 1)
    ]
    return read_selected_cities(b"".join(texts), culprit="practice")


def hour(day: pd.Timestamp, of_day: int) -> int:
    return day.toordinal() * 24 + of_day


@pytest.mark.parametrize(
    "first",
    [
        datetime(2021, 1, 14, tzinfo=UTC),
        datetime(2021, 3, 14, tzinfo=UTC),
        datetime(2021, 7, 20, tzinfo=UTC),
        datetime(2022, 11, 6, tzinfo=UTC),
    ],
)
def test_a_day_has_an_evening_and_a_morning_bulletin_of_every_city(first: datetime) -> None:
    found = read(first)
    assert found.rejected.empty
    assert found.rows["half"].unique().tolist() == ["PM", "AM"]
    for _, rows in found.rows.groupby("half"):
        assert sorted(rows["city"]) == sorted(str(station.city) for station in CITIES)
        assert sorted(rows["part"].unique()) == [1, 2, 3, 4]
    evening = found.rows[found.rows["half"] == "PM"].iloc[0]
    assert evening["issued_at"] == pd.Timestamp(first).tz_localize(None) + pd.Timedelta(minutes=50)
    assert evening["target1_date"] == pd.Timestamp(first.date())
    morning = found.rows[found.rows["half"] == "AM"].iloc[0]
    assert morning["target1_date"] == pd.Timestamp(first.date())


def test_highs_and_lows_are_those_of_the_run_before_the_issue() -> None:
    rows = read(datetime(2021, 7, 20, tzinfo=UTC)).rows
    number = next(n for n, station in enumerate(STATIONS) if station.city == "CHICAGO")
    for row in rows[rows["city"] == "CHICAGO"].itertuples():
        run = hour(row.issued_at, row.issued_at.hour) - 3
        night_after = 1 if row.half == "AM" else 0
        for target, high_f, low_f in (
            (row.target1_date, row.target1_high_f, row.target1_low_f),
            (row.target2_date, row.target2_high_f, row.target2_low_f),
        ):
            at = {"high": hour(target, 21), "low": hour(target, 9) + 24 * night_after}
            for name, shown, sign in (("high", high_f, 1.0), ("low", low_f, -1.0)):
                daily = forecast(np.array([at[name]]), run_hour=run, seed=1).daily
                celsius = daily.temperature_c[0, number] + sign * daily.half_range_c[0, number]
                assert shown == pytest.approx(celsius * 1.8 + 32.0, abs=0.51)
        seen = observed(np.array([hour(row.observed_date, 21)]), seed=1).daily
        celsius = seen.temperature_c[0, number] + seen.half_range_c[0, number]
        assert row.observed_high_f == pytest.approx(celsius * 1.8 + 32.0, abs=0.51)


@pytest.mark.slow
def test_cities_and_words_are_known_in_every_season() -> None:
    months = [read(datetime(2021, month, 1, tzinfo=UTC), days=28) for month in (1, 4, 7, 10)]
    rows = pd.concat([month.rows for month in months], ignore_index=True)
    assert all(month.rejected.empty for month in months)
    assert station_of_city(rows["city"]).to_dict() == {
        number: {str(station.city): station.station_id for station in CITIES}[city]
        for number, city in rows["city"].items()
    }
    words = pd.concat([rows["target1_word"], rows["target2_word"]])
    assert unknown_words(words) == {}
    assert {"SUNNY", "PTCLDY", "MOCLDY", "RAIN", "TSTRMS", "SNOW", "SHWRS"} <= set(words)
    below_zero = rows[["target1_low_f", "target2_low_f"]].min().min()
    assert below_zero < 0
    assert rows["target1_high_f"].max() > 90


def test_nothing_is_shown_before_it_is_issued() -> None:
    first = datetime(2021, 7, 20, tzinfo=UTC)
    assert read(first, known_by=first + timedelta(minutes=49)).bulletins == 0
    assert read(first, known_by=first + timedelta(minutes=50)).rows["half"].unique().tolist() == ["PM"]
    assert read(first, known_by=first + timedelta(hours=12, minutes=49)).rows["half"].unique().tolist() == ["PM"]


def test_a_second_issue_corrects_the_first() -> None:
    day = next(
        day
        for day in (date(2021, 5, 1) + timedelta(days=number) for number in range(200))
        if len(versions_of_issue(day, "AM", seed=1)) == 2
    )
    rows = read(datetime(day.year, day.month, day.day, tzinfo=UTC)).rows
    issues = [of_issue.set_index("city") for _, of_issue in rows[rows["half"] == "AM"].groupby("issued_at")]
    assert len(issues) == 2
    lower = issues[0]["target1_high_f"] - issues[1]["target1_high_f"]
    assert lower.median() == pytest.approx(8.0, abs=1.5)
