from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.acquire.equivalence import adds_information, drop_other_parameters, equivalent_rows
from airwatch_dagster.acquire.readings import READING_COLUMNS
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.builders import RAW_ROW, table_of

API = {
    "sample_duration": "24-HR BLK AVG",
    "pollutant_standard": "PM25 24-hour 2024",
    "event_type": "Events Included",
    "source": "aqs",
}
BULK = {
    "sample_duration": "24-HR BLK AVG",
    "pollutant_standard": "PM25 24-hour 2012",
    "event_type": "Included",
    "source": "airdata",
}
HOURS = {"sample_duration": "1 HOUR", "pollutant_standard": None}
AIRNOW = {"source": "airnow", "poc": 0, "pollutant_standard": None, "event_type": None, "validity_indicator": None}


def history_of(*changes: dict[str, Any]) -> pd.DataFrame:
    return table_of("raw_readings", RAW_ROW, *changes)


def rows_of(*changes: dict[str, Any]) -> pd.DataFrame:
    return history_of(*changes)[list(READING_COLUMNS)]


def restated(change: dict[str, Any], *rows: dict[str, Any]) -> bool:
    return bool(equivalent_rows(history_of(change), rows_of(*rows)).item())


def test_a_monitor_day_is_restated_in_the_other_publications_words() -> None:
    assert restated(BULK, API)
    assert restated(API, BULK)
    assert restated(BULK | {"arithmetic_mean": 3.0}, API)


@pytest.mark.parametrize("event_type", ["Included", "None", "No Events", "Events Included", None])
def test_all_words_for_events_that_count_are_one(event_type: str | None) -> None:
    assert restated(BULK | {"event_type": event_type}, API)
    assert not restated(BULK | {"event_type": event_type}, API | {"event_type": "Concurred Events Excluded"})


def test_rows_without_event_hours_restate_each_other_only() -> None:
    excluded = API | {"event_type": "Concurred Events Excluded"}
    assert restated(BULK | {"event_type": "Excluded"}, excluded)
    assert not restated(BULK | {"event_type": "Excluded"}, API)


def test_a_word_that_is_new_restates_itself_alone() -> None:
    assert restated(BULK | {"event_type": "Under Review"}, API | {"event_type": "Under Review"})
    assert not restated(BULK | {"event_type": "Under Review"}, API)


def test_hours_are_not_restated_by_the_days_mean_nor_the_other_way_round() -> None:
    assert not restated(BULK | HOURS, API)
    assert not restated(BULK, API | HOURS)
    assert restated(BULK | HOURS, API | HOURS)


def test_a_filters_day_is_not_a_block_average() -> None:
    assert not restated(BULK | {"sample_duration": "24 HOUR"}, API)


def test_an_annual_standard_is_another_statement_than_a_daily_one() -> None:
    assert not restated(BULK, API | {"pollutant_standard": "PM25 Annual 2024"})
    assert restated(BULK | {"pollutant_standard": "PM25 Annual 2012"}, API | {"pollutant_standard": "PM25 Annual 2024"})


@pytest.mark.parametrize(
    "change",
    [
        {"poc": 2},
        {"date_local": pd.Timestamp("2021-07-05")},
        {"site_number": "9002"},
        {"county_code": "043"},
        {"parameter_code": "88502"},
    ],
)
def test_another_monitor_or_day_is_not_restated(change: dict[str, Any]) -> None:
    assert not restated(BULK | change, API)


def test_of_the_same_source_only_a_day_whose_events_are_flagged_otherwise_is_restated() -> None:
    assert restated(API | {"event_type": "No Events"}, API | {"event_type": "Events Included"})
    assert restated(BULK | {"event_type": "None"}, BULK | {"event_type": "Included"})
    assert not restated(API | {"pollutant_standard": "PM25 24-hour 2012"}, API)
    excluded = {"event_type": "Events Excluded"}
    assert not restated(API | excluded, API | {"event_type": "Concurred Events Excluded"})


def test_airnows_row_is_restated_by_any_row_of_its_sites_day() -> None:
    assert restated(AIRNOW, API | {"poc": 3})
    assert restated(AIRNOW, API | HOURS)
    assert not restated(AIRNOW, API | {"date_local": pd.Timestamp("2021-07-05")})
    assert not restated(AIRNOW, API | {"site_number": "9002"})
    assert not restated(AIRNOW, API | {"parameter_code": "88502"})


def test_airnow_finalises_nothing_of_its_own() -> None:
    assert not restated(AIRNOW, AIRNOW | {"arithmetic_mean": 9.0})


def test_without_rows_nothing_is_restated_and_without_history_nothing_can_be() -> None:
    assert equivalent_rows(history_of(BULK, AIRNOW), rows_of({})[:0]).tolist() == [False, False]
    assert equivalent_rows(TABLES["raw_readings"].empty(), rows_of(API)).tolist() == []


def test_each_row_of_history_is_judged_by_itself() -> None:
    history = history_of(BULK, BULK | HOURS, AIRNOW, API).set_axis([7, 3, 5, 1])
    expected = pd.Series([True, False, True, False], index=[7, 3, 5, 1])
    pd.testing.assert_series_equal(equivalent_rows(history, rows_of(API)), expected)


ANNUAL = {"pollutant_standard": "PM25 Annual 2024"}


def is_news(known: list[dict[str, Any]], *rows: dict[str, Any]) -> bool:
    """Whether the rows of one monitor's day are news; they are left in or out together."""
    told = adds_information(rows_of(*rows), history_of(*known))
    assert told.all() == told.any()
    return bool(told.any())


def test_the_same_value_in_other_words_is_no_news() -> None:
    assert not is_news([BULK], API)
    assert not is_news([BULK, BULK | HOURS], API, API | HOURS)
    assert not is_news([BULK], API | {"date_of_last_change": pd.Timestamp("2022-05-01"), "aqi": 50})


@pytest.mark.parametrize(
    "change", [{"arithmetic_mean": 8.1}, {"validity_indicator": "N"}, {"method_code": "236"}, {"arithmetic_mean": None}]
)
def test_another_value_method_or_validity_is_news_with_all_rows_of_the_day(change: dict[str, Any]) -> None:
    assert is_news([BULK], API | change)
    assert is_news([BULK, BULK | HOURS], API, API | HOURS | change)


def test_a_value_that_the_other_source_does_not_state_is_news() -> None:
    assert is_news([], API)
    assert is_news([BULK], API, API | HOURS)
    assert is_news([BULK | {"poc": 2}], API)
    assert is_news([BULK | {"date_local": pd.Timestamp("2021-07-05")}], API)


def test_what_the_bulk_files_never_state_is_no_news_by_itself() -> None:
    excluded = API | {"event_type": "Concurred Events Excluded", "arithmetic_mean": 3.0}
    assert not is_news([BULK], API, API | ANNUAL | {"arithmetic_mean": 3.0}, excluded)


def test_what_was_superseded_is_provisional_or_comes_from_the_same_source_is_not_known() -> None:
    assert is_news([BULK | {"superseded_at": pd.Timestamp("2021-11-01")}], API)
    assert is_news([BULK | {"source": "airnow"}], API)
    assert is_news([API], API)


def test_news_of_one_day_leaves_the_others_out() -> None:
    later = {"date_local": pd.Timestamp("2021-07-05")}
    rows = rows_of(API, API | later | {"arithmetic_mean": 3.0})
    assert adds_information(rows, history_of(BULK, BULK | later)).tolist() == [False, True]
    assert adds_information(rows[:0], history_of(BULK)).tolist() == []
    assert adds_information(rows_of(API), TABLES["raw_readings"].empty()).tolist() == [True]


OTHER = API | {"parameter_code": "88502", "pollutant_standard": None}


def parameters_left(known: list[dict[str, Any]], *rows: dict[str, Any]) -> list[str]:
    history = history_of(*known) if known else TABLES["raw_readings"].empty()
    return drop_other_parameters(rows_of(*rows), history, parameter="88101")["parameter_code"].tolist()


def test_rows_of_another_parameter_are_strangers_unless_a_record_moved() -> None:
    assert parameters_left([], API, OTHER | {"poc": 2}) == ["88101"]
    assert parameters_left([API | {"poc": 2}], API, OTHER | {"poc": 2}) == ["88101", "88502"]
    assert parameters_left([BULK], OTHER) == ["88502"]


def test_a_record_published_under_both_parameters_has_not_moved() -> None:
    assert parameters_left([API], API, OTHER) == ["88101"]


def test_a_record_that_had_moved_stays_known() -> None:
    assert parameters_left([OTHER], OTHER) == ["88502"]
    assert parameters_left([OTHER | {"superseded_at": pd.Timestamp("2021-11-01")}], OTHER) == []


def test_airnows_row_is_no_record_that_could_move() -> None:
    assert parameters_left([AIRNOW | {"poc": 1}], OTHER) == []
