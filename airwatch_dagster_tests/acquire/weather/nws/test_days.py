"""A day of a city has the newest forecast that was published in time, its night the one that ends on it."""

import pandas as pd
import pytest

from airwatch_dagster.acquire.weather.nws.bulletin import read_selected_cities
from airwatch_dagster.acquire.weather.nws.days import CITY_DAY_COLUMNS, city_days
from airwatch_dagster_tests.acquire.weather.nws_samples import bulletin, city

ISSUE = pd.Timestamp("2021-07-04")
MORNING, EVENING = "2021-07-04 12:50", "2021-07-05 00:50"


def days(*texts: str, by: str = "2021-07-05 12:00") -> pd.DataFrame:
    rows = read_selected_cities("\n".join(texts).encode(), culprit="").rows
    found = city_days(rows, issue_date=ISSUE, published_by=pd.Timestamp(by))
    return found[found["station_id"] == "KORD"].set_index("horizon_days")


def morning(issued: str = MORNING, **changes: object) -> str:
    return bulletin(issued, cities=[city("CHICAGO", one=("86", "68"), two=("77", "59"), **changes)])  # type: ignore[arg-type]


def evening(issued: str = EVENING) -> str:
    return bulletin(issued, cities=[city("CHICAGO", "SMOKE", "RAIN", one=("50", "95"), two=("41", "104"))])


def test_a_morning_bulletin_has_two_days_and_the_nights_after_them() -> None:
    found = days(morning())

    assert list(found.reset_index()[list(CITY_DAY_COLUMNS)]) == list(CITY_DAY_COLUMNS)
    assert found["temperature_max_c"].tolist() == pytest.approx([30.0, 25.0, float("nan")], nan_ok=True)
    assert found["temperature_min_c"].tolist() == pytest.approx([float("nan"), 20.0, 15.0], nan_ok=True)
    assert found["weather_class"].tolist() == ["clear", "showers", None]
    assert found["target_date"].tolist() == [ISSUE + pd.Timedelta(days=n) for n in range(3)]


def test_an_evening_bulletin_has_the_next_two_days_and_the_nights_before_them() -> None:
    found = days(evening())

    assert found.index.tolist() == [1, 2]
    assert found["temperature_max_c"].tolist() == pytest.approx([35.0, 40.0])
    assert found["temperature_min_c"].tolist() == pytest.approx([10.0, 5.0])
    assert found["weather_class"].tolist() == ["smoke", "rain"]


@pytest.mark.parametrize(("by", "newest"), [("2021-07-05 00:49:59", MORNING), ("2021-07-05 00:50", EVENING)])
def test_a_bulletin_counts_from_its_time_of_issue(by: str, newest: str) -> None:
    found = days(morning(), evening(), by=by)

    assert found.loc[1, "issued_at"] == pd.Timestamp(newest)
    assert found.loc[1, "temperature_max_c"] == pytest.approx(35.0 if newest == EVENING else 25.0)
    assert (found.loc[0, "issued_at"], found.loc[0, "weather_class"]) == (pd.Timestamp(MORNING), "clear")


def test_a_second_issue_replaces_the_first_and_a_missing_value_does_not() -> None:
    second = bulletin("2021-07-04 14:05", cities=[city("CHICAGO", "FOG", "MISG", one=("88", "MM"), two=("MM", "59"))])

    found = days(morning(), second)

    assert found["weather_class"].tolist() == ["fog", "showers", None]
    assert found.loc[0, "temperature_max_c"] == pytest.approx(31.11, abs=0.01)
    assert found.loc[1, ["temperature_max_c", "temperature_min_c"]].tolist() == pytest.approx([25.0, 20.0])


def test_the_evening_before_serves_when_the_mornings_bulletin_is_missing() -> None:
    found = days(evening("2021-07-04 00:50"), by="2021-07-05 00:00")

    assert found.index.tolist() == [0, 1]
    assert found["weather_class"].tolist() == ["smoke", "rain"]


def test_without_a_bulletin_in_time_there_are_no_days() -> None:
    assert days(morning(), by="2021-07-04 12:00").empty
    assert list(days(morning(), by="2021-07-04 12:00").reset_index().columns) == [
        "horizon_days",
        *[name for name in CITY_DAY_COLUMNS if name != "horizon_days"],
    ]


def test_cities_without_a_known_station_are_left_out() -> None:
    rows = read_selected_cities(bulletin(cities=[city("ATLANTIS"), city("CHICAGO")]).encode(), culprit="").rows

    found = city_days(rows, issue_date=ISSUE, published_by=pd.Timestamp(EVENING))

    assert found["station_id"].unique().tolist() == ["KORD"]
