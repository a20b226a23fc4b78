"""Retries that Dagster announced and then forgot.

Its daemon hears of a failed run by the event of the failure, and looks at the run once. The event is stored a moment
before the run's status and its tag ``dagster/will_retry``. A look in between takes the run for one under way, and
nothing looks again: seen in two of three crashes while two threads of the daemon looked at the same second.
"""

from datetime import datetime, timedelta
from typing import Final

import dagster as dg
from dagster import DagsterEventType
from dagster._core.storage.tags import AUTO_RETRY_RUN_ID_TAG, PARENT_RUN_ID_TAG, WILL_RETRY_TAG

MISSED_AFTER: Final = timedelta(seconds=60)
"""Time from a failure to its retry after which the retry counts as missed; the daemon looks every few seconds."""

STILL_RETRIED: Final = timedelta(hours=6)
"""Older failures stay as they are: a person has seen them by then."""

SHOWN_AGAIN: Final = "airwatch/failure_shown_again"
"""Tag of a run whose failure was shown again. Once is enough: by then everything about it is stored, and what Dagster
does not retry now, as a run of a backfill that was canceled, it never will."""

CURSOR: Final = f"EVENT_LOG_CONSUMER_CURSOR-{DagsterEventType.RUN_FAILURE.value}"
"""Where Dagster's daemon remembers the last failure that it looked at."""


def show_again(instance: dg.DagsterInstance, *, now: datetime) -> list[str]:
    """Ids of the runs whose announced retry was missed: the daemon looks at their failures once more.

    It retries each at most once, however often it looks.
    """
    filters = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.FAILURE], tags={WILL_RETRY_TAG: "true"}, updated_after=now - STILL_RETRIED
    )
    records = instance.get_run_records(filters)
    late = [one.dagster_run for one in records if (one.end_time or 0.0) < (now - MISSED_AFTER).timestamp()]
    unseen = [run for run in late if not {AUTO_RETRY_RUN_ID_TAG, SHOWN_AGAIN} & run.tags.keys()]
    missed = {run.run_id for run in unseen if not _is_retried(instance, run)}
    if missed:
        failures = instance.event_log_storage.get_logs_for_all_runs_by_log_id(
            dagster_event_type={DagsterEventType.RUN_FAILURE}
        )
        first = min((number for number, one in failures.items() if one.run_id in missed), default=None)
        if first is not None:
            instance.daemon_cursor_storage.set_cursor_values({CURSOR: str(first - 1)})
        for run_id in missed:
            instance.add_run_tags(run_id, {SHOWN_AGAIN: now.isoformat()})
    return sorted(missed)


def _is_retried(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    return bool(instance.get_runs(dg.RunsFilter(tags={PARENT_RUN_ID_TAG: run.run_id}), limit=1))
