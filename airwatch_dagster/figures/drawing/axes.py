"""Axes of a plot: a box with a scale along its bottom and its left, what lies in it by value; and legends."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from airwatch_dagster.figures.drawing import shapes
from airwatch_dagster.figures.drawing.scales import Scale
from airwatch_dagster.figures.drawing.shapes import Canvas, Mark, Point, text_width
from airwatch_dagster.figures.drawing.style import BLACK, GRID_GREY, LABEL_SIZE, NOTE_SIZE, SUBTITLE_SIZE, THIN

TICK: Final = 3.5
"""Length of a tick."""

GAP: Final = 3.5
"""Between a tick and its label, and between a key of a legend and its own."""

BETWEEN_KEYS: Final = 10.0
KEY_LINE: Final = 14.0
"""Length of the line of a key; a mark alone has half the room."""

LINE_HEIGHT: Final = 1.5
"""From one line of text to the next, as a share of its size."""


@dataclass(frozen=True)
class Box:
    """The sides of axes."""

    left: float
    right: float
    top: float
    bottom: float


class Axes:
    """Axes in ``box``. Marks are drawn in the order of the calls, over the axes that were drawn before them."""

    def __init__(self, canvas: Canvas, box: Box, *, x: Scale, y: Scale) -> None:
        self.group = SubElement(canvas.root, "g", {"class": "axes"})
        self.box, self.x, self.y = box, x, y

    def at(self, x: float, y: float) -> Point:
        """Where the values lie."""
        box = self.box
        across, up = self.x.share(x), self.y.share(y)
        return box.left + across * (box.right - box.left), box.bottom - up * (box.bottom - box.top)

    def x_axis(self, label: str = "", *, has_grid: bool = False) -> None:
        """The line at the bottom with ticks and label; ``has_grid``: a line up from each tick."""
        axis, box = SubElement(self.group, "g", {"class": "x-axis"}), self.box
        for tick in self.x.ticks:
            across, _ = self.at(tick.value, self.y.low)
            if has_grid:
                shapes.line(axis, [(across, box.bottom), (across, box.top)], "grid", colour=GRID_GREY)
            shapes.line(axis, [(across, box.bottom), (across, box.bottom + TICK)], "mark")
            below = box.bottom + TICK + GAP + LABEL_SIZE / 2
            shapes.text(axis, (across, below), tick.label, "tick", anchor="middle")
        shapes.line(axis, [(box.left, box.bottom), (box.right, box.bottom)], "line")
        middle = (box.left + box.right) / 2, box.bottom + TICK + GAP + 1.9 * LABEL_SIZE
        shapes.text(axis, middle, label, "label", anchor="middle")

    def y_axis(self, label: str = "", *, has_line: bool = True, has_marks: bool = True) -> None:
        """The line at the left with ticks and label."""
        axis, box = SubElement(self.group, "g", {"class": "y-axis"}), self.box
        length = TICK if has_marks else 0.0
        for tick in self.y.ticks:
            _, height = self.at(self.x.low, tick.value)
            if has_marks:
                shapes.line(axis, [(box.left - length, height), (box.left, height)], "mark")
            place = box.left - length - GAP, height
            shapes.text(axis, place, tick.label, "tick", colour=tick.colour, is_bold=tick.is_bold, anchor="end")
        if has_line:
            shapes.line(axis, [(box.left, box.top), (box.left, box.bottom)], "line")
        if label:
            widest = max((text_width(tick.label, LABEL_SIZE) for tick in self.y.ticks), default=0.0)
            place = box.left - length - 2 * GAP - widest - LABEL_SIZE / 2, (box.top + box.bottom) / 2
            shapes.text(axis, place, label, "label", anchor="middle", is_upright=True)

    def subtitle(self, words: str, *, size: float = SUBTITLE_SIZE) -> None:
        """A line above the box, at its left."""
        shapes.text(self.group, (self.box.left, self.box.top - size), words, "subtitle", size=size)

    def line(
        self, points: Iterable[Point], kind: str, *, colour: str = BLACK, width: float = THIN, dashes: str | None = None
    ) -> None:
        """A line through values (x, y)."""
        places = [self.at(*point) for point in points]
        shapes.line(self.group, places, kind, colour=colour, width=width, dashes=dashes)

    def bar(self, start: Point, end: Point, kind: str, *, colour: str) -> None:
        """A rectangle between two values (x, y)."""
        shapes.bar(self.group, self.at(*start), self.at(*end), kind, colour=colour)

    def mark(self, x: float, y: float, kind: str, style: Mark) -> None:
        """A mark at values."""
        shapes.mark(self.group, self.at(x, y), kind, style)


@dataclass(frozen=True)
class Key:
    """An entry of a legend."""

    label: str
    mark: Mark
    has_line: bool = False
    """Marks of this kind are joined by a line."""


def legend_row(
    parent: Element, keys: Sequence[Key], y: float, *, left: float = 0.0, right: float | None = None
) -> None:
    """A legend in one line, from ``left`` on or up to ``right``; y is its middle."""
    widths = [_room(key) + text_width(key.label, NOTE_SIZE) + BETWEEN_KEYS for key in keys]
    x = left if right is None else right - sum(widths) + BETWEEN_KEYS
    for key, width in zip(keys, widths, strict=True):
        _draw_key(parent, key, (x, y), size=NOTE_SIZE)
        x += width


def legend_column(parent: Element, keys: Sequence[Key], place: Point, *, size: float = NOTE_SIZE) -> None:
    """A legend with a line for each entry, down from ``place``: the left and the middle of the first."""
    left, y = place
    for number, key in enumerate(keys):
        _draw_key(parent, key, (left, y + number * LINE_HEIGHT * size), size=size)


def _room(key: Key) -> float:
    return (KEY_LINE if key.has_line else KEY_LINE / 2) + GAP


def _draw_key(parent: Element, key: Key, place: Point, *, size: float) -> None:
    group, (x, y), room = SubElement(parent, "g", {"class": "key"}), place, _room(key)
    if key.has_line:
        shapes.line(group, [(x, y), (x + KEY_LINE, y)], "line", colour=key.mark.colour, width=1.0)
    shapes.mark(group, (x + (room - GAP) / 2, y), "mark", key.mark)
    shapes.text(group, (x + room, y), key.label, "label", size=size)
