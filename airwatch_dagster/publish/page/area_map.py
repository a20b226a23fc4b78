"""The map of an area: land, borders, sites."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from airwatch_dagster.publish.content import DayForecast, Site
from airwatch_dagster.publish.once import once
from airwatch_dagster.publish.page import svg
from airwatch_dagster.publish.page.outlines import Outlines, east_of_date_line, outlines
from airwatch_dagster.publish.page.palette import LOOKS
from airwatch_dagster.publish.page.projection import Frame, frame_around
from airwatch_dagster.publish.page.svg import Point

WIDTH: Final = 880
"""SVG units; about 540 pixels on a large screen and 360 on a phone."""

SCALE: Final = 1.6
"""Of a site's mark and label; a mark's radius is 8 before."""

MARK_RADIUS: Final = 13
WIDEST_RING: Final = 11
"""Of the rings that ``base.html`` defines."""

LETTER_WIDTH: Final = 11.5
LINE_HEIGHT: Final = 24
TOLERANCE: Final = 1.2
"""SVG units by which a border may be off: two thirds of a pixel."""

COARSE_TOLERANCE: Final = 3.2
"""The same on a map without labels."""

MOST_LABELS: Final = 60
"""With more sites there are only dots."""

MOST_NAMES: Final = 14
"""With more sites their names would crowd the map; numbers stay."""


@dataclass(frozen=True)
class Dot:
    """A site on one day or several: the number of its category, and the width of its ring."""

    horizons: tuple[int, ...]
    look: int
    ring: int
    aqi: int | None
    """None where no label shows it."""


@dataclass(frozen=True)
class Label:
    """Where a site's label stands relative to its dot, before SCALE; the name too, where there is room."""

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
    """Every horizon of the site is in one of them."""
    label: Label | None
    """None where there is no room."""


@dataclass(frozen=True)
class AreaMap:
    """Paths and positions in a box of ``width`` by ``height``."""

    width: int
    height: int
    land: str
    """The states; their edges lie outside the box where the box cuts them."""
    county_borders: str
    sites: tuple[MapSite, ...]
    """Worst last, so that it lies on top."""


@once(most=128)
def area_map(sites: Sequence[Site], *, with_labels: bool = True) -> AreaMap:
    """The map of ``sites``, worst first, with their surroundings."""
    places = [(east_of_date_line(site.longitude), site.latitude) for site in sites]
    tolerance = TOLERANCE if with_labels else COARSE_TOLERANCE
    frame, (land, counties) = _framed(tuple(sorted(places)), tolerance)
    positions = [frame.project(*place) for place in places]
    has_labels = with_labels and len(sites) <= MOST_LABELS
    labels = list(_labels(sites, positions, frame)) if has_labels else [None] * len(sites)
    placed = [
        MapSite(site, round(x), round(y), tuple(_dots(site.days, has_label=label is not None)), label)
        for site, (x, y), label in zip(sites, positions, labels, strict=True)
    ]
    return AreaMap(frame.width, frame.height, land, counties, tuple(reversed(placed)))


@lru_cache(maxsize=64)
def _framed(places: tuple[Point, ...], tolerance: float) -> tuple[Frame, tuple[str, str]]:
    """The frame around the places and the borders inside; the pages of a range of days share them."""
    frame = frame_around(places, width=WIDTH)
    return frame, borders(outlines(), frame, tolerance)


def borders(known: Outlines, frame: Frame, tolerance: float) -> tuple[str, str]:
    """Paths of the states and of the borders of counties inside the frame; ``tolerance`` in SVG units."""
    window = frame.window.widened(0.01)
    degrees = tolerance * (frame.window.north - frame.window.south) / frame.height

    def projected(points: Sequence[Point]) -> list[Point]:
        return [frame.project(*point) for point in points]

    states = svg.areas(map(projected, known.land(window, degrees)))
    return states, svg.lines(map(projected, known.county_borders(window, degrees)))


def ring_width(day: DayForecast) -> int:
    """Width of the ring, 1 to WIDEST_RING: 1 for each 2 µg/m³ of the half width of the 90 % interval."""
    return round(min(max((day.upper_ugm3 - day.lower_ugm3) / 4, 1.0), WIDEST_RING))


def _dots(days: Sequence[DayForecast], *, has_label: bool) -> Iterator[Dot]:
    """Days that look alike share a dot."""
    alike: dict[tuple[int, int, int | None], list[int]] = {}
    for day in days:
        look = (LOOKS[day.category].number, ring_width(day), day.aqi if has_label else None)
        alike.setdefault(look, []).append(day.horizon_days)
    for (number, ring, aqi), horizons in alike.items():
        yield Dot(tuple(horizons), number, ring, aqi)


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
    away, half = MARK_RADIUS + 11, LINE_HEIGHT / 2

    def label(right: float, down: float, anchor: str) -> Label:
        return Label(round(right / SCALE, 1), round(down / SCALE, 1), anchor, with_name)

    yield label(away, 7, "start"), _Box(x + away, y - half, x + away + width, y + half)
    yield label(-away, 7, "end"), _Box(x - away - width, y - half, x - away, y + half)
    for down, baseline in ((-away - half, -away - 5), (away + half, away + 18)):
        box = _Box(x - width / 2, y + down - half, x + width / 2, y + down + half)
        yield label(0, baseline, "middle"), box
