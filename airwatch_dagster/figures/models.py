"""Plots of monthly model skill and feature importance."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import asinh, log
from typing import Final

import pandas as pd

from airwatch_dagster.figures.drawing.axes import Axes, Box, Key, legend_column, legend_row
from airwatch_dagster.figures.drawing.scales import Scale, name_ticks, number_ticks, ticks_at
from airwatch_dagster.figures.drawing.shapes import Canvas, Mark, text
from airwatch_dagster.figures.drawing.style import (
    BLACK,
    BLUE,
    BOTTOM,
    EDGE,
    GREEN,
    GREY,
    LABEL_SIZE,
    LIGHT_GREY,
    PURPLE,
    TOP,
    VERMILION,
    WHITE,
    WIDTH,
)
from airwatch_dagster.figures.feature_titles import feature_title
from airwatch_dagster.figures.markdown import SIGNED, ahead, number
from airwatch_dagster.fit.champion.guard_rails import display_name
from airwatch_dagster.schemas.columns import BASELINES, REFERENCE_FAMILY
from airwatch_dagster.verify.skill_tables import LEVELS_UGM3, calibration, residuals_by_level

COLOURS: Final = {
    "persistence": LIGHT_GREY,
    "climatology": GREY,
    "ridge": BLUE,
    "random_forest": GREEN,
    "catboost": VERMILION,
    "blend": PURPLE,
}
"""Family → colour; baselines are grey."""

SHAPES: Final = ("dot", "square", "diamond", "up", "down", "plus", "cross")
"""Marks in the order of the families, so that colour is not needed to tell them apart."""

SKILL_FLOOR: Final = -0.5
"""Lower end of the bars: a baseline far below damped persistence would flatten the rest. Its bar has a gap."""

SKILL_ROOM: Final = 0.12
"""Below and above the bars, for their numbers: share of the height."""

GROUP_WIDTH: Final = 0.92
"""Of the bars of a lead, as a share of the distance between leads."""

BAR_NUMBER_SIZE: Final = 7.0
"""Numbers of six bars stand side by side."""

LINEAR_RESIDUAL_UGM3: Final = 4.0
"""Residuals are in proportion up to about this size and closer together beyond: smoke would flatten other days."""

RESIDUAL_TICKS_UGM3: Final = (-200, -100, -50, -20, -10, -5, -2, 0, 2, 5, 10, 20, 50, 100, 200)
LEVEL_TICKS_UGM3: Final = (1, 2, 3, 4, 6, 8, 10, 12, 15, 20, 25, 30, 40, 60, 80, 100, 150, 200, 300)

MAX_TICKS: Final = 13

MAX_FEATURES_DRAWN: Final = 15
"""Features drawn: the most important to all families together."""

FEATURE_HEIGHT: Final = 16.6
"""Of a feature's row."""

SKILL: Final = Box(40.0, WIDTH - EDGE, TOP, 168.4)
RESIDUALS: Final = Box(40.0, 209.0, 220.0, 339.4)
CALIBRATION: Final = Box(250.0, WIDTH - EDGE, 220.0, 339.4)
"""Axes of a plot of performance; those of skill may be its only ones."""


def performance_plot(by_lead: pd.DataFrame, scores: pd.DataFrame, *, title: str) -> bytes:
    """SVG: skill of every family by lead; for learned families 1 day ahead, residuals by level and calibration.

    ``by_lead`` is the table of ``skill_by_lead``, ``scores`` are the ``candidate_scores`` it is computed from.
    """
    is_shown = (scores["horizon_days"] == 1) & ~scores["model_family"].isin(BASELINES)
    tomorrow, compared = scores[is_shown], by_lead[by_lead["model_family"] != REFERENCE_FAMILY]
    skills: dict[int, dict[str, float]] = {}
    for lead, family, skill in zip(compared["horizon_days"], compared["model_family"], compared["skill"], strict=True):
        skills.setdefault(int(lead), {})[family] = float(skill)
    height = (RESIDUALS.bottom if len(tomorrow) else SKILL.bottom) + BOTTOM
    canvas = Canvas(title, _description(skills), width=WIDTH, height=height)
    _draw_skill(canvas, skills)
    if len(tomorrow):
        _draw_residuals(canvas, residuals_by_level(tomorrow))
        _draw_calibration(canvas, calibration(tomorrow))
    return canvas.svg()


def importance_plot(shares: Mapping[str, Mapping[str, float]], *, title: str) -> bytes:
    """SVG: feature importance of each family, the features most important to all families first.

    ``shares``: family → feature → share of its importance; features with a small share may be missing.
    """
    percent = _most_important(shares)
    names = [feature_title(feature) for feature in percent]
    about = f"Share of importance to each family, the most important first: {', '.join(names)}."
    canvas = Canvas(title, about, width=WIDTH, height=79.2 + FEATURE_HEIGHT * len(names))
    high = 1.05 * max([1.0, *(value for values in percent.values() for value in values.values())])
    box = Box(0.51 * WIDTH, WIDTH - EDGE, TOP, canvas.height - BOTTOM)
    y = Scale(len(names) - 0.4, -0.6, name_ticks(names))
    axes = Axes(canvas, box, x=Scale(0.0, high, number_ticks(0.0, high)), y=y)
    axes.x_axis("Share of importance, %", has_grid=True)
    axes.y_axis()
    marks = _marks(list(shares))
    for place, values in enumerate(percent.values()):
        ends = [(min(values.values()), place), (max(values.values()), place)]
        axes.line(ends, "range", colour=LIGHT_GREY, width=1.2)
        for family, value in values.items():
            axes.mark(value, place, "share", marks[family])
    _legend(canvas, list(marks.items()))
    return canvas.svg()


def _most_important(shares: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Feature → family → per cent of its importance, of the features that are drawn."""
    totals: dict[str, float] = {}
    for by_feature in shares.values():
        for feature, share in by_feature.items():
            totals[feature] = totals.get(feature, 0.0) + share
    ranked = sorted(totals, key=lambda feature: -totals[feature])[:MAX_FEATURES_DRAWN]
    return {name: {family: 100 * of[name] for family, of in shares.items() if name in of} for name in ranked}


def _draw_skill(canvas: Canvas, skills: Mapping[int, Mapping[str, float]]) -> None:
    """A group of bars per lead, a bar per family, with its number."""
    families = list(dict.fromkeys(family for of_lead in skills.values() for family in of_lead))
    known = [skill for of_lead in skills.values() for skill in of_lead.values() if pd.notna(skill)]
    low, high = max(SKILL_FLOOR, min([-0.1, *known])), max([0.1, *known])
    leads = name_ticks(map(ahead, sorted(skills)))
    y = Scale(low, high, number_ticks(low, high, room=SKILL_ROOM, most=5), room=SKILL_ROOM)
    axes = Axes(canvas, SKILL, x=Scale(-0.5, max(1, len(leads)) - 0.5, leads), y=y)
    axes.x_axis()
    axes.y_axis("Skill over damped persistence")
    width = GROUP_WIDTH / max(1, len(families))
    for place, lead in enumerate(sorted(skills)):
        for position, family in enumerate(families):
            skill = skills[lead].get(family)
            if pd.notna(skill):
                _draw_bar(axes, place + (position - (len(families) - 1) / 2) * width, skill, _colour(family), width)
    axes.line([(axes.x.low, 0.0), (axes.x.high, 0.0)], "zero")
    _legend(canvas, [(family, Mark("square", _colour(family), size=7)) for family in families])


def _draw_bar(axes: Axes, middle: float, skill: float, colour: str, width: float) -> None:
    """A bar and its number, without a plus for want of room; a slanted gap in one that ends before its value."""
    end, half = max(skill, SKILL_FLOOR), width / 2
    axes.bar((middle - 0.9 * half, 0.0), (middle + 0.9 * half, end), "skill", colour=colour)
    if skill < SKILL_FLOOR:
        ends = [(middle - half, 0.9 * SKILL_FLOOR), (middle + half, 0.84 * SKILL_FLOOR)]
        axes.line(ends, "gap", colour=WHITE, width=3.0)
    across, height = axes.at(middle, end)
    beside = height + (-5.0 if skill >= 0 else 5.5)
    text(axes.group, (across, beside), f"{skill:.2f}", "number", size=BAR_NUMBER_SIZE, anchor="middle")


def _draw_residuals(canvas: Canvas, table: pd.DataFrame) -> None:
    """Per level and family: the middle 90 % as a thin line, the middle 50 % as a thick one, the median as a dash."""
    between = [f"{low:g}-{high:g}" for low, high in pairwise(LEVELS_UGM3)]
    levels = [f"< {LEVELS_UGM3[0]:g}", *between, f"≥ {LEVELS_UGM3[-1]:g}"]
    low, high = min([-1.0, *table["0.05"]]), max([1.0, *table["0.95"]])
    ticks = ticks_at(RESIDUAL_TICKS_UGM3, low=low, high=high, most=MAX_TICKS)
    y = Scale(low, high, ticks, bend=lambda residual: asinh(residual / LINEAR_RESIDUAL_UGM3), room=0.05)
    x = Scale(-0.5, len(levels) - 0.5, name_ticks(levels))
    axes = Axes(canvas, RESIDUALS, x=x, y=y)
    axes.x_axis("Forecast, µg/m³")
    axes.y_axis("Forecast − observed, µg/m³")
    axes.subtitle("Residuals 1 day ahead (50 %, 90 %)", size=LABEL_SIZE)
    axes.line([(x.low, 0.0), (x.high, 0.0)], "zero")
    families = list(dict.fromkeys(table["model_family"]))
    columns = [table[name].tolist() for name in ("model_family", "level", "0.05", "0.25", "0.5", "0.75", "0.95")]
    for family, level, lowest, lower, median, upper, highest in zip(*columns, strict=True):
        place = level + (families.index(family) - (len(families) - 1) / 2) * 0.19
        colour = _colour(family)
        axes.line([(place, lowest), (place, highest)], "middle-90", colour=colour, width=1.2)
        axes.line([(place, lower), (place, upper)], "middle-50", colour=colour, width=5.5)
        axes.line([(place - 0.1, median), (place + 0.1, median)], "median", width=1.0)


def _draw_calibration(canvas: Canvas, table: pd.DataFrame) -> None:
    """Observed against forecast means; on the diagonal the forecast is unbiased."""
    means = table[["forecast_ugm3", "observed_ugm3"]].clip(lower=LEVEL_TICKS_UGM3[0])
    ends = 0.9 * float(means.to_numpy().min()), 1.1 * float(means.to_numpy().max())
    scale = Scale(*ends, ticks_at(LEVEL_TICKS_UGM3, low=ends[0], high=ends[1], most=MAX_TICKS), bend=log)
    axes = Axes(canvas, CALIBRATION, x=scale, y=scale)
    axes.x_axis("Forecast, µg/m³")
    axes.y_axis("Observed, µg/m³")
    axes.subtitle("Means of tenths of the forecasts", size=LABEL_SIZE)
    axes.line([(ends[0], ends[0]), (ends[1], ends[1])], "diagonal")
    points: dict[str, list[tuple[float, float]]] = {}
    for family, forecast, observed in zip(table["model_family"], *means.to_numpy().T.tolist(), strict=True):
        points.setdefault(family, []).append((forecast, observed))
    marks = _marks(list(points))
    for family, own in points.items():
        axes.line(own, "means", colour=_colour(family), width=1.0)
        for forecast, observed in own:
            axes.mark(forecast, observed, "mean", marks[family])
    keys = [Key(display_name(family), mark, has_line=True) for family, mark in marks.items()]
    legend_column(axes.group, keys, (axes.box.left + 6, axes.box.top + 9))


def _marks(families: Sequence[str]) -> dict[str, Mark]:
    """Colour and shape of each family."""
    shapes = [SHAPES[place % len(SHAPES)] for place in range(len(families))]
    return {
        family: Mark(shape, _colour(family), edge=WHITE, edge_width=0.4)
        for family, shape in zip(families, shapes, strict=True)
    }


def _colour(family: str) -> str:
    return COLOURS.get(family, BLACK)


def _legend(canvas: Canvas, marks: Sequence[tuple[str, Mark]]) -> None:
    """A legend in one line above the axes, at their right."""
    legend_row(canvas.root, [Key(display_name(family), mark) for family, mark in marks], TOP - 9, right=WIDTH - EDGE)


def _description(skills: Mapping[int, Mapping[str, float]]) -> str:
    """The numbers of the bars."""
    leads = []
    for lead, own in sorted(skills.items()):
        named = [f"{display_name(family)} {number(skill, SIGNED)}" for family, skill in own.items()]
        leads.append(f"{ahead(lead)}: {', '.join(named)}")
    return f"Skill over damped persistence by lead and family. {'; '.join(leads)}."
