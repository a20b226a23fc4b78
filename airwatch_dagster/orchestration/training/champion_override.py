"""Manual overrides of a month's champion: their run config, validation, and first issue day."""

import re
from dataclasses import dataclass
from typing import Any, Final

import dagster as dg
import pandas as pd
from pydantic import Field

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.fit.champion.service_periods import newest_first
from airwatch_dagster.orchestration.partitions import MONTHS
from airwatch_dagster.storage.tables import TableStorage

COMMAND: Final = "airwatch models"
"""The command that lists versions and decisions."""


class ChampionOverride(dg.Config):
    """Run config of champion_model: the version that serves the month from a day on. Empty: evidence decides."""

    version: str = Field(default="", description="Registered version, trained for this month or an earlier one")
    by: str = Field(default="", description="Person who decides")
    reason: str = Field(default="", description="Reason for the override")
    serves_from: str = Field(
        default="", description="First issue day it serves (YYYY-MM-DD); default: the first day without a forecast"
    )
    is_rollback: bool = Field(default=False, description="Whether the override restores the version that served before")


@dataclass(frozen=True)
class ResolvedOverride:
    """A valid override: its version, first day, and the decisions it comes on top of."""

    trained: pd.DataFrame
    """The row of trained_models with the version."""
    first_day: pd.Timestamp
    """First issue day it serves."""
    decisions: pd.DataFrame
    """The stored decisions on the month, newest first."""


def validate_override(override: ChampionOverride, *, month: pd.Timestamp, tables: TableStorage) -> ResolvedOverride:
    """The override with its version's row of trained_models and its first day.

    Raises ConfigurationError when person or reason is empty; when the version does not exist, was trained for a later
    month, or is in force already; and when the first day is outside the month.
    """
    for name, text in (("--by", override.by), ("--reason", override.reason)):
        if not text.strip():
            raise ConfigurationError(name, "is empty", fix="Name who decides and why; both are stored")
    trained = version_to_serve(override.version, month=month, tables=tables)
    first, decisions = first_day_served(month, override.serves_from, tables=tables), decisions_of(month, tables)
    newest: Any
    for newest in decisions.head(1).itertuples():
        if newest.model_version == override.version and not newest.serves_from > first:
            problem = f"version {override.version} is already the champion on {first:%Y-%m-%d}"
            raise ConfigurationError("models promote", problem, fix=f"Choose another version; `{COMMAND}` lists them")
    return ResolvedOverride(trained, first, decisions)


def decisions_of(month: pd.Timestamp, tables: TableStorage) -> pd.DataFrame:
    """The stored decisions on a month, newest first; empty when there are none."""
    return newest_first(tables.read("champion_model", [f"{month:%Y-%m}"], allow_missing=True))


def version_to_serve(version: str, *, month: pd.Timestamp, tables: TableStorage) -> pd.DataFrame:
    """The row of ``trained_models`` with the version.

    Raises ConfigurationError when the version does not exist, and when it was trained for a later month than ``month``:
    its training data would include days it forecasts.
    """
    trained = tables.read("trained_models")
    found = trained[trained["model_version"] == version]
    if found.empty:
        raise ConfigurationError(
            "models promote", f"version {version!r} does not exist", fix=f"`{COMMAND}` lists versions"
        )
    row = found.iloc[0]
    if row["month"] > month:
        raise ConfigurationError(
            "models promote",
            f"version {version} ({row['model_family']}) was trained on days up to {row['last_target_date']:%Y-%m-%d} "
            f"and cannot serve {month:%Y-%m}, which it has seen",
            fix=f"Choose a version trained for {month:%Y-%m} or earlier; `{COMMAND}` lists them",
        )
    return found


def replaced_version(month: pd.Timestamp, tables: TableStorage) -> str:
    """The version that a rollback of the month's champion restores; each further rollback goes back one decision.

    Raises ConfigurationError when the month's champion did not replace a version.
    """
    in_effect: list[pd.Series] = []
    for _, row in decisions_of(month, tables)[::-1].iterrows():
        if row["order_kind"] != "rollback":
            in_effect.append(row)
        elif in_effect:
            in_effect.pop()
    version = in_effect[0]["previous_version"] if len(in_effect) == 1 else None
    version = in_effect[-2]["model_version"] if len(in_effect) > 1 else version
    if pd.isna(version):
        problem = f"the champion of {month:%Y-%m} did not replace a version"
        raise ConfigurationError("models rollback", problem, fix="Use `airwatch models promote VERSION`")
    return str(version)


def first_day_served(month: pd.Timestamp, serves_from: str, *, tables: TableStorage) -> pd.Timestamp:
    """The first issue day of an override: ``serves_from`` (YYYY-MM-DD), or if empty the first day without a forecast.

    When all days of the month have forecasts, it is the first day of the month. Raises ConfigurationError for a day
    outside the month.
    """
    last = month + pd.offsets.MonthEnd(0)
    if serves_from:
        day = day_of(serves_from)
        if not month <= day <= last:
            fix = f"Use a day from {month:%Y-%m-%d} to {last:%Y-%m-%d}, or another --month"
            raise ConfigurationError("--from", f"{serves_from} is not a day of {month:%Y-%m}", fix=fix)
        return day
    issued = last_forecast(month, tables)
    following = month if issued is None else issued + pd.Timedelta(days=1)
    return following if following <= last else month


def last_forecast(month: pd.Timestamp, tables: TableStorage) -> pd.Timestamp | None:
    """The last issue day of the month with forecasts; None when it has none."""
    days = [f"{day:%Y-%m-%d}" for day in pd.date_range(month, month + pd.offsets.MonthEnd(0))]
    issued = tables.read("predictions", days, allow_missing=True, columns=["issue_date"])["issue_date"]
    return None if issued.empty else issued.max()


def month_next_served(tables: TableStorage) -> str:
    """The month (YYYY-MM) of the day after the newest stored issue day.

    Raises ConfigurationError when no forecast is stored.
    """
    issued = list(tables.stored_partitions("predictions"))
    if not issued:
        raise ConfigurationError(
            "airwatch models", "no forecast is stored yet", fix="Run `airwatch backfill` or `make demo`"
        )
    return f"{pd.Timestamp(issued[-1]) + pd.Timedelta(days=1):%Y-%m}"


def month_of(text: str) -> pd.Timestamp:
    """The first day of a month given as YYYY-MM.

    Raises ConfigurationError for any other text, and for a month outside the partitions, such as a future one.
    """
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text) or not MONTHS.has_partition_key(text):
        span = f"{MONTHS.get_first_partition_key()} to {MONTHS.get_last_partition_key()}"
        raise ConfigurationError("--month", f"{text!r} is not a valid month", fix=f"Use YYYY-MM, from {span}")
    return pd.Timestamp(f"{text}-01")


def day_of(text: str, name: str = "--from") -> pd.Timestamp:
    """A day given as YYYY-MM-DD. Raises ConfigurationError with culprit ``name`` for any other text."""
    moment = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    if pd.isna(moment):
        raise ConfigurationError(name, f"{text!r} is not a valid date", fix="Use YYYY-MM-DD")
    return pd.Timestamp(moment)
