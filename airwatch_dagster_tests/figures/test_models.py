"""The plots of a month's models."""

import pandas as pd
import pytest

from airwatch_dagster.figures.models import MAX_FEATURES_DRAWN, importance_plot, performance_plot
from airwatch_dagster.verify.skill_tables import skill_by_lead
from airwatch_dagster_tests.figures.read_plot import Plot

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


def plot(*families: str) -> Plot:
    return Plot(drawn(scores(*families)))


def test_the_plot_is_small_with_its_text_as_text_and_the_same_each_time() -> None:
    svg = drawn(scores(*ERRORS))

    assert (Plot(svg).width, Plot(svg).height) == (424.8, 374.4), "5.9 × 5.2 inches"
    assert len(svg) < 40_000
    assert "Skill over damped persistence</text>" in svg.decode()
    assert "'DejaVu Sans', Verdana" in svg.decode(), "and a font of the reader's machine that is as wide"
    assert svg == drawn(scores(*ERRORS))


def test_its_background_is_white_in_any_theme_of_the_page() -> None:
    background = next(part for part in plot(*ERRORS).root if part.tag.endswith("rect"))
    assert background.attrib == {"width": "100%", "height": "100%", "fill": "#fff"}


def test_who_does_not_see_it_is_told_title_and_skills() -> None:
    root = plot("persistence", "damped_persistence", "ridge").root
    told = "; ".join(f"{lead} ahead: persistence -0.56, ridge +0.44" for lead in ("1 day", "2 days", "3 days"))

    assert root.get("role") == "img"
    assert [part.text for part in root[:2]] == [
        "July 2021 (summer)",
        f"Skill over damped persistence by lead and family. {told}.",
    ]


def test_it_shows_the_skill_of_every_family_but_the_reference_by_lead() -> None:
    shown = plot("persistence", "damped_persistence", "ridge")
    skill = shown.axes[0]

    assert skill.words("number") == ["-0.56", "0.44"] * 3
    assert skill.labels("x") == ["1 day ahead", "2 days ahead", "3 days ahead"]
    assert skill.label("y") == "Skill over damped persistence"
    assert {"persistence", "ridge"} <= set(shown.keys())
    assert "damped persistence" not in shown.words()


def test_bars_end_at_their_skill() -> None:
    skill = plot("persistence", "damped_persistence", "ridge").axes[0]
    zero, tick = (float(one.attrib["y"]) for one in skill.ticks("y") if one.text in ("0.00", "0.25"))
    heights = [float(bar.attrib["height"]) / (zero - tick) * 0.25 for bar in skill.found("skill")]

    assert heights == pytest.approx([0.5, 0.4375] * 3, abs=0.005), "the first is cut off at -0.5"


def test_a_bar_below_the_axis_has_its_number_and_a_gap() -> None:
    skill = plot("damped_persistence", "climatology", "ridge").axes[0]

    assert skill.words("number").count("-99.00") == 3
    assert len(skill.found("gap")) == 3, "of climatology alone"


def test_residuals_and_calibration_are_of_learned_families() -> None:
    shown = plot("damped_persistence", "climatology", "ridge")
    _, residuals, means = shown.axes

    assert [axes.label("y") for axes in (residuals, means)] == ["Forecast − observed, µg/m³", "Observed, µg/m³"]
    assert residuals.labels("x") == ["< 6", "6-9", "9-15", "15-35.4", "≥ 35.4"]
    assert {axes.label("x") for axes in (residuals, means)} == {"Forecast, µg/m³"}
    assert shown.keys().count("ridge") == 2, "in the legend of the skill, and in that of the calibration"
    assert shown.keys().count("climatology") == 1


def test_no_text_of_six_families_is_cut_off_or_crossed_by_another() -> None:
    shown = plot("damped_persistence", "persistence", "climatology", "ridge", "dream")

    assert shown.outside() == []


def test_a_family_without_its_own_colour_is_drawn_too() -> None:
    shown = plot("damped_persistence", "dream")

    assert shown.keys().count("dream") == 2
    assert shown.axes[0].words("number") == ["0.94"] * 3


def test_a_month_of_baselines_shows_skill_alone() -> None:
    shown = plot("persistence", "damped_persistence")

    assert shown.height == 203.4
    assert len(shown.axes) == 1


@pytest.mark.parametrize("families", [["ridge"], ["damped_persistence"]])
def test_without_a_comparison_there_is_no_number(families: list[str]) -> None:
    assert plot(*families).words("number") == []


def test_features_are_in_the_order_of_their_importance_to_all_families() -> None:
    svg = importance_plot({"ridge": {"a": 0.7, "b": 0.3}, "random_forest": {"b": 0.9, "c": 0.1}}, title="May")
    [axes] = Plot(svg).axes

    assert axes.labels("y") == ["b", "a", "c"]
    assert Plot(svg).keys() == ["ridge", "random forest"]
    assert axes.label("x") == "Share of importance, %"
    assert axes.lines("range") == [pytest.approx(ends, abs=0.3) for ends in ([30.0, 90.0], [70.0, 70.0], [10.0, 10.0])]
    assert len(svg) < 40_000


def test_only_the_most_important_features_are_drawn() -> None:
    many = {f"input_{number}": 1.0 / (number + 1) for number in range(40)}

    [axes] = Plot(importance_plot({"ridge": many}, title="May")).axes

    assert axes.labels("y") == [f"input {number}" for number in range(MAX_FEATURES_DRAWN)]


def test_features_have_their_titles_and_not_their_columns() -> None:
    shown = Plot(importance_plot({"ridge": {"far_w_pm25_anomaly_ugm3": 1.0}}, title="May"))

    assert shown.axes[0].labels("y") == ["PM2.5 anomaly 400–800 km west"]
    assert not [text for text in shown.words() if "ugm3" in text]
