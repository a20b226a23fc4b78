"""Rows that break the contract are counted and shown; values are never changed to make them valid."""

import time
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest

from airwatch_dagster.errors import ContractViolation
from airwatch_dagster.schemas import CONTRACTS, TABLES, validation
from airwatch_dagster.schemas.base import Table, TableSpec
from airwatch_dagster.schemas.validation import (
    TableContractViolation,
    Violation,
    coerced_if_valid,
    validated,
    violations_of,
)
from airwatch_dagster_tests import builders

SITES = ({"site_id": "170310001"}, {"site_id": "170310002"}, {"site_id": "170310003"})


def broken(frame: pd.DataFrame, table: str = "site_days") -> list[tuple[str, str, int]]:
    """Column, rule and count of every violation."""
    return [(violation.column, violation.rule, violation.count) for violation in violations_of(table, frame)]


def test_a_valid_frame_comes_back_unchanged() -> None:
    frame = builders.site_days(*SITES)

    pd.testing.assert_frame_equal(validated("site_days", frame), frame)
    assert violations_of("site_days", frame) == ()


def test_an_empty_frame_of_the_contract_is_valid() -> None:
    for spec in TABLES.values():
        pd.testing.assert_frame_equal(validated(spec.name, spec.empty()), spec.empty())


def test_a_violation_names_table_column_rule_count_and_rows() -> None:
    frame = builders.site_days(*SITES).assign(pm25_ugm3=[8.0, -99.0, -77.0])

    with pytest.raises(TableContractViolation) as caught:
        validated("site_days", frame)

    day = pd.Timestamp("2021-07-04")
    assert caught.value.violations == (
        Violation(
            "pm25_ugm3",
            "must satisfy greater_than_or_equal_to(-50.0)",
            2,
            (
                {"site_id": "170310002", "date_local": day, "pm25_ugm3": -99.0},
                {"site_id": "170310003", "date_local": day, "pm25_ugm3": -77.0},
            ),
        ),
    )
    message = str(caught.value)
    assert message.startswith("site_days: the frame breaks the contract: pm25_ugm3 must satisfy greater_than_or_equal")
    assert (
        "2 rows, such as site_id=170310002 date_local=2021-07-04 00:00:00 pm25_ugm3=-99.0; site_id=170310003" in message
    )
    assert message.endswith("nothing of the frame was stored. Retrying will not help.")


def test_the_violation_has_the_index_labels_of_the_failed_rows() -> None:
    frame = builders.site_days(*SITES).assign(pm25_ugm3=[8.0, -99.0, 8.0], aqi=[44, 44, -1])
    frame.index = pd.Index(["a", "b", "c"])

    with pytest.raises(TableContractViolation) as caught:
        validated("site_days", frame)

    assert list(caught.value.row_index) == ["b", "c"]


def test_a_frame_with_a_repeated_index_is_valid() -> None:
    frame = pd.concat([builders.site_days(SITES[0]), builders.site_days(SITES[1])])

    assert validated("site_days", frame).index.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("column", "values", "rule", "count"),
    [
        ("pm25_ugm3", [8.0, None, None], "must not be null", 2),
        ("site_id", ["170310001", "17031", "170310003"], "must satisfy str_matches('^[0-9]{9}$')", 1),
        ("monitor_count", [1, 1.5, 2], "must be a whole number", 1),
        ("monitor_count", [1, np.nan, 2], "must not be null", 1),
        ("monitor_count", ["1", "two", "3"], "must be int64", 1),
        ("pm25_ugm3", ["8.0", "low", "9"], "must be float64", 1),
        ("is_valid", [True, None, False], "must be true or false", 1),
        ("is_valid", [True, np.nan, False], "must be true or false", 1),
        ("is_valid", ["Y", "N", "False"], "must be true or false", 3),
        ("is_valid", [1, 0, 2], "must be true or false", 3),
        ("date_local", ["2021-07-04", "July", "2021-07-04"], "must be datetime64[ns]", 1),
        ("date_local", pd.to_datetime(["2021-07-04"] * 3).tz_localize("America/Chicago"), "must have no time zone", 3),
        (
            "date_local",
            pd.to_datetime(["2021-07-04 00:00", "2021-07-04 05:00", "2021-07-04 00:00"]),
            "must be a day without a time",
            1,
        ),
    ],
)
def test_one_broken_rule_is_one_violation(column: str, values: Any, rule: str, count: int) -> None:
    frame = builders.site_days(*SITES)
    frame[column] = values

    assert broken(frame) == [(column, rule, count)]


def test_a_fraction_in_a_nullable_integer_column_is_found_among_nulls() -> None:
    frame = builders.raw_readings({"poc": 1}, {"poc": 2}, {"poc": 3}).astype({"aqi": "float64"})
    frame["aqi"] = [44.0, 44.5, None]

    assert broken(frame, "raw_readings") == [("aqi", "must be a whole number", 1)]


def test_values_that_fit_without_change_are_coerced() -> None:
    frame = builders.site_days(*SITES).astype({"monitor_count": "float64", "site_id": "category"})
    frame["date_local"] = "2021-07-04"
    frame["is_valid"] = pd.Series([True, False, True], dtype="object")

    result = validated("site_days", frame)

    pd.testing.assert_frame_equal(result, builders.site_days(*SITES).assign(is_valid=[True, False, True]))


def test_rows_with_the_same_key_are_all_shown() -> None:
    frame = builders.site_days(*SITES).assign(site_id=["170310001", "170310002", "170310001"])

    (violation,) = violations_of("site_days", frame)

    assert (violation.column, violation.rule, violation.count) == ("site_id, date_local", "must be unique", 2)
    assert [row["site_id"] for row in violation.failure_cases] == ["170310001", "170310001"]


def test_columns_that_are_missing_unknown_or_repeated_are_named() -> None:
    frame = builders.site_days().drop(columns="aqi").assign(pm25=8.0)
    twice = pd.concat([builders.site_days(), builders.site_days()[["aqi"]]], axis=1)

    assert broken(frame) == [
        ("aqi", "is missing", 0),
        ("pm25", "is not a column of this table", 0),
    ]
    assert broken(twice) == [("aqi", "occurs more than once", 0)]
    with pytest.raises(
        ContractViolation, match="site_days: the frame breaks the contract: aqi is missing; pm25 is not"
    ):
        validated("site_days", frame)


def test_columns_in_another_order_are_a_violation() -> None:
    frame = builders.site_days()

    (violation,) = violations_of("site_days", frame[frame.columns[::-1]])

    assert violation.rule.startswith("columns must be in the order site_id, date_local, pm25_ugm3")


def test_all_broken_rules_are_reported_at_once() -> None:
    frame = builders.site_days(*SITES).assign(pm25_ugm3=-99.0, chosen_by="a coin", monitor_count=[0, 1, 1.5])

    assert broken(frame) == [
        ("monitor_count", "must be a whole number", 1),
        ("pm25_ugm3", "must satisfy greater_than_or_equal_to(-50.0)", 3),
        (
            "chosen_by",
            (
                "must satisfy isin(('primary_monitor', 'sole_monitor', 'collocated_average', 'undesignated_average', "
                "'acceptable_monitor', 'acceptable_average', 'airnow_site'))"
            ),
            3,
        ),
    ]


def test_a_rule_across_columns_is_reported_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forecasts(Table):
        issue_date: pd.Timestamp
        target_date: pd.Timestamp

        @pa.dataframe_check(name="target_after_issue")
        @classmethod
        def after(cls, frame: pd.DataFrame) -> pd.Series:
            return frame["target_date"] > frame["issue_date"]

    spec = TableSpec("forecasts", Forecasts, "day", ("issue_date",), "issue_date")
    monkeypatch.setitem(TABLES, "forecasts", spec)
    days = pd.to_datetime(["2021-07-01", "2021-07-02"])
    frame = pd.DataFrame({"issue_date": days, "target_date": days + pd.to_timedelta([1, 0], unit="D")})

    assert broken(frame, "forecasts") == [("", "must satisfy target_after_issue", 1)]


def test_an_unknown_table_is_an_error() -> None:
    with pytest.raises(ContractViolation, match=r"readings_v2: is not a valid table\. Choose one of monitors, "):
        validated("readings_v2", pd.DataFrame())


def test_many_duplicates_are_reported_in_seconds() -> None:
    """The underlying library took minutes for the same."""
    frame = builders.site_days()
    many = frame.loc[frame.index.repeat(20_000)]

    start = time.perf_counter()
    assert broken(many) == [("site_id, date_local", "must be unique", 20_000)]
    assert time.perf_counter() - start < 5.0


ODD: tuple[Any, ...] = (
    *(None, np.nan, pd.NaT, pd.NA, "", "x", "17031000", "17031\n0001", "Y", "1", True, False),
    *(0, 1, 1.5, -1e9, 1e9, np.inf, np.float32(0.1), np.str_("170310001"), b"170310001"),
    *(pd.Timestamp("2021-07-04 05:00"), pd.Timestamp("2021-07-04", tz="UTC"), pd.Timestamp("1600-01-01").as_unit("s")),
)
"""Values of which most do not fit most columns."""


FRAMES = {
    "site_days": builders.site_days(*SITES),
    "raw_readings": builders.raw_readings({"poc": 1}, {"poc": 2}, {"poc": 3}),
}


@pytest.mark.parametrize(
    "table", [pytest.param(name, marks=[pytest.mark.slow] if name == "raw_readings" else []) for name in FRAMES]
)
def test_what_passes_without_pandera_is_what_pandera_returns(table: str) -> None:
    """In each column in turn each value, in one row and in all of them."""
    passed = 0
    for name in FRAMES[table].columns:
        whole = FRAMES[table][name].astype(object).to_list()
        for value, rows in product(ODD, ([1], [0, 1, 2])):
            changed = pd.Series([value if number in rows else one for number, one in enumerate(whole)], dtype=object)
            for values in (changed, changed.infer_objects()):
                frame = FRAMES[table].assign(**{name: values})
                returned = coerced_if_valid(CONTRACTS[table], frame)
                if returned is not None:
                    passed += 1
                    expected = validation._schema_without_uniqueness(table).validate(frame, lazy=True)
                    pd.testing.assert_frame_equal(returned, expected, check_exact=True)
    assert passed > 10


def test_valid_rows_of_other_floats_times_and_truths_need_no_pandera(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = builders.site_days(*SITES).assign(pm25_ugm3=np.array([8.0, 9.1, 10.0], dtype="float32"))
    frame["date_local"] = frame["date_local"].astype("datetime64[s]")
    expected = validated("site_days", frame)
    assert expected.dtypes.to_dict() == CONTRACTS["site_days"].empty().dtypes.to_dict()
    monkeypatch.setattr(validation, "_schema_without_uniqueness", None)

    pd.testing.assert_frame_equal(validated("site_days", frame), expected, check_exact=True)
    assert coerced_if_valid(CONTRACTS["site_days"], frame.assign(pm25_ugm3=-99.0)) is None


def test_a_value_that_is_no_text_and_cannot_be_hashed_is_a_violation() -> None:
    frame = builders.site_days(*SITES)
    frame["chosen_by"] = pd.Series([["a", "list"], "x", "x"], dtype=object)

    assert [column for column, _, _ in broken(frame)] == ["chosen_by"]
