"""Borders of states and counties inside a map's window."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import accumulate, pairwise

from airwatch_dagster.publish.page.svg import Point, simplified

Project = Callable[[float, float], Point]
"""Longitude and latitude (degrees) → position on the map."""


@dataclass(frozen=True)
class Window:
    """A part of the Earth, in degrees; ``west`` may lie below -180 where Alaska crosses the date line."""

    west: float
    south: float
    east: float
    north: float

    def contains(self, longitude: float, latitude: float) -> bool:
        """Whether a place lies inside or on the edge."""
        return self.west <= longitude <= self.east and self.south <= latitude <= self.north

    def overlaps(self, other: "Window") -> bool:
        """Whether the two share a place."""
        return (
            self.west <= other.east
            and other.west <= self.east
            and self.south <= other.north
            and other.south <= self.north
        )

    def widened(self, share: float) -> "Window":
        """The window with a margin of ``share`` of its size on each side."""
        wide, high = (self.east - self.west) * share, (self.north - self.south) * share
        return Window(self.west - wide, self.south - high, self.east + wide, self.north + high)


@dataclass(frozen=True)
class Line:
    """A border and the window it fills."""

    points: tuple[Point, ...]
    bounds: Window


@dataclass(frozen=True)
class Outlines:
    """Every border once, and which of them surround each state; longitudes are at most 0 but for Guam."""

    outer: tuple[Line, ...]
    """Coasts and borders of states."""
    inner: tuple[Line, ...]
    """Borders between counties of one state."""
    states: dict[str, tuple[tuple[int, ...], ...]]
    """Postal abbreviation → rings of outer lines by position; ``-1 - position`` is the line in reverse."""

    def land(self, window: Window, tolerance: float) -> Iterator[list[Point]]:
        """The states inside the window, as rings.

        A border may be off by ``tolerance`` degrees, the same on both sides. One outside the window becomes a straight
        line, which stays outside as the bounds do.
        """
        near = [
            simplified(line.points, tolerance) if line.bounds.overlaps(window) else [line.points[0], line.points[-1]]
            for line in self.outer
        ]
        for ring in self._rings_near(window):
            points = [point for place in ring for point in (near[place] if place >= 0 else near[-1 - place][::-1])]
            clipped = _clipped_ring(points, window)
            if clipped:
                yield clipped

    def _rings_near(self, window: Window) -> Iterator[tuple[int, ...]]:
        """Rings that may share a place with the window: an island elsewhere need not be cut to nothing."""
        for ring in (ring for rings in self.states.values() for ring in rings):
            bounds = [self.outer[place if place >= 0 else -1 - place].bounds for place in ring]
            around = Window(
                min(one.west for one in bounds),
                min(one.south for one in bounds),
                max(one.east for one in bounds),
                max(one.north for one in bounds),
            )
            if around.overlaps(window):
                yield ring

    def county_borders(self, window: Window, tolerance: float) -> Iterator[list[Point]]:
        """The borders between counties inside the window."""
        for line in self.inner:
            if line.bounds.overlaps(window):
                yield from _clipped_line(simplified(line.points, tolerance), window)


@cache
def outlines() -> Outlines:
    """The outlines in ``outlines/us.json``, in degrees."""
    source = files("airwatch_dagster.publish.page").joinpath("outlines", "us.json")
    stored = json.loads(source.read_text(encoding="utf-8"))
    lines = [_line(tuple(_points(one, stored["step_degrees"]))) for one in stored["lines"]]
    states = {postal: tuple(map(tuple, rings)) for postal, rings in stored["states"].items()}
    return Outlines(tuple(lines[: stored["outer"]]), tuple(lines[stored["outer"] :]), states)


def east_of_date_line(longitude: float) -> float:
    """The longitude of Alaska's westernmost islands below -180, so that the state is in one piece."""
    return longitude - 360 if longitude > 170 else longitude


def _line(points: tuple[Point, ...]) -> Line:
    longitudes, latitudes = zip(*points, strict=True)
    return Line(points, Window(min(longitudes), min(latitudes), max(longitudes), max(latitudes)))


def _points(numbers: Sequence[int], step: float) -> Iterator[Point]:
    for x, y in zip(accumulate(numbers[::2]), accumulate(numbers[1::2]), strict=True):
        yield (east_of_date_line(x * step), y * step)


def _clipped_line(points: Sequence[Point], window: Window) -> Iterator[list[Point]]:
    """The parts of a line inside the window; a part goes on to the first point outside."""
    part: list[Point] = []
    for start, end in pairwise(points):
        if window.contains(*start) or window.contains(*end):
            part = part or [start]
            part.append(end)
        elif part:
            yield part
            part = []
    if part:
        yield part


def _clipped_ring(ring: Sequence[Point], window: Window) -> list[Point]:
    """The part of a ring inside the window, as one ring. Source: Sutherland and Hodgman (1974)."""
    points = list(ring)
    if all(window.contains(*point) for point in points):
        return points
    for axis, limit, sign in ((0, window.west, 1), (0, window.east, -1), (1, window.south, 1), (1, window.north, -1)):
        points = list(_cut(points, axis, limit, sign))
    return points


def _cut(points: list[Point], axis: int, limit: float, sign: int) -> Iterator[Point]:
    """The ring on one side of a line."""
    for start, end in zip(points, [*points[1:], *points[:1]], strict=True):
        start_in, end_in = (sign * (point[axis] - limit) >= 0 for point in (start, end))
        if start_in:
            yield start
        if start_in != end_in:
            share = (limit - start[axis]) / (end[axis] - start[axis])
            yield (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))
