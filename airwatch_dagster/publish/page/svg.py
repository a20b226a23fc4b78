"""Paths of SVG in few bytes: whole numbers, each point as the difference from the one before."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import hypot

Point = tuple[float, float]


def lines(runs: Iterable[Sequence[Point]]) -> str:
    """One path of several lines, rounded to whole units; a line of one point is drawn as a dot by the stroke's caps."""
    path, pen = "", (0, 0)
    for points in map(_rounded, runs):
        path += f"m{_steps(pen, points)}{'h0' if len(points) == 1 else ''}"
        pen = points[-1]
    return path


def dots(points: Iterable[Point]) -> str:
    """Lines of one point: they stay round in a stretched picture."""
    return lines([point] for point in points)


def areas(rings: Iterable[Sequence[Point]]) -> str:
    """One path of several areas; those of which rounding leaves no area are left out."""
    path, pen = "", (0, 0)
    for points in map(_rounded, rings):
        if len(points) > 2:
            path += f"m{_steps(pen, points)}z"
            pen = points[0]
    return path


def simplified(points: Sequence[Point], tolerance: float) -> list[Point]:
    """Fewer points; none that is left out lies further than ``tolerance`` from the line. Source: Douglas and Peucker
    (1973)."""
    kept, open_parts = {0, len(points) - 1}, [(0, len(points) - 1)]
    while open_parts:
        first, last = open_parts.pop()
        distances = [_distance(point, points[first], points[last]) for point in points[first + 1 : last]]
        furthest = max(distances, default=0.0)
        if furthest > tolerance:
            middle = first + 1 + distances.index(furthest)
            kept.add(middle)
            open_parts += [(first, middle), (middle, last)]
    return [points[position] for position in sorted(kept)]


def _distance(point: Point, start: Point, end: Point) -> float:
    """From a point to the line through two others; to the point itself where these are one."""
    along, across = end[0] - start[0], end[1] - start[1]
    length = hypot(along, across)
    if not length:
        return hypot(point[0] - start[0], point[1] - start[1])
    return abs(along * (start[1] - point[1]) - across * (start[0] - point[0])) / length


def _rounded(points: Sequence[Point]) -> list[tuple[int, int]]:
    """Whole units, repeated points once."""
    whole = [(round(x), round(y)) for x, y in points]
    return whole[:1] + [after for before, after in pairwise(whole) if after != before]


def _steps(pen: tuple[int, int], points: Sequence[tuple[int, int]]) -> str:
    """From ``pen`` to the first point and on, with a space between numbers where no minus sign parts them."""
    steps = [f"{x - from_x} {y - from_y}" for (from_x, from_y), (x, y) in pairwise([pen, *points])]
    return " ".join(steps).replace(" -", "-")
