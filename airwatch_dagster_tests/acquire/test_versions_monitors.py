from typing import Any

import pandas as pd

from airwatch_dagster.acquire.versions import with_primary_changes
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.builders import MONITOR_ROW, table_of

MAY, JUNE, JULY = (pd.Timestamp(f"2022-0{month}-01 08:30:00.000001") for month in (5, 6, 7))
NONE = TABLES["monitors"].empty()


def listed(*changes: dict[str, Any]) -> pd.DataFrame:
    return table_of("monitors", MONITOR_ROW, *changes)


def merged(fresh: pd.DataFrame, stored: pd.DataFrame, seen_at: pd.Timestamp) -> pd.DataFrame:
    result = with_primary_changes(fresh, stored=stored, seen_at=seen_at)
    TABLES["monitors"].schema.validate(result)
    assert (result.dtypes == NONE.dtypes).all()
    return result


def change_times(monitors: pd.DataFrame) -> list[pd.Timestamp | None]:
    return [None if pd.isna(moment) else moment for moment in monitors["primary_changed_at"]]


def test_the_first_list_has_no_changes() -> None:
    assert change_times(merged(listed({}, {"poc": 2, "is_primary": False}), NONE, MAY)) == [None, None]


def test_a_changed_designation_gets_the_time_of_the_list_and_others_keep_theirs() -> None:
    stored = listed({}, {"poc": 2, "is_primary": False}, {"poc": 3}, {"poc": 4, "primary_changed_at": MAY})
    fresh = listed({"is_primary": False}, {"poc": 2}, {"poc": 3}, {"poc": 4})
    assert change_times(merged(fresh, stored, JUNE)) == [JUNE, JUNE, None, MAY]


def test_a_new_monitor_has_no_time_and_a_removed_one_is_dropped() -> None:
    result = merged(listed({"poc": 2}, {"poc": 3, "is_primary": False}), listed({}, {"poc": 2}), JUNE)
    assert result["poc"].tolist() == [2, 3]
    assert change_times(result) == [None, None]


def test_the_time_of_a_change_stays_until_the_next_change() -> None:
    first = merged(listed({}), NONE, MAY)
    second = merged(listed({"is_primary": False}), first, JUNE)
    third = merged(listed({"is_primary": False, "site_name": "Pier"}), second, JULY)
    assert change_times(third) == [JUNE]
    assert third["site_name"].tolist() == ["Pier"]
    assert change_times(merged(listed({}), third, JULY)) == [JULY]


def test_the_same_monitor_number_at_another_site_or_of_another_parameter_is_another_monitor() -> None:
    fresh = listed({"site_id": "170319002", "is_primary": False}, {"parameter_code": "88502", "is_primary": False})
    assert change_times(merged(fresh, listed({}), JUNE)) == [None, None]


def test_everything_else_comes_from_the_new_list_in_any_order_of_the_stored_one() -> None:
    stored = listed({"poc": 3, "is_primary": False}, {"poc": 2}, {})
    fresh = listed({"cbsa_code": None}, {"poc": 2, "method_code": "236"}, {"poc": 3}).set_axis([9, 4, 7])
    result = merged(fresh, stored, JUNE)
    pd.testing.assert_frame_equal(result.drop(columns="primary_changed_at"), fresh.drop(columns="primary_changed_at"))
    assert change_times(result) == [None, None, JUNE]


def test_an_empty_list_stays_empty() -> None:
    assert len(merged(NONE, listed({}), JUNE)) == 0
