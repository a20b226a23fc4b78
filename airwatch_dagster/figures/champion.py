"""A picture of how sure a month's champion is of its place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Final

from airwatch_dagster.figures.champion_table import said, skill_text
from airwatch_dagster.figures.style import png_of
from airwatch_dagster.fit.champion.decision import Decision, Verdict
from airwatch_dagster.fit.champion.guard_rails import display_name
from airwatch_dagster.schemas.columns import BASELINES

WIDTH_INCHES: Final = 9.0
ROW_INCHES: Final = 0.4
DOTS_PER_INCH: Final = 100

SKILL_FLOOR: Final = -0.3
"""The axis ends here: a baseline far below damped persistence must not flatten the rest. Its number is beside it."""


@dataclass(frozen=True)
class Look:
    """How a kind of family is drawn."""

    kind: str
    colour: str
    marker: str
    face: str
    size: int = 6
    line: float = 1.3
    weight: str = "normal"


CHAMPION: Final = Look("champion", "#0072B2", "D", "#0072B2", size=8, line=2.4, weight="bold")
MAY_SERVE: Final = Look("may serve", "#404040", "o", "#404040")
MAY_NOT_SERVE: Final = Look("may not serve", "#D55E00", "X", "#D55E00", size=7)
BASELINE: Final = Look("baseline", "#7A7A7A", "o", "white")
"""Colours: Okabe and Ito's palette for colour-blind eyes, and greys; shapes tell the kinds apart too."""

LETTERS_A_LINE: Final = 54
"""Of a verdict, in the room beside the axes."""


def decision_plot(decision: Decision, *, champion: str | None, title: str) -> bytes:
    """PNG: every compared family's skill with its 5-95 % range, best first, and its verdict; the champion stands out.

    At least one family must have been compared.
    """
    from matplotlib.figure import Figure

    shown = [verdict for verdict in decision.verdicts if verdict.skill is not None]
    height = round(1.15 + ROW_INCHES * len(shown), 2)
    figure = Figure(figsize=(WIDTH_INCHES, height), dpi=DOTS_PER_INCH, facecolor="white")
    figure.text(0.012, 1 - 0.1 / height, title, fontsize=10, weight="bold", va="top")
    # Room by hand: a layout engine would take as long as the drawing.
    figure.subplots_adjust(left=0.15, right=0.56, bottom=0.48 / height, top=1 - 0.6 / height)
    axes = figure.add_subplot()
    looks = [_look(verdict, champion) for verdict in shown]
    _frame(axes, shown, looks)
    for place, (verdict, look) in enumerate(zip(shown, looks, strict=True)):
        _draw(axes, place, verdict, look)
        _tell(axes, place, verdict, look, champion=champion)
    _legend(axes, looks)
    return png_of(figure)


def _frame(axes: Any, shown: Sequence[Verdict], looks: Sequence[Look]) -> None:
    ends = [end for one in shown for end in (one.skill, one.skill_lower, one.skill_upper) if end is not None]
    lowest, highest = max(SKILL_FLOOR, min(-0.02, *ends)), max(0.05, *ends)
    room = 0.05 * (highest - lowest)
    axes.set(xlim=(lowest - room, highest + room), ylim=(len(shown) - 0.5, -0.5))
    axes.axvline(0.0, color="black", linewidth=0.8, zorder=0)
    axes.set_yticks(range(len(shown)), [display_name(verdict.model_family) for verdict in shown])
    for label, look in zip(axes.get_yticklabels(), looks, strict=True):
        label.set(color=look.colour, weight=look.weight)
    is_ranged = any(verdict.skill_lower is not None for verdict in shown)
    axes.set_xlabel("Skill over damped persistence" + (", with 5-95 % range" if is_ranged else ""), fontsize=8)
    axes.tick_params(axis="x", labelsize=8)
    axes.tick_params(axis="y", labelsize=8.5, length=0)
    axes.grid(axis="x", color="#E4E4E4", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _draw(axes: Any, place: int, verdict: Verdict, look: Look) -> None:
    """Range and point; a point beyond the axis is an arrow at its end."""
    left, right = axes.get_xlim()
    assert verdict.skill is not None
    if verdict.skill_lower is not None and verdict.skill_upper is not None:
        ends = max(verdict.skill_lower, left), max(verdict.skill_upper, left)
        axes.plot(ends, (place, place), color=look.colour, linewidth=look.line)
    is_inside = verdict.skill >= left
    at = verdict.skill if is_inside else left + 0.015 * (right - left)
    style = {"color": look.colour, "markerfacecolor": look.face, "markersize": look.size}
    axes.plot(at, place, marker=look.marker if is_inside else "<", **style)


def _tell(axes: Any, place: int, verdict: Verdict, look: Look, *, champion: str | None) -> None:
    """The number and what was decided, beside the axes."""
    style = {"transform": axes.get_yaxis_transform(), "va": "center", "color": look.colour, "weight": look.weight}
    axes.text(1.03, place, skill_text(verdict.skill), fontsize=8.5, **style)
    axes.text(1.15, place, "\n".join(wrap(said(verdict, champion), LETTERS_A_LINE)), fontsize=8, **style)


def _look(verdict: Verdict, champion: str | None) -> Look:
    if verdict.model_family == champion:
        return CHAMPION
    if verdict.model_family in BASELINES:
        return BASELINE
    return MAY_SERVE if verdict.is_eligible else MAY_NOT_SERVE


def _legend(axes: Any, looks: Iterable[Look]) -> None:
    """The kinds there are, in one line above the axes."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [], [], linestyle="none", label=look.kind, color=look.colour, marker=look.marker, markerfacecolor=look.face
        )
        for look in dict.fromkeys(looks)
    ]
    place = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "borderaxespad": 0.2}
    spaces = {"handletextpad": 0.1, "columnspacing": 1.0}
    axes.legend(handles=handles, ncols=len(handles), fontsize=7.5, frameon=False, **place, **spaces)
