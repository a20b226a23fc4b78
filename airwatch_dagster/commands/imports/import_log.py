"""Imports on record: runs of raw_readings that merged a file and that no later run undid, from Dagster's event log."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import dagster as dg
import pandas as pd

from airwatch_dagster.acquire.airdata.download_scope import in_areas
from airwatch_dagster.commands.backfill.runs import KIND, STORAGE
from airwatch_dagster.orchestration.automation.jobs import partition_span
from airwatch_dagster.orchestration.configuration.settings import storage_root
from airwatch_dagster.orchestration.ingest.ingest_config import instant_of
from airwatch_dagster.storage.tables import TableStorage

TABLE: Final = "raw_readings"


@dataclass(frozen=True)
class ImportRun:
    """A file, or a calendar year of it, that was merged into the configured storage."""

    file: Path
    seen_at: pd.Timestamp
    """Naive UTC."""
    covers: str | None
    """The areas it was taken to cover; None where the run did not record them."""
    first: str
    last: str

    def covered(self, readings: pd.DataFrame) -> pd.Series:
        """Mask of the rows of ``readings`` (columns of raw_readings) that the file would contain."""
        is_within = readings["date_local"].between(pd.Timestamp(self.first), pd.Timestamp(self.last))
        return is_within if self.covers is None else is_within & in_areas(readings, self.covers)


def import_runs(instance: dg.DagsterInstance, *, with_undone: bool = False) -> list[ImportRun]:
    """The imports into the configured storage that have not been undone, or all, newest run first."""
    undone: list[tuple[str, str | None, str, str]] = []
    found = []
    for kind, config, first, last in _runs(instance, "import", "undo"):
        if kind == "undo":
            undone.append((config["undo"], config.get("download"), first, last))
        elif config.get("download") and config.get("seen_at"):
            run = ImportRun(Path(config["download"]), instant_of(config["seen_at"]), config.get("covers"), first, last)
            if with_undone or not any(_undid(run, *one) for one in undone):
                found.append(run)
    return found


def undone_days(instance: dg.DagsterInstance, tables: TableStorage) -> set[str]:
    """Days whose readings an undo removed, and which no backfill has read since: stored without rows, as if missing."""
    if not any(_runs(instance, "undo")):
        return set()
    read: set[str] = set()
    emptied: set[str] = set()
    for kind, _, first, last in _runs(instance, "backfill", "undo"):
        days = set(pd.period_range(first, last, freq="D").astype(str))
        if kind == "undo":
            emptied |= days - read
        else:
            read |= days
    stored = sorted(emptied & set(tables.stored_partitions(TABLE)))
    filled = tables.read(TABLE, stored, columns=["date_local"])["date_local"].drop_duplicates()
    return set(stored) - set(filled.dt.strftime("%Y-%m-%d"))


def _runs(instance: dg.DagsterInstance, *kinds: str) -> Iterator[tuple[str, Mapping[str, Any], str, str]]:
    """Kind, configuration, first and last day of the successful runs of these kinds that stored readings."""
    wanted = dg.RunsFilter(tags={KIND: list(kinds), STORAGE: storage_root()}, statuses=[dg.DagsterRunStatus.SUCCESS])
    for run in instance.get_runs(wanted):
        days = partition_span(run.tags)
        if days and run.asset_selection == {dg.AssetKey(TABLE)}:
            config: Any = run.run_config
            for name in ("ops", TABLE, "config"):
                config = config.get(name, {})
            yield run.tags[KIND], config, *days


def _undid(run: ImportRun, undone: str, file: str | None, first: str, last: str) -> bool:
    """Whether an undo of these days was of this import."""
    is_same = instant_of(undone) == run.seen_at and file in (None, str(run.file))
    return is_same and first <= run.last and last >= run.first
