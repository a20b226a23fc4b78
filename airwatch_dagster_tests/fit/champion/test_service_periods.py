"""The decision in force on each issue day."""

from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.fit.champion.service_periods import newest_first, service_periods
from airwatch_dagster.schemas import TABLES

Row = tuple[str, str, str, str]
"""Version, who decided (evidence or a person), first issue day, when it was decided."""

CHOICE: Row = ("1", "evidence", "05-01", "06-09 12:00")


def champions(*rows: Row, month: str = "2021-05") -> pd.DataFrame:
    made: list[dict[str, Any]] = [
        {
            "month": pd.Timestamp(f"{month}-01"),
            "is_serving": True,
            "model_version": version,
            "serves_from": pd.Timestamp(f"2021-{first}"),
            "decided_by": "shadow_scores" if by == "evidence" else "person",
            "decided_at": pd.Timestamp(f"2021-{moment}"),
        }
        for version, by, first, moment in rows
    ]
    return pd.DataFrame(made, columns=TABLES["champion_model"].column_names)


def served(*rows: Row) -> list[tuple[str, str, str]]:
    return [
        (period.model_version, f"{period.serves_from:%m-%d}", f"{period.serves_until:%m-%d}")
        for period in service_periods(champions(*rows)).itertuples()
    ]


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([], [("1", "05-01", "05-31")]),
        ([("2", "Ada", "05-18", "05-17 09:00")], [("1", "05-01", "05-17"), ("2", "05-18", "05-31")]),
        ([("2", "Ada", "05-01", "05-17 09:00")], [("2", "05-01", "05-31")]),
        (
            [("2", "Ada", "05-10", "05-09 09:00"), ("3", "Bob", "05-20", "05-19 09:00")],
            [("1", "05-01", "05-09"), ("2", "05-10", "05-19"), ("3", "05-20", "05-31")],
        ),
        (
            [("2", "Ada", "05-10", "05-09 09:00"), ("3", "Bob", "05-10", "05-09 10:00")],
            [("1", "05-01", "05-09"), ("3", "05-10", "05-31")],
        ),
        (
            [("2", "Ada", "05-20", "05-09 09:00"), ("3", "Bob", "05-10", "05-09 10:00")],
            [("1", "05-01", "05-09"), ("3", "05-10", "05-31")],
        ),
    ],
    ids=[
        "the choice by evidence serves the month",
        "an override serves from its first day on",
        "an override from the first day serves the month",
        "a later override ends the one before",
        "of two overrides from one day the later serves",
        "a later override from an earlier day replaces the one before",
    ],
)
def test_the_latest_override_serves_a_day(overrides: list[Row], expected: list[tuple[str, str, str]]) -> None:
    """The choice by evidence was recomputed in June, after every override: overrides stay in force."""
    assert served(CHOICE, *overrides) == expected
    assert served(*overrides, CHOICE) == expected, "in any order of the rows"


def test_a_month_without_a_choice_begins_with_its_first_override() -> None:
    assert served(("2", "Ada", "05-18", "05-17 09:00")) == [("2", "05-18", "05-31")]


def test_every_month_has_its_own_periods() -> None:
    april = champions(("0", "evidence", "04-01", "04-01 20:00"), month="2021-04")

    found = service_periods(pd.concat([champions(CHOICE), april]))

    assert found["model_version"].tolist() == ["0", "1"]
    assert found["serves_until"].tolist() == [pd.Timestamp("2021-04-30"), pd.Timestamp("2021-05-31")]


def test_a_row_without_a_first_day_serves_its_month() -> None:
    [period] = service_periods(champions(CHOICE).assign(serves_from=pd.NaT)).itertuples()

    assert period.serves_from == pd.Timestamp("2021-05-01")


def test_without_decisions_there_are_no_periods() -> None:
    assert service_periods(TABLES["champion_model"].empty()).empty


def test_the_newest_override_comes_first_and_the_choice_by_evidence_last() -> None:
    rows = champions(CHOICE, ("2", "Ada", "05-10", "05-09 09:00"), ("3", "Bob", "05-20", "05-19 09:00"))

    assert newest_first(rows)["model_version"].tolist() == ["3", "2", "1"]
