"""The map of the nation: states by Albers' projection, with Alaska, Hawaii and Puerto Rico in boxes of their own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from airwatch_dagster.publish.content import Bulletin, Site
from airwatch_dagster.publish.once import once
from airwatch_dagster.publish.page import svg
from airwatch_dagster.publish.page.outlines import (
    Project,
    Window,
    east_of_date_line,
    outlines,
)
from airwatch_dagster.publish.page.palette import LOOKS
from airwatch_dagster.publish.page.projection import albers, fitted
from airwatch_dagster.publish.page.svg import Point

WIDTH: Final = 960
HEIGHT: Final = 600

TOLERANCE: Final = 0.4
"""SVG units by which a border may be off: half a pixel."""

_GRID: Final = 6
"""Points along each side of a window, by which it is fitted into its box."""


@dataclass(frozen=True)
class Part:
    """A part of the nation: what it shows of the Earth, and how."""

    window: Window
    project: Project
    tolerance: float
    """Degrees by which a border may be off."""


@dataclass(frozen=True)
class Layer:
    """The sites of one category on one day, or those not observed on the last day."""

    look: int | None
    """Number of the category; None for sites not observed."""
    path: str
    """Pieces of no length, one a site."""
    places: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class NationDay:
    """All sites on one day; those not observed first, and the worst category last, so that it lies on top."""

    horizon_days: int
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class NationMap:
    """Paths in a box of ``width`` by ``height``."""

    width: int
    height: int
    land: str
    days: tuple[NationDay, ...]


@once(most=4)
def nation_map(bulletin: Bulletin) -> NationMap:
    """The map of all sites of a bulletin; those outside every part, as in Guam, are in the table only."""
    days = tuple(
        NationDay(tile.horizon_days, tuple(_layers(bulletin.sites, tile.horizon_days))) for tile in bulletin.tiles
    )
    return NationMap(WIDTH, HEIGHT, _land(), days)


@cache
def _parts() -> tuple[Part, ...]:
    mainland = albers(-96, 29.5, 45.5)
    boxes = (
        (Window(-125, 24.4, -66.8, 49.5), mainland, (6, 4, 948, 590)),
        (Window(-180, 51.2, -129.8, 71.5), albers(-154, 55, 65), (4, 430, 200, 160)),
        (Window(-160.4, 18.8, -154.7, 22.4), albers(-157, 19, 21), (215, 510, 105, 78)),
        (Window(-67.4, 17.6, -64.5, 18.6), albers(-66, 17.8, 18.4), (820, 545, 110, 45)),
    )
    return tuple(
        Part(window, fitted(project, _edge(window), box), TOLERANCE * (window.north - window.south) / box[3])
        for window, project, box in boxes
    )


def _edge(window: Window) -> list[Point]:
    shares = [step / _GRID for step in range(_GRID + 1)]
    wide, high = window.east - window.west, window.north - window.south
    return [
        *((window.west + share * wide, latitude) for share in shares for latitude in (window.south, window.north)),
        *((longitude, window.south + share * high) for share in shares for longitude in (window.west, window.east)),
    ]


@cache
def _land() -> str:
    known = outlines()
    return svg.areas(
        [part.project(*point) for point in ring]
        for part in _parts()
        for ring in known.land(part.window, part.tolerance)
    )


def _layers(sites: Sequence[Site], horizon_days: int) -> Iterator[Layer]:
    found: dict[int | None, list[tuple[int, int]]] = {None: [], **{look.number: [] for look in LOOKS.values()}}
    for site in sites:
        place = _place(site)
        for day in site.days:
            if place is not None and day.horizon_days == horizon_days:
                found[None if site.days_since_observed else LOOKS[day.category].number].append(place)
    for number, places in found.items():
        if places:
            yield Layer(number, svg.dots(sorted(places)), tuple(places))


def _place(site: Site) -> tuple[int, int] | None:
    longitude = east_of_date_line(site.longitude)
    for part in _parts():
        if part.window.contains(longitude, site.latitude):
            x, y = part.project(longitude, site.latitude)
            return round(x), round(y)
    return None
