"""Rows of Dagster's event log: which runs hold the newest ones, and which rows of an old run nothing asks for.

Dagster's UI takes from these rows which partitions are built, which failed, how fresh an asset is and what its checks
say: of each it reads the newest row, and deleting a run deletes all of its rows. Read from Dagster 1.13.27:
``DagsterInstance.delete_run``, ``SqlEventLogStorage.delete_events`` and ``_latest_event_ids_by_partition_subquery``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, cast

import dagster as dg
import sqlalchemy as sa
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS, EVENT_TYPE_TO_PIPELINE_RUN_STATUS
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from sqlalchemy import Connection

_ROWS: Final = SqlEventLogStorageTable.c
_CHECKS: Final = AssetCheckExecutionsTable.c

_ASSET_TYPES: Final = sorted(one.value for one in ASSET_EVENTS)

_LASTING_TYPES: Final = sorted(
    one.value
    for one in {
        *ASSET_EVENTS,
        *ASSET_CHECK_EVENTS,
        *EVENT_TYPE_TO_PIPELINE_RUN_STATUS,
        dg.DagsterEventType.STEP_FAILURE,
    }
)
"""What a run built, what its checks said, when it began and ended, and why it failed."""

_BUSY_TIMEOUT_S: Final = 60
"""Seconds to wait for another process that writes to the same SQLite database."""

ALL_DECISIONS: Final = dg.AssetKey("champion_model")
"""Table whose older rows are asked for too: ``airwatch explain`` names the run of each decision of a month."""


def event_log(instance: dg.DagsterInstance) -> SqlEventLogStorage:
    """The instance's event log, in SQLite or another database."""
    return cast("SqlEventLogStorage", instance.event_log_storage)


def runs_with_newest_rows(storage: SqlEventLogStorage) -> set[str]:
    """Ids of the runs that hold a row that Dagster's UI reads.

    Per asset and partition: the newest materialization, observation, plan and failure. Per check and partition: the
    newest execution of each outcome. Of ``ALL_DECISIONS``: every materialization.
    """
    newest = (
        sa.select(sa.func.max(_ROWS.id))
        .where(_ROWS.asset_key.is_not(None), _ROWS.dagster_event_type.in_(_ASSET_TYPES))
        .group_by(_ROWS.asset_key, _ROWS.partition, _ROWS.dagster_event_type)
    )
    is_decision = _ROWS.asset_key == ALL_DECISIONS.to_string()
    is_built = _ROWS.dagster_event_type == dg.DagsterEventType.ASSET_MATERIALIZATION.value
    of_assets = sa.select(_ROWS.run_id).where(_ROWS.id.in_(newest) | (is_decision & is_built)).distinct()
    checked = sa.select(sa.func.max(_CHECKS.id)).group_by(
        _CHECKS.asset_key, _CHECKS.check_name, _CHECKS.partition, _CHECKS.execution_status
    )
    of_checks = sa.select(_CHECKS.run_id).where(_CHECKS.id.in_(checked)).distinct()
    with storage.index_connection() as connection:
        return {row[0] for query in (of_assets, of_checks) for row in connection.execute(query)}


def forget_checks(storage: SqlEventLogStorage, run_id: str) -> None:
    """Delete the run's executions of checks, which deleting a run leaves; for a run without a newest one."""
    with storage.index_connection() as connection:
        connection.execute(AssetCheckExecutionsTable.delete().where(_CHECKS.run_id == run_id))


def bytes_of_run(storage: SqlEventLogStorage, run_id: str) -> int:
    """Bytes of the run's events: of its database with SQLite, else of its rows' text."""
    if isinstance(storage, SqliteEventLogStorage):
        path = Path(storage.path_for_shard(run_id))
        return sum(one.stat().st_size for one in (path, path.with_name(f"{path.name}-wal")) if one.exists())
    return _sum(storage, run_id, sa.true())


def passing_bytes(storage: SqlEventLogStorage, run_id: str) -> int:
    """Bytes of the rows that ``delete_passing`` would delete."""
    return _sum(storage, run_id, _is_passing())


def delete_passing(storage: SqlEventLogStorage, run_id: str) -> None:
    """Delete the rows of steps, engine and loggers of a run that has ended; ``_LASTING_TYPES`` stay.

    With SQLite the run's database shrinks; PostgreSQL reuses the room once it has been vacuumed, which it does itself.
    """
    with _rows_of(storage, run_id) as connection:
        if connection is not None:
            connection.execute(SqlEventLogStorageTable.delete().where(_ROWS.run_id == run_id, _is_passing()))
    if isinstance(storage, SqliteEventLogStorage) and Path(storage.path_for_shard(run_id)).exists():
        _vacuum(storage, run_id)


def _vacuum(storage: SqliteEventLogStorage, shard: str) -> None:
    """Give the room of deleted rows back to the disk."""
    engine = _opened(storage, shard)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM"))
        connection.execute(sa.text("PRAGMA wal_checkpoint(TRUNCATE)"))
    engine.dispose()


def vacuum_index(storage: SqlEventLogStorage) -> None:
    """With SQLite, give the room of deleted runs in the database of all assets back to the disk."""
    if isinstance(storage, SqliteEventLogStorage):
        _vacuum(storage, "index")


def _is_passing() -> sa.ColumnElement[bool]:
    return _ROWS.dagster_event_type.is_(None) | _ROWS.dagster_event_type.not_in(_LASTING_TYPES)


def _sum(storage: SqlEventLogStorage, run_id: str, condition: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.coalesce(sa.func.sum(sa.func.length(_ROWS.event)), 0))
    with _rows_of(storage, run_id) as connection:
        if connection is None:
            return 0
        return int(connection.execute(query.where(_ROWS.run_id == run_id, condition)).scalar_one())


@contextmanager
def _rows_of(storage: SqlEventLogStorage, run_id: str) -> Iterator[Connection | None]:
    """A transaction on the database with the run's rows; None when there is none.

    SQLite has a database per run. Dagster checks its schema at each first use, which takes longer than the query.
    """
    if not isinstance(storage, SqliteEventLogStorage):
        with storage.run_connection(run_id) as connection:
            yield connection
        return
    if not Path(storage.path_for_shard(run_id)).exists():
        yield None
        return
    engine = _opened(storage, run_id)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def _opened(storage: SqliteEventLogStorage, shard: str) -> sa.Engine:
    address = storage.conn_string_for_shard(shard)
    return sa.create_engine(address, poolclass=sa.NullPool, connect_args={"timeout": _BUSY_TIMEOUT_S})
