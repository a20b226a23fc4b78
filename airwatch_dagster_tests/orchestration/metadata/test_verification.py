"""A month's verification in Dagster's metadata."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from airwatch_dagster.orchestration.metadata.verification import verification_metadata
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.verify.monthly import monthly_verification
from airwatch_dagster_tests.builders import candidate_scores, forecast_scores

JULY, AUGUST = pd.Timestamp("2021-07-01"), pd.Timestamp("2021-08-01")

TWO_LEADS = forecast_scores(
    {"pm25_ugm3": 10.0, "pm25_observed_ugm3": 12.0, "probability_above_9_0": 0.8},
    {"pm25_ugm3": 9.0, "horizon_days": 2, "probability_above_9_0": 0.36},
)
DAMPED = candidate_scores({"pm25_ugm3": 8.0})


def metadata(
    scores: pd.DataFrame = TWO_LEADS, *, months: Sequence[pd.Timestamp] = (JULY,)
) -> dict[str, Mapping[str, Any]]:
    table = monthly_verification(scores, candidates=DAMPED)
    return verification_metadata(table, scores, months=months)


def test_a_month_has_numbers_under_stable_names() -> None:
    numbers = {name: value for name, value in metadata()["2021-07"].items() if isinstance(value, float)}

    of_one_day = {name: value for name, value in numbers.items() if "_1d" in name}
    assert of_one_day == {
        "skill_1d": 0.75,
        "rmse_1d_ugm3": 2.0,
        "mae_1d_ugm3": 2.0,
        "bias_1d_ugm3": -2.0,
        "coverage_1d": 1.0,
        "mean_width_1d_ugm3": 10.0,
        "pinball_1d_ugm3": 0.25,
        "brier_9_0_1d": 0.04,
        "brier_35_4_1d": 0.0,
    }
    assert numbers["mae_2d_ugm3"] == 1.0
    assert "skill_2d" not in numbers, "damped persistence has no score at that lead"


def test_a_month_has_a_summary_tables_and_a_plot() -> None:
    own = metadata()["2021-07"]

    assert "1 day ahead" in own["summary"], "the shortest lead"
    assert "| 2 d | 1 |" in own["by_lead"].value
    assert "| observed Moderate | 1 |" in own["by_group"].value
    assert own["reliability"].value.startswith("![reliability](data:image/png;base64,")
    assert "| Probability of more than 9.0 µg/m³ |" in own["reliability"].value


def test_a_month_without_scores_has_the_summary_alone() -> None:
    found = metadata(months=(JULY, AUGUST))

    assert list(found["2021-08"]) == ["summary"]
    assert "August 2021" in found["2021-08"]["summary"]
    assert "by_lead" in found["2021-07"]


def test_no_months_have_no_metadata() -> None:
    assert metadata(TABLES["forecast_scores"].empty(), months=()) == {}
