"""Checks that runs have evaluated, by partition.

A run over ten years evaluates thousands of partitions; only numbers and states of them are read, and one evaluation of
each check that did not pass.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._serdes import deserialize_value

from airwatch_dagster.orchestration.incidents.keys import Keys

_FAILED, _PASSED = AssetCheckExecutionRecordStatus.FAILED.value, AssetCheckExecutionRecordStatus.SUCCEEDED.value
_ROWS = AssetCheckExecutionsTable.c


@dataclass(frozen=True)
class Evaluated:
    """One check in one run."""

    run_id: str
    asset: str
    check: str
    failed: Keys
    """Partitions that did not pass. Where ``passed`` is empty too, the table as a whole."""
    passed: Keys
    failure: dg.AssetCheckEvaluation | None
    """Of the whole run where there is one, else of one partition; None when everything passed."""


def evaluated_checks(
    instance: dg.DagsterInstance,
    runs: Sequence[tuple[str, Keys]],
    checks: Collection[dg.AssetCheckKey],
    *,
    watched: Collection[tuple[str, str]],
) -> list[Evaluated]:
    """What ``checks`` have found in ``runs``, each a run's id and partitions.

    Checks that passed in all partitions are left out, unless ``watched`` has their table and name.
    """
    found, storage = [], instance.event_log_storage
    assert isinstance(storage, SqlEventLogStorage)
    partitions = dict(runs)
    with storage.index_connection() as connection:
        for key in sorted(checks):
            name = key.asset_key.to_user_string(), key.name
            statuses = [_FAILED, _PASSED] if name in watched else [_FAILED]
            rows = _rows(connection, key, list(partitions), statuses)
            if rows and len(statuses) == 1:
                rows = _rows(connection, key, list({row.run_id for row in rows}), [_FAILED, _PASSED])
            for run_id in dict.fromkeys(row.run_id for row in rows):
                of_run = [row for row in rows if row.run_id == run_id]
                found.append(_evaluated(connection, run_id, name, of_run, partitions[run_id]))
    return found


def _rows(connection: sa.Connection, key: dg.AssetCheckKey, run_ids: list[str], statuses: list[str]) -> list[sa.Row]:  # type: ignore[type-arg]
    """By the index of asset, check and run."""
    query = sa.select(_ROWS.id, _ROWS.run_id, _ROWS.partition, _ROWS.execution_status).where(
        _ROWS.asset_key == key.asset_key.to_string(),
        _ROWS.check_name == key.name,
        _ROWS.run_id.in_(run_ids),
        _ROWS.execution_status.in_(statuses),
    )
    return list(connection.execute(query.order_by(_ROWS.id)).fetchall())


def _evaluated(
    connection: sa.Connection,
    run_id: str,
    name: tuple[str, str],
    rows: Sequence[sa.Row],  # type: ignore[type-arg]
    of_run: Keys,
) -> Evaluated:
    """A row without a partition is of the whole run, and says less than those of its partitions where there are any."""
    failed, passed = (_keys(rows, status, of_run) for status in (_FAILED, _PASSED))
    is_known = any(row.partition is not None for row in rows)
    whole = [row for row in rows if row.partition is None and row.execution_status == _FAILED]
    wrong = [row for row in rows if row.execution_status == _FAILED]
    failure = _evaluation(connection, (whole or wrong)[0].id) if wrong else None
    if failure is not None and is_known and not failed:  # only the whole run failed, no partition of it
        failed, passed = of_run, frozenset()
    return Evaluated(run_id, *name, failed, passed - failed, failure)


def _keys(rows: Sequence[sa.Row], status: str, of_run: Keys) -> Keys:  # type: ignore[type-arg]
    """Partitions with this status; those of the run where the check was evaluated for the run alone."""
    keys = frozenset(row.partition for row in rows if row.partition is not None and row.execution_status == status)
    is_alone = all(row.partition is None for row in rows)
    return of_run if is_alone and any(row.execution_status == status for row in rows) else keys


def _evaluation(connection: sa.Connection, row_id: int) -> dg.AssetCheckEvaluation | None:
    text = connection.execute(sa.select(_ROWS.evaluation_event).where(_ROWS.id == row_id)).scalar_one()
    event = deserialize_value(text, dg.EventLogEntry).dagster_event
    return event.asset_check_evaluation_data if event else None
