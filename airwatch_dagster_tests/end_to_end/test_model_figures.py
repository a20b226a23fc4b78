"""What a backfill leaves in the UI about a month's models and its forecasts."""

from typing import Any

import dagster as dg
import pytest

from airwatch_dagster.orchestration.pages import INLINE_CHARACTERS
from airwatch_dagster.schemas import TABLES
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

    error = (own["pm25_ugm3"] - own["pm25_observed_ugm3"]).abs().mean()
    [line] = [line for line in figures["errors 2 days ahead"].splitlines() if line.startswith("| climatology |")]
    assert line.split(" | ")[2] == f"{error:.2f}"
    assert "| climatology |" in figures["skill"]
    stored = backfilled.folder / f"tables/site/figures/candidate_scores/{MONTH}-performance.svg"
    assert f"figures/candidate_scores/{MONTH}-performance.svg)" in figures["performance"]
    assert stored.is_file()


def test_models_of_a_month_show_their_holdouts(backfilled: Installation) -> None:
    figures, models = shown(backfilled, "trained_models"), backfilled.tables.read("trained_models", [MONTH])
    climatology = models.set_index("model_family").loc["climatology"]

    [line] = [line for line in figures["skill"].splitlines() if line.startswith("| climatology |")]
    assert line.split(" | ")[1].strip("*") == f"{climatology['holdout_skill_2d']:+.2f}", "tomorrow's lead comes first"
    assert "importance" not in figures, "baselines listen to no inputs"


def test_a_month_shows_how_good_its_forecasts_were_and_one_without_forecasts_says_so(backfilled: Installation) -> None:
    figures, scores = shown(backfilled, "verification"), backfilled.tables.read("forecast_scores")
    ahead = scores.query("horizon_days == 1")

    assert figures["bias 1 day ahead (µg/m³)"] == pytest.approx(ahead["error_ugm3"].mean(), abs=1e-4)
    share = figures["inside the 90 % interval 1 day ahead (share)"]
    assert share == pytest.approx(ahead["is_covered"].mean(), abs=1e-4)
    assert "figures/verification/2021-05-reliability.svg" in figures["reliability"]
    tomorrow = scores.query("horizon_days == 2")
    assert f"({len(tomorrow)} forecasts of {tomorrow['site_id'].nunique()} sites)" in figures["summary"]
    assert (
        shown(backfilled, "verification", month="2021-04")["summary"]
        == "No forecast of April 2021 has an observed value."
    )


NUMBERS = (dg.IntMetadataValue, dg.FloatMetadataValue)
MOST_CHARTED = 12
"""Numbers of an asset that Dagster's UI charts, besides the number of rows; more would bury them."""


NOT_BUILT = {
    *("hyperparameters", "agency_forecasts", "history_checks", "weather_forecasts"),
    *("early_predictions", "early_scores", "incidents"),
}
"""Tables that the backfill of the tests does not build."""


@pytest.mark.parametrize("table", sorted(set(TABLES) - NOT_BUILT))
def test_an_asset_shows_few_numbers_and_nothing_behind_a_click(table: str, backfilled: Installation) -> None:
    with backfilled.with_definitions() as (_, instance):
        [record] = instance.fetch_materializations(dg.AssetKey(table), limit=1).records
    assert record.asset_materialization is not None
    metadata = record.asset_materialization.metadata
    numbers = [name for name, value in metadata.items() if isinstance(value, NUMBERS) and "dagster/" not in name]
    texts = [str(value.value) for value in metadata.values() if isinstance(value, dg.MarkdownMetadataValue)]

    assert metadata
    assert len(numbers) <= MOST_CHARTED, numbers
    assert [text for text in texts if len(text) >= INLINE_CHARACTERS] == []
    assert [name for name, value in metadata.items() if isinstance(value, dg.JsonMetadataValue) and value.value] == []
