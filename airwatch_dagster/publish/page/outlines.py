"""Borders of states and counties inside a map's window."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise

from airwatch_dagster.publish.page.svg import Point

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


@dataclass(frozen=True)
class Outlines:
    """Every border line once, and which of them surround each state; longitudes are at most 0 but for Guam."""

    outer: tuple[tuple[Point, ...], ...]
    """Coasts and borders of states."""
    inner: tuple[tuple[Point, ...], ...]
    """Borders between counties of one state."""
    states: dict[str, tuple[tuple[Point, ...], ...]]
    """Postal abbreviation → rings."""


@cache
def outlines() -> Outlines:
    """The outlines in ``outlines/us.json``, in degrees."""
    source = files("airwatch_dagster.publish.page").joinpath("outlines", "us.json")
    stored = json.loads(source.read_text(encoding="utf-8"))
    drawn = [tuple(_points(one, stored["step_degrees"])) for one in stored["lines"]]
    states = {postal: tuple(tuple(_ring(ring, drawn)) for ring in rings) for postal, rings in stored["states"].items()}
    return Outlines(tuple(drawn[: stored["outer"]]), tuple(drawn[stored["outer"] :]), states)


def east_of_date_line(longitude: float) -> float:
    """The longitude of Alaska's westernmost islands below -180, so that the state is in one piece."""
    return longitude - 360 if longitude > 170 else longitude


def clipped_lines(lines: Sequence[Sequence[Point]], window: Window) -> Iterator[list[Point]]:
    """The parts of ``lines`` inside the window; a part goes on to the first point outside."""
    for points in lines:
        if not _touches(points, window):
            continue
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


def clipped_ring(ring: Sequence[Point], window: Window) -> list[Point]:
    """The part of a ring inside the window, as one ring. Source: Sutherland and Hodgman (1974)."""
    if not _touches(ring, window):
        return []
    points = list(ring)
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


def _touches(points: Sequence[Point], window: Window) -> bool:
    longitudes, latitudes = zip(*points, strict=True)
    return (
        min(longitudes) <= window.east
        and max(longitudes) >= window.west
        and min(latitudes) <= window.north
        and max(latitudes) >= window.south
    )


def _points(numbers: Sequence[int], step: float) -> Iterator[Point]:
    x = y = 0
    for position in range(0, len(numbers), 2):
        x, y = x + numbers[position], y + numbers[position + 1]
        yield (east_of_date_line(x * step), y * step)


def _ring(ring: Sequence[int], drawn: Sequence[tuple[Point, ...]]) -> Iterator[Point]:
    for position in ring:
        yield from drawn[position] if position >= 0 else reversed(drawn[-1 - position])
