"""The map of an area: land, borders, sites."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from airwatch_dagster.publish.content import DayForecast, Site
from airwatch_dagster.publish.page import svg
from airwatch_dagster.publish.page.outlines import Outlines, clipped_lines, clipped_ring, east_of_date_line, outlines
from airwatch_dagster.publish.page.palette import LOOKS
from airwatch_dagster.publish.page.projection import Frame, frame_around
from airwatch_dagster.publish.page.svg import Point

WIDTH: Final = 880
"""SVG units; about 540 pixels on a large screen and 360 on a phone."""

MARK_RADIUS: Final = 13
LETTER_WIDTH: Final = 11.5
LINE_HEIGHT: Final = 24
MOST_NAMES: Final = 14
"""With more sites their names would crowd the map; numbers stay."""


@dataclass(frozen=True)
class Dot:
    """A site on one day: the number of its category, and the width of its ring."""

    horizon_days: int
    look: int
    ring: float
    aqi: int


@dataclass(frozen=True)
class Label:
    """Where a site's label stands relative to its dot; the name too, where there is room."""

    x: float
    y: float
    anchor: str
    with_name: bool


@dataclass(frozen=True)
class MapSite:
    """A site on the map."""

    site: Site
    x: int
    y: int
    dots: tuple[Dot, ...]
    """By horizon, as the site's days."""
    label: Label | None
    """None where there is no room."""


@dataclass(frozen=True)
class AreaMap:
    """Paths and positions in a box of ``width`` by ``height``."""

    width: int
    height: int
    land: str
    county_borders: str
    state_borders: str
    sites: tuple[MapSite, ...]
    """Worst last, so that it lies on top."""


def area_map(sites: Sequence[Site]) -> AreaMap:
    """The map of ``sites``, worst first, with their surroundings."""
    places = [(east_of_date_line(site.longitude), site.latitude) for site in sites]
    frame, (land, counties, states) = _framed(tuple(sorted(places)))
    positions = [frame.project(*place) for place in places]
    labels = list(_labels(sites, positions, frame))
    placed = [
        MapSite(site, round(x), round(y), tuple(map(_dot, site.days)), label)
        for site, (x, y), label in zip(sites, positions, labels, strict=True)
    ]
    return AreaMap(frame.width, frame.height, land, counties, states, tuple(reversed(placed)))


@lru_cache(maxsize=64)
def _framed(places: tuple[Point, ...]) -> tuple[Frame, tuple[str, str, str]]:
    """The frame around the places and the borders inside; the pages of a range of days share them."""
    frame = frame_around(places, width=WIDTH)
    return frame, borders(outlines(), frame)


def borders(known: Outlines, frame: Frame) -> tuple[str, str, str]:
    """Paths of land, of the borders of counties, and of coasts and the borders of states inside the frame."""

    def projected(points: Sequence[Point]) -> list[Point]:
        return [frame.project(*point) for point in points]

    rings = (clipped_ring(ring, frame.window) for state in known.states.values() for ring in state)
    land = "".join(svg.line(projected(ring), closed=True) for ring in rings if ring)
    inner = svg.lines(projected(part) for part in clipped_lines(known.inner, frame.window))
    outer = svg.lines(projected(part) for part in clipped_lines(known.outer, frame.window))
    return land, inner, outer


def ring_width(day: DayForecast) -> float:
    """SVG units for the half width of the 90 % interval: 1 per µg/m³, from 2 to 16."""
    return round(min(max((day.upper_ugm3 - day.lower_ugm3) / 2, 2.0), 16.0), 1)


def _dot(day: DayForecast) -> Dot:
    return Dot(day.horizon_days, LOOKS[day.category].number, ring_width(day), day.aqi)


@dataclass(frozen=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "_Box") -> bool:
        apart = self.right < other.left or other.right < self.left or self.bottom < other.top or other.bottom < self.top
        return not apart

    def within(self, frame: Frame) -> bool:
        return self.left >= 0 and self.top >= 0 and self.right <= frame.width and self.bottom <= frame.height


def _labels(sites: Sequence[Site], positions: Sequence[Point], frame: Frame) -> Iterator[Label | None]:
    """The first place beside each dot that is free, for the worst site first: with its name, else without."""
    reach = MARK_RADIUS + 5
    taken = [_Box(x - reach, y - reach, x + reach, y + reach) for x, y in positions]
    for site, (x, y) in zip(sites, positions, strict=True):
        texts = [(False, 3 * LETTER_WIDTH + 4)]
        if len(sites) <= MOST_NAMES:
            texts.insert(0, (True, (len(site.name) + 4) * LETTER_WIDTH))
        candidates = (one for with_name, width in texts for one in _candidates(x, y, width, with_name=with_name))
        free = (
            (label, box)
            for label, box in candidates
            if box.within(frame) and not any(box.overlaps(other) for other in taken)
        )
        label, box = next(free, (None, None))
        if box is not None:
            taken.append(box)
        yield label


def _candidates(x: float, y: float, width: float, *, with_name: bool) -> Iterator[tuple[Label, _Box]]:
    """Right of the dot, left, above, below."""
    away, half = MARK_RADIUS + 9, LINE_HEIGHT / 2
    yield Label(away, 7, "start", with_name), _Box(x + away, y - half, x + away + width, y + half)
    yield Label(-away, 7, "end", with_name), _Box(x - away - width, y - half, x - away, y + half)
    for down, baseline in ((-away - half, -away - 5), (away + half, away + 18)):
        box = _Box(x - width / 2, y + down - half, x + width / 2, y + down + half)
        yield Label(0, baseline, "middle", with_name), box
