"""What `scoreboard` and `scoreboard_events` compare: served forecasts, baselines, archived and supplied forecasts."""

from typing import Final

import dagster as dg
import pandas as pd

from airwatch_dagster.orchestration.configuration.supplied_settings import OtherForecastsSettings
from airwatch_dagster.orchestration.partitions import window
from airwatch_dagster.orchestration.supplied.supplied_tables import SuppliedTable
from airwatch_dagster.schemas import CONTRACTS, TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster.verify.agency_areas import relevant_records
from airwatch_dagster.verify.compared_cases import compared_cases
from airwatch_dagster.verify.other_forecasts import TABLE, checked_forecasts


def _place() -> str | None:
    return OtherForecastsSettings.from_environment().other_forecasts


OTHER_FORECASTS: Final = SuppliedTable(TABLE, "AIRWATCH_OTHER_FORECASTS", _place, checked_forecasts)

COMPARED: Final = {
    "forecast_scores": window("forecast_scores", 0, 0),
    "candidate_scores": window("candidate_scores", 0, 0),
    "early_scores": window("early_scores", 0, 0),
    "site_days": window("site_days", -1, 0),
}
"""Inputs of both assets. The month before has the issue dates of the first target days."""

ARCHIVED: Final = dg.AssetDep("agency_forecasts", partition_mapping=window("agency_forecasts", -1, 0).partition_mapping)
"""Read a month at a time instead of loaded: most of a file's records are not needed."""


def supplied_forecasts(issue_dates: pd.Series, *, by: pd.Timestamp | None = None) -> pd.DataFrame:
    """The supplied forecasts of these issue dates, in the columns of ``other_forecasts``; empty when there are none.

    ``by`` as for ``cases_of``. Errors as ``SuppliedTable.issued``.
    """
    found = OTHER_FORECASTS.issued(issue_dates, by=by)
    return CONTRACTS[TABLE].empty() if found is None else found


def cases_of(
    scores: pd.DataFrame,
    *,
    candidates: pd.DataFrame,
    site_days: pd.DataFrame,
    early: pd.DataFrame,
    tables: TableStorage,
    by: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """``compared_cases`` of these scores, with the agencies' forecasts in ``tables`` and those that a user supplies.

    ``by`` leaves out what became available after an instant (naive UTC). Errors as ``SuppliedTable.issued``.
    """
    return compared_cases(
        scores,
        candidates=candidates,
        site_days=site_days,
        agency_forecasts=archived_forecasts(scores, tables=tables, by=by),
        others=supplied_forecasts(scores["issue_date"], by=by),
        early=early,
    )


def archived_forecasts(scores: pd.DataFrame, *, tables: TableStorage, by: pd.Timestamp | None = None) -> pd.DataFrame:
    """The agencies' records archived from the day after the first issue date to the last target date, reduced to
    ``relevant_records``; days may be missing."""
    if scores.empty:
        return TABLES["agency_forecasts"].empty()
    days = pd.date_range(scores["issue_date"].min() + pd.Timedelta(days=1), scores["target_date"].max())
    if by is not None:  # a file is written until its day is over
        days = days[days + pd.Timedelta(days=1) <= by + pd.Timedelta(microseconds=1)]
    months = days.to_series().groupby(days.to_period("M"))
    keys = [list(month.dt.strftime("%Y-%m-%d")) for _, month in months]
    parts = [relevant_records(tables.read("agency_forecasts", month, allow_missing=True)) for month in keys]
    return pd.concat(parts, ignore_index=True) if parts else TABLES["agency_forecasts"].empty()
