"""Who is still to be told of what, channel by channel. Pure, as ``state``."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import pandas as pd

from airwatch_dagster.orchestration.incidents.state import OF_AIR, Incident

COOLDOWN: Final = pd.Timedelta(hours=6)
"""Time after an end during which a return of the problem is counted and not told: what flaps all night is one pair of
messages, and whoever repairs it has not gone far. A return that lasts longer is told at the end of this time."""

Refusals = Mapping[str, Collection[str]]
"""Id of an incident whose message has reached somebody → channels that did not take it."""


def due_channels(incident: Incident, channels: Sequence[str], *, now: pd.Timestamp) -> list[str]:
    """The ``channels`` that are still to get a message: on the beginning of an open incident, on the end of another.

    None is sent of an incident that ended before anybody could be told, in a silence, or while its return is counted
    only. An end is told where the beginning was, that of an episode of the air nowhere.
    """
    if incident.resolved_at is None:
        if incident.is_silent(now):
            return []
        if incident.opening_told_at is not None:
            return _waiting(incident, channels)
        return [] if is_counted_only(incident, now) else [*channels]
    if incident.opening_told_at is None or incident.is_silent(incident.resolved_at) or incident.rule == OF_AIR:
        return []
    if incident.closing_told_at is not None:
        return _waiting(incident, channels)
    return [one for one in channels if one not in incident.waits_for]


def is_counted_only(incident: Incident, now: pd.Timestamp) -> bool:
    """Whether it has come back so soon after its end that nothing is sent of it yet."""
    return incident.quiet_until is not None and now < incident.quiet_until


def _waiting(incident: Incident, channels: Sequence[str]) -> list[str]:
    return [one for one in channels if one in incident.waits_for]


def flapping(incidents: Iterable[Incident], *, now: pd.Timestamp) -> list[Incident]:
    """Resolved ones that came back in the last day without a message, for the digest."""
    day = pd.Timedelta(days=1)
    return [one for one in incidents if one.resolved_at and one.flaps and now - one.updated_at < day]


def told(incidents: Iterable[Incident], refusals: Refusals, *, at: pd.Timestamp) -> list[Incident]:
    """The incidents after messages on these: on the beginning of an open one, on the end of another."""
    return [_told(one, refusals[one.incident_id], at) if one.incident_id in refusals else one for one in incidents]


def _told(incident: Incident, refused_by: Collection[str], at: pd.Timestamp) -> Incident:
    waits = frozenset(refused_by)
    if incident.resolved_at is None:
        return replace(incident, opening_told_at=incident.opening_told_at or at, waits_for=waits, flaps=0)
    if incident.opening_told_at is None:  # it ended while the message on its beginning was under way
        return replace(incident, opening_told_at=at, waits_for=waits, flaps=0)
    return replace(
        incident,
        closing_told_at=incident.closing_told_at or at,
        quiet_until=incident.resolved_at + COOLDOWN,
        waits_for=waits,
    )
