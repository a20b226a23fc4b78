"""Messages about incidents: on the opening, on the end, and the daily digest."""

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from airwatch_dagster.orchestration.alerts.messages import Message, one_line
from airwatch_dagster.orchestration.incidents.keys import as_text, shown
from airwatch_dagster.orchestration.incidents.state import OF_TICKS, Incident
from airwatch_dagster.orchestration.incidents.wording.advice import consequence, next_step
from airwatch_dagster.orchestration.pages import site_url
from airwatch_dagster.orchestration.registry.links import dagster_run_url, dagster_url

OUTCOMES: Final = {
    "run_failed": "failed",
    "run_stands": "stands",
    "check_failed": "failed",
    "check_warned": "warned",
    "tick_failed": "failed",
    "tick_missed": "did not start",
    "source_down": "down or late",
    "data_stale": "is stale",
    "disk_low": "is short of room",
    "air_rules": "cannot be used",
    "air_forecast": "is forecast to exceed a limit",
}
"""Rule → what a person reads of it."""

OF_DELIVERY: Final = ("opening_told_at", "closing_told_at", "waits_for", "quiet_until")
"""Columns that say what was sent, which no reader needs."""

MAX_IN_DIGEST: Final = 20
"""Incidents that a digest lists; the rest are counted."""


def title(incident: Incident) -> str:
    """``raw_readings failed``, or ``coverage / no_area_outage warned``."""
    what = f"{incident.asset} / {incident.scope}" if incident.scope else incident.asset
    if incident.rule == "source_down":
        return f"source of {what} {OUTCOMES[incident.rule]}"
    return f"{what} {OUTCOMES[incident.rule]}"


def opening(incident: Incident, *, newest_forecast: str | None) -> Message:
    """What, where, since when, what follows, the cause, and what to do."""
    follows = consequence(incident, newest_forecast=newest_forecast)
    where = _where(incident)
    name = incident.incident_id
    return Message(
        subject=f"AirWatch: {one_line(title(incident))}{_of(incident)}",
        lines=(
            f"What: {incident.first_error}",
            f"Where: {where}",
            f"Since: {_moment(incident.opened_at)}{_count(incident)}",
            f"What follows: {follows}" if follows else "",
            f"Probable cause: {incident.probable_cause}",
            f"What to do: {next_step(incident)}",
            f"Incident {name}: `airwatch ack {name}`, or `airwatch silence {name} --until DAY`.",
            *_links(incident),
        ),
        data=_data("incident_opened", incident, follows=follows),
    )


def closing(incident: Incident) -> Message:
    """That it has ended, when, and how long it took."""
    assert incident.resolved_at is not None
    took = incident.resolved_at - incident.opened_at
    left = f"Partitions that still do not pass: {shown(incident.partitions_left)}" if incident.partitions_left else ""
    return Message(
        subject=f"AirWatch: resolved: {one_line(title(incident))}{_of(incident)}",
        lines=(
            f"What: {incident.first_error}",
            f"Where: {_where(incident)}",
            # A line of a mail that begins with "From " arrives as ">From ".
            f"It lasted from {_moment(incident.opened_at)} to {_moment(incident.resolved_at)} ({_span(took)}).",
            left,
            f"Incident {incident.incident_id}: nothing is left to do." if not left else "",
            *_links(incident),
        ),
        data=_data("incident_resolved", incident),
    )


def digest(incidents: Sequence[Incident], *, now: pd.Timestamp, newest_forecast: str | None) -> Message:
    """What is still open, then what came and went; ``incidents`` are not empty."""
    lines = []
    for one in incidents[:MAX_IN_DIGEST]:
        if not one.is_open:
            lines.append(f"{one.incident_id}: {title(one)}{_of(one)}, over; {_flaps(one)}")
            continue
        by = f", acknowledged by {one.acknowledged_by}" if one.acknowledged_by else ""
        lines.append(f"{one.incident_id}: {title(one)}{_of(one)}, for {_span(now - one.opened_at)}{by}")
        lines.append(f"    {consequence(one, newest_forecast=newest_forecast)} {next_step(one)}")
    more = len(incidents) - MAX_IN_DIGEST
    lines += [f"and {more} more: `airwatch incidents` lists all"] if more > 0 else []
    still = sum(one.is_open for one in incidents)
    count = f"{still} incidents are open" if still > 1 else "an incident is open" if still else "nothing is open"
    return Message(
        subject=f"AirWatch: {count}",
        lines=(*lines, *_urls(dagster_url())),
        data={"kind": "digest", "incidents": [values(one) for one in incidents]},
    )


def _of(incident: Incident) -> str:
    found = shown(incident.partitions_left or incident.partitions)
    return f", {found}" if found else ""


def _where(incident: Incident) -> str:
    if incident.rule in OF_TICKS:
        return f"schedule or sensor {incident.asset}"
    return f"{incident.asset}, {shown(incident.partitions)}" if incident.partitions else incident.asset


def _count(incident: Incident) -> str:
    again = f", for the {incident.times_opened}th time" if incident.times_opened > 3 else ""
    again = {2: ", for the second time", 3: ", for the third time"}.get(incident.times_opened, again)
    runs = f"; {incident.runs:,} runs" if incident.runs > 1 else ""
    return again + (f"; {_flaps(incident)}" if incident.flaps > 1 else "") + runs


def _flaps(incident: Incident) -> str:
    times = f"{incident.flaps} times" if incident.flaps > 1 else "once"
    return f"it came back {times} without a message, because it had just ended"


def _links(incident: Incident) -> list[str]:
    url = dagster_run_url(incident.last_run_id) if incident.last_run_id else dagster_url()
    run = [f"Run {incident.last_run_id}"] if incident.last_run_id and not url else []
    return [*run, *_urls(url)]


def _urls(url: str | None) -> list[str]:
    bulletin = site_url("latest.html")
    return [*([url] if url else []), *([f"Bulletin: {bulletin}"] if bulletin else [])]


def _data(kind: str, incident: Incident, **more: Any) -> dict[str, Any]:
    link = dagster_run_url(incident.last_run_id) if incident.last_run_id else dagster_url()
    known = {"kind": kind, "run_id": incident.last_run_id, "link": link, "next_step": next_step(incident)}
    return {**known, "incident": values(incident), **more}


def values(incident: Incident) -> dict[str, Any]:
    """The row for programs: partitions as spans, moments in ISO 8601 (UTC)."""
    values = {**vars(incident), "incident_id": incident.incident_id}
    return {name: _value(value) for name, value in values.items() if name not in OF_DELIVERY}


def _value(value: Any) -> Any:
    if isinstance(value, frozenset):
        return as_text(value)
    return f"{value.isoformat(timespec='seconds')}Z" if isinstance(value, pd.Timestamp) else value


def _moment(moment: pd.Timestamp) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _span(length: pd.Timedelta) -> str:
    minutes = max(1, round(length.total_seconds() / 60))
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 48 * 60 else f"{minutes // 1440} days"
