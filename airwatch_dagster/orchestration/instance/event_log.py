"""Dagster's SQLite event log with pooled connections and statements for many rows. Configured in dagster.yaml.

A backfill writes four events per partition and table. Upstream opens a new engine and connection for each of them,
which recompiles each statement and checkpoints the database at each close. `benchmarks/event_log.py` measures both.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import dagster as dg
from dagster import _check as check
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS, EVENT_TYPE_TO_PIPELINE_RUN_STATUS
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData, serialize_value
from sqlalchemy import Connection, Engine, bindparam, create_engine, event, select

from airwatch_dagster.orchestration.instance.event_rows import event_rows
from airwatch_dagster.orchestration.instance.run_databases import copy_if_missing, empty_database, is_made
from airwatch_dagster.orchestration.instance.sqlite import made_by_one, wait_for_writers

MAX_SHARDS: Final = 16
"""Databases open at a time: the index, and one per run that is written or read."""

IN_INDEX: Final = {*ASSET_EVENTS, *ASSET_CHECK_EVENTS, *EVENT_TYPE_TO_PIPELINE_RUN_STATUS}
"""Events that upstream stores in the index too, beside the run's database."""

_CHECKS: Final = AssetCheckExecutionsTable.c

_EVALUATED: Final = AssetCheckExecutionsTable.update().where(
    _CHECKS.asset_key == bindparam("of_asset"),
    _CHECKS.check_name == bindparam("of_check"),
    _CHECKS.run_id == bindparam("of_run"),
    _CHECKS.partition == bindparam("of_partition"),
)

_Stored = tuple[dg.EventLogEntry, dict[str, Any], int]
"""An event in the index: itself, its row, its number there."""


class PooledSqliteEventLogStorage(SqliteEventLogStorage):
    """The files, tables and guarantees against corruption of upstream; only connections are reused.

    A power failure may lose the last events, because a commit does not wait for the disk (``synchronous=NORMAL``
    in SQLite's write-ahead mode); a crash of the process loses nothing.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._tables: set[str] = set()
        self._asset_columns: set[str] = set()
        self._here = threading.local()
        wait_for_writers()
        with made_by_one(Path(base_dir)):
            super().__init__(base_dir=base_dir, inst_data=inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "PooledSqliteEventLogStorage":
        """Databases in ``base_dir/events``: upstream takes every database in its folder for a run's."""
        return cls(base_dir=str(Path(config_value["base_dir"], "events")), inst_data=inst_data)

    def has_table(self, table_name: str) -> bool:
        """Cached, because it is called for every event; an existing table is never dropped."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        """Cached, because upstream asks for every event of an asset; an existing column is never dropped."""
        if column_name not in self._asset_columns and super()._has_asset_key_col_on_connection(conn, column_name):
            self._asset_columns.add(column_name)
        return column_name in self._asset_columns

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        held: _Held | None = getattr(self._here, "held", None)
        if held is not None:
            yield held.connection(shard, self._begun)
            return
        with self._db_lock, self._begun(shard) as connection:
            yield connection

    @contextmanager
    def _begun(self, shard: str) -> Iterator[Connection]:
        engine = self._engine(shard)
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        with engine.connect() as connection, connection.begin():
            yield connection

    def _initdb(self, engine: Engine, for_index_shard: bool = False) -> None:
        """As upstream; a run's database begins as a copy of an empty one that upstream made in this process."""
        path = Path(str(engine.url.database))
        if not for_index_shard and not path.exists():
            copy_if_missing(empty_database(super()._initdb), path)
        if for_index_shard or not is_made(engine):
            super()._initdb(engine, for_index_shard=for_index_shard)

    @contextmanager
    def one_transaction(self) -> Iterator[None]:
        """Commits everything that this thread stores within the block together; nothing if the block fails."""
        if getattr(self._here, "held", None) is not None:
            yield
            return
        with self._db_lock, ExitStack() as transactions:
            self._here.held = _Held(transactions)
            try:
                yield
            finally:
                self._here.held = None

    @contextmanager
    def stored_together(self) -> Iterator[None]:
        """Events that this thread stores within the block are stored at its end, as one batch; none if the block fails.

        Nobody can read them before.
        """
        if getattr(self._here, "waiting", None) is not None:
            yield
            return
        waiting: list[dg.EventLogEntry] = []
        self._here.waiting = waiting
        try:
            yield
        finally:
            self._here.waiting = None
        if waiting:
            self.store_event_batch(waiting)

    def store_event(self, event: dg.EventLogEntry) -> None:
        """As upstream; within ``stored_together`` the event waits for the end of the block."""
        waiting: list[dg.EventLogEntry] | None = getattr(self._here, "waiting", None)
        if waiting is None:
            super().store_event(event)
        else:
            waiting.append(check.inst_param(event, "event", dg.EventLogEntry))

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        """The rows of upstream, in one transaction, with one statement for the same rows of many events."""
        check.sequence_param(events, "events", dg.EventLogEntry)
        with self.one_transaction():
            for run_id, of_run in groupby(events, key=lambda event: event.run_id):
                self._store_events_of(run_id, list(of_run))

    def _store_events_of(self, run_id: str, events: Sequence[dg.EventLogEntry]) -> None:
        rows = event_rows(events, timestamp_of=self._event_insert_timestamp)
        with self.run_connection(run_id) as connection:
            connection.execute(SqlEventLogStorageTable.insert(), rows)
        in_index = [
            (event, row) for event, row in zip(events, rows, strict=True) if event.dagster_event_type in IN_INDEX
        ]
        if not in_index:
            return
        with self.index_connection() as connection:
            connection.execute(SqlEventLogStorageTable.insert(), [row for _, row in in_index])
            # SQLite numbers the rows of one writer one after the other.
            end = connection.exec_driver_sql("SELECT last_insert_rowid()").scalar_one() + 1
            numbers = range(end - len(in_index), end)
            stored: list[_Stored] = [(*one, number) for one, number in zip(in_index, numbers, strict=True)]
            self._store_assets(connection, [one for one in stored if one[0].dagster_event_type in ASSET_EVENTS])
            self._store_checks(connection, [one for one in stored if one[0].dagster_event_type in ASSET_CHECK_EVENTS])

    def _store_assets(self, connection: Connection, stored: Sequence[_Stored]) -> None:
        """Tags of all events, and each asset's row: an event of one type replaces what one of the same type wrote."""
        self._store_asset_event_tags(connection, [one[0] for one in stored], [one[2] for one in stored])
        newest: dict[Any, dict[Any, _Stored]] = {}
        for one in stored:
            of_asset = newest.setdefault(one[1]["asset_key"], {})
            of_asset.pop(one[0].dagster_event_type, None)
            of_asset[one[0].dagster_event_type] = one
        for of_asset in newest.values():
            for entry, _, number in of_asset.values():
                self._store_asset_event(connection, entry, number)

    def _store_checks(self, connection: Connection, stored: Sequence[_Stored]) -> None:
        """Rows of planned checks, and what evaluations make of them; those of partitions by one statement."""
        for kind, group in groupby(stored, key=lambda one: one[0].dagster_event_type):
            events = list(group)
            is_evaluated = kind == dg.DagsterEventType.ASSET_CHECK_EVALUATION
            planned = _planned(connection, events) if is_evaluated else set()
            values = []
            for entry, row, number in events:
                evaluation = entry.dagster_event.event_specific_data if entry.dagster_event else None
                if isinstance(evaluation, dg.AssetCheckEvaluation) and _key(entry.run_id, evaluation) in planned:
                    values.append(_evaluated(evaluation, row, number))
                else:
                    self.store_asset_check_event(entry, number)
            if values:
                connection.execute(_EVALUATED, values)

    def _store_asset_check_evaluation_planned(self, event: dg.EventLogEntry, event_id: int | None) -> None:
        """As upstream, which writes the event as text for each partition, and one statement that is as long as they."""
        planned: Any = event.dagster_event and event.dagster_event.event_specific_data
        row = {
            "asset_key": planned.asset_key.to_string(),
            "check_name": planned.check_name,
            "run_id": event.run_id,
            "execution_status": AssetCheckExecutionRecordStatus.PLANNED.value,
            "evaluation_event": serialize_value(event),
            "evaluation_event_timestamp": self._event_insert_timestamp(event),  # type: ignore[no-untyped-call]
            "evaluation_event_storage_id": event_id,
        }
        keys = planned.partitions_subset.get_partition_keys() if planned.partitions_subset else [None]
        with self.index_connection() as connection:
            connection.execute(AssetCheckExecutionsTable.insert(), [{**row, "partition": key} for key in keys])

    def delete_events(self, run_id: str) -> None:
        """As upstream; the run's database goes too, which upstream leaves behind empty."""
        super().delete_events(run_id)
        with self._db_lock:
            if run_id in self._engines:
                self._engines.pop(run_id).dispose()
            self._initialized_dbs.discard(run_id)
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self.path_for_shard(run_id)}{suffix}").unlink(missing_ok=True)

    def _engine(self, shard: str) -> Engine:
        """The shard's engine; above MAX_SHARDS the least recently used one is closed."""
        if shard not in self._engines:
            self._engines[shard] = _opened(self.conn_string_for_shard(shard))
        self._engines.move_to_end(shard)
        while len(self._engines) > MAX_SHARDS:
            self._engines.popitem(last=False)[1].dispose()
        return self._engines[shard]

    def dispose(self) -> None:
        """Close every engine."""
        while self._engines:
            self._engines.popitem()[1].dispose()
        super().dispose()


@dataclass
class _Held:
    """The connections of a transaction, by shard; each begins with its first use."""

    transactions: ExitStack
    begun: dict[str, Connection] = field(default_factory=dict)

    def connection(self, shard: str, begin: Callable[[str], AbstractContextManager[Connection]]) -> Connection:
        if shard not in self.begun:
            self.begun[shard] = self.transactions.enter_context(begin(shard))
        return self.begun[shard]


def stored_together(instance: dg.DagsterInstance) -> AbstractContextManager[None]:
    """Stores events of the block as one batch at its end, if the instance's event log is the one of this module."""
    storage = instance.event_log_storage
    return storage.stored_together() if isinstance(storage, PooledSqliteEventLogStorage) else nullcontext()


_Key = tuple[str, str, str, str]


def _key(run_id: str, evaluation: dg.AssetCheckEvaluation) -> _Key:
    """What names the row of a partition's check; a check without a partition has a key that none has."""
    return evaluation.asset_key.to_string(), evaluation.check_name, run_id, evaluation.partition or ""


def _planned(connection: Connection, stored: Sequence[_Stored]) -> set[_Key]:
    """Keys of the partitions' checks of this run that have a row; Dagster keeps one row for each."""
    (run_id,) = {entry.run_id for entry, _, _ in stored}
    query = select(_CHECKS.asset_key, _CHECKS.check_name, _CHECKS.run_id, _CHECKS.partition)
    found = connection.execute(query.where(_CHECKS.run_id == run_id, _CHECKS.partition.is_not(None)))
    return {(asset, name, run, partition) for asset, name, run, partition in found if run}


def _evaluated(evaluation: dg.AssetCheckEvaluation, row: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Parameters of ``_EVALUATED``."""
    target, status = evaluation.target_materialization_data, AssetCheckExecutionRecordStatus
    asset, name, run_id, partition = _key(row["run_id"], evaluation)
    return {
        "of_asset": asset,
        "of_check": name,
        "of_run": run_id,
        "of_partition": partition,
        "execution_status": (status.SUCCEEDED if evaluation.passed else status.FAILED).value,
        "evaluation_event": row["event"],
        "evaluation_event_timestamp": row["timestamp"],
        "evaluation_event_storage_id": number,
        "materialization_event_storage_id": target.storage_id if target else None,
    }


def _opened(address: str) -> Engine:
    engine = create_engine(address, pool_size=1, max_overflow=-1, connect_args={"check_same_thread": False})
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=NORMAL"))
    return engine
