"""A person's order on who serves a month: what it may say, and from which issue day on it holds."""

import re
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pandas as pd
from pydantic import Field

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.fit.champion.service_periods import newest_first
from airwatch_dagster.orchestration.partitions import MONTHS
from airwatch_dagster.storage.tables import TableStorage

COMMAND = "airwatch models"
"""Where versions and decisions are listed."""


class ChampionOverride(dg.Config):
    """A person's order that a version serve the month; without a version the evidence decides."""

    version: str = Field(default="", description="Version to serve, trained for this month or an earlier one")
    by: str = Field(default="", description="Who orders it")
    reason: str = Field(default="", description="Why")
    serves_from: str = Field(
        default="", description="First issue day it serves (YYYY-MM-DD); the first not forecast yet by default"
    )
    is_rollback: bool = Field(default=False, description="The version served before, and is taken back")


@dataclass(frozen=True)
class ResolvedOverride:
    """An order that can be carried out."""

    trained: pd.DataFrame
    """The row of trained_models with the version."""
    first_day: pd.Timestamp
    """First issue day it serves."""
    decisions: pd.DataFrame
    """The stored decisions on the month, the newest first."""


def validate_override(order: ChampionOverride, *, month: pd.Timestamp, tables: TableStorage) -> ResolvedOverride:
    """What the order comes to.

    Raises ConfigurationError when it lacks a name or a reason; when its version does not exist, was trained for a later
    month or serves already; and when its first day lies outside the month.
    """
    for name, said in (("--by", order.by), ("--reason", order.reason)):
        if not said.strip():
            raise ConfigurationError(name, "is empty", fix="Say who decides and why; both are kept with the decision")
    trained = version_to_serve(order.version, month=month, tables=tables)
    first, decisions = first_day_served(month, order.serves_from, tables=tables), decisions_of(month, tables)
    row: Any
    for row in decisions.head(1).itertuples():
        if row.model_version == order.version and not row.serves_from > first:
            problem = f"version {order.version} serves already from {first:%Y-%m-%d} on"
            raise ConfigurationError("models promote", problem, fix=f"Choose another; `{COMMAND}` lists them")
    return ResolvedOverride(trained, first, decisions)


def decisions_of(month: pd.Timestamp, tables: TableStorage) -> pd.DataFrame:
    """The stored decisions on a month, the newest first; no rows when there are none."""
    return newest_first(tables.read("champion_model", [f"{month:%Y-%m}"], allow_missing=True))


def version_to_serve(version: str, *, month: pd.Timestamp, tables: TableStorage) -> pd.DataFrame:
    """The row of ``trained_models`` with the version.

    Raises ConfigurationError when there is none, or when it was trained for a later month than the one it should serve:
    it would know the days that it should forecast.
    """
    trained = tables.read("trained_models")
    found = trained[trained["model_version"] == version]
    if found.empty:
        raise ConfigurationError("models promote", f"there is no version {version!r}", fix=f"`{COMMAND}` lists them")
    row = found.iloc[0]
    if row["month"] > month:
        raise ConfigurationError(
            "models promote",
            f"version {version} ({row['model_family']}) learned from days up to {row['last_target_date']:%Y-%m-%d} "
            f"and cannot serve {month:%Y-%m}: it would know what it should forecast",
            fix=f"Choose a version trained for {month:%Y-%m} or earlier; `{COMMAND}` lists them",
        )
    return found


def replaced_version(month: pd.Timestamp, tables: TableStorage) -> str:
    """The version that a rollback brings back; one rollback after another goes back one decision each.

    Raises ConfigurationError when the month's champion replaced nobody.
    """
    standing: list[pd.Series] = []
    for _, row in decisions_of(month, tables)[::-1].iterrows():
        if row["order_kind"] != "rollback":
            standing.append(row)
        elif standing:
            standing.pop()
    version = standing[0]["previous_version"] if len(standing) == 1 else None
    version = standing[-2]["model_version"] if len(standing) > 1 else version
    if pd.isna(version):
        problem = f"the champion of {month:%Y-%m} replaced nobody"
        raise ConfigurationError("models rollback", problem, fix="Use `airwatch models promote VERSION`")
    return str(version)


def first_day_served(month: pd.Timestamp, wanted: str, *, tables: TableStorage) -> pd.Timestamp:
    """The issue day an order takes effect: the one wanted, else the first that is not forecast yet.

    A month that is forecast to its end has none left: an order for it has it made anew from its first day. Raises
    ConfigurationError for a day outside the month.
    """
    last = month + pd.offsets.MonthEnd(0)
    if wanted:
        day = day_of(wanted)
        if not month <= day <= last:
            fix = f"Use a day from {month:%Y-%m-%d} to {last:%Y-%m-%d}, or another --month"
            raise ConfigurationError("--from", f"{wanted} is no day of {month:%Y-%m}", fix=fix)
        return day
    issued = last_forecast(month, tables)
    following = month if issued is None else issued + pd.Timedelta(days=1)
    return following if following <= last else month


def last_forecast(month: pd.Timestamp, tables: TableStorage) -> pd.Timestamp | None:
    """The last issue day of the month that has forecasts; days in which nobody served have none."""
    days = [f"{day:%Y-%m-%d}" for day in pd.date_range(month, month + pd.offsets.MonthEnd(0))]
    issued = tables.read("predictions", days, allow_missing=True, columns=["issue_date"])["issue_date"]
    return None if issued.empty else issued.max()


def month_next_served(tables: TableStorage) -> str:
    """The month of the next forecast: of the day after the newest stored issue day.

    Raises ConfigurationError before there are forecasts.
    """
    issued = list(tables.stored_partitions("predictions"))
    if not issued:
        raise ConfigurationError(
            "airwatch models", "there are no forecasts yet", fix="Run `airwatch backfill` or `make demo`"
        )
    return f"{pd.Timestamp(issued[-1]) + pd.Timedelta(days=1):%Y-%m}"


def month_of(text: str) -> pd.Timestamp:
    """The first day of a month given as YYYY-MM. Raises ConfigurationError for anything else, and for the future."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text) or not MONTHS.has_partition_key(text):
        span = f"{MONTHS.get_first_partition_key()} to {MONTHS.get_last_partition_key()}"
        raise ConfigurationError("--month", f"{text!r} is no month there is", fix=f"Use YYYY-MM, from {span}")
    return pd.Timestamp(f"{text}-01")


def day_of(text: str, name: str = "--from") -> pd.Timestamp:
    """A day given as YYYY-MM-DD. Raises ConfigurationError, of ``name``, for anything else."""
    moment = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    if pd.isna(moment):
        raise ConfigurationError(name, f"{text!r} is no day", fix="Use YYYY-MM-DD")
    return pd.Timestamp(moment)
