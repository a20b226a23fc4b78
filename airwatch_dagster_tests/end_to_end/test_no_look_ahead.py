"""Readings after an issue day never change what is issued on it, whatever one run computes together."""

from collections.abc import Iterable
from typing import Final

import pandas as pd
import pytest

from airwatch_dagster.orchestration.training.by_month import predict_months
from airwatch_dagster.schemas.columns import BASELINES, FAMILIES
from airwatch_dagster_tests.end_to_end.small_history import (
    COMPUTED_TABLES,
    FIRST_COMPUTED,
    LAST_COMPUTED,
    backfill,
    copy_of,
    corrupted,
    monitors_of,
    store_readings,
    tables_from,
    true_readings,
)
from airwatch_dagster_tests.installations import Installation

pytestmark = pytest.mark.slow

ONE_DAY: Final = pd.Timedelta(days=1)

CANARY_DAY: Final = pd.Timestamp("2021-02-16")
"""In the middle of a month: half of its forecasts are issued, half of its observed values are known."""

MARCH: Final = pd.Timestamp("2021-03-01")
LAST_DAY_ALONE: Final = pd.Timestamp("2021-03-02")
"""Last day of the installation that gets its readings day by day."""

CLOCKS: Final = {
    "site_days": "date_local",
    "features": "issue_date",
    "training_examples": "target_date",
    "trained_models": "month",
    "candidate_scores": "target_date",
    "champion_model": "month",
    "predictions": "issue_date",
}
"""The day up to which a row may know something; a month's model and champion know nothing of the month itself."""

REGISTRATION: Final = ["mlflow_run_id", "model_uri", "model_version", "previous_version", "decided_at"]
"""Columns with names and times that differ between runs."""


def rows_between(installation: Installation, table: str, *, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """Rows of a table from one day to another, without the columns of ``REGISTRATION``."""
    rows = installation.tables.read(table)
    chosen = rows[rows[CLOCKS[table]].between(first, last)]
    return chosen.drop(columns=REGISTRATION, errors="ignore").reset_index(drop=True)


@pytest.fixture(scope="module")
def canary(before_backfill: Installation) -> Installation:
    """The same runs over readings that are corrupted after ``CANARY_DAY``, with monitors that open after it."""
    installation = copy_of(before_backfill, "canary")
    readings = corrupted(true_readings(), after=CANARY_DAY)
    installation.tables.write("monitors", {None: monitors_of(readings)})
    store_readings(installation.tables, readings)
    backfill(installation, FIRST_COMPUTED, LAST_COMPUTED, *COMPUTED_TABLES)
    return installation


@pytest.fixture(scope="module")
def day_by_day(one_backfill: Installation) -> Installation:
    """A month as it was lived: when it opens nothing of it exists, its readings come one day after the other."""
    installation, readings = copy_of(one_backfill, "day-by-day"), true_readings()
    for path in (installation.folder / "tables").glob("*/2021-03*.parquet"):
        path.unlink()
    backfill(installation, MARCH, MARCH, "trained_models", "champion_model")
    for day in pd.date_range(MARCH, LAST_DAY_ALONE):
        store_readings(installation.tables, readings, last=day)
        backfill(installation, day, day, "site_days", "features", "predictions")
    backfill(installation, MARCH, LAST_DAY_ALONE, "training_examples", "candidate_scores")
    return installation


def test_every_family_learned_and_a_learned_one_serves(one_backfill: Installation) -> None:
    """Else the tests below would look at little."""
    trained, champions = (one_backfill.tables.read(table) for table in ("trained_models", "champion_model"))

    assert trained.loc[trained["is_fitted"], ["month", "model_family"]].value_counts().size == 2 * len(FAMILIES)
    assert champions["decided_by"].tolist() == ["holdout", "shadow_scores"]
    assert not set(champions["model_family"]) & set(BASELINES)


@pytest.mark.parametrize("table", COMPUTED_TABLES)
def test_corrupting_all_later_readings_changes_nothing_up_to_a_day_by_a_bit(
    table: str, one_backfill: Installation, canary: Installation
) -> None:
    expected, found = (
        rows_between(one, table, first=FIRST_COMPUTED, last=CANARY_DAY) for one in (one_backfill, canary)
    )

    assert len(expected) > 0
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


@pytest.mark.parametrize("table", COMPUTED_TABLES)
def test_corrupting_all_later_readings_changes_what_is_made_later(
    table: str, one_backfill: Installation, canary: Installation
) -> None:
    """Else the test above would pass by looking at nothing."""
    expected, found = (
        rows_between(one, table, first=CANARY_DAY + ONE_DAY, last=LAST_COMPUTED) for one in (one_backfill, canary)
    )

    assert len(expected) > 0
    assert not found.equals(expected)


@pytest.mark.parametrize("table", COMPUTED_TABLES)
def test_days_made_as_they_come_equal_those_made_at_once_by_a_bit(
    table: str, one_backfill: Installation, day_by_day: Installation
) -> None:
    expected, found = (rows_between(one, table, first=MARCH, last=LAST_DAY_ALONE) for one in (one_backfill, day_by_day))

    assert len(expected) > 0
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_a_year_forecast_in_one_piece_in_twelve_or_day_by_day_is_the_same_by_a_bit(one_backfill: Installation) -> None:
    """By the learned champion of March, as if it had served the year; of the days every fifteenth, so all weekdays."""
    year = pd.date_range("2020-03-01", "2021-02-28")
    months, few_days = [days for _, days in year.to_series().groupby([year.year, year.month])], year[::15]
    champion = one_backfill.tables.read("champion_model", [f"{MARCH:%Y-%m}"])
    with one_backfill.activated():
        whole = forecasts(year, champion)
        by_month = pd.concat([forecasts(days, champion) for days in months], ignore_index=True)
        by_day = pd.concat([forecasts([day], champion) for day in few_days], ignore_index=True)

    assert whole["issue_date"].nunique() == 365
    pd.testing.assert_frame_equal(by_month, whole, check_exact=True)
    of_few_days = whole[whole["issue_date"].isin(few_days)].reset_index(drop=True)
    pd.testing.assert_frame_equal(by_day, of_few_days, check_exact=True)


def forecasts(days: Iterable[pd.Timestamp], champion: pd.DataFrame) -> pd.DataFrame:
    """Forecasts of these days from nothing but their readings, by one champion in whatever month they lie."""
    features = tables_from(true_readings()).read("features", [f"{day:%Y-%m-%d}" for day in days])
    months = {day.to_period("M").start_time for day in days}
    serving = [champion.assign(month=month, serves_from=month) for month in sorted(months)]
    return predict_months(features, champions=pd.concat(serving, ignore_index=True))
