"""Recheck stored history for days that EPA changed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import dagster as dg
import pandas as pd
from pydantic import Field

from airwatch_dagster.acquire.equivalence import replaced_rows
from airwatch_dagster.acquire.pulls import Pull, PullRequest
from airwatch_dagster.acquire.sources.base import Source
from airwatch_dagster.acquire.versions import merge_pull
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.early_issue import awaiting_daily_run
from airwatch_dagster.orchestration.ingest.ingest_config import ingest_config
from airwatch_dagster.orchestration.partitions import spans
from airwatch_dagster.orchestration.tables.table_asset import AssetResult
from airwatch_dagster.schemas.acquire import RECHECK_KINDS
from airwatch_dagster.storage.tables import TableStorage

YEARS_BACK: Final = 10
"""Calendar years before the current one whose changes are requested: EPA restates a decade and more."""

OVERLAP_DAYS: Final = 8
"""Days that two windows of changes share: AQS's data mart is refreshed weekly, so a change shows up to a week late."""

CACHE_AGE: Final = pd.Timedelta(days=1)
"""An interrupted recheck uses its cached responses up to this age."""

CHANGED_RANGES: Final = "changed_ranges"
"""Metadata of a recheck: the ranges of days to ingest, each with its run configuration."""


class RecheckConfig(dg.Config):
    """By default the rows that AQS lists as changed."""

    kind: str = Field(default="changed_since", description=f"One of {', '.join(RECHECK_KINDS)}")
    years: list[int] = Field(default=[], description="Calendar years; by default those that are due")


@dataclass(frozen=True)
class YearCheck:
    """A recheck of one calendar year: what was requested, what came, and the stored days it changes."""

    year: int
    pull: Pull
    days: tuple[date, ...]
    changed: tuple[date, date] | None = None
    """First and last day of the changes requested; None where all rows were."""

    @property
    def ranges(self) -> list[tuple[str, str]]:
        """The changed days as first and last day of each range."""
        return spans([pd.Period(day, "D") for day in self.days])


def recheck_history(
    source: Source, tables: TableStorage, config: RecheckConfig, *, now: pd.Timestamp, today: date
) -> AssetResult:
    """New rows of history_checks, one per checked year; the metadata lists the ranges of days to ingest.

    Raises ConfigurationError for an unknown kind, and what ``source`` raises.
    """
    kind = config.kind
    if kind not in RECHECK_KINDS:
        fix = f"Use one of {', '.join(RECHECK_KINDS)}"
        raise ConfigurationError("history_checks", f"kind {kind!r} is not valid", fix=fix)
    before = tables.read_or_empty("history_checks")
    since = today - timedelta(days=source.recent_days()) if kind == "recent_days" else date.min
    awaited = awaiting_daily_run(tables, today=today) if kind == "recent_days" else None
    stored = _stored_days(tables, since=since, but=awaited)
    years = config.years or _due_years(kind, sorted(stored), before, today)
    checks = [
        _check_year(source, tables, kind, year, days=stored.get(year, []), before=before, now=now, today=today)
        for year in years
    ]
    rows = pd.DataFrame([_row(check, kind, source.kind, now) for check in checks], columns=before.columns)
    ranges = [
        {"first": first, "last": last, "config": ingest_config(kind, changed=check.changed)}
        for check in checks
        for first, last in check.ranges
    ]
    return AssetResult(
        rows,
        metadata={
            CHANGED_RANGES: dg.MetadataValue.json(ranges),
            "run_changed_days": sum(len(check.days) for check in checks),
            "run_years": ", ".join(map(str, years)) or "none stored",
            "run_rows": sum(len(check.pull.rows) for check in checks),
        },
    )


def _check_year(
    source: Source,
    tables: TableStorage,
    kind: str,
    year: int,
    *,
    days: Sequence[str],
    before: pd.DataFrame,
    now: pd.Timestamp,
    today: date,
) -> YearCheck:
    history, cached_after, window = tables.read("raw_readings", days), now - CACHE_AGE, None
    if kind == "changed_since":
        window = (_watermark(before, year, history, today), today)
        request = PullRequest.of_year(year, history=history, cached_after=cached_after)
        pull = source.changes(request, since=window[0], until=window[1])
    elif kind == "whole_year":
        pull = source.pull(PullRequest.of_year(year, history=history, is_recheck=True, cached_after=cached_after))
    else:
        pull = source.pull(PullRequest(date.fromisoformat(days[0]), date.fromisoformat(days[-1]), history))
    return YearCheck(year, pull, changed_days(history, pull, days=days, now=now), window)


def changed_days(history: pd.DataFrame, pull: Pull, *, days: Sequence[str], now: pd.Timestamp) -> tuple[date, ...]:
    """Those of the stored ``days`` (YYYY-MM-DD) to which merging the pull would add or end a version, in order."""
    seen_at = pull.seen_at or now
    merged = merge_pull(history, pull.rows, seen_at=seen_at, in_scope=replaced_rows(history, pull))
    touched = merged["first_seen_at"].eq(seen_at) | merged["superseded_at"].eq(seen_at)
    stored = pd.DatetimeIndex(list(days))
    return tuple(day.date() for day in sorted(merged.loc[touched, "date_local"].unique()) if day in stored)


def _stored_days(tables: TableStorage, *, since: date, but: str | None) -> dict[int, list[str]]:
    """Days of raw_readings from ``since`` on, by year: around New Year recent days lie in two.

    A day that was never ingested has no history to recheck.
    """
    years: dict[int, list[str]] = {}
    for day in tables.stored_partitions("raw_readings"):
        if day >= str(since) and day != but:
            years.setdefault(int(day[:4]), []).append(day)
    return years


def _due_years(kind: str, stored: Sequence[int], before: pd.DataFrame, today: date) -> list[int]:
    """Stored years of the last ten; of whole years only one: never rechecked and newest, else rechecked longest ago."""
    if kind != "whole_year":
        return [year for year in stored if year >= today.year - YEARS_BACK]
    times = before[before["look"] == kind].groupby("year")["checked_at"].max()
    return sorted(stored, key=lambda year: (times.get(year, pd.Timestamp.min), -year))[:1]


def _watermark(before: pd.DataFrame, year: int, history: pd.DataFrame, today: date) -> date:
    """First day of the changes to request: the end of the year's last recheck, less the overlap.

    Without a recheck, the last change that the year's readings contain, or their first pull if that was earlier: a bulk
    file may have been cut long before it was read.
    """
    checks = before[(before["look"] == "changed_since") & (before["year"] == year)]
    known = history["first_seen_at"].min(), history["date_of_last_change"].max()
    first = min((moment for moment in known if pd.notna(moment)), default=pd.Timestamp(today))
    since = checks["changed_until"].max() if len(checks) else first
    return since.date() - timedelta(days=OVERLAP_DAYS)


def _row(check: YearCheck, kind: str, source: str, now: pd.Timestamp) -> dict[str, Any]:
    since, until = (pd.Timestamp(day) for day in check.changed) if check.changed else (pd.NaT, pd.NaT)
    return {
        "checked_at": now,
        "look": kind,
        "source": source,
        "year": check.year,
        "changed_since": since,
        "changed_until": until,
        "row_count": len(check.pull.rows),
        "changed_day_count": len(check.days),
        "changed_days": " ".join(f"{first}…{last}" if first != last else first for first, last in check.ranges),
    }


def changed_ranges(instance: dg.DagsterInstance, run_id: str) -> list[dict[str, Any]]:
    """The ranges that a finished recheck found changed: first and last day, and a run configuration."""
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION).records
    for record in records:
        materialization = record.event_log_entry.asset_materialization
        if materialization is not None and CHANGED_RANGES in materialization.metadata:
            value = materialization.metadata[CHANGED_RANGES].value
            return list(json.loads(value) if isinstance(value, str) else value)  # type: ignore[arg-type]
    return []
