"""Seconds of event writing for one table's partitions with a check each: Dagster's SQLite event log and ours.

python -m benchmarks.event_log [--days 365] [--repeat 3]
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import dagster as dg

from airwatch_dagster.orchestration.configuration.settings import EVENT_BATCH
from airwatch_dagster.orchestration.instance.event_log import one_transaction

DAYS = dg.DailyPartitionsDefinition(start_date="2018-01-01")

STORES = {
    "upstream": ("dagster._core.storage.event_log", "SqliteEventLogStorage"),
    "pooled": ("airwatch_dagster.orchestration.instance.event_log", "PooledSqliteEventLogStorage"),
}


class Nowhere(dg.IOManager):
    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        pass

    def load_input(self, context: dg.InputContext) -> None:
        pass


@dg.asset(
    partitions_def=DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    check_specs=[dg.AssetCheckSpec("schema", asset="table", blocking=True, partitions_def=DAYS)],
)
def table(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]  # noqa: ANN201 - Dagster refuses it
    with one_transaction(context.instance):
        evaluate(context)
    return dg.MaterializeResult(value=1, check_results=[dg.AssetCheckResult(check_name="schema", passed=True)])


def evaluate(context: dg.AssetExecutionContext) -> None:
    for key in context.partition_keys:
        evaluation = {"asset_key": dg.AssetKey("table"), "check_name": "schema", "passed": True, "metadata": {}}
        context.log_event(dg.AssetCheckEvaluation(**evaluation, blocking=True, partition=key))


def seconds(store: str, days: int) -> float:
    """One run over ``days`` partitions on a fresh instance."""
    module, name = STORES[store]
    with tempfile.TemporaryDirectory() as home:
        config = f"event_log_storage: {{module: {module}, class: {name}, config: {{base_dir: {home}/events}}}}\n"
        Path(home, "dagster.yaml").write_text(config + "telemetry: {enabled: false}\n", encoding="utf-8")
        os.environ["DAGSTER_HOME"] = home
        os.environ["DAGSTER_EVENT_BATCH_SIZE"] = EVENT_BATCH if store == "pooled" else "0"
        first, last = DAYS.get_partition_keys()[0], DAYS.get_partition_keys()[days - 1]
        tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
        with dg.DagsterInstance.get() as instance:
            started = time.perf_counter()
            quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
            dg.materialize([table], instance=instance, tags=tags, run_config=quiet, resources={"io_manager": Nowhere()})
            return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    for store in STORES:
        measured = [seconds(store, arguments.days) for _ in range(arguments.repeat)]
        listed = ", ".join(f"{value:.1f}" for value in measured)
        print(f"{store:<9} {arguments.days} partitions: median {statistics.median(measured):.1f} s ({listed})")


if __name__ == "__main__":
    main()
