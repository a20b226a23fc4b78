"""A source that is away, late or half there costs weather and a warning, never what is stored."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.errors import BadPayload, ContractViolation, SourceUnavailable
from airwatch_dagster.orchestration.weather.answers import MAX_SILENT_DAYS, answers_of
from airwatch_dagster.orchestration.weather.completeness import incomplete_days, lacking_horizons
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests.builders import monitors
from airwatch_dagster_tests.orchestration.weather.fake_weather import FakeWeather, weather_of

EMPTY = TABLES["weather_forecasts"].empty()
AWAY = SourceUnavailable("http://weather/blend", "no complete response (ConnectionError)", fix="Wait")
CHECK = "weather_is_complete"


def days(first: str, count: int) -> pd.DatetimeIndex:
    return pd.date_range(first, periods=count)


def test_a_day_with_every_day_ahead_passes_and_shows_its_numbers() -> None:
    source = FakeWeather({"2021-07-04": weather_of("2021-07-04", 0, 1, 2, 3, notes=("run of 2021-07-04 16 UTC",))})

    result = answers_of(source.opened, days("2021-07-04", 1), monitors=monitors({}, {"site_id": "170319002"})).merged(
        EMPTY
    )

    assert result.frame["horizon_days"].tolist() == [0, 1, 2, 3]
    assert result.warnings[CHECK] == {}
    assert result.metadata["source"] == "nbm"
    assert result.partition_metadata["2021-07-04"] == {
        "sites with weather": 1,
        "sites without weather": 1,
        "newest issued_at (UTC)": "2021-07-04 17:00",
        "age of the newest when used (hours)": 25.5,
        "model": "GFS",
        "with assumed issued_at": 0,
        "notes": "run of 2021-07-04 16 UTC",
    }
    assert source.asked == [("2021-07-04", ["170319001", "170319002"], pd.Timestamp("2021-07-05 18:30"))]


def test_what_a_day_lacks_is_said_and_what_there_is_is_stored() -> None:
    late = weather_of("2021-07-04", 0, 1, notes=("no forecast 2 days ahead: no bulletin",))
    source = FakeWeather({"2021-07-04": late})

    result = answers_of(source.opened, days("2021-07-04", 2), monitors=monitors()).merged(EMPTY)

    assert len(result.frame) == 2
    assert result.warnings[CHECK] == {
        "2021-07-04": "no weather forecast 2, 3 days ahead: no forecast 2 days ahead: no bulletin",
        "2021-07-05": "no weather forecast of 2021-07-05: no bulletin",
    }


def test_a_source_that_is_away_is_not_asked_for_the_rest_of_the_run() -> None:
    source = FakeWeather(dict.fromkeys(("2021-07-04", "2021-07-05"), AWAY))

    result = answers_of(source.opened, days("2021-07-04", 4), monitors=monitors()).merged(EMPTY)

    assert len(source.asked) == MAX_SILENT_DAYS
    assert result.frame.empty
    assert result.warnings[CHECK] == {
        **dict.fromkeys(("2021-07-04", "2021-07-05"), "http://weather/blend: no complete response (ConnectionError)"),
        **dict.fromkeys(("2021-07-06", "2021-07-07"), "not asked, because the 2 days before had no answer"),
    }


def test_a_bulletin_that_cannot_be_read_costs_its_day_alone() -> None:
    bad = BadPayload("http://weather/blend", "none of its 9,578 stations can be read", fix="Use another copy")
    answers = dict.fromkeys(("2021-07-04", "2021-07-05", "2021-07-06"), bad) | {
        "2021-07-07": weather_of("2021-07-07", 0, 1, 2, 3)
    }

    result = answers_of(FakeWeather(answers).opened, days("2021-07-04", 4), monitors=monitors()).merged(EMPTY)

    assert list(result.warnings[CHECK]) == ["2021-07-04", "2021-07-05", "2021-07-06"]
    assert set(result.frame["issue_date"]) == {pd.Timestamp("2021-07-07")}


def test_stored_weather_stays_until_there_is_an_answer_for_its_day() -> None:
    stored = pd.concat([weather_of(day, 1).rows for day in ("2021-07-04", "2021-07-05")], ignore_index=True)
    source = FakeWeather({"2021-07-04": AWAY, "2021-07-05": weather_of("2021-07-05", 0, 1, 2, 3)})
    answers = answers_of(source.opened, days("2021-07-04", 2), monitors=monitors())

    once = answers.merged(stored).frame
    again = answers.merged(once).frame

    assert once.groupby("issue_date")["horizon_days"].agg(list).tolist() == [[1], [0, 1, 2, 3]]
    pd.testing.assert_frame_equal(again, once)


def test_while_weather_is_off_nothing_is_asked_and_nothing_is_wrong() -> None:
    stored = weather_of("2021-07-04", 1).rows

    result = answers_of(None, days("2021-07-04", 2), monitors=monitors()).merged(stored)

    pd.testing.assert_frame_equal(result.frame, stored)
    assert (result.warnings[CHECK], result.metadata, result.partition_metadata) == ({}, {}, {})


def test_without_a_list_of_monitors_nothing_is_asked_and_the_day_says_so() -> None:
    source = FakeWeather()

    result = answers_of(source.opened, days("2021-07-04", 1), monitors=TABLES["monitors"].empty()).merged(EMPTY)

    assert source.asked == []
    assert "build monitors first" in result.warnings[CHECK]["2021-07-04"]


def test_a_file_of_the_users_that_breaks_a_rule_stops_the_run() -> None:
    source = FakeWeather({"2021-07-04": ContractViolation("weather_forecasts", "1 row is late", fix="Supply another")})

    with pytest.raises(ContractViolation, match="1 row is late"):
        answers_of(replace(source.opened, name="files"), days("2021-07-04", 1), monitors=monitors())
    answers = answers_of(source.opened, days("2021-07-04", 1), monitors=monitors())
    assert answers.failures == {"2021-07-04": "weather_forecasts: 1 row is late"}, "a publisher's costs its day"


def test_a_stored_day_that_is_empty_or_lacks_a_day_ahead_is_not_complete(tmp_path: Path) -> None:
    tables = TableStorage.open(str(tmp_path))
    whole, partly = (
        weather_of(day, *ahead).rows for day, ahead in (("2021-07-04", (0, 1, 2, 3)), ("2021-07-05", (1,)))
    )
    tables.write("weather_forecasts", {"2021-07-04": whole, "2021-07-05": partly, "2021-07-06": EMPTY})
    asked = ["2021-07-04", "2021-07-05", "2021-07-06", "2021-07-07"]

    assert incomplete_days(tables, asked, horizons=(0, 1, 2, 3)) == {"2021-07-05", "2021-07-06"}
    assert incomplete_days(tables, asked, horizons=()) == {"2021-07-06"}
    assert lacking_horizons(partly, ["2021-07-05"], horizons=(1, 2)) == {"2021-07-05": [2]}
