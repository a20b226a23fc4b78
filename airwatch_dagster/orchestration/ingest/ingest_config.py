"""How a run of raw_readings reads its days: fresh from the source, from a look back, or from a file a person has."""

from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
from pydantic import Field

from airwatch_dagster.acquire.airdata.daily_downloads import download_scope, read_daily_download
from airwatch_dagster.acquire.pulls import Pull, PullRequest, restrict_days
from airwatch_dagster.acquire.sources.base import Source
from airwatch_dagster.acquire.versions import merge_pull
from airwatch_dagster.errors import ConfigurationError


class IngestConfig(dg.Config):
    """By default the source is asked for the run's days."""

    look: str = Field(
        default="days",
        description="days: ask for the run's days; changed_since, whole_year: take them from that look back at history",
    )
    resume: bool = Field(
        default=False, description="With days: an answer kept from an interrupted run is taken, though it may be stored"
    )
    changed_since: str | None = Field(default=None, description="YYYY-MM-DD; with changed_since")
    changed_until: str | None = Field(default=None, description="YYYY-MM-DD; with changed_since")
    download: str | None = Field(default=None, description="Read this file of EPA's Download Daily Data page instead")
    seen_at: str | None = Field(default=None, description="With download: when it was downloaded, UTC; now if unknown")


def pulled(source: Source, order: IngestConfig, *, days: pd.DatetimeIndex, history: pd.DataFrame) -> Pull:
    """What is to be merged into ``history`` of ``days``.

    Raises ConfigurationError for an order that says too little.
    """
    first, last = days[0].date(), days[-1].date()
    if order.download is not None:
        return _downloaded(source, Path(order.download), first, last, history=history, seen_at=order.seen_at)
    if order.look == "days":
        pull = source.pull(PullRequest(first, last, history))
        return pull if order.resume else _of_now(source, pull, first, last, history)
    if order.look == "whole_year":
        return source.pull(PullRequest(first, last, history, is_recheck=True))
    if first.year != last.year:
        raise ConfigurationError("raw_readings", f"{first}…{last} spans years", fix="Look back at one year at a time")
    if order.look != "changed_since" or order.changed_since is None or order.changed_until is None:
        fix = "Use look days or whole_year, or changed_since with its two days"
        raise ConfigurationError("raw_readings", f"look {order.look!r} says too little", fix=fix)
    window = (date.fromisoformat(order.changed_since), date.fromisoformat(order.changed_until))
    changed = source.changes(PullRequest.of_year(first.year, history=history), since=window[0], until=window[1])
    return restrict_days(changed, first, last)


def _of_now(source: Source, pull: Pull, first: date, last: date, history: pd.DataFrame) -> Pull:
    """The pull, or another if it consists of answers kept from a run that stored them and had no time to say so.

    Kept answers that add nothing to history are such; whoever asks again wants to know what is published by now.
    """
    if not pull.is_cached or _adds_to(history, pull):
        return pull
    pull.mark_stored()
    return source.pull(PullRequest(first, last, history))


def _adds_to(history: pd.DataFrame, pull: Pull) -> bool:
    """Whether the pull begins or ends a version."""
    assert pull.seen_at is not None
    merged = merge_pull(history, pull.rows, seen_at=pull.seen_at, in_scope=pull.in_scope)
    return len(merged) != len(history) or merged["superseded_at"].count() != history["superseded_at"].count()


def _downloaded(
    source: Source, path: Path, first: date, last: date, *, history: pd.DataFrame, seen_at: str | None
) -> Pull:
    """A file's rows of the days. It states one value a monitor's day, so it never replaces what says more."""
    if source.kind == "practice":
        fix = "Set AIRWATCH_SOURCE to airdata or live, and AIRWATCH_STORAGE to a place of its own"
        raise ConfigurationError("AIRWATCH_SOURCE", "simulated air and a download of EPA's would mix", fix=fix)
    current = history[history["superseded_at"].isna()]
    if current["pollutant_standard"].notna().any():
        problem = f"{first}…{last} is stored from EPA's bulk files or API, which say more than {path.name}"
        raise ConfigurationError("AIRWATCH_STORAGE", problem, fix="Use another place for downloaded files")
    rows = read_daily_download(path, first, last)
    scope = download_scope(read_daily_download(path))
    return Pull(rows, scope, seen_at=instant_of(seen_at) if seen_at else None)


def instant_of(text: str) -> pd.Timestamp:
    """A moment (naive UTC); a day is its beginning. Raises ConfigurationError for anything else."""
    try:
        moment = pd.Timestamp(text)
    except ValueError as error:
        fix = "Use a day such as 2020-05-04, or a time such as 2020-05-04T18:00 in UTC"
        raise ConfigurationError("A moment", f"{text!r} is no day and no time", fix=fix) from error
    return moment.tz_convert(None) if moment.tzinfo else moment


def ingest_config(look: str, *, changed: tuple[date, date] | None = None) -> dict[str, Any]:
    """The run configuration of raw_readings for days that a look found changed."""
    if look == "recent_days":
        return {"look": "days"}
    window = {"changed_since": str(changed[0]), "changed_until": str(changed[1])} if changed else {}
    return {"look": look, **window}
