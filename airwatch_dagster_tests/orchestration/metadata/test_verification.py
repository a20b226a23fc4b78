"""What the UI says of how good a month's forecasts were."""

import base64
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from airwatch_dagster.figures import reliability as reliability_plot
from airwatch_dagster.orchestration.metadata.verification import summary, verification_figures
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.verify.monthly import monthly_verification
from airwatch_dagster_tests.builders import candidate_scores, forecast_scores

JULY, AUGUST = pd.Timestamp("2021-07-01"), pd.Timestamp("2021-08-01")

TWO_LEADS = forecast_scores(
    {"pm25_ugm3": 10.0, "pm25_observed_ugm3": 12.0, "probability_above_9_0": 0.8},
    {"pm25_ugm3": 9.0, "horizon_days": 2, "probability_above_9_0": 0.36},
)
DAMPED = candidate_scores({"pm25_ugm3": 8.0})


def figures(
    scores: pd.DataFrame = TWO_LEADS, candidates: pd.DataFrame = DAMPED, *, months: Sequence[pd.Timestamp] = (JULY,)
) -> dict[str, Mapping[str, Any]]:
    table = monthly_verification(scores, candidates=candidates)
    return verification_figures(table, scores, months=months)


def test_a_month_is_told_in_numbers_that_chart_under_stable_names() -> None:
    numbers = {name: value for name, value in figures()["2021-07"].items() if isinstance(value, float)}

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
    assert "skill_2d" not in numbers, "damped persistence was not scored there"


def test_a_month_is_told_in_one_sentence() -> None:
    assert figures()["2021-07"]["summary"] == (
        "The forecasts of July 2021 served by ridge erred by 2.00 µg/m³ on average a day ahead (1 forecast of 1 site), "
        "their squared error 75 % below damped persistence's; 100 % of the truths lay in the 90 % intervals."
    )


@pytest.mark.parametrize(
    ("skill", "told"),
    [
        (-0.2, ", their squared error 20 % above damped persistence's;"),
        (0.001, ", their squared error as large as damped persistence's;"),
        (float("nan"), " of 3 sites); 90 %"),
    ],
)
def test_the_sentence_says_what_damped_persistence_would_have_done(skill: float, told: str) -> None:
    row = {"horizon_days": 2, "mae_ugm3": 2.5, "forecasts": 90, "sites": 3, "coverage": 0.9, "skill_over_damped": skill}

    said = summary(JULY, row, families=["catboost", "damped_persistence"])

    assert "served by catboost and damped persistence erred by 2.50 µg/m³ on average two days ahead" in said
    assert told in said


def test_a_month_without_forecasts_says_so_and_the_others_are_told() -> None:
    told = figures(months=(JULY, AUGUST))

    assert told["2021-08"] == {"summary": "No forecast of August 2021 has met its truth."}
    assert "by_lead" in told["2021-07"]


def test_the_tables_have_a_line_per_lead_and_per_group_of_the_shortest() -> None:
    told = figures()["2021-07"]

    errors, beside, _ = told["by_lead"].value.split("\n\n")
    assert errors.splitlines()[0] == "| Lead | Forecasts | Skill | RMSE, µg/m³ | MAE, µg/m³ | Bias, µg/m³ | NMB | IOA |"
    assert errors.splitlines()[2] == "| 1 d | 1 | +0.75 | 2.00 | 2.00 | -2.00 | -17% | 0.00 |"
    assert errors.splitlines()[3].startswith("| 2 d | 1 | – | 1.00 |")
    assert beside.splitlines()[2] == (
        "| 1 d | 100.0% | 10.0 | 0.250 | 1.00 / 0.00 / 1.00 | – / – / – | 0.0400 / 0.0000 |"
    )
    groups = [line.split(" | ")[0] for line in told["by_group"].value.split("\n\n")[1].splitlines()[2:]]
    assert groups == ["| all", "| observed on issue day", "| region 5", "| observed Moderate"]


def test_chances_are_told_by_bin_with_the_leads_side_by_side_for_limits_that_were_in_question() -> None:
    told = figures()["2021-07"]["reliability"].value

    assert told.partition("\n\n")[2].splitlines()[:4] == [
        "| Chance of more than 9.0 µg/m³ | Forecasts 1 / 2 d | Mean chance, % 1 / 2 d | Came true, % 1 / 2 d |",
        "|---|---|---|---|",
        "| 30-40 % | 0 / 1 | – / 36.0 | – / 0.0 |",
        "| 70-80 % | 1 / 0 | 80.0 / – | 100.0 / – |",
    ]
    assert "more than 35.4" not in told, "nobody gave it a chance, and it was not exceeded"


@pytest.mark.parametrize("change", [{"pm25_observed_ugm3": 36.0}, {"probability_above_35_4": 0.02}])
def test_a_limit_that_was_exceeded_or_expected_to_be_is_told(change: dict[str, float]) -> None:
    told = figures(forecast_scores(change))["2021-07"]["reliability"].value

    assert "| Chance of more than 35.4 µg/m³ |" in told
    assert "more than 55.4" not in told


def picture(told: str) -> Image.Image:
    found = re.match(r"!\[reliability\]\(data:image/png;base64,([^)]+)\)", told)
    assert found is not None
    return Image.open(io.BytesIO(base64.b64decode(found[1])))


@pytest.mark.parametrize(("smoky_days", "width"), [(0, 400), (20, 800)])
def test_the_picture_shows_a_limit_where_there_is_something_to_compare(smoky_days: int, width: int) -> None:
    """A second bin of 20 forecasts, beside the one of those that gave no chance."""
    changes = [
        {"site_id": f"17031{number:04d}", "probability_above_35_4": 0.4 if number < smoky_days else 0.0}
        for number in range(40)
    ]

    drawn = picture(figures(forecast_scores(*changes))["2021-07"]["reliability"].value)

    assert drawn.size == (width, 390)


def test_bins_that_say_little_are_hollow_and_of_single_leads_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(reliability_plot, "png_of", lambda figure: drawn.append(figure) or b"PNG")
    changes = [
        {"site_id": f"17031{number:04d}", "probability_above_9_0": 0.25 if number else 0.85} for number in range(21)
    ]

    figures(forecast_scores(*changes))

    [axes] = drawn[0].axes
    lines = {line.get_label(): line.get_xydata().tolist() for line in axes.lines}
    assert lines["1 day ahead"] == [[25.0, 0.0]]
    assert lines["all leads"] == [[25.0, 0.0]]
    hollow = [line.get_xydata().tolist() for line in axes.lines if line.get_markerfacecolor() == "white"]
    assert hollow == [[[85.0, 0.0]]]
    assert [text.get_text() for text in axes.texts] == ["20", "1"]


def test_numbers_of_forecasts_do_not_cover_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(reliability_plot, "png_of", lambda figure: drawn.append(figure) or b"PNG")
    chances = (0.005, 0.03, 0.9)

    changes = [
        {"site_id": f"17031{number:04d}", "probability_above_9_0": chance} for number, chance in enumerate(chances)
    ]
    figures(forecast_scores(*changes))

    assert [tuple(text.xy) for text in drawn[0].axes[0].texts] == [(0.5, 0.0), (90.0, 0.0)]


def test_no_months_have_no_figures() -> None:
    assert figures(TABLES["forecast_scores"].empty(), months=()) == {}
