"""A plot of a month's decision: skill of every family with its range, and its outcome."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

from airwatch_dagster.figures.champion_table import outcome_text
from airwatch_dagster.figures.markdown import SIGNED, number
from airwatch_dagster.figures.style import (
    BLUE,
    DARK_GREY,
    GREY,
    GRID_GREY,
    LABEL_POINTS,
    NOTE_POINTS,
    SUBTITLE_POINTS,
    VERMILION,
    WIDTH_INCHES,
    finish_axes,
    new_figure,
    set_margins,
    svg_of,
)
from airwatch_dagster.fit.champion.decision import Decision, Verdict
from airwatch_dagster.fit.champion.guard_rails import display_name
from airwatch_dagster.schemas.columns import BASELINES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW_INCHES: Final = 0.4

SKILL_FLOOR: Final = -0.3
"""Lower end of the axis: a baseline far below damped persistence would flatten the rest. Its number is beside it."""

OUTCOME_LETTERS: Final = 30
"""Letters of an outcome that fit one line beside the axes."""

LETTER_INCHES: Final = 0.066
SKILL_INCHES: Final = 0.7
"""Width of a letter of an outcome, and of the skill before it: the axes take what they leave."""

MIN_OUTCOME_LETTERS: Final = 20


@dataclass(frozen=True)
class FamilyStyle:
    """How a kind of family is drawn."""

    kind: str
    colour: str
    marker: str
    face: str
    size: int = 6
    line: float = 1.3
    weight: str = "normal"


CHAMPION: Final = FamilyStyle("champion", BLUE, "D", BLUE, size=8, line=2.4, weight="bold")
ELIGIBLE: Final = FamilyStyle("eligible", DARK_GREY, "o", DARK_GREY)
NOT_ELIGIBLE: Final = FamilyStyle("not eligible", VERMILION, "X", VERMILION, size=7)
BASELINE: Final = FamilyStyle("baseline", GREY, "o", "white")
"""Colour and marker both tell the kinds apart."""


def decision_plot(decision: Decision, *, champion: str | None, title: str) -> bytes:
    """SVG: skill and 5-95 % range of every compared family, most skilful first, and its outcome.

    The champion stands out. At least one family must have been compared.
    """
    shown = [verdict for verdict in decision.verdicts if verdict.skill is not None]
    styles = [_style_of(verdict, champion) for verdict in shown]
    figure = new_figure(title, width_inches=WIDTH_INCHES, height_inches=round(1.15 + ROW_INCHES * len(shown), 2))
    outcomes = ["\n".join(wrap(outcome_text(verdict, champion), OUTCOME_LETTERS)) for verdict in shown]
    letters = max(MIN_OUTCOME_LETTERS, *(len(line) for outcome in outcomes for line in outcome.splitlines()))
    set_margins(figure, left=0.235, right=1 - (SKILL_INCHES + LETTER_INCHES * letters) / WIDTH_INCHES)
    axes = figure.add_subplot()
    _set_axes(axes, shown, styles)
    for place, (verdict, style, outcome) in enumerate(zip(shown, styles, outcomes, strict=True)):
        _draw(axes, place, verdict, style)
        text: dict[str, Any] = {"color": style.colour, "weight": style.weight, "va": "center"}
        text |= {"xy": (1, place), "xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
        axes.annotate(number(verdict.skill, SIGNED), xytext=(8, 0), fontsize=SUBTITLE_POINTS, **text)
        axes.annotate(outcome, xytext=(45, 0), fontsize=LABEL_POINTS, **text)
    _add_legend(axes, styles)
    return svg_of(figure)


def _set_axes(axes: "Axes", shown: Sequence[Verdict], styles: Sequence[FamilyStyle]) -> None:
    ends = [end for one in shown for end in (one.skill, one.skill_lower, one.skill_upper) if end is not None]
    lowest, highest = max(SKILL_FLOOR, min(-0.02, *ends)), max(0.05, *ends)
    room = 0.05 * (highest - lowest)
    has_range = any(verdict.skill_lower is not None for verdict in shown)
    label = "Skill over damped persistence" + (", with 5-95 % range" if has_range else "")
    finish_axes(axes, x=label, y="", hidden=("top", "right", "left"))
    axes.set(xlim=(lowest - room, highest + room), ylim=(len(shown) - 0.5, -0.5))
    axes.axvline(0.0, color="black", linewidth=0.8, zorder=0)
    axes.set_yticks(range(len(shown)), [display_name(verdict.model_family) for verdict in shown])
    axes.tick_params(axis="y", labelsize=SUBTITLE_POINTS, length=0)
    for tick_label, style in zip(axes.get_yticklabels(), styles, strict=True):
        tick_label.set(color=style.colour, weight=style.weight)
    axes.grid(axis="x", color=GRID_GREY, linewidth=0.6)
    axes.set_axisbelow(True)


def _draw(axes: "Axes", place: int, verdict: Verdict, style: FamilyStyle) -> None:
    """Range and point; a point below the axis is an arrow at its end."""
    left, right = axes.get_xlim()
    assert verdict.skill is not None
    if verdict.skill_lower is not None and verdict.skill_upper is not None:
        ends = max(verdict.skill_lower, left), max(verdict.skill_upper, left)
        axes.plot(ends, (place, place), color=style.colour, linewidth=style.line)
    is_inside = verdict.skill >= left
    at = verdict.skill if is_inside else left + 0.015 * (right - left)
    point: dict[str, Any] = {"color": style.colour, "markerfacecolor": style.face, "markersize": style.size}
    axes.plot(at, place, marker=style.marker if is_inside else "<", **point)


def _style_of(verdict: Verdict, champion: str | None) -> FamilyStyle:
    if verdict.model_family == champion:
        return CHAMPION
    if verdict.model_family in BASELINES:
        return BASELINE
    return ELIGIBLE if verdict.is_eligible else NOT_ELIGIBLE


def _add_legend(axes: "Axes", styles: Iterable[FamilyStyle]) -> None:
    """The kinds in the plot, in one line above the axes."""
    from matplotlib.lines import Line2D

    kinds = dict.fromkeys(styles)
    handles = [
        Line2D([], [], linestyle="none", label=one.kind, color=one.colour, marker=one.marker, markerfacecolor=one.face)
        for one in kinds
    ]
    place = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "borderaxespad": 0.2}
    spaces = {"handletextpad": 0.1, "columnspacing": 1.0}
    axes.legend(handles=handles, ncols=len(handles), fontsize=NOTE_POINTS, frameon=False, **place, **spaces)
