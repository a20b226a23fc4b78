"""One look of the sensor: signs, the table, messages. Idle looks read Dagster's index of events, and nothing else."""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from threading import Thread
from time import monotonic
from typing import Final, Self

import dagster as dg
import pandas as pd

from airwatch_dagster.errors import AirWatchError, StorageError
from airwatch_dagster.orchestration.alerts.channels import send, undelivered
from airwatch_dagster.orchestration.alerts.messages import Message, one_line
from airwatch_dagster.orchestration.alerts.settings import AlertSettings
from airwatch_dagster.orchestration.incidents.signs.finished_runs import Ends, ends_after
from airwatch_dagster.orchestration.incidents.signs.overdue import ended_unseen, standing_runs, ticks_of
from airwatch_dagster.orchestration.incidents.signs.run_ends import Graph, signs_of
from airwatch_dagster.orchestration.incidents.state import (
    OF_CHECKS,
    Incident,
    Sign,
    closing_is_due,
    folded,
    opening_is_due,
    told,
)
from airwatch_dagster.orchestration.incidents.stored import changed_incidents, open_ones, stored_incidents
from airwatch_dagster.orchestration.incidents.wording.texts import closing, digest, opening
from airwatch_dagster.orchestration.resources import StorageResource
from airwatch_dagster.storage.tables import TableStorage

OVERDUE_EVERY_S: Final = 300.0
"""Seconds between two looks at runs under way and at schedules."""

DIGEST_HOUR: Final = 14
"""Hour of the day (UTC) from which the digest goes out: the morning in the US."""

STORAGE_MAX_S: Final = 20.0
"""Seconds within which the storage has to answer; without it problems are told all the same."""

SENDING_MAX_S: Final = 15.0
"""Seconds after which a look begins no further message, so that it ends within the minute that Dagster gives it."""


@dataclass(frozen=True)
class Cursor:
    """What the next look has to know."""

    event_id: int
    """Number of the last end of a run that was read."""
    looked_at: float = 0.0
    """When runs under way and schedules were looked at last, seconds since 1970."""
    digest_on: str = ""
    """Day (UTC) of the last digest, sent or not needed."""
    waits: bool = False
    """Whether a message is still to be sent: one that no channel took, or one of an incident that is silenced."""
    told: tuple[str, ...] = ()
    """Incidents of whose opening was told while the table could not be written."""

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        """What ``text`` says; None at the first look."""
        if text is None:
            return None
        values = json.loads(text)
        return cls(**values | {"told": tuple(values["told"])})

    @property
    def text(self) -> str:
        """As Dagster stores it."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Look:
    """What a look needs."""

    instance: dg.DagsterInstance
    storage: StorageResource
    repository: dg.RepositoryDefinition | None
    log: logging.Logger

    def at(self, now: pd.Timestamp, known: Cursor) -> tuple[Cursor, str]:
        """Where the next look begins, and what this one has done.

        Raises AirWatchError when no channel took a message that waited, and no run has ended meanwhile.
        """
        ends = ends_after(self.instance, known.event_id, now=now)
        seconds = now.tz_localize("UTC").timestamp()
        is_overdue = seconds - known.looked_at >= OVERDUE_EVERY_S
        is_digest = f"{now:%Y-%m-%d}" != known.digest_on and now.hour >= DIGEST_HOUR
        if not (ends.runs or is_overdue or is_digest or known.waits or known.told):
            return replace(known, event_id=ends.cursor), "No run has ended"
        cursor = replace(known, looked_at=seconds if is_overdue else known.looked_at)
        stored, signs = list[Incident](), list[Sign]()
        try:
            stored = _answered(lambda: stored_incidents(self.storage.tables()), within_s=STORAGE_MAX_S)
            signs = self._signs(ends, stored, now, with_overdue=is_overdue)
            after = self._folded(stored, signs, known, now)
        except AirWatchError as broken:
            signs = signs or self._signs(ends, [], now, with_overdue=is_overdue)
            return self._without_table(cursor, folded(stored, signs), broken, now)
        return self._tell(replace(cursor, event_id=ends.cursor, told=()), known, after, now, with_digest=is_digest)

    def _signs(self, ends: Ends, stored: Sequence[Incident], now: pd.Timestamp, *, with_overdue: bool) -> list[Sign]:
        if not ends.runs and not with_overdue:
            return []
        graph = Graph.of(self.repository) if self.repository else Graph()
        watched = {(one.asset, one.scope) for one in stored if one.is_open and one.rule in OF_CHECKS}
        signs = signs_of(self.instance, ends.runs, graph, watched=watched)
        if with_overdue:
            signs += standing_runs(self.instance, graph, now=now) + ended_unseen(self.instance, stored, now=now)
            signs += ticks_of(self.instance, self.repository, now=now) if self.repository else []
        return signs

    def _folded(
        self, stored: list[Incident], signs: Sequence[Sign], known: Cursor, now: pd.Timestamp
    ) -> list[Incident]:
        """The incidents after the signs. The table is written only if they change something."""

        def change(rows: list[Incident]) -> list[Incident]:
            return told(folded(rows, signs), ids=known.told, at=now)

        return stored if change(stored) == stored else changed_incidents(self.storage, change, now=now)

    def _tell(
        self, cursor: Cursor, known: Cursor, incidents: list[Incident], now: pd.Timestamp, *, with_digest: bool
    ) -> tuple[Cursor, str]:
        """Send what is due, and note in the table what has arrived."""
        due = [one for one in incidents if opening_is_due(one, now) or closing_is_due(one)]
        opened = [one for one in open_ones(incidents) if not one.is_silent(now)]
        newest = newest_forecast(self.storage.tables()) if due or (with_digest and opened) else None
        began, failures, arrived = monotonic(), list[AirWatchError](), list[Incident]()
        for one in due:
            if monotonic() - began < SENDING_MAX_S:
                message = opening(one, newest_forecast=newest) if one.is_open else closing(one)
                arrived += [one] if self._sent(message, failures) else []
        if with_digest and (not opened or self._sent(digest(opened, now=now, newest_forecast=newest), failures)):
            cursor = replace(cursor, digest_on=f"{now:%Y-%m-%d}")
        if arrived:
            ids = [one.incident_id for one in arrived]
            try:
                incidents = changed_incidents(self.storage, lambda rows: told(rows, ids=ids, at=now), now=now)
            except AirWatchError as broken:
                self.log.warning("%s", broken)
                cursor = replace(cursor, told=tuple(one.incident_id for one in arrived if one.is_open))
        waits = len(arrived) < len(due) or any(one.is_open and one.opening_told_at is None for one in incidents)
        if failures and known.waits and cursor.event_id == known.event_id:
            raise undelivered(failures)
        said = f"{len(opened)} open, {len(arrived)} messages sent" + (
            f"; {one_line(str(undelivered(failures)))}" if failures else ""
        )
        return replace(cursor, waits=waits), said

    def _without_table(
        self, cursor: Cursor, incidents: Sequence[Incident], broken: AirWatchError, now: pd.Timestamp
    ) -> tuple[Cursor, str]:
        """The table cannot be read or written: each problem is told once all the same, and the next look reads the
        same runs again."""
        failures: list[AirWatchError] = []
        due = [one for one in incidents if opening_is_due(one, now)]
        found = [one for one in open_ones(due) if one.incident_id not in cursor.told]
        arrived = [one for one in found if self._sent(opening(one, newest_forecast=None), failures)]
        said = f"The incidents are not stored: {one_line(str(broken))}"
        self.log.warning("%s", said)
        return replace(cursor, told=(*cursor.told, *(one.incident_id for one in arrived)), waits=True), said

    def _sent(self, message: Message, failures: list[AirWatchError]) -> bool:
        sent = send(message, settings=AlertSettings.from_environment(), log=self.log)
        failures += sent.failures
        return sent.has_arrived


def newest_forecast(tables: TableStorage) -> str | None:
    """The last issue day with forecasts; empty without one, None when the storage does not answer."""
    try:
        return max(tables.stored_partitions("predictions"), default="")
    except AirWatchError:
        return None


def _answered(read: Callable[[], list[Incident]], *, within_s: float) -> list[Incident]:
    """What ``read`` returns or raises. Raises StorageError when that takes longer: S3's client may wait for minutes."""
    results: list[list[Incident] | Exception] = []

    def run() -> None:
        try:
            results.append(read())
        except Exception as error:  # noqa: BLE001 - raised below, in the thread that waits
            results.append(error)

    thread = Thread(target=run, name="incidents", daemon=True)
    thread.start()
    thread.join(within_s)
    if not results:
        problem, fix = f"has not answered within {within_s:g} s", "Check the storage server"
        raise StorageError("AIRWATCH_STORAGE", problem, fix=fix, retry_helps=True)
    if isinstance(results[0], Exception):
        raise results[0]
    return results[0]
