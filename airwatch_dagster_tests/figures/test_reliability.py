"""The reliability diagram of a month."""

from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.figures.reliability import reliability_plot
from airwatch_dagster.figures.verification_table import reliability_by_limit
from airwatch_dagster_tests.builders import forecast_scores
from airwatch_dagster_tests.figures.read_plot import Plot


def drawn(*changes: dict[str, Any]) -> Plot:
    return Plot(reliability_plot(reliability_by_limit(scores(*changes)), title="Reliability diagram, July 2021"))


def scores(*changes: dict[str, Any]) -> pd.DataFrame:
    """One forecast per entry, each of its own site."""
    return forecast_scores(*({"site_id": f"17031{number:04d}", **change} for number, change in enumerate(changes)))


@pytest.mark.parametrize(("smoky_days", "panels"), [(0, ["9.0"]), (20, ["9.0", "35.4"])])
def test_a_limit_has_a_panel_where_two_bins_can_be_compared(smoky_days: int, panels: list[str]) -> None:
    """A second bin of 20 forecasts, besides the bin of probability 0."""
    shown = drawn(*({"probability_above_35_4": 0.4 if number < smoky_days else 0.0} for number in range(40)))

    assert shown.words("subtitle") == [f"More than {limit} µg/m³" for limit in panels]
    assert shown.width <= 424.8
    assert shown.outside() == []


def test_bins_of_few_forecasts_are_hollow_and_left_out_of_single_leads() -> None:
    [axes] = drawn(*({"probability_above_9_0": 0.25 if number else 0.85} for number in range(21))).axes

    assert [axes.dots(kind) for kind in ("lead", "all", "few")] == [
        pytest.approx(values, abs=0.3) for values in ([25.0], [25.0], [85.0])
    ]
    assert [dot.get("fill") for kind in ("all", "few") for dot in axes.found(kind)] == ["#000", "#fff"]
    assert axes.words("count") == ["20", "1"]


def test_numbers_of_forecasts_do_not_cover_each_other() -> None:
    near = [{"probability_above_9_0": 0.005}] * 3 + [{"probability_above_9_0": 0.015}] * 2
    [axes] = drawn(*near, {"probability_above_9_0": 0.9}).axes

    assert len(axes.found("few")) == 3
    assert axes.words("count") == ["3", "1"]


def test_the_legend_is_outside_the_axes() -> None:
    shown = drawn(*({"probability_above_9_0": 0.25, "horizon_days": 1 + number % 3} for number in range(60)))

    assert shown.keys() == ["1 day ahead", "2 days ahead", "3 days ahead", "all leads"]
    heights = [float(label.attrib["y"]) for label in shown.root.iterfind(".//*[@class='key']/*[@class='label']")]
    assert max(heights) < min(float(tick.attrib["y"]) for tick in shown.axes[0].ticks("y"))
