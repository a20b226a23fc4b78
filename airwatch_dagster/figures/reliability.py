"""Reliability diagrams: exceedance probabilities against observed frequencies."""

from collections.abc import Mapping
from typing import Final

import pandas as pd

from airwatch_dagster.figures.drawing.axes import Axes, Box, Key, legend_row
from airwatch_dagster.figures.drawing.scales import Scale, number_ticks
from airwatch_dagster.figures.drawing.shapes import Canvas, Mark, text, text_width
from airwatch_dagster.figures.drawing.style import (
    BLACK,
    BLUE,
    BOTTOM,
    EDGE,
    GREEN,
    LIGHT_GREY,
    NOTE_SIZE,
    ORANGE,
    WHITE,
)
from airwatch_dagster.verify.metrics import EVENT_LIMITS_UGM3
from airwatch_dagster.verify.skill_tables import MIN_ROWS

PANEL: Final = 212.4
"""Width of one limit's panel."""

ALONE: Final = 288.0
"""Width of a panel that is the only one."""

HEIGHT: Final = 244.8

TOP: Final = 59.0
"""Room for the title, the legend and the panel titles."""

LEFT: Final = 42.0
"""Room for the tick labels and the axis label of a panel."""

LEADS: Final = {
    "1 d": Key("1 day ahead", Mark("dot", BLUE, size=4), has_line=True),
    "2 d": Key("2 days ahead", Mark("square", ORANGE, size=4), has_line=True),
    "3 d": Key("3 days ahead", Mark("diamond", GREEN, size=3.5), has_line=True),
}
"""Lead → how it is drawn."""

ALL_LEADS: Final = Mark("dot", BLACK)
FEW_FORECASTS: Final = Mark("dot", BLACK, face=WHITE)

MIN_AXIS_PCT: Final = 10.0
"""Shortest axis: the probability of smoke is rarely higher, and an axis to 100 % would hide it."""

ROOM: Final = 0.03
"""Beyond both ends of an axis, as a share of its length."""


def reliability_plot(tables: Mapping[float, Mapping[str, pd.DataFrame]], *, title: str) -> bytes:
    """SVG: mean probability against observed frequency, a panel for each of the events' limits.

    ``tables``: limit (µg/m³) → ``all`` and each lead (``1 d``) → its table of ``reliability``. All leads together are
    black with their number of forecasts, hollow in bins of fewer than ``MIN_ROWS`` forecasts; a single lead leaves such
    bins out. A limit without two bins of ``MIN_ROWS`` forecasts has no panel, except the lowest.
    """
    lowest = EVENT_LIMITS_UGM3[0]
    full_bins = {limit: int((by_lead["all"]["forecasts"] >= MIN_ROWS).sum()) for limit, by_lead in tables.items()}
    shown = [limit for limit in EVENT_LIMITS_UGM3 if limit in tables and (limit == lowest or full_bins[limit] >= 2)]
    panel = PANEL if len(shown) > 1 else ALONE
    canvas = Canvas(title, _description(shown), width=panel * len(shown), height=HEIGHT)
    for place, limit in enumerate(shown):
        box = Box(panel * place + LEFT, panel * (place + 1) - EDGE, TOP, HEIGHT - BOTTOM)
        _draw(canvas, box, tables[limit], limit, is_first=place == 0)
    keys = [key for lead, key in LEADS.items() if lead in tables[lowest]]
    legend_row(canvas.root, [*keys, Key("all leads", ALL_LEADS)], 28.0, left=EDGE)
    return canvas.svg()


def _draw(canvas: Canvas, box: Box, by_lead: Mapping[str, pd.DataFrame], limit: float, *, is_first: bool) -> None:
    end = max(MIN_AXIS_PCT, *(105 * by_lead["all"][name].max() for name in ("mean_probability", "observed_frequency")))
    scale = Scale(0.0, end, number_ticks(0.0, end, room=ROOM), room=ROOM)
    axes = Axes(canvas, box, x=scale, y=scale)
    axes.x_axis("Forecast probability, %")
    axes.y_axis("Observed frequency, %" if is_first else "")
    axes.subtitle(f"More than {limit} µg/m³")
    axes.line([(0.0, 0.0), (end, end)], "diagonal", colour=LIGHT_GREY)
    for lead, key in LEADS.items():
        if lead in by_lead:
            points = [(x, y) for x, y, forecasts in _bins(by_lead[lead]) if forecasts >= MIN_ROWS]
            axes.line(points, "leads", colour=key.mark.colour, width=1.0)
            for x, y in points:
                axes.mark(x, y, "lead", key.mark)
    bins = _bins(by_lead["all"])
    for x, y, forecasts in bins:
        is_filled = forecasts >= MIN_ROWS
        axes.mark(x, y, "all" if is_filled else "few", ALL_LEADS if is_filled else FEW_FORECASTS)
    _write_counts(axes, bins)


def _bins(table: pd.DataFrame) -> list[tuple[float, float, int]]:
    """Mean probability and observed frequency in per cent, and the number of forecasts, of each bin."""
    columns = 100 * table["mean_probability"], 100 * table["observed_frequency"], table["forecasts"].astype(int)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _write_counts(axes: Axes, bins: list[tuple[float, float, int]]) -> None:
    """The numbers of forecasts above their points, at the left of the axes inwards; none that would cover the one
    before it."""
    last_end, last_height = float("-inf"), float("-inf")
    for x, y, forecasts in bins:
        across, height = axes.at(x, y)
        width = text_width(words := f"{forecasts:,}", NOTE_SIZE)
        start = across + 2 if across - width < axes.box.left else across - 2 - width
        if start > last_end or abs(height - last_height) > NOTE_SIZE:
            text(axes.group, (start, height - 9), words, "count", size=NOTE_SIZE, has_halo=True)
            last_end, last_height = start + width, height


def _description(limits: list[float]) -> str:
    named = " and ".join(f"{limit} µg/m³" for limit in limits)
    return f"Forecast probability of exceeding {named} against observed frequency; on the diagonal they agree."
