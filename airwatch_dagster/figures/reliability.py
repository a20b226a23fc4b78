"""Reliability diagrams: exceedance probabilities against observed frequencies."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.figures.style import (
    BLUE,
    GREEN,
    LIGHT_GREY,
    NOTE_POINTS,
    ORANGE,
    SUBTITLE_POINTS,
    finish_axes,
    new_figure,
    set_margins,
    svg_of,
)
from airwatch_dagster.verify.metrics import EVENT_LIMITS_UGM3
from airwatch_dagster.verify.skill_tables import MIN_ROWS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANEL_INCHES: Final = 2.95
"""Width of one limit's panel."""

HEIGHT_INCHES: Final = 3.4

TOP_INCHES: Final = 0.82
"""Room for the title, the legend and the panel titles."""

LEAD_STYLES: Final = {
    "1 d": ("1 day ahead", BLUE, "o"),
    "2 d": ("2 days ahead", ORANGE, "s"),
    "3 d": ("3 days ahead", GREEN, "D"),
}
"""Lead → label, colour and marker."""

MIN_AXIS_PCT: Final = 10.0
"""Shortest axis: the probability of smoke is rarely higher, and an axis to 100 % would hide it."""

MIN_NUMBER_GAP: Final = 0.06
"""Smallest distance between two numbers of forecasts, as a share of the axis; numbers in between are left out."""


def reliability_plot(tables: Mapping[float, Mapping[str, pd.DataFrame]], *, title: str) -> bytes:
    """SVG: mean probability against observed frequency, a panel for each of the events' limits.

    ``tables``: limit (µg/m³) → ``all`` and each lead (``1 d``) → its table of ``reliability``. All leads together are
    black with their number of forecasts, hollow in bins of fewer than ``MIN_ROWS`` forecasts; a single lead leaves such
    bins out. A limit without two bins of ``MIN_ROWS`` forecasts has no panel, except the lowest.
    """
    lowest = EVENT_LIMITS_UGM3[0]
    full_bins = {limit: int((by_lead["all"]["forecasts"] >= MIN_ROWS).sum()) for limit, by_lead in tables.items()}
    shown = [limit for limit in EVENT_LIMITS_UGM3 if limit in tables and (limit == lowest or full_bins[limit] >= 2)]
    figure = new_figure(title, width_inches=max(4.0, PANEL_INCHES * len(shown)), height_inches=HEIGHT_INCHES)
    margins = {"left": 0.155 / len(shown), "right": 1 - 0.03 / len(shown), "wspace": 0.2}
    set_margins(figure, top_inches=TOP_INCHES, **margins)
    for place, limit in enumerate(shown, 1):
        axes = figure.add_subplot(1, len(shown), place)
        _draw(axes, tables[limit])
        axes.set_title(f"More than {limit} µg/m³", fontsize=SUBTITLE_POINTS, loc="left", pad=5)
        finish_axes(axes, x="Forecast probability, %", y="Observed frequency, %" if place == 1 else "")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    place_of_legend = {"loc": "upper left", "bbox_to_anchor": (0.0, 1 - 0.27 / HEIGHT_INCHES), "ncols": len(labels)}
    spaces = {"handlelength": 1.4, "columnspacing": 1.0, "handletextpad": 0.4}
    figure.legend(handles, labels, fontsize=NOTE_POINTS, frameon=False, **place_of_legend, **spaces)
    return svg_of(figure)


def _draw(axes: "Axes", by_lead: Mapping[str, pd.DataFrame]) -> None:
    all_leads = by_lead["all"]
    end = max(MIN_AXIS_PCT, 105 * float(all_leads[["mean_probability", "observed_frequency"]].to_numpy().max()))
    axes.plot((0, end), (0, end), color=LIGHT_GREY, linewidth=0.8, zorder=0)
    for lead, (label, colour, marker) in LEAD_STYLES.items():
        if lead in by_lead:
            filled = by_lead[lead][by_lead[lead]["forecasts"] >= MIN_ROWS]
            style: dict[str, Any] = {"color": colour, "marker": marker, "markersize": 3.5, "linewidth": 1.0}
            axes.plot(100 * filled["mean_probability"], 100 * filled["observed_frequency"], label=label, **style)
    _draw_all_leads(axes, all_leads, end=end)
    room = 0.03 * end
    axes.set(xlim=(-room, end + room), ylim=(-room, end + room))


def _draw_all_leads(axes: "Axes", all_leads: pd.DataFrame, *, end: float) -> None:
    percent = 100 * all_leads[["mean_probability", "observed_frequency"]]
    is_filled = all_leads["forecasts"] >= MIN_ROWS
    style: dict[str, Any] = {"linestyle": "none", "marker": "o", "color": "black", "markersize": 5.5}
    axes.plot(*percent[is_filled].to_numpy().T, label="all leads", **style)
    axes.plot(*percent[~is_filled].to_numpy().T, markerfacecolor="white", **style)
    last = np.full(2, -np.inf)
    for point, count in zip(percent.to_numpy(), all_leads["forecasts"], strict=True):
        if np.abs(point - last).max() > MIN_NUMBER_GAP * end:
            _write_count(axes, point, count, is_at_axis=point[0] < MIN_NUMBER_GAP * end)
            last = point


def _write_count(axes: "Axes", point: np.ndarray, count: int, *, is_at_axis: bool) -> None:
    """The number of forecasts above a point, on white so that lines do not cross it out; beside the axis inwards."""
    box = {"boxstyle": "square,pad=0.05", "facecolor": "white", "edgecolor": "none", "alpha": 0.75}
    place: dict[str, Any] = {"xytext": (2, 6), "ha": "left"} if is_at_axis else {"xytext": (-2, 6), "ha": "right"}
    axes.annotate(
        f"{count:,}",
        (point[0], point[1]),
        textcoords="offset points",
        fontsize=NOTE_POINTS,
        bbox=box,
        zorder=4,
        **place,
    )
