"""From degrees to positions on a map."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin, sqrt
from typing import Final

from airwatch_dagster.publish.page.outlines import Project, Window
from airwatch_dagster.publish.page.svg import Point

SMALLEST_SPAN_DEGREES: Final = 0.6
"""Height of the map of a single site: about 70 km."""


@dataclass(frozen=True)
class Frame:
    """A map's window, its size in SVG units, and how degrees become positions in it."""

    window: Window
    width: int
    height: int
    project: Project


def frame_around(places: Sequence[Point], *, width: int, shape: tuple[float, float] = (0.62, 1.05)) -> Frame:
    """A plain map of all ``places`` (longitude, latitude) with a margin; its height is ``shape`` times the width.

    Degrees of longitude are shortened as at the middle latitude, which is true to scale within a state.
    """
    longitudes, latitudes = zip(*places, strict=True)
    middle_x, middle_y = (min(longitudes) + max(longitudes)) / 2, (min(latitudes) + max(latitudes)) / 2
    shrink = cos(radians(middle_y))
    span_y = max((max(latitudes) - min(latitudes)) * 1.24, SMALLEST_SPAN_DEGREES)
    span_x = max((max(longitudes) - min(longitudes)) * shrink * 1.24, SMALLEST_SPAN_DEGREES)
    ratio = min(max(span_y / span_x, shape[0]), shape[1])
    span_x = max(span_x, span_y / ratio)
    height, scale = round(width * ratio), width / span_x
    half_x, half_y = span_x / shrink / 2, span_x * ratio / 2
    window = Window(middle_x - half_x, middle_y - half_y, middle_x + half_x, middle_y + half_y)

    def project(longitude: float, latitude: float) -> Point:
        return (longitude - window.west) * shrink * scale, (window.north - latitude) * scale

    return Frame(window, width, height, project)


def albers(middle: float, first: float, second: float) -> Project:
    """Albers' equal-area conic around longitude ``middle`` with two standard parallels; x east and y south in Earth
    radii. Source: Snyder (1987), Map Projections: A Working Manual, p. 100, with the parallel of origin at ``first``.
    """
    cone = (sin(radians(first)) + sin(radians(second))) / 2
    constant = cos(radians(first)) ** 2 + 2 * cone * sin(radians(first))

    def distance(latitude: float) -> float:
        return sqrt(constant - 2 * cone * sin(radians(latitude))) / cone

    def project(longitude: float, latitude: float) -> Point:
        angle = cone * radians(longitude - middle)
        return distance(latitude) * sin(angle), distance(latitude) * cos(angle) - distance(first)

    return project


def fitted(project: Project, places: Sequence[Point], box: tuple[float, float, float, float]) -> Project:
    """The projection moved and scaled so that ``places`` fill the box (left, top, width, height), centred."""
    projected = [project(*place) for place in places]
    (left, top, width, height), (xs, ys) = box, zip(*projected, strict=True)
    scale = min(width / (max(xs) - min(xs)), height / (max(ys) - min(ys)))
    shift_x = left + width / 2 - scale * (min(xs) + max(xs)) / 2
    shift_y = top + height / 2 - scale * (min(ys) + max(ys)) / 2

    def project_into_box(longitude: float, latitude: float) -> Point:
        x, y = project(longitude, latitude)
        return x * scale + shift_x, y * scale + shift_y

    return project_into_box
