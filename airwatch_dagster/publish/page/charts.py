"""Geometry of the charts: templates draw them, stretched to the width they have, with labels beside the SVG."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from airwatch_dagster.publish.content import DayForecast, PastDay, ReliabilityPoint, Site, Tile, TrustDay
from airwatch_dagster.publish.once import once
from airwatch_dagster.publish.page import svg
from airwatch_dagster.publish.page.svg import Point
from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS

LIMITS_UGM3: Final = tuple(PROBABILITY_COLUMNS)
"""Highest concentration of each AQI category but the last."""

LABEL_ROOM_PERCENT: Final = 9.0
"""Of a chart's height, from one label to the next."""

HEIGHT: Final = 100
"""Of every stretched chart, in SVG units."""

MOST_SITES: Final = 1024
"""Sites whose charts are remembered, so that pages in two languages and of the newest day share them."""


@dataclass(frozen=True)
class Tick:
    """A label of an axis; ``percent`` of the axis' length from the left or the bottom."""

    percent: float
    label: float | date


@dataclass(frozen=True)
class DayChart:
    """Observed values and forecasts by day: paths in a box of ``width``, one unit a day, by HEIGHT."""

    width: int
    observed: str
    """Dots."""
    observed_line: str
    forecast: str
    band: str
    """The 90 % intervals."""
    limits: tuple[Tick, ...]
    """Limits of AQI categories in µg/m³."""
    limit_lines: str
    days: tuple[Tick, ...]
    today_percent: float | None
    """Where the days to come begin; None when there are none."""


class ChartDay(NamedTuple):
    """What a chart shows of one day, µg/m³."""

    day: date
    observed: float | None = None
    forecast: float | None = None
    lower: float | None = None
    upper: float | None = None


@once(most=MOST_SITES)
def site_chart(site: Site) -> DayChart:
    """The 60 past days of a site, and its forecasts."""
    return day_chart([*map(_past, site.past), *map(_coming, site.days)], coming=len(site.days))


def trust_chart(days: Sequence[TrustDay]) -> DayChart:
    """Next-day forecasts and observed values, means over the sites."""
    return day_chart(
        [ChartDay(one.day, one.observed_ugm3, one.forecast_ugm3, one.lower_ugm3, one.upper_ugm3) for one in days]
    )


@once(most=MOST_SITES)
def sparkline(site: Site, *, top_ugm3: float) -> DayChart:
    """The last 14 days observed, and the forecasts with their band; ``top_ugm3`` is the same for all sites."""
    past = [ChartDay(one.day, one.observed_ugm3) for one in site.past[-14:]]
    return day_chart([*past, *map(_coming, site.days)], coming=len(site.days), top_ugm3=top_ugm3)


def sparkline_top(sites: Iterable[Site]) -> float:
    """µg/m³ at the top of all sparklines of a page; wide bands are cut off above it."""
    highest = max(_highest([*map(_past, site.past[-14:]), *map(_coming, site.days)]) for site in sites)
    return _top(highest * 1.3)


def day_chart(days: Sequence[ChartDay], *, coming: int = 0, top_ugm3: float | None = None) -> DayChart:
    """The chart of ``days``, of which the last ``coming`` lie ahead. Its top is above every value, not every band."""
    top = top_ugm3 or _top(max(_highest(days), *(one.upper or 0.0 for one in days[len(days) - coming :]), 0.0))
    width = max(len(days) - 1, 1)

    def runs(values: Iterable[float | None]) -> list[list[Point]]:
        return [[(position, _height(value, top)) for position, value in run] for run in _runs(values)]

    observed = runs(one.observed for one in days)
    limits = tuple(_limit_ticks(top))
    bands = zip(runs(one.lower for one in days), runs(one.upper for one in days), strict=True)
    return DayChart(
        width=width,
        observed=svg.dots(point for run in observed for point in run),
        observed_line=svg.lines(observed),
        forecast=svg.lines(runs(one.forecast for one in days)),
        band=svg.areas([*upper, *reversed(lower)] for lower, upper in bands),
        limits=limits,
        limit_lines="".join(f"M0 {round(HEIGHT - tick.percent)}h{width}" for tick in limits),
        days=tuple(_day_ticks([one.day for one in days])),
        today_percent=round((len(days) - coming - 0.5) / width * 100, 1) if coming else None,
    )


@dataclass(frozen=True)
class IntervalBar:
    """A forecast's 90 % interval on the scale that all tiles share; per cent of its length."""

    lower: float
    upper: float
    value: float
    limits: tuple[Tick, ...]


def interval_bars(tiles: Sequence[Tile]) -> list[IntervalBar]:
    """The bar of each tile's worst site."""
    top = _top(max(tile.worst.upper_ugm3 for tile in tiles))

    def percent(value: float) -> float:
        return round(value / top * 100, 1)

    limits = tuple(Tick(percent(limit), limit) for limit in LIMITS_UGM3 if limit < top)
    return [
        IntervalBar(percent(one.lower_ugm3), percent(one.upper_ugm3), percent(one.pm25_ugm3), limits)
        for one in (tile.worst for tile in tiles)
    ]


@dataclass(frozen=True)
class ReliabilityDot:
    """A bin of probabilities in a square of 100 by 100 units, y downwards."""

    x: float
    y: float
    scale: float
    """Size of its symbol."""
    look: int
    """Number of the category that begins above its limit."""


def reliability_dots(points: Sequence[ReliabilityPoint]) -> list[ReliabilityDot]:
    """The bins; the area of a dot grows with the number of forecasts up to that of the fullest bin."""
    most = max((point.forecasts for point in points), default=1)
    return [
        ReliabilityDot(
            round(point.forecast_probability * 100, 1),
            round(100 - point.observed_frequency * 100, 1),
            round(0.25 + 0.3 * (point.forecasts / most) ** 0.5, 2),
            LIMITS_UGM3.index(point.limit_ugm3) + 1,
        )
        for point in points
    ]


def reliability_limits(points: Sequence[ReliabilityPoint]) -> list[tuple[float, int]]:
    """Each limit among the bins, and the number of the category that begins above it."""
    return [(limit, LIMITS_UGM3.index(limit) + 1) for limit in sorted({point.limit_ugm3 for point in points})]


def _past(one: PastDay) -> ChartDay:
    return ChartDay(one.day, one.observed_ugm3, one.forecast_ugm3, one.lower_ugm3, one.upper_ugm3)


def _coming(one: DayForecast) -> ChartDay:
    return ChartDay(one.target_date, None, one.pm25_ugm3, one.lower_ugm3, one.upper_ugm3)


def _highest(days: Iterable[ChartDay]) -> float:
    return max((value for one in days for value in (one.observed, one.forecast) if value is not None), default=0.0)


def _top(highest: float) -> float:
    """A round number above ``highest`` and above the top of Good."""
    wanted = max(highest * 1.08, 12.0)
    steps = (12, 16, 20, 30, 40, 50, 60, 80, 100, 150, 200, 250, 300, 400, 500, 700)
    return float(next((step for step in steps if step >= wanted), wanted))


def _limit_ticks(top: float) -> Iterator[Tick]:
    """The limits below ``top``, from the highest down, as far as their labels have room."""
    above = 104.0
    for limit in reversed(LIMITS_UGM3):
        percent = round(limit / top * 100, 1)
        if LABEL_ROOM_PERCENT / 2 <= percent <= above - LABEL_ROOM_PERCENT:
            above = percent
            yield Tick(percent, limit)


def _runs(values: Iterable[float | None]) -> Iterator[list[tuple[int, float]]]:
    """Values of days in a row, with their positions: a day without a value parts two runs."""
    run: list[tuple[int, float]] = []
    for position, value in enumerate(values):
        if value is not None:
            run.append((position, value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _height(value: float, top: float) -> float:
    """From the top of the chart downwards; what is far above it is cut off."""
    return HEIGHT - min(max(value, 0.0), top * 1.2) / top * HEIGHT


def _day_ticks(days: Sequence[date]) -> Iterator[Tick]:
    """The 1st and the 15th of each month, with room to the ends."""
    last = max(len(days) - 1, 1)
    for position, day in enumerate(days):
        if day.day in (1, 15) and 0.04 < position / last < 0.93:
            yield Tick(round(position / last * 100, 1), day)
