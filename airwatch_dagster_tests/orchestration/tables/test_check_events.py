"""Evaluations of checks as Dagster would record them, and the one private class of Dagster that they need."""

import dagster as dg
from dagster import AssetCheckEvaluation, AssetKey

from airwatch_dagster.orchestration.tables.check_events import TargetMaterialization, passed_entry


def test_the_class_has_the_fields_that_are_filled_and_dagsters_evaluation_takes_it() -> None:
    target = TargetMaterialization(storage_id=7, run_id="r", timestamp=1.5)

    evaluation = AssetCheckEvaluation(AssetKey("a"), "c", passed=True, target_materialization_data=target)

    assert evaluation.target_materialization_data == target
    assert (target.storage_id, target.run_id, target.timestamp) == (7, "r", 1.5)


def test_a_check_that_passed_is_recorded_as_dagster_records_it() -> None:
    evaluation = AssetCheckEvaluation(
        AssetKey("readings"), "complete", passed=True, metadata={}, blocking=True, partition="2021-07-04"
    )
    ours = []

    @dg.asset(check_specs=[dg.AssetCheckSpec("complete", asset="readings")])
    def readings(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]  # noqa: ANN202 - Dagster refuses it
        ours.append(passed_entry(context.get_step_execution_context(), evaluation))
        context.log_event(evaluation)
        yield dg.MaterializeResult()
        yield dg.AssetCheckResult(check_name="complete", passed=True)

    with dg.DagsterInstance.ephemeral() as instance:
        run = dg.materialize([readings], instance=instance)
        logs = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)

    by_dagster = logs[0]  # the other is of the run
    assert [one._replace(timestamp=by_dagster.timestamp) for one in ours] == [by_dagster]
