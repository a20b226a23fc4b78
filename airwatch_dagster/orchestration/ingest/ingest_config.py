"""What a run of raw_readings reads: the source's current data, a recheck's response, or a downloaded file."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import dagster as dg
import pandas as pd
from pydantic import Field

from airwatch_dagster.acquire.airdata.withdrawals import refuse_unconfirmed, withdrawals
from airwatch_dagster.acquire.equivalence import replaced_rows
from airwatch_dagster.acquire.pulls import Pull, PullRequest, restrict_days
from airwatch_dagster.acquire.sources.base import Source
from airwatch_dagster.acquire.versions import check_order, merge_pull
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.ingest.downloads import downloaded_file, is_fuller_than_download
from airwatch_dagster.orchestration.ingest.stamps import CLOCK_TOLERANCE
from airwatch_dagster.orchestration.resources import utc_now

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
    covers: str | None = Field(
        default=None,
        description="With download: what the file is complete for, such as state:27, cbsa:33460, county:27-053 or "
        "site:270530962, separated by commas; by default what its rows show",
    )
    confirm_withdrawals: bool = Field(
        default=False, description="With download: withdraw also many of the stored readings that the file lacks"
    )
    undo: str | None = Field(
        default=None,
        description="Read nothing, but undo the import seen at this time, UTC; with covers only in these areas",
    )


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
    covers: str | None = None
    """What the file is complete for, as stated; None for what its rows show."""
    confirm_withdrawals: bool = False
    """Many withdrawals are right."""
    undo: pd.Timestamp | None = None
    """Nothing is read; the import seen at this time (naive UTC) is undone. ``download`` names its file if known."""


def resolved(config: IngestConfig, days: pd.DatetimeIndex) -> Ingest:
    """The configuration as plain values.

    Raises ConfigurationError for an unknown kind, changes without their two days, changes over several calendar years,
    text that is not a day or time, and a download seen in the future.
    """
    first, last = days[0].date(), days[-1].date()
    if config.download is not None or config.undo is not None:
        return Ingest(
            first,
            last,
            download=Path(config.download) if config.download else None,
            seen_at=seen_instant(config.seen_at) if config.seen_at else None,
            covers=config.covers,
            confirm_withdrawals=config.confirm_withdrawals,
            undo=instant_of(config.undo) if config.undo is not None else None,
        )
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
    merged = merge_pull(history, pull.rows, seen_at=pull.seen_at, in_scope=replaced_rows(history, pull))
    return len(merged) != len(history) or merged["superseded_at"].count() != history["superseded_at"].count()


OWN_STORAGE: Final = "AIRWATCH_STORAGE=./downloads"
"""A storage for downloads alone, as an example."""


def _downloaded(source: Source, path: Path, ingest: Ingest, history: pd.DataFrame) -> Pull:
    """The file's rows of the days. The file has one value per monitor-day, so it never replaces fuller data."""
    if source.kind == "practice":
        fix = f"Import downloads into a storage of their own: AIRWATCH_SOURCE=airdata {OWN_STORAGE}"
        raise ConfigurationError("AIRWATCH_SOURCE", "simulated air and a download of EPA's would mix", fix=fix)
    current = history[history["superseded_at"].isna()]
    if is_fuller_than_download(current).any():
        days = f"{ingest.first}…{ingest.last}"
        problem = f"{days} is stored from EPA's bulk files or API, which hold more than {path.name}"
        raise ConfigurationError(
            "AIRWATCH_STORAGE", problem, fix=f"Import downloads into a storage of their own: {OWN_STORAGE}"
        )
    file = downloaded_file(path)
    scope = file.scope(ingest.covers)
    check_order(history, ingest.seen_at or utc_now())
    found = withdrawals(history, scope, rejected=file.rejected)
    if not ingest.confirm_withdrawals:
        refuse_unconfirmed(found, file=path)
    counts = {**file.counts, "withdrawn_rows": sum(len(one.withdrawn) for one in found)}
    counts["replaced_rows"] = sum(one.replaced for one in found)
    rows = file.days(ingest.first, ingest.last)
    return Pull(rows, scope, rejected=file.rejected, seen_at=ingest.seen_at, counts=counts, files=(path.name,))


def seen_instant(text: str) -> pd.Timestamp:
    """When a file was downloaded (naive UTC). Raises ConfigurationError for other text, and for the future."""
    seen_at, now = instant_of(text), utc_now()
    if seen_at > now + CLOCK_TOLERANCE:
        problem = f"{seen_at:%Y-%m-%d %H:%M:%S} UTC is in the future; it is {now:%Y-%m-%d %H:%M:%S} UTC"
        fix = "Give the day or time (UTC) at which the file was downloaded, or leave it out for now"
        raise ConfigurationError("--seen-at (run config: seen_at)", problem, fix=fix)
    return seen_at


def instant_of(text: str) -> pd.Timestamp:
    """A moment (naive UTC); a day stands for its beginning. Raises ConfigurationError for other text."""
    fix = "Use a day such as 2020-05-04, or a time such as 2020-05-04T18:00 in UTC"
    try:
        moment = pd.Timestamp(text)
    except ValueError as error:
        raise ConfigurationError("A moment", f"{text!r} is not a day or time", fix=fix) from error
    if pd.isna(moment):
        raise ConfigurationError("A moment", f"{text!r} is not a day or time", fix=fix)
    return moment.tz_convert(None) if moment.tzinfo else moment


def ingest_config(recheck_kind: str, *, changed: tuple[date, date] | None = None) -> dict[str, Any]:
    """The run configuration of raw_readings for days that a recheck found changed."""
    if recheck_kind == "recent_days":
        return {"kind": "days"}
    window = {"changed_since": str(changed[0]), "changed_until": str(changed[1])} if changed else {}
    return {"kind": recheck_kind, **window}
