"""What one partition's events cost in a run over a range, with a check: Dagster's SQLite event log and ours.

python -m benchmarks.event_log [--days 365] [--repeat 3]
"""

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

import dagster as dg

from airwatch_dagster.orchestration.configuration.environment import EVENT_BATCH
from airwatch_dagster.orchestration.instance.event_log import stored_together
from benchmarks.measure import Measured, in_turns

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
    with stored_together(context.instance):
        evaluate(context)
    return dg.MaterializeResult(value=1, check_results=[dg.AssetCheckResult(check_name="schema", passed=True)])


def evaluate(context: dg.AssetExecutionContext) -> None:
    for key in context.partition_keys:
        evaluation = {"asset_key": dg.AssetKey("table"), "check_name": "schema", "passed": True, "metadata": {}}
        context.log_event(dg.AssetCheckEvaluation(**evaluation, blocking=True, partition=key))


def run(store: str, days: int) -> None:
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
            quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
            dg.materialize([table], instance=instance, tags=tags, run_config=quiet, resources={"io_manager": Nowhere()})


def measured(*, days: int, times: int) -> tuple[Measured, Measured]:
    """CPU seconds that a further partition takes in ours, and as a multiple of upstream's; start-up does not count."""
    ours, upstream = (_further(store, days=days, times=times) for store in ("pooled", "upstream"))
    return Measured(ours, []), Measured(ours, upstream)


def _further(store: str, *, days: int, times: int) -> list[float]:
    both = in_turns(lambda: run(store, days), lambda: run(store, 1), times=times)
    return [(many - one) / (days - 1) for many, one in zip(both.ours, both.peer, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=120)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    ours, ratio = measured(days=arguments.days, times=arguments.repeat)
    print(f"a further partition, of {arguments.days}: {ours}, {ratio} Dagster's own log")


if __name__ == "__main__":
    main()
