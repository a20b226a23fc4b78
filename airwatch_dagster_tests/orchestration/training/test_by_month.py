"""Months are cut out of tables by their days, and the next one is computed while the caller works on this one."""

from threading import Event

import pandas as pd
import pytest

from airwatch_dagster.orchestration.training.by_month import months_before, of_month, prefetch, stacked
from airwatch_dagster.schemas import TABLES

MONTHS = [pd.Timestamp(2021, month, 1) for month in (1, 2, 3, 4)]


def test_months_come_in_order() -> None:
    assert list(prefetch(MONTHS, compute=lambda month: month.month)) == [1, 2, 3, 4]


def test_without_months_there_are_no_results() -> None:
    assert list(prefetch([], compute=lambda month: month.month)) == []


def test_the_next_month_is_computed_while_the_caller_works_on_this_one() -> None:
    february_began = Event()

    def compute(month: pd.Timestamp) -> int:
        if month.month == 2:
            february_began.set()
        return month.month

    months = prefetch(MONTHS[:2], compute=compute)
    assert next(months) == 1
    assert february_began.wait(timeout=10)
    assert next(months) == 2


def test_a_failure_is_raised_in_its_months_turn_and_later_months_are_not_computed() -> None:
    begun = []

    def compute(month: pd.Timestamp) -> int:
        begun.append(month.month)
        if month.month == 2:
            raise ValueError("February")
        return month.month

    months = prefetch(MONTHS, compute=compute)
    assert next(months) == 1
    with pytest.raises(ValueError, match="February"):
        next(months)
    assert set(begun) <= {1, 2, 3}


DAYS = pd.DataFrame({"target_date": pd.date_range("2020-12-01", "2021-04-30")})


def test_the_months_before_a_month_end_on_the_day_before_it() -> None:
    days = months_before(DAYS, month=MONTHS[2], count=2)["target_date"]

    assert (days.min(), days.max()) == (pd.Timestamp("2021-01-01"), pd.Timestamp("2021-02-28"))


def test_a_month_has_its_own_days_only() -> None:
    days = of_month(DAYS, month=MONTHS[1])["target_date"]

    assert (days.min(), days.max(), len(days)) == (pd.Timestamp("2021-02-01"), pd.Timestamp("2021-02-28"), 28)


def test_frames_without_rows_are_stacked_to_the_empty_table() -> None:
    empty = TABLES["predictions"].empty()

    assert stacked("predictions", [empty, empty]).columns.tolist() == TABLES["predictions"].column_names
    assert len(stacked("predictions", [])) == 0
