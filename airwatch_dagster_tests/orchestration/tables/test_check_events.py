"""The one private class of Dagster that check evaluations need."""

from dagster import AssetCheckEvaluation, AssetKey

from airwatch_dagster.orchestration.tables.check_events import TargetMaterialization


def test_the_class_has_the_fields_that_are_filled_and_dagsters_evaluation_takes_it() -> None:
    target = TargetMaterialization(storage_id=7, run_id="r", timestamp=1.5)

    evaluation = AssetCheckEvaluation(AssetKey("a"), "c", passed=True, target_materialization_data=target)

    assert evaluation.target_materialization_data == target
    assert (target.storage_id, target.run_id, target.timestamp) == (7, "r", 1.5)
