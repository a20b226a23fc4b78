"""Runs that have ended since a cursor, whoever executed them: by Dagster's daemon or by a command in its own process.

Dagster's own sensors for the status of runs see the runs of their code location alone; those that a command executes
have none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import dagster as dg
import pandas as pd
from dagster._core.storage.tags import AUTO_RETRY_RUN_ID_TAG, WILL_RETRY_TAG

ENDS: Final = (dg.DagsterEventType.RUN_FAILURE, dg.DagsterEventType.RUN_SUCCESS)
"""A run that a person cancels opens nothing."""

MAX_ENDS: Final = 100
"""Ends of each kind that one look reads; the next look goes on where it stopped."""

RETRY_DECIDED_S: Final = 120.0
"""Seconds after a failure by which Dagster's daemon has started the run's retry, if it ever does."""


@dataclass(frozen=True)
class EndedRun:
    """The end of a run."""

    event_id: int
    """Number of the event, which rises from run to run."""
    at: pd.Timestamp
    """Naive UTC."""
    run: dg.DagsterRun
    event: dg.DagsterEvent
    ended_for: str = ""
    """Why Dagster told the run to end, such as its longest run time; empty for one that it did not."""

    @property
    def is_success(self) -> bool:
        """Whether it succeeded."""
        return self.event.event_type == dg.DagsterEventType.RUN_SUCCESS


@dataclass(frozen=True)
class Ends:
    """What one look has found."""

    runs: Sequence[EndedRun]
    """In the order in which they ended. Those that Dagster starts again are left out."""
    cursor: int
    """Where the next look begins."""


def newest_end(instance: dg.DagsterInstance) -> int:
    """Number of the last end of a run; 0 without one. Where a first look begins: what was before is history."""
    found = [instance.fetch_run_status_changes(kind, limit=1).records for kind in ENDS]
    return max((record.storage_id for records in found for record in records), default=0)


def ends_after(instance: dg.DagsterInstance, cursor: int, *, now: pd.Timestamp) -> Ends:
    """At most MAX_ENDS of each kind, in order.

    Stops before a failure of which it is not decided yet whether Dagster starts the run again, and goes on with it at
    the next look.
    """
    records, whole = list[dg.EventLogRecord](), list[int]()
    for kind in ENDS:
        changes = dg.RunStatusChangeRecordsFilter(kind, after_storage_id=cursor)
        found = instance.fetch_run_status_changes(changes, limit=MAX_ENDS, ascending=True).records
        records += found
        whole += [found[-1].storage_id] if len(found) == MAX_ENDS else []
    known = sorted((one for one in records if one.storage_id <= min(whole, default=one.storage_id)), key=_number)
    if not known:  # a number is given again where the run that had the highest was deleted
        return Ends((), min(cursor, newest_end(instance)))
    ids = [one.event_log_entry.run_id for one in known]
    runs = {one.run_id: one for one in instance.get_runs(dg.RunsFilter(run_ids=ids))}
    ended = []
    for one in known:
        run, event = runs.get(one.event_log_entry.run_id), one.event_log_entry.dagster_event
        at = pd.Timestamp(one.timestamp, unit="s").floor("us")
        if run is not None and event is not None:
            end = EndedRun(one.storage_id, at, run, event)
            if not end.is_success:
                end = replace(end, ended_for=_ended_for(instance, run.run_id))
            # A run that stood is told of at once: its last try may end half a day later.
            is_final = end.is_success or bool(end.ended_for)
            is_retried = False if is_final else will_be_retried(instance, run, age_s=(now - at).total_seconds())
            if is_retried is None:
                break
            ended += [] if is_retried else [end]
        cursor = one.storage_id
    return Ends(ended, cursor)


def will_be_retried(instance: dg.DagsterInstance, run: dg.DagsterRun, *, age_s: float) -> bool | None:
    """Whether Dagster starts the failed run again; None while that is open. A run of a command it never does."""
    if run.remote_job_origin is None:
        return False
    if AUTO_RETRY_RUN_ID_TAG in run.tags:
        return True
    is_open = run.tags.get(WILL_RETRY_TAG, str(instance.run_retries_enabled).lower()) == "true"
    return None if is_open and age_s < RETRY_DECIDED_S else False


def _ended_for(instance: dg.DagsterInstance, run_id: str) -> str:
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.RUN_CANCELING).records
    events = [record.event_log_entry.dagster_event for record in records]
    return next((event.message for event in events if event and event.message), "")


def _number(record: dg.EventLogRecord) -> int:
    return record.storage_id
