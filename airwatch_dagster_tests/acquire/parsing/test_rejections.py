"""Rows set aside: what is said of them, when there are too many, and what they may have been about."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.acquire.parsing.rejections import (
    MAX_SHOWN_CHARACTERS,
    REJECTED_COLUMNS,
    Rejection,
    SourceLocation,
    joined_rejections,
    may_be_rejected,
    no_rejected_lines,
    rejections_of_days,
)
from airwatch_dagster.errors import BadPayload
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster_tests import builders

NAMES = {"arithmetic_mean": "Arithmetic Mean", "date_local": "Date Local", "site_number": "Site Num"}
HERE, DAY = "170319001", pd.Timestamp("2021-07-04")
LINE: dict[str, Any] = {
    "file": "a.csv",
    "line_number": 2,
    "is_repaired": False,
    "column_name": "AQI",
    "value": "x",
    "reason": "expected a whole number",
    "site_id": HERE,
    "date_local": DAY,
}


def origin() -> SourceLocation:
    return SourceLocation("a.csv", "line", 2, NAMES)


def text(*changes: dict[str, Any]) -> pd.DataFrame:
    row = {"state_code": "17", "county_code": "031", "site_number": "9001", "date_local": "07/04/2021"}
    return pd.DataFrame([row | change for change in changes], dtype=object)


def lines(*changes: dict[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame([LINE | change for change in changes], columns=list(REJECTED_COLUMNS))
    return frame.astype({"date_local": "datetime64[ns]"})


def test_the_first_reason_of_a_row_counts() -> None:
    place = origin()
    place.reject([1], "arithmetic_mean", ["n/a"], "a number")
    place.reject([1, 2], "aqi", ["x", None], "a whole number")

    shown = place.rejected(text({}, {}, {}))[["line_number", "column_name", "value", "reason"]]
    assert shown.values.tolist() == [
        [3, "Arithmetic Mean", "n/a", "expected a number"],
        [4, "aqi", None, "has no value, expected a whole number"],
    ]


def test_a_line_that_was_repaired_and_then_set_aside_is_set_aside() -> None:
    place = origin()
    place.note(0, Rejection("joined 2 lines of one record", "a|b", is_repaired=True))
    place.note(1, Rejection("joined 2 lines of one record", "a|b", is_repaired=True))
    place.reject([0], "aqi", "x", "a whole number")
    place.note(0, Rejection("joined 2 lines of one record", "a|b", is_repaired=True))

    assert place.rejected(text({}, {}))["is_repaired"].tolist() == [False, True]
    assert place.kept(text({}, {})).index.tolist() == [1]


def test_a_long_value_is_cut() -> None:
    place = origin()
    place.reject([0], "aqi", ["x" * 1000], "a whole number")

    assert place.rejected(text({}))["value"].item() == "x" * MAX_SHOWN_CHARACTERS


@pytest.mark.parametrize(
    ("row", "column", "site", "day"),
    [
        ({}, "arithmetic_mean", HERE, DAY),
        ({"date_local": "2021-07-04"}, "arithmetic_mean", HERE, DAY),
        ({"state_code": "17.0"}, "arithmetic_mean", HERE, DAY),
        ({"date_local": "someday"}, "arithmetic_mean", HERE, pd.NaT),
        ({"site_number": None}, "arithmetic_mean", None, DAY),
        ({"state_code": 17}, "arithmetic_mean", HERE, DAY),
        ({"site_number": 9001.5}, "arithmetic_mean", None, DAY),
        ({"date_local": "07/04/1921"}, "date_local", HERE, pd.NaT),
        ({}, "county_code", None, DAY),
    ],
)
def test_site_and_day_are_those_of_the_text_but_for_what_is_unreadable(
    row: dict[str, Any], column: str, site: str | None, day: Any
) -> None:
    place = origin()
    place.reject([0], column, "x", "another")

    [found] = place.rejected(text(row))[["site_id", "date_local"]].values.tolist()
    assert found[0] == site
    assert found[1] is day or found[1] == day


def test_what_a_line_itself_shows_counts_where_there_is_no_row() -> None:
    place = origin()
    place.note(7, Rejection("expected 13 fields, 5 found", "a|b", site_id=HERE, day=DAY))

    frame = place.rejected(text({}))
    assert frame[["site_id", "date_local"]].values.tolist() == [[HERE, DAY]]
    assert frame["column_name"].tolist() == [None]


@pytest.mark.parametrize(("column", "value"), [("aqi", "x"), ("date_local", None), ("site_number", "1")])
def test_the_rows_keep_the_contract_of_their_table(column: str, value: str | None) -> None:
    place = origin()
    place.reject([0], column, [value], "another")
    rejected = place.rejected(text({column: value}))

    assert tuple(rejected.columns) == REJECTED_COLUMNS
    assert rejected.dtypes.to_dict() == no_rejected_lines().dtypes.to_dict()
    stored = rejected.assign(read_for="raw_readings", read_at=DAY)[TABLES["rejected_lines"].column_names]
    assert len(validated("rejected_lines", stored)) == 1


@pytest.mark.parametrize(
    ("aside", "read", "is_refused"),
    [(0, 0, False), (0, 9, False), (5, 6, False), (5, 5, True), (6, 59, True), (6, 60, False), (60, 600, False)],
)
def test_few_rows_or_a_tenth_may_be_set_aside_but_never_all(aside: int, read: int, is_refused: bool) -> None:
    place = origin()
    place.reject(range(aside), "aqi", "x", "a whole number")
    place.reject([10_000], "aqi", "x", "a whole number")

    if not is_refused:
        place.check_share(pd.RangeIndex(read))
        return
    with pytest.raises(BadPayload, match=rf"^a\.csv: {aside} of {read} lines .* line 2: aqi is 'x', expected a whole"):
        place.check_share(pd.RangeIndex(read))


def test_repaired_lines_do_not_say_that_the_layout_changed() -> None:
    place = origin()
    for row in range(9):
        place.note(row, Rejection("a pipe belongs to the text of a field", "a|b", is_repaired=True))

    place.check_share(pd.RangeIndex(9))


def test_lines_of_several_reads_are_joined_without_repetitions() -> None:
    joined = joined_rejections([lines({}, {"line_number": 3}), no_rejected_lines(), lines({}, {"file": "b.csv"})])

    assert joined[["file", "line_number"]].values.tolist() == [["a.csv", 2], ["a.csv", 3], ["b.csv", 2]]
    pd.testing.assert_frame_equal(joined_rejections([]), no_rejected_lines())


def test_the_lines_of_some_days_include_those_without_a_day() -> None:
    every = lines({}, {"line_number": 3, "date_local": None}, {"line_number": 4, "date_local": "2021-07-05"})

    of_day = rejections_of_days(every, date(2021, 7, 1), date(2021, 7, 4))
    assert of_day["line_number"].tolist() == [2, 3]
    assert rejections_of_days(no_rejected_lines(), date(2021, 7, 1), date(2021, 7, 4)).empty


HISTORY = builders.raw_readings(
    {}, {"date_local": pd.Timestamp("2021-07-05")}, {"site_number": "9002"}, {"site_number": "9002", "poc": 2}
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({}, [True, False, False, False]),
        ({"date_local": None}, [True, True, False, False]),
        ({"site_id": None}, [True, False, True, True]),
        ({"site_id": None, "date_local": None}, [True, True, True, True]),
        ({"site_id": "060370001"}, [False, False, False, False]),
        ({"is_repaired": True}, [False, False, False, False]),
    ],
)
def test_a_line_may_be_about_the_rows_that_it_does_not_exclude(line: dict[str, Any], expected: list[bool]) -> None:
    assert may_be_rejected(HISTORY, lines(line)).tolist() == expected


def test_several_lines_may_be_about_all_of_theirs() -> None:
    two = lines({}, {"line_number": 3, "site_id": "170319002"})

    assert may_be_rejected(HISTORY, two).tolist() == [True, False, True, True]
    np.testing.assert_array_equal(may_be_rejected(HISTORY, no_rejected_lines()), np.zeros(4, dtype=bool))
    assert may_be_rejected(HISTORY.iloc[:0], two).tolist() == []
