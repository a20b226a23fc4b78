"""A month's verification in Dagster's metadata."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from airwatch_dagster.orchestration.metadata.verification import verification_metadata
from airwatch_dagster.orchestration.pages import Pages
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
    pages: Pages, scores: pd.DataFrame = TWO_LEADS, *, months: Sequence[pd.Timestamp] = (JULY,)
) -> dict[str, Mapping[str, Any]]:
    table = monthly_verification(scores, candidates=DAMPED)
    return verification_metadata(table, scores, judged={}, months=months, pages=pages)


def test_a_month_has_few_numbers_under_names_for_people(pages: Pages) -> None:
    numbers = {name: value for name, value in metadata(pages)["2021-07"].items() if isinstance(value, float)}

    assert numbers == {
        "skill 1 day ahead": 0.75,
        "RMSE 1 day ahead (µg/m³)": 2.0,
        "RMSE 2 days ahead (µg/m³)": 1.0,
        "bias 1 day ahead (µg/m³)": -2.0,
        "inside the 90 % interval 1 day ahead (share)": 1.0,
        "Brier score above 9.0 1 day ahead": 0.04,
        "Brier score above 35.4 1 day ahead": 0.0,
    }, "damped persistence has no score 2 days ahead, so there is no skill"


def test_a_month_has_a_summary_tables_and_a_plot(pages: Pages, tmp_path: Path) -> None:
    own = metadata(pages)["2021-07"]

    assert "2 days ahead" in own["summary"], "tomorrow"
    assert own["scores by lead"].value.splitlines()[2].startswith("| **2 days (tomorrow)** | 1 |")
    assert own["scores by lead"].value.splitlines()[3].startswith("| 1 day |")
    assert "| observed Good | 1 |" in own["scores by group"].value
    assert "| 1 day | 9.0 µg/m³ | 1.00 |" in own["exceedances by lead"].value
    assert "| 70–80 % | 1 |" in own["probabilities above 9.0 µg/m³"].value
    url = "http://air.example/figures/verification/2021-07-reliability.svg"
    assert own["reliability"].value == f"[![Reliability diagram, July 2021]({url})]({url})"
    assert (tmp_path / "site/figures/verification/2021-07-reliability.svg").exists()


def test_a_month_without_scores_has_the_summary_alone(pages: Pages) -> None:
    found = metadata(pages, months=(JULY, AUGUST))

    assert list(found["2021-08"]) == ["summary"]
    assert "August 2021" in found["2021-08"]["summary"]
    assert "scores by lead" in found["2021-07"]


def test_no_months_have_no_metadata(pages: Pages) -> None:
    assert metadata(pages, TABLES["forecast_scores"].empty(), months=()) == {}
