"""`airwatch ack` and `airwatch silence`: changes of one incident by a person, beside those of the sensor."""

import getpass
import re
from collections.abc import Callable
from typing import Final

import pandas as pd

from airwatch_dagster.commands.days import day_in_digits
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.incidents.state import Incident, acknowledged, silenced
from airwatch_dagster.orchestration.incidents.stored import changed_incidents, open_ones
from airwatch_dagster.orchestration.incidents.wording.texts import title
from airwatch_dagster.orchestration.resources import StorageResource, utc_now

_LENGTH: Final = re.compile(r"(\d{1,4})([hd])")


def acknowledge(incident_id: str, *, by: str | None) -> str:
    """Note that a person has taken it on: the digest says so, and nothing is sent again.

    Raises ConfigurationError for an id that is not an open incident's, and StorageError.
    """
    name, now = by or getpass.getuser(), utc_now()
    found = _changed(incident_id, lambda one: acknowledged(one, by=name, now=now), now, is_open=True)
    return f"{found.incident_id}: {title(found)}, acknowledged by {name}"


def silence(incident_id: str, *, until: str, by: str | None) -> str:
    """Send nothing about the incident, nor about its return, until a time: ``8h``, ``3d``, a day or a time (UTC).

    Raises ConfigurationError for another time, for one that is over, and for an unknown id; StorageError.
    """
    name, now = by or getpass.getuser(), utc_now()
    end = moment_of(until, now=now)
    found = _changed(incident_id, lambda one: silenced(one, by=name, until=end), now, is_open=False)
    if end <= now:
        return f"{found.incident_id}: {title(found)}, messages go out again"
    return f"{found.incident_id}: {title(found)}, silenced until {end:%Y-%m-%d %H:%M} UTC by {name}"


def moment_of(text: str, *, now: pd.Timestamp) -> pd.Timestamp:
    """When a silence ends (naive UTC): ``now``, after ``8h`` or ``3d``, at the begin of a day, at a time."""
    said = text.strip()
    if said.lower() == "now":
        return now
    if length := _LENGTH.fullmatch(said.lower()):
        return now + pd.Timedelta(f"{length[1]}{length[2]}")
    fix = "Use 8h, 3d, tomorrow, a day (YYYY-MM-DD) or a time (YYYY-MM-DDTHH:MM, UTC); now ends a silence"
    try:
        moment = pd.Timestamp(day_in_digits(said, is_utc=True))
    except ValueError as error:
        raise ConfigurationError("--until", f"{text!r} is not a time", fix=fix) from error
    moment = moment.tz_convert(None) if moment.tzinfo else moment
    if pd.isna(moment) or moment <= now:
        raise ConfigurationError("--until", f"{text!r} is over", fix=fix)
    return moment


def _changed(incident_id: str, change: Callable[[Incident], Incident], now: pd.Timestamp, *, is_open: bool) -> Incident:
    """The incident after the change, which is stored."""
    wanted = incident_id.strip().lower()

    def changed(stored: list[Incident]) -> list[Incident]:
        known = open_ones(stored) if is_open else stored
        if wanted not in {one.incident_id for one in known}:
            ids = ", ".join(one.incident_id for one in known) or "none"
            what = "an open incident" if is_open else "an incident"
            raise ConfigurationError("ID", f"{incident_id!r} is not {what}", fix=f"Known are: {ids}")
        return [change(one) if one.incident_id == wanted else one for one in stored]

    after = changed_incidents(StorageResource(), changed, now=now)
    return next(one for one in after if one.incident_id == wanted)
