"""The version that a rollback restores, and the first day of an override."""

from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.training.champion_override import (
    first_day_served,
    month_next_served,
    replaced_version,
)
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage

MAY = pd.Timestamp("2021-05-01")


@pytest.fixture
def tables(tmp_path: Any) -> TableStorage:
    return TableStorage.open(str(tmp_path))


def decided(tables: TableStorage, *rows: tuple[str | None, str | None, str | None]) -> None:
    """Version, command and replaced version of each decision, oldest first; without a command it is by evidence."""
    made = [
        {
            "month": MAY,
            "is_serving": version is not None,
            "model_version": version,
            "serves_from": MAY,
            "order_kind": kind,
            "previous_version": replaced,
            "decided_by": "person" if kind else "shadow_scores",
            "decided_at": pd.Timestamp("2021-05-01") + pd.Timedelta(hours=hour),
            "reason": "",
            "compared_rows": 0,
            "compared_days": 0,
        }
        for hour, (version, kind, replaced) in enumerate(rows)
    ]
    frame = pd.DataFrame(made, columns=TABLES["champion_model"].column_names)
    tables.write("champion_model", {"2021-05": TABLES["champion_model"].schema.validate(frame)})


def forecast(tables: TableStorage, *days: str, sites: int = 1) -> None:
    """Store forecasts of these days; without sites no model served on them."""
    for day in days:
        row = {
            **dict.fromkeys(TABLES["predictions"].column_names, 0),
            "site_id": "170319001",
            "issue_date": pd.Timestamp(day),
            "target_date": pd.Timestamp(day),
            "horizon_days": 1,
            "aqi_category": "Good",
            "model_family": "ridge",
            "model_version": "1",
        }
        frame = pd.DataFrame([row] * sites, columns=TABLES["predictions"].column_names)
        tables.write("predictions", {day: TABLES["predictions"].schema.validate(frame)})


@pytest.mark.parametrize(
    ("rows", "restored"),
    [
        ([("2", None, "1")], "1"),
        ([("2", None, "1"), ("3", "promote", "2")], "2"),
        ([("2", None, "1"), ("3", "promote", "2"), ("4", "promote", "3")], "3"),
        ([("2", None, "1"), ("3", "promote", "2"), ("4", "promote", "3"), ("3", "rollback", "4")], "2"),
        ([("2", None, "1"), ("3", "promote", "2"), ("2", "rollback", "3")], "1"),
        ([("2", None, "1"), ("3", "promote", "2"), ("2", "rollback", "3"), ("4", "promote", "2")], "2"),
        ([("3", "promote", "2")], "2"),
    ],
    ids=[
        "the champion of last month",
        "the champion by evidence",
        "the version promoted before",
        "two rollbacks go back two decisions",
        "two rollbacks go back to last month",
        "a version that was rolled back is skipped",
        "last month without a choice of this month",
    ],
)
def test_a_rollback_restores_the_version_before(tables: TableStorage, rows: list[Any], restored: str) -> None:
    decided(tables, *rows)

    assert replaced_version(MAY, tables) == restored


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [("2", None, None)],
        [(None, None, None), ("3", "promote", None)],
        [("2", None, "1"), ("1", "rollback", "2")],
    ],
    ids=["no decision", "the first champion", "no champion before", "all decisions rolled back"],
)
def test_a_champion_that_replaced_no_version_cannot_be_rolled_back(tables: TableStorage, rows: list[Any]) -> None:
    if rows:
        decided(tables, *rows)

    with pytest.raises(ConfigurationError, match=r"models rollback.*2021-05"):
        replaced_version(MAY, tables)


@pytest.mark.parametrize(
    ("days", "first"),
    [
        ([], "2021-05-01"),
        (["2021-04-30"], "2021-05-01"),
        (["2021-05-01", "2021-05-17"], "2021-05-18"),
        (["2021-05-30"], "2021-05-31"),
        (["2021-05-31"], "2021-05-01"),
    ],
    ids=["no forecasts", "forecasts of the month before", "the day after the last", "the last day", "the whole month"],
)
def test_an_override_starts_on_the_first_day_without_a_forecast(
    tables: TableStorage, days: list[str], first: str
) -> None:
    forecast(tables, *days)

    assert first_day_served(MAY, "", tables=tables) == pd.Timestamp(first)


def test_days_without_a_champion_count_as_days_without_a_forecast(tables: TableStorage) -> None:
    forecast(tables, "2021-05-01", "2021-05-02", sites=0)

    assert first_day_served(MAY, "", tables=tables) == MAY


def test_a_given_first_day_must_be_in_the_month(tables: TableStorage) -> None:
    forecast(tables, "2021-05-17")

    assert first_day_served(MAY, "2021-05-03", tables=tables) == pd.Timestamp("2021-05-03")
    with pytest.raises(ConfigurationError, match=r"--from: 2021-04-30.*2021-05-01 to 2021-05-31"):
        first_day_served(MAY, "2021-04-30", tables=tables)


@pytest.mark.parametrize(("last", "month"), [("2021-05-30", "2021-05"), ("2021-05-31", "2021-06")])
def test_an_override_is_for_the_month_of_the_next_forecast(tables: TableStorage, last: str, month: str) -> None:
    forecast(tables, "2021-05-01", last)

    assert month_next_served(tables) == month


def test_without_forecasts_no_month_is_next(tables: TableStorage) -> None:
    with pytest.raises(ConfigurationError, match="no forecast is stored"):
        month_next_served(tables)
