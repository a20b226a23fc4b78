"""One look of the sensor: signs, the table, messages. Idle looks read Dagster's index of events, and nothing else."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from threading import Thread
from typing import Final, TypeVar

import dagster as dg
import pandas as pd

from airwatch_dagster.errors import AirWatchError, StorageError
from airwatch_dagster.orchestration.alerts.air_rules import air_rules
from airwatch_dagster.orchestration.alerts.channels import undelivered
from airwatch_dagster.orchestration.alerts.messages import one_line
from airwatch_dagster.orchestration.alerts.settings import AlertSettings
from airwatch_dagster.orchestration.freshness.states import report
from airwatch_dagster.orchestration.incidents.cursor import Cursor, Notice
from airwatch_dagster.orchestration.incidents.delivery import Delivery
from airwatch_dagster.orchestration.incidents.signs.finished_runs import ends_after
from airwatch_dagster.orchestration.incidents.signs.gathering import Gathering
from airwatch_dagster.orchestration.incidents.state import OF_AIR, Incident, Sign, folded
from airwatch_dagster.orchestration.incidents.stored import changed_incidents, open_ones, stored_incidents
from airwatch_dagster.orchestration.incidents.telling import Refusals, due_channels, flapping, told
from airwatch_dagster.orchestration.incidents.wording.air import headline_of
from airwatch_dagster.orchestration.incidents.wording.champion import champion_change
from airwatch_dagster.orchestration.incidents.wording.texts import digest
from airwatch_dagster.orchestration.resources import StorageResource
from airwatch_dagster.storage.tables import TableStorage

T = TypeVar("T")

OVERDUE_EVERY_S: Final = 300.0
"""Seconds between two looks at runs under way and at schedules, and between two tries at a channel that refuses."""

MEASURED_EVERY_S: Final = 3600.0
"""Seconds between two looks at the age of the data and at disks, where no run ends."""

DIGEST_HOUR: Final = 14
"""Hour of the day (UTC) from which the digest goes out: the morning in the US."""

STORAGE_MAX_S: Final = 10.0
"""Seconds within which the storage has to answer; without it problems are told all the same."""


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
        is_digest = f"{now:%Y-%m-%d}" != known.digest.about and now.hour >= DIGEST_HOUR
        is_measured = bool(ends.runs) or seconds - known.measured_at >= MEASURED_EVERY_S
        if not (ends.runs or is_overdue or is_measured or is_digest or known.waits or known.unstored):
            return replace(known, event_id=ends.cursor), "No run has ended"
        cursor = replace(known, looked_at=seconds if is_overdue else known.looked_at)
        gathering = Gathering(self.instance, self.storage, self.repository, ends.runs, with_overdue=is_overdue)
        stored, signs = list[Incident](), list[Sign]()
        try:
            stored = _answered(lambda: stored_incidents(self.storage.tables()), within_s=STORAGE_MAX_S)
            signs = gathering.signs(stored, now=now)
            if is_measured:
                signs = [*signs, *self._measured(gathering, folded(stored, signs), now, seconds)]
                cursor = replace(cursor, measured_at=seconds)
            after = self._folded(stored, signs, known.unstored, now)
        except AirWatchError as broken:
            signs = signs or gathering.signs([], now=now)
            return self._without_table(cursor, folded(stored, signs), broken, now)
        cursor = replace(cursor, event_id=ends.cursor, unstored={})
        is_selected = gathering.has_built("champion_model")
        return self._tell(cursor, known, after, now, with_digest=is_digest, with_champion=is_selected)

    def _measured(
        self, gathering: Gathering, incidents: Sequence[Incident], now: pd.Timestamp, seconds: float
    ) -> list[Sign]:
        """Signs of the data and the disks, while Dagster is told which tables are fresh; none where a file is damaged
        or the storage takes long, which must not keep other problems from being told."""
        try:
            signs, age = _answered(lambda: gathering.measured(incidents, now=now), within_s=STORAGE_MAX_S)
        except AirWatchError as broken:
            self.log.warning("The age of the data is not known: %s", broken)
            return []
        report(self.instance, age.is_fresh if age else {}, at=seconds)
        return signs

    def _folded(
        self, stored: list[Incident], signs: Sequence[Sign], unstored: Refusals, now: pd.Timestamp
    ) -> list[Incident]:
        """The incidents after the signs. The table is written only if they change something."""

        def change(rows: list[Incident]) -> list[Incident]:
            return told(folded(rows, signs), unstored, at=now)

        return stored if change(stored) == stored else changed_incidents(self.storage, change, now=now)

    def _tell(
        self,
        cursor: Cursor,
        known: Cursor,
        incidents: Sequence[Incident],
        now: pd.Timestamp,
        *,
        with_digest: bool,
        with_champion: bool,
    ) -> tuple[Cursor, str]:
        """Send what is due, and note in the table what has arrived where."""
        delivery, listed = (
            Delivery(self.log, AlertSettings.from_environment()),
            [one for one in open_ones(incidents) if not one.is_silent(now)],
        )
        is_digest_due = with_digest or bool(known.digest.waits_for)
        is_any_due = any(due_channels(one, delivery.channels, now=now) for one in incidents)
        newest = newest_forecast(self.storage.tables()) if is_any_due or (is_digest_due and listed) else None
        delivery.tell(incidents, now=now, newest_forecast=newest)
        self._tell_air(delivery, [one for one in listed if one.rule == OF_AIR], now)
        cursor = self._tell_champion(delivery, cursor, is_new=with_champion)
        listed = [one for one in listed if one.rule != OF_AIR]
        if is_digest_due:
            about = f"{now:%Y-%m-%d}" if with_digest else known.digest.about
            told_of = [*listed, *flapping(incidents, now=now)]
            message = digest(told_of, now=now, newest_forecast=newest) if told_of else None
            sent = delivery.notify(message, known.digest, about=about) if message else Notice(about)
            cursor = replace(cursor, digest=sent)
        if delivery.refused:
            try:
                changed_incidents(self.storage, lambda rows: told(rows, delivery.refused, at=now), now=now)
            except AirWatchError as broken:
                self.log.warning("%s", broken)
                cursor = replace(cursor, unstored=delivery.refused)
        if delivery.failures and delivery.is_lost and known.waits and cursor.event_id == known.event_id:
            raise undelivered(delivery.failures)
        return replace(cursor, waits=delivery.is_lost), f"{len(listed)} open, {delivery.said}"

    def _tell_air(self, delivery: Delivery, incidents: Sequence[Incident], now: pd.Timestamp) -> None:
        if not any(one.opening_told_at is None or one.waits_for for one in incidents):
            return
        try:
            rules = air_rules()
        except AirWatchError:  # an incident of its own says so
            return
        delivery.tell_air(incidents, rules, now=now, headline=headline_of(self.storage.tables(), incidents))

    def _tell_champion(self, delivery: Delivery, cursor: Cursor, *, is_new: bool) -> Cursor:
        """After a run that selected a champion, and where a channel refused the message on it."""
        if not is_new and not cursor.champion.waits_for:
            return cursor
        try:
            change = champion_change(self.storage.tables())
        except AirWatchError as broken:
            self.log.warning("%s", broken)
            return cursor
        if change is None:
            return cursor
        return replace(cursor, champion=delivery.notify(change[1], cursor.champion, about=change[0]))

    def _without_table(
        self, cursor: Cursor, incidents: Sequence[Incident], broken: AirWatchError, now: pd.Timestamp
    ) -> tuple[Cursor, str]:
        """The table cannot be read or written: each problem is told once all the same, and the next look reads the
        same runs again."""
        delivery = Delivery(self.log, AlertSettings.from_environment())
        found = [one for one in open_ones(incidents) if one.incident_id not in cursor.unstored]
        delivery.tell(found, now=now, newest_forecast=None)
        said = f"The incidents are not stored: {one_line(str(broken))}"
        self.log.warning("%s", said)
        return replace(cursor, unstored={**cursor.unstored, **delivery.refused}, waits=True), said


def newest_forecast(tables: TableStorage) -> str | None:
    """The last issue day with forecasts; empty without one, None when the storage does not answer."""
    try:
        return max(tables.stored_partitions("predictions"), default="")
    except AirWatchError:
        return None


def _answered(read: Callable[[], T], *, within_s: float) -> T:
    """What ``read`` returns or raises. Raises StorageError when that takes longer: S3's client may wait for minutes."""
    results: list[T | Exception] = []

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
