"""An instance whose finished runs are looked at, as the daemon's sensor does."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from airwatch_dagster.orchestration.incidents.cursor import Cursor, Notice
from airwatch_dagster.orchestration.incidents.look import Look
from airwatch_dagster.orchestration.incidents.state import Incident
from airwatch_dagster.orchestration.incidents.stored import stored_incidents
from airwatch_dagster.orchestration.resources import StorageResource

DAYS = dg.DailyPartitionsDefinition(start_date="2016-01-01", end_date="2021-07-31")


@dataclass
class Outcome:
    """What the next runs of a table do."""

    error: Exception | None = None
    failed_days: frozenset[str] = frozenset()
    """Days that do not pass the check."""
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.WARN
    says: str = ""
    """Of the check that does not pass; else how many days did not."""


@dataclass
class Watched:
    """A Dagster instance, some tables by day, and looks at their runs."""

    instance: dg.DagsterInstance
    folder: Path
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    cursor: Cursor = field(
        default_factory=lambda: Cursor(
            0, digest=Notice(f"{pd.Timestamp.now('UTC'):%Y-%m-%d}"), looked_at=inf, measured_at=inf
        )
    )
    """No digest is due, and nothing but ends of runs is looked at, until a test says so."""

    def __post_init__(self) -> None:
        def built(table: str, *, deps: Sequence[str] = ()) -> dg.AssetsDefinition:
            spec = dg.AssetCheckSpec("no_day_emptied", asset=table, partitions_def=DAYS)

            @dg.asset(name=table, partitions_def=DAYS, check_specs=[spec], deps=deps, backfill_policy=SINGLE_RUN)
            def build(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]  # noqa: ANN202 - as in table_asset
                outcome = self.outcomes.get(table, Outcome())
                if outcome.error:
                    raise outcome.error
                failed = sorted(outcome.failed_days & set(context.partition_keys))
                if not context.has_partition_key:
                    for day in context.partition_keys:
                        context.log_event(
                            dg.AssetCheckEvaluation(
                                asset_key=dg.AssetKey(table),
                                check_name="no_day_emptied",
                                passed=day not in failed,
                                severity=outcome.severity,
                                partition=day,
                                metadata={},
                            )
                        )
                result = dg.AssetCheckResult(
                    check_name="no_day_emptied",
                    passed=not failed,
                    severity=outcome.severity,
                    description=(outcome.says or f"{len(failed)} days have no reading.") if failed else None,
                )
                return dg.MaterializeResult(check_results=[result])

            return build

        raw = built("raw_readings")
        jobs = [dg.define_asset_job(name, selection=["raw_readings"]) for name in ("issue_early", "forecast_day")]
        others = [built("site_days", deps=["raw_readings"]), built("champion_model")]
        self.definitions = dg.Definitions([raw, *others], jobs=jobs)
        self.repository = self.definitions.get_repository_def()

    def run(self, *tables: str, first: str = "2021-07-01", last: str | None = None) -> dg.ExecuteInProcessResult:
        """A run in this process, as a command executes it."""
        keys = [dg.AssetKey(table) for table in tables]
        job = self.definitions.resolve_implicit_job_def_def_for_assets(keys)
        assert job is not None
        span = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last or first}
        where: dict[str, Any] = {"tags": span} if last else {"partition_key": first}
        return job.execute_in_process(
            instance=self.instance, asset_selection=keys, raise_on_error=False, run_config=QUIET, **where
        )

    def run_job(self, name: str) -> dg.ExecuteInProcessResult:
        """A run of ``issue_early`` or ``forecast_day`` for 1 July, of ``raw_readings`` alone."""
        job = self.definitions.resolve_job_def(name)
        return job.execute_in_process(
            instance=self.instance, partition_key="2021-07-01", raise_on_error=False, run_config=QUIET
        )

    def look(self, *, at: pd.Timestamp | None = None) -> str:
        """What one look says it did; the next one begins where it ended."""
        now = at if at is not None else pd.Timestamp.now("UTC").tz_localize(None).floor("us")
        look = Look(self.instance, self.storage, self.repository, dg.get_dagster_logger("incidents"))
        self.cursor, said = look.at(now, Cursor.read(self.cursor.text) or self.cursor)
        return said

    @property
    def storage(self) -> StorageResource:
        """Where the incidents are."""
        return StorageResource(root=str(self.folder / "tables"))

    @property
    def incidents(self) -> list[Incident]:
        """What is stored."""
        return stored_incidents(self.storage.tables())


SINGLE_RUN = dg.BackfillPolicy.single_run()
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
