"""A plot as SVG, and its shapes: lines, bars, marks, text. Lengths are points (1/72 inch) from the top left."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from airwatch_dagster.figures.drawing.style import BLACK, EDGE, FONTS, LABEL_SIZE, THIN, TITLE_SIZE, WHITE

Point = tuple[float, float]

MIDDLE_OF_LETTERS: Final = 0.36
"""Height of their middle above the line they stand on, as a share of their size."""

NARROW_LETTERS: Final = frozenset("fijlrtI|'.,:;()[]-/ ")
WIDE_LETTERS: Final = frozenset("mwMW%@+−<>=≥")
BOLD_WIDTH: Final = 1.13

THIRD: Final = 1 / 3
CORNERS: Final = {
    "square": ((-1, -1), (1, -1), (1, 1), (-1, 1)),
    "diamond": ((0, -1.4), (1.4, 0), (0, 1.4), (-1.4, 0)),
    "up": ((0, -1), (1, 1), (-1, 1)),
    "down": ((0, 1), (1, -1), (-1, -1)),
    "left": ((-1, 0), (1, -1), (1, 1)),
    "plus": (
        *((-THIRD, -1), (THIRD, -1), (THIRD, -THIRD), (1, -THIRD), (1, THIRD), (THIRD, THIRD)),
        *((THIRD, 1), (-THIRD, 1), (-THIRD, THIRD), (-1, THIRD), (-1, -THIRD), (-THIRD, -THIRD)),
    ),
    "cross": (
        *((0, -0.5), (0.5, -1), (1, -0.5), (0.5, 0), (1, 0.5), (0.5, 1)),
        *((0, 0.5), (-0.5, 1), (-1, 0.5), (-0.5, 0), (-1, -0.5), (-0.5, -1)),
    ),
}
"""Shape of a mark of half the size 1 → its corners. A dot has none."""


@dataclass(frozen=True)
class Mark:
    """How a point is drawn: a ``dot`` or one of CORNERS."""

    shape: str
    colour: str
    size: float = 6.0
    face: str | None = None
    """Its fill, where this is not ``colour``."""
    edge: str | None = None
    """Its outline, where this is not ``colour``."""
    edge_width: float = 1.0


class Canvas:
    """A white picture with a bold title at its top left; ``description`` tells readers who do not see it the rest."""

    def __init__(self, title: str, description: str, *, width: float, height: float) -> None:
        sides = {"width": f"{_short(width)}pt", "height": f"{_short(height)}pt"}
        view = {"viewBox": f"0 0 {_short(width)} {_short(height)}", "role": "img", "font-family": FONTS}
        self.width, self.height = width, height
        self.root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **sides, **view})
        SubElement(self.root, "title").text = title
        SubElement(self.root, "desc").text = description
        SubElement(self.root, "rect", {"width": "100%", "height": "100%", "fill": WHITE})
        size = TITLE_SIZE * min(1.0, (width - 2 * EDGE) / max(1.0, text_width(title, TITLE_SIZE, is_bold=True)))
        text(self.root, (EDGE, EDGE + TITLE_SIZE / 2), title, "title", size=size, is_bold=True)

    def svg(self) -> bytes:
        """The picture as a file, the same bytes for the same picture."""
        written: bytes = tostring(self.root, encoding="utf-8", xml_declaration=True)
        return written


def line(
    parent: Element,
    points: Iterable[Point],
    kind: str,
    *,
    colour: str = BLACK,
    width: float = THIN,
    dashes: str | None = None,
) -> None:
    """A line through the points, of class ``kind``; ``dashes`` as in SVG's stroke-dasharray."""
    places = " ".join(f"{_short(x)},{_short(y)}" for x, y in points)
    stroke = {"fill": "none", "stroke": colour, "stroke-width": _short(width)}
    more = {"stroke-dasharray": dashes} if dashes else {}
    SubElement(parent, "polyline", {"class": kind, "points": places, **stroke, **more})


def bar(parent: Element, start: Point, end: Point, kind: str, *, colour: str) -> None:
    """A filled rectangle between two opposite corners."""
    (left, right), (top, bottom) = sorted((start[0], end[0])), sorted((start[1], end[1]))
    place = {"x": _short(left), "y": _short(top), "width": _short(right - left), "height": _short(bottom - top)}
    SubElement(parent, "rect", {"class": kind, **place, "fill": colour})


def mark(parent: Element, place: Point, kind: str, style: Mark) -> None:
    """A point."""
    x, y = place
    paint = {"class": kind, "fill": style.face or style.colour, "stroke": style.edge or style.colour}
    paint["stroke-width"] = _short(style.edge_width)
    half = style.size / 2
    if style.shape == "dot":
        SubElement(parent, "circle", {**paint, "cx": _short(x), "cy": _short(y), "r": _short(half)})
        return
    corners = " ".join(
        f"{_short(x + half * across)},{_short(y + half * down)}" for across, down in CORNERS[style.shape]
    )
    SubElement(parent, "polygon", {**paint, "points": corners})


def text(
    parent: Element,
    place: Point,
    words: str,
    kind: str,
    *,
    size: float = LABEL_SIZE,
    colour: str = BLACK,
    anchor: str = "start",
    is_bold: bool = False,
    is_upright: bool = False,
    has_halo: bool = False,
) -> None:
    """A line of text, the middle of its letters at the height of ``place``.

    ``is_upright``: it reads upwards, its middle line through ``place``. ``has_halo``: white around the letters, so that
    lines do not cross them out.
    """
    x, y = place
    at = {"x": _short(x), "y": _short(y + MIDDLE_OF_LETTERS * size)}
    if is_upright:
        at["transform"] = f"rotate(-90 {_short(x)} {_short(y)})"
    look = {"font-size": _short(size), "text-anchor": anchor, "fill": colour}
    weight = {"font-weight": "bold"} if is_bold else {}
    halo = {"stroke": WHITE, "stroke-width": "2", "paint-order": "stroke"} if has_halo else {}
    SubElement(parent, "text", {"class": kind, **at, **look, **weight, **halo}).text = words


def text_width(words: str, size: float, *, is_bold: bool = False) -> float:
    """Width of a line of text in the widest of FONTS, estimated from its letters."""
    return sum(map(_letter_width, words)) * size * (BOLD_WIDTH if is_bold else 1.0)


def fitted(words: str, width: float, size: float) -> str:
    """The words, cut where they are wider than ``width``."""
    if text_width(words, size) <= width:
        return words
    while text_width(f"{words}…", size) > width:
        words = words[:-1]
    return f"{words}…"


def _letter_width(letter: str) -> float:
    """As a share of the size of the letters."""
    if letter in NARROW_LETTERS:
        return 0.36
    if letter in WIDE_LETTERS:
        return 0.9
    return 0.7 if letter.isupper() else 0.62


def _short(length: float) -> str:
    """A tenth of a point is finer than a screen shows."""
    return f"{round(length, 1):g}"
