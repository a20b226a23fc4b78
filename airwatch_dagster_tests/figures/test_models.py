"""The plots of a month's models."""

import re
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.figures import models as model_plots
from airwatch_dagster.figures.models import importance_plot, performance_plot
from airwatch_dagster.verify.skill_tables import skill_by_lead

ERRORS = {"persistence": 5.0, "damped_persistence": 4.0, "climatology": 40.0, "ridge": 3.0, "dream": 1.0}
"""Size of every error of a family, µg/m³; the last family does not exist."""


def scores(*families: str) -> pd.DataFrame:
    """Forty forecasts per lead from 5 to 25 µg/m³ with alternating errors."""
    return pd.DataFrame(
        [
            {
                "model_family": family,
                "horizon_days": lead,
                "pm25_ugm3": 5.0 + number / 2,
                "pm25_observed_ugm3": 5.0 + number / 2 + ERRORS[family] * (-1) ** number,
            }
            for family in families
            for lead in (1, 2, 3)
            for number in range(40)
        ]
    )


def drawn(frame: pd.DataFrame) -> bytes:
    return performance_plot(skill_by_lead(frame), frame, title="July 2021 (summer)")


def height_of(svg: bytes) -> str:
    found = re.search(r'width="424.8pt" height="([0-9.]+)pt"', svg.decode())
    assert found, "every plot is 5.9 inches wide"
    return found[1]


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text of the plots drawn in the test."""
    from matplotlib.text import Text

    seen: list[str] = []
    finish = model_plots.svg_of

    def finished(figure: Any) -> bytes:
        svg = finish(figure)
        seen.extend(text.get_text() for text in figure.findobj(Text))
        return svg

    monkeypatch.setattr(model_plots, "svg_of", finished)
    return seen


def test_the_plot_is_small_with_its_text_as_text_and_the_same_each_time() -> None:
    svg = drawn(scores(*ERRORS))

    assert height_of(svg) == "374.4"
    assert len(svg) < 40_000
    assert "Skill over damped persistence</text>" in svg.decode()
    assert "'DejaVu Sans', 'Verdana'" in svg.decode(), "and a font of the reader's machine that is as wide"
    assert svg == drawn(scores(*ERRORS))


def test_its_background_is_white_in_any_theme_of_the_page() -> None:
    assert 'style="fill: #ffffff"' in drawn(scores(*ERRORS)).decode()[:2000]


def test_it_shows_the_skill_of_every_family_but_the_reference_by_lead(words: list[str]) -> None:
    drawn(scores("persistence", "damped_persistence", "ridge"))

    assert words.count("+0.44") == words.count("-0.56") == 3
    assert {"1 day ahead", "2 days ahead", "3 days ahead", "Skill over damped persistence"} <= set(words)
    assert {"persistence", "ridge"} <= set(words)
    assert "damped persistence" not in words


def test_a_bar_below_the_axis_has_its_number_and_a_gap(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    gaps: list[float] = []
    monkeypatch.setattr(model_plots, "_break", lambda axes, place, *, width: gaps.append(round(place, 2)))
    drawn(scores("damped_persistence", "climatology", "ridge"))

    assert words.count("-99.00") == 3
    assert len(gaps) == 3, "of climatology alone"


def test_residuals_and_calibration_are_of_learned_families(words: list[str]) -> None:
    drawn(scores("damped_persistence", "climatology", "ridge"))

    assert {"Forecast − observed, µg/m³", "Observed, µg/m³", "Forecast, µg/m³"} <= set(words)
    assert {"< 6", "6-9", "9-15", "15-35.4", "≥ 35.4"} <= set(words)
    assert words.count("ridge") == 2, "in the legend of the skill, and in that of the calibration"
    assert words.count("climatology") == 1


def test_a_family_without_its_own_colour_is_drawn_too(words: list[str]) -> None:
    drawn(scores("damped_persistence", "dream"))

    assert words.count("dream") == 2
    assert words.count("+0.94") == 3


def test_a_month_of_baselines_shows_skill_alone(words: list[str]) -> None:
    assert height_of(drawn(scores("persistence", "damped_persistence"))) == "194.4"
    assert "Observed, µg/m³" not in words


@pytest.mark.parametrize("families", [["ridge"], ["damped_persistence"]])
def test_without_a_comparison_there_is_no_number(families: list[str], words: list[str]) -> None:
    drawn(scores(*families))
    assert not [text for text in words if text.startswith(("+0.", "-0."))]


def test_features_are_in_the_order_of_their_importance_to_all_families(words: list[str]) -> None:
    svg = importance_plot({"ridge": {"a": 0.7, "b": 0.3}, "random_forest": {"b": 0.9, "c": 0.1}}, title="May")

    assert [text for text in dict.fromkeys(words) if text in ("a", "b", "c")] == ["b", "a", "c"]
    assert {"ridge", "random forest", "Share of importance, %", "May"} <= set(words)
    assert len(svg) < 40_000


def test_only_the_most_important_features_are_drawn(words: list[str]) -> None:
    many = {f"input_{number}": 1.0 / (number + 1) for number in range(40)}

    importance_plot({"ridge": many}, title="May")

    named = {text for text in words if text.startswith("input ")}
    assert named == {f"input {number}" for number in range(15)}


def test_features_have_their_titles_and_not_their_columns(words: list[str]) -> None:
    importance_plot({"ridge": {"far_w_pm25_anomaly_ugm3": 1.0}}, title="May")

    assert "PM2.5 anomaly 400–800 km west" in words
    assert not [text for text in words if "ugm3" in text]
