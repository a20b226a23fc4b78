"""Nothing later than an issue day reaches what is issued on it, whatever is made in one run with it."""

from collections.abc import Iterable
from typing import Final

import pandas as pd
import pytest

from airwatch_dagster.orchestration.training.by_month import predict_months
from airwatch_dagster.schemas.columns import BASELINES, FAMILIES
from airwatch_dagster_tests.end_to_end.small_history import (
    MADE,
    MADE_FROM,
    MADE_UNTIL,
    backfill,
    copy_of,
    corrupted,
    known,
    listed,
    published,
    store_readings,
)
from airwatch_dagster_tests.installations import Installation

ONE_DAY: Final = pd.Timedelta(days=1)

CANARY_DAY: Final = pd.Timestamp("2021-02-16")
"""In the middle of a month: its model has served half of it, its truth is half known."""

MARCH: Final = pd.Timestamp("2021-03-01")
LIVED_UNTIL: Final = pd.Timestamp("2021-03-02")
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
"""Names and times that every run gives anew."""


def made(installation: Installation, table: str, *, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """Rows of a table that speak of days between two days, without what every run names anew."""
    rows = installation.tables.read(table)
    chosen = rows[rows[CLOCKS[table]].between(first, last)]
    return chosen.drop(columns=REGISTRATION, errors="ignore").reset_index(drop=True)


@pytest.fixture(scope="module")
def canary(start: Installation) -> Installation:
    """The same runs over readings that are corrupted after ``CANARY_DAY``, with monitors that open after it."""
    installation = copy_of(start, "canary")
    readings = corrupted(published(), after=CANARY_DAY)
    installation.tables.write("monitors", {None: listed(readings)})
    store_readings(installation.tables, readings)
    backfill(installation, MADE_FROM, MADE_UNTIL, *MADE)
    return installation


@pytest.fixture(scope="module")
def day_by_day(at_once: Installation) -> Installation:
    """A month as it was lived: when it opens nothing of it exists, its readings come one day after the other."""
    installation, readings = copy_of(at_once, "day-by-day"), published()
    for path in (installation.folder / "tables").glob("*/2021-03*.parquet"):
        path.unlink()
    backfill(installation, MARCH, MARCH, "trained_models", "champion_model")
    for day in pd.date_range(MARCH, LIVED_UNTIL):
        store_readings(installation.tables, readings, last=day)
        backfill(installation, day, day, "site_days", "features", "predictions")
    backfill(installation, MARCH, LIVED_UNTIL, "training_examples", "candidate_scores")
    return installation


def test_every_family_learned_and_a_learned_one_serves(at_once: Installation) -> None:
    """Else the tests below would look at little."""
    trained, champions = (at_once.tables.read(table) for table in ("trained_models", "champion_model"))

    assert trained.loc[trained["is_fitted"], ["month", "model_family"]].value_counts().size == 2 * len(FAMILIES)
    assert champions["decided_by"].tolist() == ["holdout", "shadow_scores"]
    assert not set(champions["model_family"]) & set(BASELINES)


@pytest.mark.parametrize("table", MADE)
def test_corrupting_all_later_readings_changes_nothing_up_to_a_day_by_a_bit(
    table: str, at_once: Installation, canary: Installation
) -> None:
    true, corrupt = (made(one, table, first=MADE_FROM, last=CANARY_DAY) for one in (at_once, canary))

    assert len(true) > 0
    pd.testing.assert_frame_equal(corrupt, true, check_exact=True)


@pytest.mark.parametrize("table", MADE)
def test_corrupting_all_later_readings_changes_what_is_made_later(
    table: str, at_once: Installation, canary: Installation
) -> None:
    """Else the test above would pass by looking at nothing."""
    true, corrupt = (made(one, table, first=CANARY_DAY + ONE_DAY, last=MADE_UNTIL) for one in (at_once, canary))

    assert len(true) > 0
    assert not corrupt.equals(true)


@pytest.mark.parametrize("table", MADE)
def test_days_made_as_they_come_equal_those_made_at_once_by_a_bit(
    table: str, at_once: Installation, day_by_day: Installation
) -> None:
    together, apart = (made(one, table, first=MARCH, last=LIVED_UNTIL) for one in (at_once, day_by_day))

    assert len(together) > 0
    pd.testing.assert_frame_equal(apart, together, check_exact=True)


def test_a_year_forecast_in_one_piece_in_twelve_or_day_by_day_is_the_same_by_a_bit(at_once: Installation) -> None:
    """By the learned champion of March, as if it had served the year; of the days every fifteenth, so all weekdays."""
    year = pd.date_range("2020-03-01", "2021-02-28")
    months, few_days = [days for _, days in year.to_series().groupby([year.year, year.month])], year[::15]
    champion = at_once.tables.read("champion_model", [f"{MARCH:%Y-%m}"])
    with at_once.entered():
        whole = forecasts(year, champion)
        by_month = pd.concat([forecasts(days, champion) for days in months], ignore_index=True)
        by_day = pd.concat([forecasts([day], champion) for day in few_days], ignore_index=True)

    assert whole["issue_date"].nunique() == 365
    pd.testing.assert_frame_equal(by_month, whole, check_exact=True)
    of_few_days = whole[whole["issue_date"].isin(few_days)].reset_index(drop=True)
    pd.testing.assert_frame_equal(by_day, of_few_days, check_exact=True)


def forecasts(days: Iterable[pd.Timestamp], champion: pd.DataFrame) -> pd.DataFrame:
    """Forecasts of these days from nothing but their readings, by one champion in whatever month they lie."""
    features = known(published()).read("features", [f"{day:%Y-%m-%d}" for day in days])
    months = {day.to_period("M").start_time for day in days}
    serving = [champion.assign(month=month, serves_from=month) for month in sorted(months)]
    return predict_months(features, champions=pd.concat(serving, ignore_index=True))
