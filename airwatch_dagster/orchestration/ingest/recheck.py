"""Looking at history again: which of its days EPA changed since they were read."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import dagster as dg
import pandas as pd
from pydantic import Field

from airwatch_dagster.acquire.pulls import Pull, PullRequest
from airwatch_dagster.acquire.sources.base import Source
from airwatch_dagster.acquire.versions import merge_pull
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.ingest.ingest_config import ingest_config
from airwatch_dagster.orchestration.partitions import spans
from airwatch_dagster.orchestration.table_asset import AssetResult
from airwatch_dagster.schemas.acquire import RECHECK_KINDS
from airwatch_dagster.storage.tables import TableStorage

YEARS_BACK: Final = 10
"""Calendar years before the current one that are asked for changes: EPA restates a decade and more."""

OVERLAP_DAYS: Final = 8
"""Days that two windows of changes share: AQS's data mart is refreshed weekly, so a change shows up to a week late."""

KEPT_ANSWERS_FOR: Final = pd.Timedelta(days=1)
"""A look that was interrupted takes the answers it already has, if they are no older."""

FOUND: Final = "changed_ranges"
"""Metadata of a look: the ranges of days to read again, and how."""


class RecheckConfig(dg.Config):
    """Which look to take; by default at what AQS says it changed."""

    look: str = Field(default="changed_since", description=f"One of {', '.join(RECHECK_KINDS)}")
    years: list[int] = Field(default=[], description="Calendar years; by default those whose turn it is")


@dataclass(frozen=True)
class Look:
    """One look at one year: what was asked, what came, and the days it changes."""

    year: int
    pull: Pull
    days: tuple[date, ...]
    changed: tuple[date, date] | None = None


def recheck_history(
    source: Source, tables: TableStorage, order: RecheckConfig, *, now: pd.Timestamp, today: date
) -> AssetResult:
    """The table history_checks with a row for every year looked at, and in its metadata the days to read again."""
    if order.look not in RECHECK_KINDS:
        raise ConfigurationError(
            "history_checks", f"no look {order.look!r}", fix=f"Use one of {', '.join(RECHECK_KINDS)}"
        )
    before = tables.read_or_empty("history_checks")
    stored = _stored_days(tables)
    if order.look == "recent_days":
        stored = _since(today - timedelta(days=source.recent_days()), stored)
    years = order.years or _years(order.look, sorted(stored), before, today)
    looks = [_look(source, tables, order.look, year, stored.get(year, []), before, now, today) for year in years]
    rows = pd.DataFrame([_row(look, order.look, source.kind, now) for look in looks])
    table = pd.concat([frame for frame in (before, rows) if len(frame)] or [before], ignore_index=True)
    ranges = [found for look in looks for found in _ranges(look, order.look)]
    return AssetResult(
        table,
        metadata={
            FOUND: dg.MetadataValue.json(ranges),
            "run_changed_days": sum(len(look.days) for look in looks),
            "run_years": ", ".join(map(str, years)) or "none stored",
            "run_rows": sum(len(look.pull.rows) for look in looks),
        },
    )


def _look(
    source: Source,
    tables: TableStorage,
    look: str,
    year: int,
    days: Sequence[str],
    before: pd.DataFrame,
    now: pd.Timestamp,
    today: date,
) -> Look:
    history = tables.read("raw_readings", days)
    kept_after = now - KEPT_ANSWERS_FOR
    window = None
    if look == "changed_since":
        window = (_watermark(before, year, history, today), today)
        request = PullRequest.of_year(year, history=history, cached_after=kept_after)
        pull = source.changes(request, since=window[0], until=window[1])
    elif look == "whole_year":
        pull = source.pull(PullRequest.of_year(year, history=history, is_recheck=True, cached_after=kept_after))
    else:
        pull = source.pull(PullRequest(date.fromisoformat(days[0]), date.fromisoformat(days[-1]), history))
    return Look(year, pull, changed_days(history, pull, days=days, now=now), window)


def changed_days(history: pd.DataFrame, pull: Pull, *, days: Sequence[str], now: pd.Timestamp) -> tuple[date, ...]:
    """Those of the stored ``days`` (YYYY-MM-DD) to which merging the pull would add or end a version, in order."""
    seen_at = pull.seen_at or now
    merged = merge_pull(history, pull.rows, seen_at=seen_at, in_scope=pull.in_scope)
    touched = merged["first_seen_at"].eq(seen_at) | merged["superseded_at"].eq(seen_at)
    stored = pd.DatetimeIndex(list(days))
    return tuple(day.date() for day in sorted(merged.loc[touched, "date_local"].unique()) if day in stored)


def _stored_days(tables: TableStorage) -> dict[int, list[str]]:
    """Days of raw_readings by year; a day that was never read has no history to look at."""
    years: dict[int, list[str]] = {}
    for day in tables.stored_partitions("raw_readings"):
        years.setdefault(int(day[:4]), []).append(day)
    return years


def _since(first: date, stored: Mapping[int, Sequence[str]]) -> dict[int, list[str]]:
    """The stored days from ``first`` on; around New Year they are of two years."""
    recent = {year: [day for day in days if day >= str(first)] for year, days in stored.items()}
    return {year: days for year, days in recent.items() if days}


def _years(look: str, stored: Sequence[int], before: pd.DataFrame, today: date) -> list[int]:
    """Stored years of the last ten; for whole years the one that was looked at longest ago, or never and is newest."""
    if look != "whole_year":
        return [year for year in stored if year >= today.year - YEARS_BACK]
    times = before[before["look"] == look].groupby("year")["checked_at"].max()
    turn = sorted(stored, key=lambda year: (times.get(year, pd.Timestamp.min), -year))
    return turn[:1]


def _watermark(before: pd.DataFrame, year: int, history: pd.DataFrame, today: date) -> date:
    """From when on changes are asked for: the end of the last look, or else what the year's readings know; and earlier.

    A bulk file may have been cut long before it was read: its last change says what it can know at most.
    """
    looks = before[(before["look"] == "changed_since") & (before["year"] == year)]
    known = history["first_seen_at"].min(), history["date_of_last_change"].max()
    first = min((moment for moment in known if pd.notna(moment)), default=pd.Timestamp(today))
    since = looks["changed_until"].max() if len(looks) else first
    return since.date() - timedelta(days=OVERLAP_DAYS)


def _row(look: Look, name: str, source: str, now: pd.Timestamp) -> dict[str, Any]:
    since, until = (pd.Timestamp(day) for day in look.changed) if look.changed else (pd.NaT, pd.NaT)
    return {
        "checked_at": now,
        "look": name,
        "source": source,
        "year": look.year,
        "changed_since": since,
        "changed_until": until,
        "row_count": len(look.pull.rows),
        "changed_day_count": len(look.days),
        "changed_days": " ".join(f"{first}…{last}" if first != last else first for first, last in _ranges_of(look)),
    }


def _ranges(look: Look, name: str) -> Iterator[dict[str, Any]]:
    for first, last in _ranges_of(look):
        yield {"first": first, "last": last, "order": ingest_config(name, changed=look.changed)}


def _ranges_of(look: Look) -> list[tuple[str, str]]:
    return spans([pd.Period(day, "D") for day in look.days])


def found_ranges(instance: dg.DagsterInstance, run_id: str) -> list[dict[str, Any]]:
    """The ranges that a finished look wants read again."""
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION).records
    for record in records:
        materialization = record.event_log_entry.asset_materialization
        if materialization is not None and FOUND in materialization.metadata:
            value = materialization.metadata[FOUND].value
            return list(json.loads(value) if isinstance(value, str) else value)  # type: ignore[arg-type]
    return []
