"""A month is made while the caller is busy with the one before."""

from threading import Event

import pandas as pd
import pytest

from airwatch_dagster.orchestration.training.by_month import prefetch

MONTHS = [pd.Timestamp(2021, month, 1) for month in (1, 2, 3, 4)]


def test_months_come_in_their_order() -> None:
    assert list(prefetch(MONTHS, make=lambda month: month.month)) == [1, 2, 3, 4]


def test_no_months_are_nothing() -> None:
    assert list(prefetch([], make=lambda month: month.month)) == []


def test_the_next_month_is_made_while_this_one_is_in_hand() -> None:
    february_began = Event()

    def make(month: pd.Timestamp) -> int:
        if month.month == 2:
            february_began.set()
        return month.month

    months = prefetch(MONTHS[:2], make=make)
    assert next(months) == 1
    assert february_began.wait(timeout=10)
    assert next(months) == 2


def test_a_month_that_fails_fails_in_its_turn_and_none_is_made_after_the_next() -> None:
    begun = []

    def make(month: pd.Timestamp) -> int:
        begun.append(month.month)
        if month.month == 2:
            raise ValueError("February")
        return month.month

    months = prefetch(MONTHS, make=make)
    assert next(months) == 1
    with pytest.raises(ValueError, match="February"):
        next(months)
    assert set(begun) <= {1, 2, 3}
