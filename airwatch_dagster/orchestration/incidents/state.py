"""What a sign of a problem, or of its end, changes in the incidents. Pure: no clock, no storage, no Dagster."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import pandas as pd

from airwatch_dagster.orchestration.incidents.keys import NONE, Keys

Rule = Literal[
    "run_failed",
    "run_stands",
    "source_down",
    "check_failed",
    "check_warned",
    "tick_failed",
    "tick_missed",
    "data_stale",
    "disk_low",
    "air_rules",
    "air_forecast",
]
"""As ``INCIDENT_RULES`` of the schema."""

OF_RUNS: Final[tuple[Rule, ...]] = ("run_failed", "run_stands", "source_down")
OF_TICKS: Final[tuple[Rule, ...]] = ("tick_failed", "tick_missed")
OF_CHECKS: Final[tuple[Rule, ...]] = ("check_failed", "check_warned")


OF_AIR: Final[Rule] = "air_forecast"
"""Of the air and not of AirWatch: it is told once, by its own rules, and is in no digest."""

EARLY: Final = "early issue"
"""Scope of a failed run of the morning: the daily run reads everything again and does not wait for it."""


@dataclass(frozen=True)
class Sign:
    """Something was seen of one table, schedule or sensor."""

    at: pd.Timestamp
    """Naive UTC."""
    asset: str
    scope: str = ""
    """The check, or EARLY."""
    partitions: Keys = NONE
    """None of a table or run without partitions."""
    run_id: str | None = None
    event_id: int = 0
    """Number of Dagster's event, which later events exceed; 0 for what is no event."""


@dataclass(frozen=True)
class Failure(Sign):
    """It is wrong."""

    rule: Rule = "run_failed"
    error: str = ""
    cause: str = "not known"
    mended: Keys = NONE
    """Partitions that the same run showed to be right."""


@dataclass(frozen=True)
class Recovery(Sign):
    """It works."""

    rules: tuple[Rule, ...] = OF_RUNS
    """Kinds of problem that this ends."""
    ends_older: bool = False
    """Whether newer partitions that are right end the incident of older ones: a check of one day says nothing about
    the next, but what a run did not build stays missing."""


@dataclass(frozen=True)
class Incident:
    """A row of the table ``incidents``; moments are naive UTC."""

    rule: Rule
    asset: str
    scope: str
    opened_at: pd.Timestamp
    updated_at: pd.Timestamp
    first_error: str
    probable_cause: str = "not known"
    partitions: Keys = NONE
    partitions_left: Keys = NONE
    resolved_at: pd.Timestamp | None = None
    runs: int = 0
    times_opened: int = 1
    last_run_id: str | None = None
    last_event_id: int = 0
    acknowledged_by: str | None = None
    acknowledged_at: pd.Timestamp | None = None
    silenced_by: str | None = None
    silenced_until: pd.Timestamp | None = None
    opening_told_at: pd.Timestamp | None = None
    closing_told_at: pd.Timestamp | None = None
    waits_for: frozenset[str] = frozenset()
    """Channels that did not take the last message."""
    quiet_until: pd.Timestamp | None = None
    """Until then a return is counted and not told."""
    flaps: int = 0
    """Returns since the last message."""

    @property
    def key(self) -> tuple[Rule, str, str]:
        """What tells it from other incidents."""
        return self.rule, self.asset, self.scope

    @property
    def incident_id(self) -> str:
        """Six hexadecimal digits of the key: the same whenever and wherever the problem comes."""
        return hashlib.sha256("\n".join(self.key).encode()).hexdigest()[:6]

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.resolved_at is None

    def is_silent(self, now: pd.Timestamp) -> bool:
        """Whether nothing is to be sent about it at ``now``."""
        return self.silenced_until is not None and now < self.silenced_until


def folded(incidents: Iterable[Incident], signs: Sequence[Sign]) -> list[Incident]:
    """The incidents after these signs, in the order of their first opening. The same signs again change nothing."""
    by_key = {one.key: one for one in incidents}
    for sign in sorted(signs, key=lambda one: one.event_id):
        if isinstance(sign, Failure):
            key = _key_of(by_key, sign)
            by_key[key] = _after_failure(by_key.get(key), key[0], sign)
        elif isinstance(sign, Recovery):
            for rule in sign.rules:
                key = (rule, sign.asset, sign.scope)
                if key in by_key:
                    by_key[key] = _after_recovery(by_key[key], sign)
    return list(by_key.values())


def _key_of(by_key: dict[tuple[Rule, str, str], Incident], sign: Failure) -> tuple[Rule, str, str]:
    """A run that stood and then failed is one problem: its incident goes on."""
    stands: tuple[Rule, str, str] = ("run_stands", sign.asset, sign.scope)
    standing = by_key.get(stands)
    if sign.rule == "run_failed" and standing and standing.is_open and standing.last_run_id == sign.run_id:
        return stands
    return sign.rule, sign.asset, sign.scope


def _is_known(incident: Incident, sign: Sign) -> bool:
    """Whether the sign has counted before. Another or a restored database of Dagster numbers its events anew, so that
    a number alone says nothing: of a later time it is news."""
    return 0 < sign.event_id <= incident.last_event_id and sign.at <= incident.updated_at


def _after_failure(known: Incident | None, rule: Rule, sign: Failure) -> Incident:
    if known is not None and known.is_open:
        return known if _is_known(known, sign) else _continued(known, sign)
    if known is not None and _is_known(known, sign):
        return known
    return Incident(
        rule=rule,
        asset=sign.asset,
        scope=sign.scope,
        opened_at=sign.at,
        updated_at=sign.at,
        first_error=sign.error,
        probable_cause=sign.cause,
        partitions=sign.partitions,
        partitions_left=sign.partitions,
        runs=int(sign.run_id is not None),
        times_opened=known.times_opened + 1 if known else 1,
        last_run_id=sign.run_id,
        last_event_id=max(sign.event_id, known.last_event_id if known else 0),
        silenced_by=known.silenced_by if known else None,
        silenced_until=known.silenced_until if known else None,
        quiet_until=known.quiet_until if known else None,
        flaps=_flaps(known, sign),
    )


def _flaps(known: Incident | None, sign: Failure) -> int:
    """Returns that are counted only, this one included."""
    if known is None:
        return 0
    return known.flaps + (known.quiet_until is not None and sign.at < known.quiet_until)


def _continued(known: Incident, sign: Failure) -> Incident:
    is_new_run = sign.run_id is not None and sign.run_id != known.last_run_id
    if not sign.event_id and not is_new_run:  # still as it was when last looked at
        return known
    return replace(
        known,
        updated_at=max(known.updated_at, sign.at),
        partitions=known.partitions | sign.partitions,
        partitions_left=(known.partitions_left - sign.mended) | sign.partitions,
        runs=known.runs + is_new_run,
        last_run_id=sign.run_id or known.last_run_id,
        last_event_id=max(known.last_event_id, sign.event_id),
    )


def _after_recovery(known: Incident, sign: Recovery) -> Incident:
    """Ended when no partition is left that is wrong, or by ``ends_older``."""
    if not known.is_open or _is_known(known, sign):
        return known
    left = known.partitions_left - sign.partitions
    is_newer = bool(sign.partitions and left) and max(sign.partitions) > max(left) and sign.run_id != known.last_run_id
    if left and not (sign.ends_older and is_newer):
        return replace(known, partitions_left=left) if left != known.partitions_left else known
    return replace(
        known,
        partitions_left=left,
        resolved_at=max(sign.at, known.opened_at),
        updated_at=max(sign.at, known.updated_at),
        last_event_id=max(known.last_event_id, sign.event_id),
    )


def acknowledged(incident: Incident, *, by: str, now: pd.Timestamp) -> Incident:
    """A person has taken it on."""
    return replace(incident, acknowledged_by=by, acknowledged_at=now)


def silenced(incident: Incident, *, by: str, until: pd.Timestamp) -> Incident:
    """Nothing is sent about it, nor about its return, until a time."""
    return replace(incident, silenced_by=by, silenced_until=until)
