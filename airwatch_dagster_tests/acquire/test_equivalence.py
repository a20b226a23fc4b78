from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.acquire.equivalence import (
    adds_information,
    drop_other_parameters,
    equivalent_rows,
    replaced_rows,
)
from airwatch_dagster.acquire.parsing.rejections import REJECTED_COLUMNS, no_rejected_lines
from airwatch_dagster.acquire.pulls import Pull
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


def is_equivalent(change: dict[str, Any], *rows: dict[str, Any]) -> bool:
    return bool(equivalent_rows(history_of(change), rows_of(*rows)).item())


def test_a_monitor_day_is_equivalent_across_products() -> None:
    assert is_equivalent(BULK, API)
    assert is_equivalent(API, BULK)
    assert is_equivalent(BULK | {"arithmetic_mean": 3.0}, API)


@pytest.mark.parametrize("event_type", ["Included", "None", "No Events", "Events Included", None])
def test_all_event_types_with_events_included_are_equivalent(event_type: str | None) -> None:
    assert is_equivalent(BULK | {"event_type": event_type}, API)
    assert not is_equivalent(BULK | {"event_type": event_type}, API | {"event_type": "Concurred Events Excluded"})


def test_rows_with_events_excluded_are_equivalent_only_to_each_other() -> None:
    excluded = API | {"event_type": "Concurred Events Excluded"}
    assert is_equivalent(BULK | {"event_type": "Excluded"}, excluded)
    assert not is_equivalent(BULK | {"event_type": "Excluded"}, API)


def test_an_unknown_event_type_is_equivalent_only_to_itself() -> None:
    assert is_equivalent(BULK | {"event_type": "Under Review"}, API | {"event_type": "Under Review"})
    assert not is_equivalent(BULK | {"event_type": "Under Review"}, API)


def test_hours_and_daily_means_are_not_equivalent() -> None:
    assert not is_equivalent(BULK | HOURS, API)
    assert not is_equivalent(BULK, API | HOURS)
    assert is_equivalent(BULK | HOURS, API | HOURS)


def test_a_filter_day_is_not_equivalent_to_a_block_average() -> None:
    assert not is_equivalent(BULK | {"sample_duration": "24 HOUR"}, API)


def test_annual_and_24_hour_standards_are_not_equivalent() -> None:
    assert not is_equivalent(BULK, API | {"pollutant_standard": "PM25 Annual 2024"})
    assert is_equivalent(
        BULK | {"pollutant_standard": "PM25 Annual 2012"}, API | {"pollutant_standard": "PM25 Annual 2024"}
    )


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
def test_another_monitor_or_day_is_not_equivalent(change: dict[str, Any]) -> None:
    assert not is_equivalent(BULK | change, API)


def test_within_a_source_only_another_event_flag_is_equivalent() -> None:
    assert is_equivalent(API | {"event_type": "No Events"}, API | {"event_type": "Events Included"})
    assert is_equivalent(BULK | {"event_type": "None"}, BULK | {"event_type": "Included"})
    assert not is_equivalent(API | {"pollutant_standard": "PM25 24-hour 2012"}, API)
    excluded = {"event_type": "Events Excluded"}
    assert not is_equivalent(API | excluded, API | {"event_type": "Concurred Events Excluded"})


def test_an_airnow_row_is_equivalent_to_any_row_of_its_sites_day() -> None:
    assert is_equivalent(AIRNOW, API | {"poc": 3})
    assert is_equivalent(AIRNOW, API | HOURS)
    assert not is_equivalent(AIRNOW, API | {"date_local": pd.Timestamp("2021-07-05")})
    assert not is_equivalent(AIRNOW, API | {"site_number": "9002"})
    assert not is_equivalent(AIRNOW, API | {"parameter_code": "88502"})


def test_an_airnow_row_is_not_equivalent_to_an_airnow_row() -> None:
    assert not is_equivalent(AIRNOW, AIRNOW | {"arithmetic_mean": 9.0})


def test_empty_frames_have_no_equivalent_rows() -> None:
    assert equivalent_rows(history_of(BULK, AIRNOW), rows_of({})[:0]).tolist() == [False, False]
    assert equivalent_rows(TABLES["raw_readings"].empty(), rows_of(API)).tolist() == []


def test_each_row_of_history_is_judged_by_itself() -> None:
    history = history_of(BULK, BULK | HOURS, AIRNOW, API).set_axis([7, 3, 5, 1])
    expected = pd.Series([True, False, True, False], index=[7, 3, 5, 1])
    pd.testing.assert_series_equal(equivalent_rows(history, rows_of(API)), expected)


ANNUAL = {"pollutant_standard": "PM25 Annual 2024"}


def adds(known: list[dict[str, Any]], *rows: dict[str, Any]) -> bool:
    """Whether the rows of one monitor-day add information; all of them do or none."""
    mask = adds_information(rows_of(*rows), history_of(*known))
    assert mask.all() == mask.any()
    return bool(mask.any())


def test_the_same_value_from_another_product_adds_nothing() -> None:
    assert not adds([BULK], API)
    assert not adds([BULK, BULK | HOURS], API, API | HOURS)
    assert not adds([BULK], API | {"date_of_last_change": pd.Timestamp("2022-05-01"), "aqi": 50})


@pytest.mark.parametrize(
    "change", [{"arithmetic_mean": 8.1}, {"validity_indicator": "N"}, {"method_code": "236"}, {"arithmetic_mean": None}]
)
def test_another_value_method_or_validity_adds_all_rows_of_the_day(change: dict[str, Any]) -> None:
    assert adds([BULK], API | change)
    assert adds([BULK, BULK | HOURS], API, API | HOURS | change)


def test_a_value_that_the_other_source_lacks_adds_information() -> None:
    assert adds([], API)
    assert adds([BULK], API, API | HOURS)
    assert adds([BULK | {"poc": 2}], API)
    assert adds([BULK | {"date_local": pd.Timestamp("2021-07-05")}], API)


def test_rows_that_bulk_files_never_contain_add_nothing_by_themselves() -> None:
    excluded = API | {"event_type": "Concurred Events Excluded", "arithmetic_mean": 3.0}
    assert not adds([BULK], API, API | ANNUAL | {"arithmetic_mean": 3.0}, excluded)


def test_superseded_provisional_and_own_rows_are_not_compared() -> None:
    assert adds([BULK | {"superseded_at": pd.Timestamp("2021-11-01")}], API)
    assert adds([BULK | {"source": "airnow"}], API)
    assert adds([API], API)


def test_new_information_about_one_day_leaves_other_days_out() -> None:
    later = {"date_local": pd.Timestamp("2021-07-05")}
    rows = rows_of(API, API | later | {"arithmetic_mean": 3.0})
    assert adds_information(rows, history_of(BULK, BULK | later)).tolist() == [False, True]
    assert adds_information(rows[:0], history_of(BULK)).tolist() == []
    assert adds_information(rows_of(API), TABLES["raw_readings"].empty()).tolist() == [True]


OTHER = API | {"parameter_code": "88502", "pollutant_standard": None}


def parameters_left(known: list[dict[str, Any]], *rows: dict[str, Any]) -> list[str]:
    history = history_of(*known) if known else TABLES["raw_readings"].empty()
    return drop_other_parameters(rows_of(*rows), history, parameter="88101")["parameter_code"].tolist()


def test_rows_of_another_parameter_are_dropped_unless_a_record_moved() -> None:
    assert parameters_left([], API, OTHER | {"poc": 2}) == ["88101"]
    assert parameters_left([API | {"poc": 2}], API, OTHER | {"poc": 2}) == ["88101", "88502"]
    assert parameters_left([BULK], OTHER) == ["88502"]


def test_a_record_published_under_both_parameters_has_not_moved() -> None:
    assert parameters_left([API], API, OTHER) == ["88101"]


def test_a_record_that_moved_earlier_is_retained() -> None:
    assert parameters_left([OTHER], OTHER) == ["88502"]
    assert parameters_left([OTHER | {"superseded_at": pd.Timestamp("2021-11-01")}], OTHER) == []


def test_an_airnow_row_cannot_move() -> None:
    assert parameters_left([AIRNOW | {"poc": 1}], OTHER) == []


SITE, DAY = "170319001", RAW_ROW["date_local"]


def replaced(
    history: list[dict[str, Any]],
    rows: list[dict[str, Any]],
    *,
    site: str | None = SITE,
    day: pd.Timestamp | None = DAY,
) -> list[bool]:
    """The rows of history that a pull of everything replaces, when it has ``rows`` and a line was set aside."""
    line = ("a.csv", 2, False, "Arithmetic Mean", "-999", "expected a number", site, day)
    rejected = pd.DataFrame([line], columns=list(REJECTED_COLUMNS)).astype({"date_local": "datetime64[ns]"})
    published = rows_of(*rows) if rows else rows_of().iloc[:0]
    pull = Pull(published, lambda stored: pd.Series(True, index=stored.index), rejected=rejected)
    return [bool(one) for one in replaced_rows(history_of(*history), pull)]


def test_a_pull_without_lines_set_aside_replaces_what_is_in_its_scope() -> None:
    history = history_of({}, {"poc": 2})
    pull = Pull(rows_of(), lambda stored: stored["poc"] == 2, rejected=no_rejected_lines())
    assert replaced_rows(history, pull).tolist() == [False, True]


def test_a_row_that_a_line_set_aside_may_be_about_is_not_withdrawn() -> None:
    elsewhere = [{"site_number": "9002"}, {"date_local": DAY + pd.Timedelta(days=1)}]
    assert replaced([{}, {"poc": 2}, *elsewhere], []) == [False, False, True, True]
    assert replaced([{}, *elsewhere], [], day=None) == [False, True, False]
    assert replaced([{}, *elsewhere], [], site=None) == [False, False, True]
    assert replaced([{}, *elsewhere], [], site=None, day=None) == [False, False, False]


def test_a_row_that_the_pull_has_in_the_words_of_another_product_is_replaced_all_the_same() -> None:
    assert replaced([BULK, BULK | {"poc": 2}], [API]) == [True, False]


def test_a_provisional_row_is_replaced_by_any_final_one_of_its_sites_day() -> None:
    assert replaced([AIRNOW], [{"poc": 3}]) == [True]
    assert replaced([AIRNOW], [{"poc": 3, "site_number": "9002"}], site=None) == [False]
