"""Which decision on the champion was in force on which days."""

from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.fit.champion.service_periods import newest_first, terms
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
        (term.model_version, f"{term.serves_from:%m-%d}", f"{term.serves_until:%m-%d}")
        for term in terms(champions(*rows)).itertuples()
    ]


@pytest.mark.parametrize(
    ("orders", "expected"),
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
        "the choice by evidence has the month",
        "an order has the days from its own on",
        "an order from the first day has them all",
        "orders follow one another",
        "the later of two orders for a day has it",
        "a later order for an earlier day overtakes the one before",
    ],
)
def test_days_are_served_by_the_last_order_for_them(orders: list[Row], expected: list[tuple[str, str, str]]) -> None:
    """The choice was made anew in June, after every order: they stand."""
    assert served(CHOICE, *orders) == expected
    assert served(*orders, CHOICE) == expected, "in whatever order the rows lie"


def test_a_month_without_a_choice_begins_with_its_first_order() -> None:
    assert served(("2", "Ada", "05-18", "05-17 09:00")) == [("2", "05-18", "05-31")]


def test_every_month_has_terms_of_its_own() -> None:
    april = champions(("0", "evidence", "04-01", "04-01 20:00"), month="2021-04")

    found = terms(pd.concat([champions(CHOICE), april]))

    assert found["model_version"].tolist() == ["0", "1"]
    assert found["serves_until"].tolist() == [pd.Timestamp("2021-04-30"), pd.Timestamp("2021-05-31")]


def test_a_row_that_does_not_say_from_when_on_has_its_month() -> None:
    [term] = terms(champions(CHOICE).assign(serves_from=pd.NaT)).itertuples()

    assert term.serves_from == pd.Timestamp("2021-05-01")


def test_no_decisions_have_no_terms() -> None:
    assert terms(TABLES["champion_model"].empty()).empty


def test_the_newest_order_comes_first_and_the_choice_by_evidence_last() -> None:
    rows = champions(CHOICE, ("2", "Ada", "05-10", "05-09 09:00"), ("3", "Bob", "05-20", "05-19 09:00"))

    assert newest_first(rows)["model_version"].tolist() == ["3", "2", "1"]
