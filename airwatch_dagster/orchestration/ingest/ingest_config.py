"""What a run of raw_readings reads: the source's current data, a recheck's response, or a downloaded file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import dagster as dg
import pandas as pd
from pydantic import Field

from airwatch_dagster.acquire.pulls import Pull, PullRequest, restrict_days
from airwatch_dagster.acquire.sources.base import Source
from airwatch_dagster.acquire.versions import merge_pull
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.ingest.downloads import downloaded_file
from airwatch_dagster.orchestration.ingest.emptied_days import EMPTY_CHECK, emptied_days
from airwatch_dagster.orchestration.ingest.rejected_lines import REJECTED_CHECK, rejected_metadata, rejected_warnings
from airwatch_dagster.orchestration.table_asset import AssetResult
from airwatch_dagster.storage.tables import TableStorage

KINDS: Final = ("days", "changed_since", "whole_year")


class IngestConfig(dg.Config):
    """By default the run's days are requested from the source."""

    kind: str = Field(
        default="days",
        description="days: request the run's days; changed_since, whole_year: take them from that recheck's response",
    )
    resume: bool = Field(
        default=False, description="With days: use a response cached by an interrupted run, even if it was stored"
    )
    changed_since: str | None = Field(default=None, description="First day of the changes, YYYY-MM-DD")
    changed_until: str | None = Field(default=None, description="Last day of the changes, YYYY-MM-DD")
    download: str | None = Field(default=None, description="Read this file of EPA's Download Daily Data page instead")
    seen_at: str | None = Field(default=None, description="With download: when it was downloaded, UTC; default now")


@dataclass(frozen=True)
class Ingest:
    """A validated configuration for the days ``first`` to ``last``."""

    first: date
    last: date
    kind: str = "days"
    resume: bool = False
    changed: tuple[date, date] | None = None
    """First and last day of the changes; with changed_since."""
    download: Path | None = None
    seen_at: pd.Timestamp | None = None
    """When the file was downloaded, naive UTC; None for now."""


def resolved(config: IngestConfig, days: pd.DatetimeIndex) -> Ingest:
    """The configuration as plain values.

    Raises ConfigurationError for an unknown kind, changes without their two days, changes over several calendar years,
    and text that is not a day or time.
    """
    first, last = days[0].date(), days[-1].date()
    if config.download is not None:
        seen_at = instant_of(config.seen_at) if config.seen_at else None
        return Ingest(first, last, download=Path(config.download), seen_at=seen_at)
    if config.kind not in KINDS:
        problem = f"kind {config.kind!r} is not valid"
        raise ConfigurationError("raw_readings", problem, fix=f"Use one of {', '.join(KINDS)}")
    if config.kind != "changed_since":
        return Ingest(first, last, kind=config.kind, resume=config.resume)
    if config.changed_since is None or config.changed_until is None:
        fix = "Give changed_since and changed_until, each as YYYY-MM-DD"
        raise ConfigurationError("raw_readings", "kind 'changed_since' lacks one of its two days", fix=fix)
    if first.year != last.year:
        problem = f"{first}…{last} spans calendar years"
        raise ConfigurationError("raw_readings", problem, fix="Request the changes of one year at a time")
    changed = instant_of(config.changed_since).date(), instant_of(config.changed_until).date()
    return Ingest(first, last, kind=config.kind, changed=changed)


def pulled(source: Source, ingest: Ingest, *, history: pd.DataFrame) -> Pull:
    """What to merge into ``history``, the stored versions of the days.

    Raises ConfigurationError for a downloaded file that must not be merged, and what ``source`` raises.
    """
    first, last = ingest.first, ingest.last
    if ingest.download is not None:
        return _downloaded(source, ingest.download, ingest, history)
    if ingest.changed is not None:
        since, until = ingest.changed
        request = PullRequest.of_year(first.year, history=history)
        return restrict_days(source.changes(request, since=since, until=until), first, last)
    if ingest.kind == "whole_year":
        return source.pull(PullRequest(first, last, history, is_recheck=True))
    pull = source.pull(PullRequest(first, last, history))
    if ingest.resume or not pull.is_cached or _adds_to(history, pull):
        return pull
    # A cached response without news was stored by a run that ended before it could say so: request current data.
    pull.mark_stored()
    return source.pull(PullRequest(first, last, history))


def _adds_to(history: pd.DataFrame, pull: Pull) -> bool:
    """Whether the pull begins or ends a version."""
    assert pull.seen_at is not None
    merged = merge_pull(history, pull.rows, seen_at=pull.seen_at, in_scope=pull.replaces(history))
    return len(merged) != len(history) or merged["superseded_at"].count() != history["superseded_at"].count()


def _downloaded(source: Source, path: Path, ingest: Ingest, history: pd.DataFrame) -> Pull:
    """The file's rows of the days. The file has one value per monitor-day, so it never replaces fuller data."""
    if source.kind == "practice":
        fix = "Set AIRWATCH_SOURCE to airdata or live, and AIRWATCH_STORAGE to a place of its own"
        raise ConfigurationError("AIRWATCH_SOURCE", "simulated air and a download of EPA's would mix", fix=fix)
    current = history[history["superseded_at"].isna()]
    if current["pollutant_standard"].notna().any():
        days = f"{ingest.first}…{ingest.last}"
        problem = f"{days} is stored from EPA's bulk files or API, which hold more than {path.name}"
        raise ConfigurationError("AIRWATCH_STORAGE", problem, fix="Use another place for downloaded files")
    file = downloaded_file(path)
    return Pull(file.days(ingest.first, ingest.last), file.scope, rejected=file.rejected, seen_at=ingest.seen_at)


def ingested(
    pull: Pull, merged: pd.DataFrame, tables: TableStorage, *, partitions: Sequence[str], known_rows: int
) -> AssetResult:
    """The merged versions with the run's numbers, and the checks of lines set aside and of emptied days."""
    metadata = {
        "run_pulled_rows": len(pull.rows),
        "run_new_versions": len(merged) - known_rows,
        **{f"run_{name}": count for name, count in pull.counts.items()},
        "run_unknown_cbsa_names": dict(pull.unknown_cbsa_names),
        **rejected_metadata(pull.rejected),
    }
    monitors, days = tables.read_or_empty("monitors"), list(partitions)
    warnings = {
        **dict.fromkeys(REJECTED_CHECK, rejected_warnings(pull.rejected, monitors, partitions=days)),
        **dict.fromkeys(EMPTY_CHECK, emptied_days(tables, merged, monitors, partitions=days)),
    }
    return AssetResult(merged, metadata=metadata, warnings=warnings)


def instant_of(text: str) -> pd.Timestamp:
    """A moment (naive UTC); a day stands for its beginning. Raises ConfigurationError for other text."""
    try:
        moment = pd.Timestamp(text)
    except ValueError as error:
        fix = "Use a day such as 2020-05-04, or a time such as 2020-05-04T18:00 in UTC"
        raise ConfigurationError("A moment", f"{text!r} is not a day or time", fix=fix) from error
    return moment.tz_convert(None) if moment.tzinfo else moment


def ingest_config(recheck_kind: str, *, changed: tuple[date, date] | None = None) -> dict[str, Any]:
    """The run configuration of raw_readings for days that a recheck found changed."""
    if recheck_kind == "recent_days":
        return {"kind": "days"}
    window = {"changed_since": str(changed[0]), "changed_until": str(changed[1])} if changed else {}
    return {"kind": recheck_kind, **window}
