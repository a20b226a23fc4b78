from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airwatch_dagster.acquire.readings import READING_COLUMNS
from airwatch_dagster.acquire.versions import as_of, merge_pull, without_pull
from airwatch_dagster.errors import BadPayload, ConfigurationError, ContractViolation
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.builders import RAW_ROW

RAW = TABLES["raw_readings"]
MAY, JUNE, JULY = (pd.Timestamp(f"2022-0{month}-01") for month in (5, 6, 7))


def pulled(*changes: dict[str, Any]) -> pd.DataFrame:
    """Published rows: one valid one per change."""
    rows = [{**RAW_ROW, **change} for change in changes]
    return pd.DataFrame(rows, columns=list(READING_COLUMNS)).astype(RAW.empty().dtypes[list(READING_COLUMNS)])


def everything(history: pd.DataFrame) -> pd.Series:
    return pd.Series(True, index=history.index)


def merge(history: pd.DataFrame, pull: pd.DataFrame, seen_at: pd.Timestamp, in_scope: Any = everything) -> pd.DataFrame:
    merged = merge_pull(history, pull, seen_at=seen_at, in_scope=in_scope)
    RAW.schema.validate(merged)
    return merged


def versions_of(history: pd.DataFrame, value: str = "arithmetic_mean") -> list[tuple[Any, ...]]:
    """Each version as (value, first seen, superseded), with None for null."""
    rows = history[[value, "first_seen_at", "superseded_at"]].astype(object)
    return list(rows.where(rows.notna(), None).itertuples(index=False, name=None))


def test_a_first_pull_is_all_new() -> None:
    history = merge(RAW.empty(), pulled({}, {"poc": 2, "arithmetic_mean": 9.0}), MAY)
    assert versions_of(history) == [(8.0, MAY, None), (9.0, MAY, None)]
    assert (history.dtypes == RAW.empty().dtypes).all()


def test_merging_a_pull_twice_changes_nothing() -> None:
    pull = pulled({}, {"poc": 2, "arithmetic_mean": np.nan, "pollutant_standard": None, "aqi": pd.NA})
    history = merge(RAW.empty(), pull, MAY)
    pd.testing.assert_frame_equal(merge(history, pull, JUNE), history)
    pd.testing.assert_frame_equal(merge(history, pull[::-1], MAY), history)


def test_a_changed_row_is_superseded_by_its_new_version() -> None:
    history = merge(RAW.empty(), pulled({}), MAY)
    history = merge(history, pulled({"arithmetic_mean": 7.0}), JUNE)
    assert versions_of(history) == [(8.0, MAY, JUNE), (7.0, JUNE, None)]


@pytest.mark.parametrize(
    "change", [{"arithmetic_mean": np.nan}, {"aqi": pd.NA}, {"method_code": None}, {"latitude": 41.8}]
)
def test_a_value_that_appears_disappears_or_moves_is_a_change(change: dict[str, Any]) -> None:
    history = merge(merge(RAW.empty(), pulled({}), MAY), pulled(change), JUNE)
    assert history["superseded_at"].isna().tolist() == [False, True]
    history = merge(history, pulled({}), JULY)
    assert history["superseded_at"].isna().tolist() == [False, False, True]


def test_another_source_or_date_of_last_change_alone_starts_no_version() -> None:
    history = merge(RAW.empty(), pulled({"source": "airdata"}), MAY)
    second = merge(history, pulled({"source": "aqs", "date_of_last_change": pd.Timestamp("2022-05-30")}), JUNE)
    pd.testing.assert_frame_equal(second, history)


def test_a_missing_row_is_superseded_only_in_scope() -> None:
    history = merge(RAW.empty(), pulled({}, {"site_number": "9002"}, {"site_number": "9003"}), MAY)
    cached = merge(history, pulled({}), JUNE, in_scope=history["site_number"] != "9003")
    assert versions_of(cached, "site_number") == [("9001", MAY, None), ("9002", MAY, JUNE), ("9003", MAY, None)]


def test_an_empty_pull_withdraws_its_scope() -> None:
    history = merge(RAW.empty(), pulled({}), MAY)
    assert versions_of(merge(history, pulled({}).iloc[:0], JUNE)) == [(8.0, MAY, JUNE)]
    assert len(merge(RAW.empty(), pulled({}).iloc[:0], JUNE)) == 0


def test_a_row_that_reappears_is_a_new_version() -> None:
    history = merge(RAW.empty(), pulled({}), MAY)
    history = merge(merge(history, pulled({}).iloc[:0], JUNE), pulled({}), JULY)
    assert versions_of(history) == [(8.0, MAY, JUNE), (8.0, JULY, None)]


def test_null_and_named_standards_are_different_keys() -> None:
    pull = pulled(
        {}, {"pollutant_standard": None}, {"event_type": None}, {"pollutant_standard": None, "event_type": None}
    )
    assert len(merge(RAW.empty(), pull, MAY)) == 4


def test_as_of_restores_the_history_of_any_instant() -> None:
    history = merge(RAW.empty(), pulled({}), MAY)
    history = merge(history, pulled({"arithmetic_mean": 7.0}), JUNE)
    history = merge(history, pulled({}).iloc[:0], JULY)
    second = pd.Timedelta(1, "s")
    known = {
        instant: as_of(history, instant)["arithmetic_mean"].tolist() for instant in (MAY - second, MAY, JUNE - second)
    }
    assert list(known.values()) == [[], [8.0], [8.0]]
    assert as_of(history, JUNE)["arithmetic_mean"].tolist() == [7.0]
    assert as_of(history, JULY.tz_localize("UTC"))["arithmetic_mean"].tolist() == []


def test_an_instant_with_a_time_zone_is_converted_to_naive_utc() -> None:
    history = merge(RAW.empty(), pulled({}), pd.Timestamp("2022-05-01 02:00", tz="Europe/Paris"))
    assert history["first_seen_at"].tolist() == [MAY]


def test_history_as_read_from_parquet_merges_like_fresh_history() -> None:
    history = merge(RAW.empty(), pulled({}), MAY)
    read = history.astype(dict.fromkeys(("date_local", "first_seen_at", "superseded_at"), "datetime64[us]"))
    assert versions_of(merge(read, pulled({"arithmetic_mean": 7.0}), JUNE)) == [(8.0, MAY, JUNE), (7.0, JUNE, None)]


def test_practice_and_real_rows_never_mix() -> None:
    history = merge(RAW.empty(), pulled({"source": "practice"}), MAY)
    with pytest.raises(ConfigurationError, match="practice rows and airdata rows would mix"):
        merge(history, pulled({"source": "airdata"}), JUNE)


def test_a_pull_older_than_the_history_is_refused() -> None:
    history = merge(RAW.empty(), pulled({}), JUNE)
    with pytest.raises(ConfigurationError, match="cannot follow"):
        merge(history, pulled({}), MAY)
    with pytest.raises(ConfigurationError, match="cannot follow"):
        merge(history, pulled({"arithmetic_mean": 7.0}), JUNE)


def test_a_pull_that_is_undone_leaves_what_was_before_and_what_came_elsewhere() -> None:
    before = merge(RAW.empty(), pulled({}, {"poc": 2}, {"poc": 3}), MAY)
    history = merge(before, pulled({"arithmetic_mean": 7.0}, {"poc": 2}, {"poc": 4}), JUNE)
    history = merge(history, pulled({"site_number": "9002"}), JULY, in_scope=history["site_number"] == "9002")

    undone = without_pull(history, JUNE, among=everything(history).to_numpy())

    expected = merge(before, pulled({"site_number": "9002"}), JULY, in_scope=before["site_number"] == "9002")
    pd.testing.assert_frame_equal(undone, expected)


def test_only_the_rows_it_covered_are_undone_where_two_pulls_have_one_time() -> None:
    sites = pulled({"arithmetic_mean": 7.0}), pulled({"site_number": "9002"}, {"site_number": "9003"})
    before = merge(RAW.empty(), pulled({}, {"site_number": "9003", "arithmetic_mean": 7.0}), MAY)
    history = merge(before, sites[0], JUNE, in_scope=before["site_number"] == "9001")
    history = merge(history, sites[1], JUNE, in_scope=history["site_number"] != "9001")

    undone = without_pull(history, JUNE, among=(history["site_number"] != "9001").to_numpy())

    assert versions_of(undone, "site_number") == [("9001", MAY, JUNE), ("9001", JUNE, None), ("9003", MAY, None)]


@pytest.mark.parametrize("later", [{"arithmetic_mean": 6.0}, {"poc": 9}])
def test_a_pull_on_which_a_later_one_builds_is_not_undone(later: dict[str, Any]) -> None:
    history = merge(merge(RAW.empty(), pulled({}), MAY), pulled({"arithmetic_mean": 7.0}), JUNE)
    history = merge(history, pulled(later), JULY)
    with pytest.raises(ConfigurationError, match=r"2022-06-01.*2022-07-01.*--undo 2022-07-01T00:00:00"):
        without_pull(history, JUNE, among=everything(history).to_numpy())


def test_a_repeated_key_is_refused_on_either_side() -> None:
    with pytest.raises(BadPayload, match=r"two rows for .*poc 1, date_local 2021-07-04"):
        merge(RAW.empty(), pulled({}, {"arithmetic_mean": 7.0}), MAY)
    twice = pulled({}, {}).assign(first_seen_at=[MAY, JUNE], superseded_at=pd.NaT)
    with pytest.raises(ContractViolation, match="two current versions"):
        merge_pull(twice, pulled({}), seen_at=JULY, in_scope=everything)


Published = dict[tuple[int, str | None], float | None]
PUBLISHED = st.dictionaries(
    st.tuples(st.integers(1, 3), st.sampled_from(["PM25 24-hour 2024", None])),
    st.sampled_from([8.0, 9.0, None]),
    max_size=4,
)


def as_pull(published: Published) -> pd.DataFrame:
    rows = [{"poc": poc, "pollutant_standard": std, "arithmetic_mean": v} for (poc, std), v in published.items()]
    return pulled(*rows) if rows else pulled({}).iloc[:0]


@given(pulls=st.lists(st.tuples(PUBLISHED, st.sets(st.integers(1, 3))), min_size=1, max_size=4))
def test_merging_equals_an_obvious_loop_over_rows(pulls: list[tuple[Published, set[int]]]) -> None:
    history, current, closed = RAW.empty(), {}, []
    for number, (published, silent_pocs) in enumerate(pulls):
        seen_at = MAY + pd.Timedelta(number, "D")
        in_scope = ~history["poc"].isin(silent_pocs)
        history = merge_pull(history, as_pull(published), seen_at=seen_at, in_scope=in_scope)
        for key, (value, since) in list(current.items()):
            if (key in published and published[key] != value) or (key not in published and key[0] not in silent_pocs):
                closed.append((*key, value, since, seen_at))
                del current[key]
        for key, value in published.items():
            current.setdefault(key, (value, seen_at))
    expected = closed + [(*key, value, since, None) for key, (value, since) in current.items()]
    columns = ["poc", "pollutant_standard", "arithmetic_mean", "first_seen_at", "superseded_at"]
    rows = history[columns].astype(object)
    found = list(rows.where(rows.notna(), None).itertuples(index=False, name=None))
    assert sorted(found, key=str) == sorted(expected, key=str)
