"""What a backfill leaves in the UI about a month's models and its forecasts."""

from typing import Any

import dagster as dg
import pytest

from airwatch_dagster_tests.installations import Installation

MONTH = "2021-05"
"""The month that has models, all of them baselines."""


def shown(installation: Installation, table: str, *, month: str = MONTH) -> dict[str, Any]:
    """Metadata of the newest materialization of the month."""
    with installation.with_definitions() as (_, instance):
        wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey(table), asset_partitions=[month])
        [record] = instance.fetch_materializations(wanted, limit=1).records
    assert record.asset_materialization is not None
    return {name: value.value for name, value in record.asset_materialization.metadata.items()}


def test_scores_of_a_month_are_the_ones_that_were_stored(backfilled: Installation) -> None:
    figures, scores = shown(backfilled, "candidate_scores"), backfilled.tables.read("candidate_scores", [MONTH])
    own = scores.query("model_family == 'climatology' and horizon_days == 2")

    assert figures["climatology_mae_2d_ugm3"] == pytest.approx(
        (own["pm25_ugm3"] - own["pm25_observed_ugm3"]).abs().mean(), abs=1e-4
    )
    assert "| climatology |" in figures["scores"]
    assert figures["performance"].startswith("![performance](data:image/png;base64,")


def test_models_of_a_month_show_their_holdouts(backfilled: Installation) -> None:
    figures, models = shown(backfilled, "trained_models"), backfilled.tables.read("trained_models", [MONTH])
    climatology = models.set_index("model_family").loc["climatology"]

    assert figures["climatology_holdout_skill_1d"] == pytest.approx(climatology["holdout_skill_1d"], abs=1e-4)
    assert "| climatology |" in figures["holdouts"]
    assert "importance" not in figures, "baselines listen to no inputs"


def test_a_month_shows_how_good_its_forecasts_were_and_one_without_forecasts_says_so(backfilled: Installation) -> None:
    figures, scores = shown(backfilled, "verification"), backfilled.tables.read("forecast_scores")
    ahead = scores.query("horizon_days == 1")

    assert figures["mae_1d_ugm3"] == pytest.approx(ahead["abs_error_ugm3"].mean(), abs=1e-4)
    assert figures["coverage_1d"] == pytest.approx(ahead["is_covered"].mean(), abs=1e-4)
    assert figures["reliability"].startswith("![reliability](data:image/png;base64,")
    assert f"({len(ahead)} forecasts of {ahead['site_id'].nunique()} sites)" in figures["summary"]
    assert (
        shown(backfilled, "verification", month="2021-04")["summary"]
        == "No forecast of April 2021 has an observed value."
    )
