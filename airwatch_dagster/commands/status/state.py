"""The state of an installation: tables, what is due, failed checks, runs, champion, schedules."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from airwatch_dagster.commands.inspect.stored_tables import StoredTable, stored_tables
from airwatch_dagster.commands.status.automation import automation_problem, last_heartbeat
from airwatch_dagster.commands.status.due import Due, due_partitions
from airwatch_dagster.commands.status.runs import (
    ActiveRun,
    FailedCheck,
    ScheduleState,
    active_runs,
    failed_checks,
    schedule_states,
)
from airwatch_dagster.fit.champion.service_periods import service_periods
from airwatch_dagster.orchestration.configuration.settings import SourceSettings
from airwatch_dagster.orchestration.freshness.expected import current_moment
from airwatch_dagster.orchestration.incidents.keys import shown
from airwatch_dagster.orchestration.incidents.stored import open_ones, stored_incidents
from airwatch_dagster.orchestration.incidents.wording.texts import title
from airwatch_dagster.orchestration.instance.opening import opened_instance
from airwatch_dagster.orchestration.resources import opened_storage
from airwatch_dagster.storage.tables import TableStorage


@dataclass(frozen=True)
class Champion:
    """Whose forecasts are served."""

    model_family: str
    model_version: str
    serves_from: date
    """First issue day."""
    decided_by_person: str | None
    """Who overrode the choice by evidence; None without an override."""
    reason: str


@dataclass(frozen=True)
class OpenIncident:
    """A problem that lasts."""

    incident_id: str
    what: str
    """``raw_readings failed``"""
    partitions: str
    """Those that are not mended, as spans; empty without partitions."""
    opened_at: datetime
    """UTC."""


@dataclass(frozen=True)
class State:
    """What `airwatch status` knows; moments are UTC."""

    at: datetime
    source: str
    area: str
    storage: str
    tables: list[StoredTable]
    due: list[Due]
    open_incidents: list[OpenIncident]
    failed_checks: list[FailedCheck]
    runs: list[ActiveRun]
    champion: Champion | None
    schedules: list[ScheduleState]
    daemon_seen_at: datetime | None
    """Last heartbeat of Dagster's daemon; None when it never ran."""
    automation_problem: str | None
    """Why nothing starts by itself any more; None when it does, and where no daemon is expected."""

    @property
    def is_fresh(self) -> bool:
        """Whether nothing is due, no check of severity ERROR failed last, and the automation works or need not."""
        has_failed = any(check.severity == "ERROR" for check in self.failed_checks)
        return not self.due and not has_failed and self.automation_problem is None

    def as_json(self) -> str:
        """Every field by its name, dates and moments in ISO 8601, and ``is_fresh``."""
        return json.dumps({"is_fresh": self.is_fresh, **asdict(self)}, indent=2, default=_iso)


def _iso(value: Any) -> str:
    assert isinstance(value, date)
    return value.isoformat()


def current_state() -> State:
    """The state by one listing of each table, two reads, and a few questions to Dagster's database.

    Raises ConfigurationError for settings or an instance that are not valid, and StorageError.
    """
    settings, moment = SourceSettings.from_environment(), current_moment()
    storage, now = opened_storage(settings.storage), moment.now
    tables = list(stored_tables(storage))
    with opened_instance() as instance:
        return State(
            at=now,
            source=settings.source,
            area=settings.area,
            storage=settings.storage,
            tables=tables,
            due=due_partitions(tables, moment),
            open_incidents=_open_incidents(storage, tables),
            failed_checks=failed_checks(instance),
            runs=active_runs(instance),
            champion=_champion(storage, tables),
            schedules=schedule_states(instance, now),
            daemon_seen_at=last_heartbeat(instance),
            automation_problem=automation_problem(instance, now),
        )


def _open_incidents(storage: TableStorage, tables: list[StoredTable]) -> list[OpenIncident]:
    """The oldest first. They say nothing about freshness: what they cost is due, or a check that failed."""
    if not any(one.table == "incidents" for one in tables):
        return []
    return [
        OpenIncident(
            one.incident_id, title(one), shown(one.partitions_left), one.opened_at.tz_localize(UTC).to_pydatetime()
        )
        for one in open_ones(stored_incidents(storage))
    ]


def _champion(storage: TableStorage, tables: list[StoredTable]) -> Champion | None:
    """The last decision of the newest month; None where no model serves."""
    newest = next((one.newest for one in tables if one.table == "champion_model"), None)
    if newest is None:
        return None
    periods = service_periods(storage.read("champion_model", [newest]))
    if periods.empty or not periods["is_serving"].iloc[-1]:
        return None
    row = periods.iloc[-1]
    person = row["decided_by_person"]
    return Champion(
        model_family=str(row["model_family"]),
        model_version=str(row["model_version"]),
        serves_from=row["serves_from"].date(),
        decided_by_person=None if pd.isna(person) else str(person),
        reason=str(row["reason"]),
    )
