"""A picture of how often things happen that are given a chance."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.figures.style import png_of
from airwatch_dagster.verify.scoring import EVENT_LIMITS_UGM3
from airwatch_dagster.verify.skill_tables import MIN_ROWS

WIDTH_INCHES: Final = 4.0
"""Of a limit's part."""

HEIGHT_INCHES: Final = 3.9
DOTS_PER_INCH: Final = 100

COLOURS: Final = {"1 d": "#0072B2", "2 d": "#E69F00", "3 d": "#009E73"}
"""By lead. Source: Okabe and Ito's palette for colour-blind eyes."""

MARKERS: Final = {"1 d": "o", "2 d": "s", "3 d": "D"}

SHORTEST_AXIS_PCT: Final = 10.0
"""Smoke is rarely given more: an axis up to certainty would hide what there is."""

NUMBERS_APART: Final = 0.06
"""Share of the axis between two numbers of forecasts; the ones between would cover them. The table has all."""

NUMBER: Final[dict[str, Any]] = {"textcoords": "offset points", "xytext": (-2, 5), "ha": "right", "fontsize": 7}


def reliability_plot(tables: Mapping[float, Mapping[str, pd.DataFrame]], *, title: str) -> bytes:
    """PNG: mean chance against observed frequency of the events' limits, all leads together with their numbers of
    forecasts, and each lead.

    ``tables``: limit → ``all`` and each lead (``1 d``) → its table of ``reliability``. Bins of fewer than ``MIN_ROWS``
    forecasts are hollow, those of a single lead left out, and so are limits without two others; the first is shown.
    """
    from matplotlib.figure import Figure

    shown = [limit for limit in EVENT_LIMITS_UGM3 if limit in tables and _is_shown(limit, tables[limit]["all"])]
    figure = Figure(figsize=(WIDTH_INCHES * len(shown), HEIGHT_INCHES), dpi=DOTS_PER_INCH, facecolor="white")
    figure.text(0.012, 0.98, title, fontsize=10, weight="bold", va="top")
    # Room by hand: a layout engine would take as long as the drawing.
    figure.subplots_adjust(left=0.155 / len(shown), right=1 - 0.03 / len(shown), bottom=0.125, top=0.84, wspace=0.2)
    for place, limit in enumerate(shown, 1):
        axes = figure.add_subplot(1, len(shown), place)
        _draw(axes, tables[limit])
        axes.set_title(f"More than {limit} µg/m³", fontsize=8.5, loc="left", pad=5)
        axes.set_ylabel("Came true, %" if place == 1 else "", fontsize=8)
    figure.axes[0].legend(loc="upper left", fontsize=7.5, frameon=False, handlelength=1.4, labelspacing=0.3)
    return png_of(figure)


def _is_shown(limit: float, everything: pd.DataFrame) -> bool:
    return limit == EVENT_LIMITS_UGM3[0] or int((everything["forecasts"] >= MIN_ROWS).sum()) >= 2


def _draw(axes: Any, by_lead: Mapping[str, pd.DataFrame]) -> None:
    everything = by_lead["all"]
    end = max(SHORTEST_AXIS_PCT, 105 * float(everything[["mean_chance", "observed_frequency"]].to_numpy().max()))
    axes.plot((0, end), (0, end), color="#B8B8B8", linewidth=0.8, zorder=0)
    for lead, colour in COLOURS.items():
        if lead in by_lead:
            told = by_lead[lead][by_lead[lead]["forecasts"] >= MIN_ROWS]
            look = {"color": colour, "marker": MARKERS[lead], "markersize": 3.5, "linewidth": 1.0}
            axes.plot(100 * told["mean_chance"], 100 * told["observed_frequency"], label=_name(lead), **look)
    _draw_all(axes, everything, end=end)
    room = 0.03 * end
    axes.set(xlim=(-room, end + room), ylim=(-room, end + room))
    axes.set_xlabel("Chance given, %", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_all(axes: Any, everything: pd.DataFrame, *, end: float) -> None:
    percent = 100 * everything[["mean_chance", "observed_frequency"]]
    is_many = everything["forecasts"] >= MIN_ROWS
    look = {"linestyle": "none", "marker": "o", "color": "black", "markersize": 5.5}
    axes.plot(*percent[is_many].to_numpy().T, label="all leads", **look)
    axes.plot(*percent[~is_many].to_numpy().T, markerfacecolor="white", **look)
    told = np.full(2, -np.inf)
    for place, count in zip(percent.to_numpy(), everything["forecasts"], strict=True):
        if np.abs(place - told).max() > NUMBERS_APART * end:
            axes.annotate(f"{count:,}", place, **NUMBER)
            told = place


def _name(lead: str) -> str:
    days = lead.removesuffix(" d")
    return f"{days} day{'s' if days != '1' else ''} ahead"
