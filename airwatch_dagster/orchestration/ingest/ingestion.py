"""What a source publishes, merged with what is stored: versions of readings, and the list of monitors."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from airwatch_dagster.acquire.equivalence import replaced_rows
from airwatch_dagster.acquire.parsing.rejections import rejections_of_days
from airwatch_dagster.acquire.pulls import Pull
from airwatch_dagster.acquire.readings import MonitorList
from airwatch_dagster.acquire.sources.base import Source
from airwatch_dagster.acquire.versions import merge_pull, with_primary_changes
from airwatch_dagster.orchestration.ingest.emptied_days import EMPTY_CHECK, emptied_days
from airwatch_dagster.orchestration.ingest.ingest_config import Ingest, pulled
from airwatch_dagster.orchestration.ingest.missing_files import MISSING_FILES_CHECK, missing_file_warnings
from airwatch_dagster.orchestration.ingest.rejected_lines import (
    MONITORS_CHECK,
    REJECTED_CHECK,
    rejected_metadata,
    rejected_monitors,
    rejected_warnings,
)
from airwatch_dagster.orchestration.ingest.stamps import refuse_clock_ahead, refuse_future_versions, stamp_of
from airwatch_dagster.orchestration.resources import utc_now
from airwatch_dagster.orchestration.tables.table_asset import AssetResult
from airwatch_dagster.storage.tables import TableStorage


@dataclass
class Ingestion:
    """Pulls and merges, again from the start if another writer stored versions of the days meanwhile."""

    source: Source
    ingest: Ingest
    tables: TableStorage
    partitions: Sequence[str]
    _pulls: list[Pull] = field(default_factory=list)

    @property
    def pull(self) -> Pull:
        """The pull that was merged last."""
        return self._pulls[-1]

    def merged(self, history: pd.DataFrame) -> AssetResult:
        """``history`` after a pull that was made after it was stored; errors as ``pulled`` and ``ingested``.

        Raises ConfigurationError for a clock that is ahead, now or when ``history`` was stored.
        """
        refuse_future_versions(history, utc_now())
        pull = pulled(self.source, self.ingest, history=history)
        refuse_clock_ahead(self.tables, utc_now())
        self._pulls.append(pull)
        seen_at = stamp_of(pull, history, is_given=self.ingest.seen_at is not None)
        return ingested(history, pull, self.tables, partitions=self.partitions, seen_at=seen_at)


def ingested(
    history: pd.DataFrame, pull: Pull, tables: TableStorage, *, partitions: Sequence[str], seen_at: pd.Timestamp
) -> AssetResult:
    """``history`` after the pull, with the run's numbers, and the checks of rejected lines, emptied days, lost files.

    Errors as ``merge_pull``.
    """
    merged = merge_pull(history, pull.rows, seen_at=seen_at, in_scope=replaced_rows(history, pull))
    monitors, days = tables.read_or_empty("monitors"), list(partitions)
    rejected = rejections_of_days(pull.rejected, date.fromisoformat(days[0]), date.fromisoformat(days[-1]))
    metadata = {
        "run_pulled_rows": len(pull.rows),
        "run_new_versions": len(merged) - len(history),
        **{f"run_{name}": count for name, count in pull.counts.items()},
        "run_unknown_cbsa_names": dict(pull.unknown_cbsa_names),
        **rejected_metadata(rejected),
    }
    warnings = {
        **dict.fromkeys(REJECTED_CHECK, rejected_warnings(rejected, monitors, partitions=days)),
        **dict.fromkeys(EMPTY_CHECK, emptied_days(tables, merged, monitors, partitions=days)),
        **dict.fromkeys(MISSING_FILES_CHECK, missing_file_warnings(pull, partitions=days)),
    }
    return AssetResult(merged, metadata=metadata, warnings=warnings)


def merged_monitors(listed: MonitorList, stored: pd.DataFrame) -> AssetResult:
    """The list that a source published, with the moments at which ``stored`` says that designations changed."""
    fresh = with_primary_changes(listed.monitors, stored=stored, seen_at=utc_now())
    left_out = {"run_left_out_foreign_rows": listed.foreign_rows}
    warnings = dict.fromkeys(MONITORS_CHECK, rejected_monitors(listed.rejected))
    return AssetResult(fresh, metadata={**rejected_metadata(listed.rejected), **left_out}, warnings=warnings)
