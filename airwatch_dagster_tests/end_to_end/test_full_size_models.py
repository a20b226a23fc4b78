"""The families in the size they have in service: trained, registered, and a champion's forecast of a day."""

import pytest

from airwatch_dagster.fit.models.parameters import DEFAULTS
from airwatch_dagster.schemas.columns import FAMILIES
from airwatch_dagster_tests.end_to_end.small_history import FIRST_COMPUTED, copy_of, store_readings, true_readings
from airwatch_dagster_tests.installations import Installation

pytestmark = pytest.mark.slow

TABLES = ("site_days", "features", "training_examples", "trained_models", "champion_model", "predictions")


def test_full_size_families_are_trained_registered_and_served(before_backfill: Installation) -> None:
    installation = copy_of(before_backfill, "full-size")
    store_readings(installation.tables, true_readings(), last=FIRST_COMPUTED)
    day = f"{FIRST_COMPUTED:%Y-%m-%d}"

    installation.run("backfill", day, day, "--tables", ",".join(TABLES))

    trained = installation.tables.read("trained_models", [day[:7]])
    forecasts = installation.tables.read("predictions", [day])
    assert sorted(trained.loc[trained["is_fitted"], "model_family"]) == sorted(FAMILIES)
    assert forecasts["horizon_days"].value_counts().nunique() == 1
    assert forecasts["pm25_ugm3"].between(0.0, 100.0).all()
    with installation.activated():
        from airwatch_dagster.orchestration.registry.mlflow_client import mlflow_client

        runs = trained.set_index("model_family")["mlflow_run_id"]
        logged = {family: mlflow_client().get_run(runs[family]).data.params for family in ("random_forest", "catboost")}
    assert logged["random_forest"]["n_estimators"] == str(DEFAULTS["random_forest"]["n_estimators"])
    assert logged["catboost"]["rounds"] == str(DEFAULTS["catboost"]["rounds"])
