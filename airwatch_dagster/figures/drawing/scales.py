"""Scales of axes: where a value lies, and ticks at round numbers and days."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Final

import pandas as pd

from airwatch_dagster.figures.drawing.style import BLACK

STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
"""Distances between ticks, times a power of ten."""

DAYS_OF_MONTH: Final = ((*range(1, 32, 2),), (1, 5, 9, 13, 17, 21, 25, 29), (1, 8, 15, 22), (1, 15), (1,))
"""Days with a tick, from many to few."""

MAX_DATES: Final = 9


@dataclass(frozen=True)
class Tick:
    """A labelled place of an axis."""

    value: float
    label: str
    colour: str = BLACK
    is_bold: bool = False


@dataclass(frozen=True)
class Scale:
    """An axis from ``low`` (left, bottom) to ``high``, which may be the smaller number."""

    low: float
    high: float
    ticks: tuple[Tick, ...] = ()
    bend: Callable[[float], float] = float
    """A logarithm, for example."""
    room: float = 0.0
    """Beyond either end, as a share of the length between them."""

    def share(self, value: float) -> float:
        """Place of ``value`` as a share of the axis, 0 at its begin and 1 at its end."""
        low, high = self.bend(self.low), self.bend(self.high)
        return (self.room + (self.bend(value) - low) / (high - low)) / (1.0 + 2.0 * self.room)


def number_ticks(low: float, high: float, *, room: float = 0.0, most: int = 6) -> tuple[Tick, ...]:
    """At most ``most`` + 1 ticks at round numbers, of a scale with these ends and room."""
    low, high = low - room * (high - low), high + room * (high - low)
    power = 10.0 ** floor(log10((high - low) / most))
    step = power * next(step for step in STEPS if (high - low) / (power * step) <= most)
    decimals = next(count for count in range(12) if abs(step - round(step, count)) < 1e-6 * step)
    places = range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)
    return tuple(Tick(place * step, _signed(f"{place * step:.{decimals}f}")) for place in places)


def ticks_at(places: Iterable[float], *, low: float, high: float, most: int) -> tuple[Tick, ...]:
    """Those of the ``places`` on the axis, every second one where there are more than ``most``, always at 0."""
    inside = [place for place in places if low <= place <= high]
    step = 1 + len(inside) // most
    first = inside.index(0) % step if 0 in inside else 0
    return tuple(Tick(place, _signed(f"{place:g}")) for place in inside[first::step])


def name_ticks(names: Iterable[str]) -> tuple[Tick, ...]:
    """Names at 0, 1, 2 and so on."""
    return tuple(Tick(place, name) for place, name in enumerate(names))


def day_ticks(first: pd.Timestamp, last: pd.Timestamp) -> tuple[Tick, ...]:
    """Ticks at days as ``day_number`` has them: days of the month, their first as its name, January's as the year."""
    days = pd.date_range(first, last)
    for of_month in DAYS_OF_MONTH:
        shown = days[days.day.isin(of_month)]
        if len(shown) <= MAX_DATES:
            break
    step = 1 + len(shown) // (MAX_DATES + 1)
    return tuple(Tick(day_number(day), _date_label(day)) for day in shown[::step])


def day_number(day: pd.Timestamp) -> float:
    """The day as a number of an axis."""
    return float(day.toordinal())


def _date_label(day: pd.Timestamp) -> str:
    if day.day > 1:
        return f"{day:%d}"
    return f"{day:%b}" if day.month > 1 else f"{day:%Y}"


def _signed(number: str) -> str:
    """With the minus of print, and no minus before 0."""
    return number.lstrip("-") if float(number) == 0 else number.replace("-", "−")
