"""Old runs of Dagster: those that nothing asks for any more go, of the others the lines of steps and engine."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import dagster as dg
from dagster._core.execution.backfill import BULK_ACTION_TERMINAL_STATUSES, BulkActionsFilter, BulkActionStatus
from dagster._core.storage.dagster_run import FINISHED_STATUSES

from airwatch_dagster.orchestration.retention.event_rows import (
    bytes_of_run,
    delete_passing,
    event_log,
    forget_checks,
    passing_bytes,
    runs_with_newest_rows,
    vacuum_index,
)
from airwatch_dagster.orchestration.retention.kinds import Item, oldest_first, utc

_KIND: Final = "airwatch/kind"

_BACKFILL: Final = "dagster/backfill"

_INGESTED: Final = dg.AssetKey("raw_readings")
"""Table whose runs are the record of imports and of what undid them."""

PAGE: Final = 500
"""Runs read from the database at a time."""


class FinishedRuns:
    """Runs that have ended and hold no row that Dagster's UI, `airwatch explain` or `airwatch import` reads."""

    name = "runs"

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance

    def items(self, before: datetime) -> list[Item]:
        """Runs that ended before a time. A run that failed stays while no later one built its partitions."""
        storage, wanted = event_log(self._instance), needed_runs(self._instance)
        ended = [one for one in ended_runs(self._instance, before) if one.dagster_run.run_id not in wanted]
        return oldest_first([_item(one, bytes_of_run(storage, one.dagster_run.run_id)) for one in ended], before)

    def remove(self, items: Sequence[Item]) -> None:
        """Delete the runs with their events; those that became needed since they were listed stay.

        The run goes last, unlike in Dagster's own order: a removal that was killed is listed again.
        """
        storage, wanted = event_log(self._instance), needed_runs(self._instance)
        gone = [item.name for item in items if item.name not in wanted]
        for run_id in gone:
            forget_checks(storage, run_id)
            storage.delete_events(run_id)
            self._instance.delete_run(run_id)
        if gone:
            vacuum_index(storage)


class RunEvents:
    """Lines of steps, engine and loggers in the log of a run that stays for what it built."""

    name = "events"

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance

    def items(self, before: datetime) -> list[Item]:
        """Runs that ended before a time, stay as ``FinishedRuns`` says, and have such lines."""
        storage, wanted = event_log(self._instance), needed_runs(self._instance)
        ended = [one for one in ended_runs(self._instance, before) if one.dagster_run.run_id in wanted]
        found = [_item(one, passing_bytes(storage, one.dagster_run.run_id)) for one in ended]
        return oldest_first([item for item in found if item.size], before)

    def remove(self, items: Sequence[Item]) -> None:
        """Delete the lines. The run's page still shows what it built and checked, when, and why it failed."""
        storage = event_log(self._instance)
        for item in items:
            delete_passing(storage, item.name)


def needed_runs(instance: dg.DagsterInstance) -> set[str]:
    """Ids of the runs that must stay."""
    return (
        runs_with_newest_rows(event_log(instance)) | set(_recorded_runs(instance)) | set(_of_open_backfills(instance))
    )


def _recorded_runs(instance: dg.DagsterInstance) -> Iterator[str]:
    """Runs that read, imported or undid readings by command: later imports and undos build on their record."""
    for run in instance.get_runs(dg.RunsFilter(tags={_KIND: ["import", "undo", "backfill"]})):
        if run.tags[_KIND] != "backfill" or _INGESTED in (run.asset_selection or ()):
            yield run.run_id


def _of_open_backfills(instance: dg.DagsterInstance) -> Iterator[str]:
    """Runs of Dagster's backfills that are still under way, which count what is built by their runs."""
    statuses = [one for one in BulkActionStatus if one not in BULK_ACTION_TERMINAL_STATUSES]
    for backfill in instance.get_backfills(filters=BulkActionsFilter(statuses=statuses)):
        for run in instance.get_runs(dg.RunsFilter(tags={_BACKFILL: backfill.backfill_id})):
            yield run.run_id


def ended_runs(instance: dg.DagsterInstance, before: datetime) -> Iterator[dg.RunRecord]:
    """Records of runs that changed last before a time and have ended."""
    wanted = dg.RunsFilter(statuses=FINISHED_STATUSES, updated_before=before)
    cursor = None
    while page := instance.get_run_records(wanted, limit=PAGE, cursor=cursor):
        yield from page
        cursor = page[-1].dagster_run.run_id


def _item(record: dg.RunRecord, size: int) -> Item:
    return Item(record.dagster_run.run_id, size, utc(record.end_time or record.update_timestamp.timestamp()))
