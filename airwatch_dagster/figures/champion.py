"""A plot of a month's decision: skill of every family with its range, and its outcome."""

from collections.abc import Sequence
from dataclasses import replace
from textwrap import wrap
from typing import Final

from airwatch_dagster.figures.champion_table import outcome_text
from airwatch_dagster.figures.drawing.axes import GAP, LINE_HEIGHT, Axes, Box, Key, legend_row
from airwatch_dagster.figures.drawing.scales import Scale, Tick, number_ticks
from airwatch_dagster.figures.drawing.shapes import Canvas, Mark, text, text_width
from airwatch_dagster.figures.drawing.style import (
    BLUE,
    BOTTOM,
    DARK_GREY,
    EDGE,
    GREY,
    LABEL_SIZE,
    TOP,
    VERMILION,
    WHITE,
    WIDTH,
)
from airwatch_dagster.figures.markdown import SIGNED, number
from airwatch_dagster.fit.champion.decision import Decision, Verdict
from airwatch_dagster.fit.champion.guard_rails import display_name
from airwatch_dagster.schemas.columns import BASELINES

ROW: Final = 28.8
"""Height of a family."""

SKILL_FLOOR: Final = -0.3
"""Lower end of the axis: a baseline far below damped persistence would flatten the rest. Its number is beside it."""

ROOM: Final = 0.05
"""Beyond both ends of the axis, as a share of its length."""

OUTCOME_LETTERS: Final = 30
"""Letters of an outcome that fit one line beside the axes."""

SKILL_PLACE: Final = 8.0
OUTCOME_PLACE: Final = 45.0
"""Where a family's skill and its outcome begin, from the end of the axes."""

MARKS: Final = {
    "champion": Mark("diamond", BLUE, size=7),
    "eligible": Mark("dot", DARK_GREY),
    "not eligible": Mark("cross", VERMILION, size=7),
    "baseline": Mark("dot", GREY, face=WHITE),
}
"""Kind of a family → how it is drawn; colour and shape both tell the kinds apart."""


def decision_plot(decision: Decision, *, champion: str | None, title: str) -> bytes:
    """SVG: skill and 5-95 % range of every compared family, most skilful first, and its outcome.

    The champion stands out. At least one family must have been compared.
    """
    shown = [verdict for verdict in decision.verdicts if verdict.skill is not None]
    kinds = [_kind(verdict, champion) for verdict in shown]
    outcomes = [wrap(outcome_text(verdict, champion), OUTCOME_LETTERS) for verdict in shown]
    canvas = Canvas(title, _description(shown, champion), width=WIDTH, height=79.2 + ROW * len(shown))
    axes = _axes(canvas, shown, kinds, outcomes)
    for place, (verdict, kind, lines) in enumerate(zip(shown, kinds, outcomes, strict=True)):
        _draw(axes, place, verdict, kind)
        _write(axes, place, [number(verdict.skill, SIGNED)], kind, SKILL_PLACE)
        _write(axes, place, lines, kind, OUTCOME_PLACE)
    keys = [Key(kind, MARKS[kind]) for kind in dict.fromkeys(kinds)]
    legend_row(canvas.root, keys, TOP - 9, left=axes.box.left)
    return canvas.svg()


def _axes(canvas: Canvas, shown: Sequence[Verdict], kinds: Sequence[str], outcomes: Sequence[Sequence[str]]) -> Axes:
    """Between the names of the families and their outcomes."""
    names = tuple(
        Tick(place, display_name(verdict.model_family), MARKS[kind].colour, is_bold=kind == "champion")
        for place, (verdict, kind) in enumerate(zip(shown, kinds, strict=True))
    )
    left = EDGE + GAP + max(text_width(name.label, LABEL_SIZE, is_bold=True) for name in names)
    widest = max(text_width(line, LABEL_SIZE, is_bold=True) for lines in outcomes for line in lines)
    box = Box(left, WIDTH - EDGE - widest - OUTCOME_PLACE, TOP, canvas.height - BOTTOM)
    ends = [end for one in shown for end in (one.skill, one.skill_lower, one.skill_upper) if end is not None]
    low, high = max(SKILL_FLOOR, min(-0.02, *ends)), max(0.05, *ends)
    skills = Scale(low, high, number_ticks(low, high, room=ROOM, most=4), room=ROOM)
    axes = Axes(canvas, box, x=skills, y=Scale(len(shown) - 0.5, -0.5, names))
    has_range = any(verdict.skill_lower is not None for verdict in shown)
    axes.x_axis("Skill over damped persistence" + (", with 5-95 % range" if has_range else ""), has_grid=True)
    axes.y_axis(has_line=False, has_marks=False)
    axes.line([(0.0, axes.y.low), (0.0, axes.y.high)], "zero")
    return axes


def _draw(axes: Axes, place: int, verdict: Verdict, kind: str) -> None:
    """Range and point; a point below the axis is an arrow at its end."""
    mark, floor = MARKS[kind], axes.x.low
    if verdict.skill_lower is not None and verdict.skill_upper is not None:
        ends = [(max(end, floor), place) for end in (verdict.skill_lower, verdict.skill_upper)]
        axes.line(ends, "range", colour=mark.colour, width=2.4 if kind == "champion" else 1.3)
    assert verdict.skill is not None
    is_inside = verdict.skill >= floor
    axes.mark(
        max(verdict.skill, floor),
        place,
        "skill" if is_inside else "below",
        mark if is_inside else replace(mark, shape="left"),
    )


def _write(axes: Axes, place: int, lines: Sequence[str], kind: str, distance: float) -> None:
    """Lines of text beside a family's row."""
    x, middle = axes.box.right + distance, axes.at(0.0, place)[1]
    for row, line in enumerate(lines):
        y = middle + (row - (len(lines) - 1) / 2) * 0.8 * LINE_HEIGHT * LABEL_SIZE
        text(axes.group, (x, y), line, "outcome", colour=MARKS[kind].colour, is_bold=kind == "champion")


def _kind(verdict: Verdict, champion: str | None) -> str:
    if verdict.model_family == champion:
        return "champion"
    if verdict.model_family in BASELINES:
        return "baseline"
    return "eligible" if verdict.is_eligible else "not eligible"


def _description(shown: Sequence[Verdict], champion: str | None) -> str:
    families = (
        f"{display_name(one.model_family)} {number(one.skill, SIGNED)}, {outcome_text(one, champion)}" for one in shown
    )
    return f"Skill over damped persistence and outcome of each family: {'; '.join(families)}."
