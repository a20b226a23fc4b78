"""EPA's deadline for publishing a day."""

import pandas as pd
import pytest

from airwatch_dagster.acquire.deadlines import due_on


@pytest.mark.parametrize(
    ("day", "deadline"),
    [
        ("2021-01-01", "2021-06-29"),
        ("2021-03-31", "2021-06-29"),
        ("2021-04-01", "2021-09-28"),
        ("2021-12-31", "2022-03-31"),
        ("2024-02-29", "2024-06-29"),
    ],
)
def test_a_day_is_due_90_days_after_its_quarter(day: str, deadline: str) -> None:
    assert due_on(pd.Series([pd.Timestamp(day)])).tolist() == [pd.Timestamp(deadline)]
