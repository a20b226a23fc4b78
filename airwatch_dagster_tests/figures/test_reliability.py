"""The reliability diagram of a month."""

from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.figures import reliability as reliability_figure
from airwatch_dagster.figures.reliability import reliability_plot
from airwatch_dagster.figures.verification_table import reliability_by_limit
from airwatch_dagster_tests.builders import forecast_scores


def drawn(*changes: dict[str, Any]) -> bytes:
    return reliability_plot(reliability_by_limit(scores(*changes)), title="Reliability diagram, July 2021")


def scores(*changes: dict[str, Any]) -> pd.DataFrame:
    """One forecast per entry, each of its own site."""
    return forecast_scores(*({"site_id": f"17031{number:04d}", **change} for number, change in enumerate(changes)))


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every figure drawn in the test."""
    seen: list[Any] = []
    monkeypatch.setattr(reliability_figure, "svg_of", lambda figure: seen.append(figure) or b"<svg/>")
    return seen


@pytest.mark.parametrize(("smoky_days", "panels"), [(0, ["9.0"]), (20, ["9.0", "35.4"])])
def test_a_limit_has_a_panel_where_two_bins_can_be_compared(
    smoky_days: int, panels: list[str], figures: list[Any]
) -> None:
    """A second bin of 20 forecasts, besides the bin of probability 0."""
    drawn(*({"probability_above_35_4": 0.4 if number < smoky_days else 0.0} for number in range(40)))

    titles = [axes.get_title(loc="left") for axes in figures[0].axes]
    assert titles == [f"More than {limit} µg/m³" for limit in panels]
    assert figures[0].get_size_inches()[0] <= 5.9


def test_bins_of_few_forecasts_are_hollow_and_left_out_of_single_leads(figures: list[Any]) -> None:
    drawn(*({"probability_above_9_0": 0.25 if number else 0.85} for number in range(21)))

    [axes] = figures[0].axes
    lines = {line.get_label(): line.get_xydata().tolist() for line in axes.lines}
    assert lines["1 day ahead"] == [[25.0, 0.0]]
    assert lines["all leads"] == [[25.0, 0.0]]
    hollow = [line.get_xydata().tolist() for line in axes.lines if line.get_markerfacecolor() == "white"]
    assert hollow == [[[85.0, 0.0]]]
    assert [text.get_text() for text in axes.texts] == ["20", "1"]


def test_numbers_of_forecasts_do_not_cover_each_other(figures: list[Any]) -> None:
    drawn(*({"probability_above_9_0": probability} for probability in (0.005, 0.03, 0.9)))

    assert [tuple(text.xy) for text in figures[0].axes[0].texts] == [(0.5, 0.0), (90.0, 0.0)]


def test_the_legend_is_outside_the_axes(figures: list[Any]) -> None:
    drawn(*({"probability_above_9_0": 0.25, "horizon_days": 1 + number % 3} for number in range(60)))

    [legend] = figures[0].legends
    [axes] = figures[0].axes
    assert [text.get_text() for text in legend.get_texts()] == [
        "1 day ahead",
        "2 days ahead",
        "3 days ahead",
        "all leads",
    ]
    figures[0].draw_without_rendering()
    box = legend.get_window_extent()
    assert box.y0 > axes.get_window_extent().y1
    assert 0 <= box.x0 < box.x1 <= figures[0].bbox.width
