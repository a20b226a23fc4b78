"""Plots of monthly model skill and feature importance."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from airwatch_dagster.figures.feature_titles import feature_title
from airwatch_dagster.figures.style import (
    BLUE,
    GREEN,
    GREY,
    GRID_GREY,
    LABEL_POINTS,
    LIGHT_GREY,
    NOTE_POINTS,
    PURPLE,
    VERMILION,
    WIDTH_INCHES,
    finish_axes,
    new_figure,
    set_margins,
    svg_of,
)
from airwatch_dagster.fit.champion.guard_rails import display_name
from airwatch_dagster.schemas.columns import BASELINES, REFERENCE_FAMILY
from airwatch_dagster.verify.skill_tables import LEVELS_UGM3, calibration, residuals_by_level

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

COLOURS: Final = {
    "persistence": LIGHT_GREY,
    "climatology": GREY,
    "ridge": BLUE,
    "random_forest": GREEN,
    "catboost": VERMILION,
    "blend": PURPLE,
}
"""Family → colour; baselines are grey."""

OTHER_COLOUR: Final = "black"

MARKERS: Final = "osD^vPX"
"""Markers in the order of the families, so that colour is not needed to tell them apart."""

SKILL_FLOOR: Final = -0.5
"""Lower end of the bars: a baseline far below damped persistence would flatten the rest. Its bar has a gap."""

LINEAR_RESIDUAL_UGM3: Final = 4.0
"""Residuals are in proportion up to about this size and closer together beyond: smoke would flatten other days."""

RESIDUAL_TICKS_UGM3: Final = (-200, -100, -50, -20, -10, -5, -2, 0, 2, 5, 10, 20, 50, 100, 200)
LEVEL_TICKS_UGM3: Final = (1, 2, 3, 4, 6, 8, 10, 12, 15, 20, 25, 30, 40, 60, 80, 100, 150, 200, 300)

MAX_TICKS: Final = 13

MAX_FEATURES_DRAWN: Final = 15
"""Features drawn: the most important to all families together."""


def performance_plot(by_lead: pd.DataFrame, scores: pd.DataFrame, *, title: str) -> bytes:
    """SVG: skill of every family by lead; for learned families 1 day ahead, residuals by level and calibration.

    ``by_lead`` is the table of ``skill_by_lead``, ``scores`` are the ``candidate_scores`` it is computed from.
    """
    tomorrow = scores[scores["horizon_days"] == 1]
    tomorrow = tomorrow[~tomorrow["model_family"].isin(BASELINES)]
    figure = new_figure(title, width_inches=WIDTH_INCHES, height_inches=5.2 if len(tomorrow) else 2.7)
    rows = 2 if len(tomorrow) else 1
    _draw_skill(figure.add_subplot(rows, 1, 1), by_lead[by_lead["model_family"] != REFERENCE_FAMILY])
    if len(tomorrow):
        _draw_residuals(figure.add_subplot(2, 2, 3), residuals_by_level(tomorrow))
        _draw_calibration(figure.add_subplot(2, 2, 4), calibration(tomorrow))
    set_margins(figure, left=0.095, hspace=0.5, wspace=0.24)
    return svg_of(figure)


def importance_plot(shares: Mapping[str, Mapping[str, float]], *, title: str) -> bytes:
    """SVG: feature importance of each family, the features most important to all families first.

    ``shares``: family → feature → share of its importance; features with a small share may be missing.
    """
    table = pd.DataFrame(shares)
    ranked = table.fillna(0.0).mean(axis="columns").sort_values(ascending=False, kind="stable")
    table = table.loc[ranked.index[:MAX_FEATURES_DRAWN]]
    figure = new_figure(title, width_inches=WIDTH_INCHES, height_inches=1.1 + 0.23 * len(table))
    axes = figure.add_subplot()
    set_margins(figure, left=0.51)
    places = range(len(table))
    ends = 100 * table.min(axis="columns"), 100 * table.max(axis="columns")
    axes.hlines(places, *ends, color=LIGHT_GREY, linewidth=1.2)
    for family, style in _styles(table.columns.tolist()):
        axes.plot(100 * table[family], places, linestyle="none", **style)
    axes.set_yticks(list(places), [feature_title(str(name)) for name in table.index])
    axes.set_xlim(left=0.0)
    axes.invert_yaxis()
    axes.grid(axis="x", color=GRID_GREY, linewidth=0.6)
    finish_axes(axes, x="Share of importance, %", y="")
    _legend(axes, len(table.columns))
    return svg_of(figure)


def _draw_skill(axes: "Axes", by_lead: pd.DataFrame) -> None:
    """A group of bars per lead, a bar per family, with its number."""
    wide = by_lead.pivot(index="horizon_days", columns="model_family", values="skill")
    families = by_lead["model_family"].unique().tolist()
    width = 0.84 / max(1, len(families))
    for number, family in enumerate(families):
        places = [place + (number - (len(families) - 1) / 2) * width for place in range(len(wide))]
        heights = wide[family].clip(lower=SKILL_FLOOR)
        axes.bar(places, heights, width=0.9 * width, color=_colour(family), label=display_name(family))
        for place, height, skill in zip(places, heights, wide[family], strict=True):
            if pd.notna(skill):
                if skill < SKILL_FLOOR:
                    _break(axes, place, width=width)
                axes.annotate(f"{skill:+.2f}", (place, height), xytext=(0, 2 if skill >= 0 else -9), **_SMALL_LABEL)
    axes.axhline(0.0, color="black", linewidth=0.8)
    lowest = max(SKILL_FLOOR, min(-0.1, float(by_lead["skill"].min())))
    highest = max(0.1, float(by_lead["skill"].max()))
    room = 0.12 * (highest - lowest)
    axes.set_ylim(lowest - room, highest + room)
    axes.set_xticks(range(len(wide)), [f"{lead} day{'s' if lead > 1 else ''} ahead" for lead in wide.index])
    finish_axes(axes, x="", y="Skill over damped persistence")
    _legend(axes, len(families))


def _break(axes: "Axes", place: float, *, width: float) -> None:
    """A slanted gap in a bar that ends before its value."""
    axes.plot((place - 0.5 * width, place + 0.5 * width), (0.9 * SKILL_FLOOR, 0.84 * SKILL_FLOOR), **_BREAK)


_BREAK: Final[dict[str, Any]] = {"color": "white", "linewidth": 3.0, "solid_capstyle": "butt", "label": "_break"}
_SMALL_LABEL: Final[dict[str, Any]] = {"textcoords": "offset points", "ha": "center", "fontsize": NOTE_POINTS}
_SUBTITLE: Final[dict[str, Any]] = {"fontsize": LABEL_POINTS, "loc": "left", "pad": 5}


def _draw_residuals(axes: "Axes", table: pd.DataFrame) -> None:
    """Per level and family: the middle 90 % as a thin line, the middle 50 % as a thick one, the median as a dash."""
    families = table["model_family"].unique().tolist()
    for number, family in enumerate(families):
        own = table[table["model_family"] == family]
        places = own["level"] + (number - (len(families) - 1) / 2) * 0.19
        axes.vlines(places, own["0.05"], own["0.95"], color=_colour(family), linewidth=1.2)
        axes.vlines(places, own["0.25"], own["0.75"], color=_colour(family), linewidth=5.5)
        axes.plot(places, own["0.5"], linestyle="none", color="black", marker="_", markersize=7)
    axes.axhline(0.0, color="black", linewidth=0.8, zorder=0)
    axes.set_yscale("asinh", linear_width=LINEAR_RESIDUAL_UGM3)
    _ticks(axes.yaxis, RESIDUAL_TICKS_UGM3)
    between = [f"{low:g}-{high:g}" for low, high in pairwise(LEVELS_UGM3)]
    levels = [f"< {LEVELS_UGM3[0]:g}", *between, f"≥ {LEVELS_UGM3[-1]:g}"]
    axes.set_xlim(-0.5, len(levels) - 0.5)
    axes.set_xticks(range(len(levels)), levels, fontsize=NOTE_POINTS)
    axes.set_title("Residuals 1 day ahead (50 %, 90 %)", **_SUBTITLE)
    finish_axes(axes, x="Forecast, µg/m³", y="Forecast − observed, µg/m³")


def _draw_calibration(axes: "Axes", table: pd.DataFrame) -> None:
    """Observed against forecast means; on the diagonal the forecast is unbiased."""
    means = table[["forecast_ugm3", "observed_ugm3"]].clip(lower=LEVEL_TICKS_UGM3[0])
    ends = 0.9 * float(means.to_numpy().min()), 1.1 * float(means.to_numpy().max())
    axes.plot(ends, ends, color="black", linewidth=0.8)
    for family, style in _styles(table["model_family"].unique().tolist()):
        own = means[table["model_family"] == family]
        axes.plot(own["forecast_ugm3"], own["observed_ugm3"], linewidth=1.0, **style)
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    for axis in (axes.xaxis, axes.yaxis):
        _ticks(axis, LEVEL_TICKS_UGM3)
    axes.set_title("Means of tenths of the forecasts", **_SUBTITLE)
    axes.legend(loc="upper left", fontsize=NOTE_POINTS, frameon=False, handlelength=1.2, labelspacing=0.3)
    finish_axes(axes, x="Forecast, µg/m³", y="Observed, µg/m³")


def _ticks(axis: "Axis", places: Sequence[int]) -> None:
    """Ticks at the places within the view, every second one where they are crowded, always at 0."""
    from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

    low, high = axis.get_view_interval()
    inside = [place for place in places if low <= place <= high]
    step = 1 + len(inside) // MAX_TICKS
    first = inside.index(0) % step if 0 in inside else 0
    axis.set_major_locator(FixedLocator(inside[first::step]))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(ScalarFormatter())


def _styles(families: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Label, colour and marker of each family."""
    for number, family in enumerate(families):
        marker = MARKERS[number % len(MARKERS)]
        style = {"label": display_name(family), "color": _colour(family), "marker": marker, "markersize": 6}
        yield family, {**style, "markeredgecolor": "white", "markeredgewidth": 0.4}


def _colour(family: str) -> str:
    return COLOURS.get(family, OTHER_COLOUR)


def _legend(axes: "Axes", columns: int) -> None:
    """A legend in one line above the axes; none without families."""
    place = {"loc": "lower right", "bbox_to_anchor": (1.0, 1.0), "borderaxespad": 0.2}
    if columns:
        spaces = {"handlelength": 1.0, "handletextpad": 0.4, "columnspacing": 1.0}
        axes.legend(ncols=columns, fontsize=NOTE_POINTS, frameon=False, **spaces, **place)
