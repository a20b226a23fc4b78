"""`airwatch incidents`: what is open, with the command that mends it."""

import json
from collections.abc import Iterator, Sequence

import pandas as pd

from airwatch_dagster.commands.wording import duration_text, program
from airwatch_dagster.orchestration.configuration.settings import storage_root
from airwatch_dagster.orchestration.incidents.keys import shown
from airwatch_dagster.orchestration.incidents.look import newest_forecast
from airwatch_dagster.orchestration.incidents.state import Incident
from airwatch_dagster.orchestration.incidents.stored import open_ones, stored_incidents
from airwatch_dagster.orchestration.incidents.wording.advice import consequence, next_step
from airwatch_dagster.orchestration.incidents.wording.texts import title, values
from airwatch_dagster.orchestration.resources import opened_storage, utc_now


def list_incidents(*, with_resolved: bool, as_json: bool) -> str:
    """Open incidents, the oldest first, and with ``with_resolved`` the resolved ones after them, the newest first.

    Raises StorageError.
    """
    tables, now = opened_storage(storage_root()), utc_now()
    stored = stored_incidents(tables)
    found = open_ones(stored)
    if with_resolved:
        found += sorted((one for one in stored if not one.is_open), key=lambda one: one.updated_at, reverse=True)
    newest = newest_forecast(tables)
    if as_json:
        rows = [
            values(one) | {"follows": consequence(one, newest_forecast=newest), "next_step": next_step(one)}
            for one in found
        ]
        return json.dumps(rows, indent=2)
    return "\n".join(_lines(found, newest, now)) or f"No incident is open. {program()} incidents --all lists old ones."


def _lines(incidents: Sequence[Incident], newest: str | None, now: pd.Timestamp) -> Iterator[str]:
    for one in incidents:
        partitions = shown(one.partitions_left or one.partitions)
        yield f"{one.incident_id}  {title(one)}{f', {partitions}' if partitions else ''}{_state(one, now)}"
        yield f"        {one.first_error}"
        if one.is_open:
            yield f"        {consequence(one, newest_forecast=newest)} {next_step(one)}".rstrip()


def _state(incident: Incident, now: pd.Timestamp) -> str:
    """``, for 3 h 2 min, acknowledged by ada``."""
    if incident.resolved_at is not None:
        return f", resolved {incident.resolved_at:%Y-%m-%d %H:%M} UTC"
    by = f", acknowledged by {incident.acknowledged_by}" if incident.acknowledged_by else ""
    silent = f", silenced until {incident.silenced_until:%Y-%m-%d %H:%M} UTC" if incident.is_silent(now) else ""
    runs = f", {incident.runs:,} runs" if incident.runs > 1 else ""
    return f", for {duration_text((now - incident.opened_at).total_seconds())}{runs}{by}{silent}"
