"""NBS bulletins of the National Blend of Models: what a run forecasts at stations, 3-hourly for three days."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

import numpy as np

from airwatch_dagster.practice.formats.units import FAULT_F, KNOTS, fahrenheit
from airwatch_dagster.practice.world.random_streams import Integers
from airwatch_dagster.practice.world.weather.forecasts import HourlyWeather, forecast
from airwatch_dagster.practice.world.weather.stations import STATIONS

VERSION: Final = "0.0"
"""Version of the model in the headers: none that the publisher ever had."""

COLUMNS: Final = 23
STEP_HOURS: Final = 3
FIRST_AFTER_HOURS: Final = 4
"""Columns of a bulletin, 3 hours apart, from the first that is at least 4 hours after the run."""

BEFORE: Final = 2
"""Columns before the first that values of periods need."""

GUST_FACTOR, LAYER_FACTOR = 1.5, 1.35
"""Gusts, and the mean wind of the mixed layer, divided by the wind at 10 m."""

_CELLS: Final = np.array([b"%3d" % number for number in (*range(1000), *range(-99, 0))])
"""Cells by number; negative ones count from the end."""

_EVERY: Final = {"TXN": 12, "P06": 6, "P12": 12, "Q06": 6}
"""Hours (UTC) whose multiples alone have a value, for elements that are not in every column."""

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


@lru_cache(maxsize=64)
def nbs_bulletin(run_at: datetime, *, seed: int, has_fault: bool = False) -> bytes:
    """The bulletin of a run at a full hour (UTC); ``has_fault`` adds FAULT_F to its temperatures."""
    run_hour = run_at.toordinal() * 24 + run_at.hour
    first = run_hour + FIRST_AFTER_HOURS
    first += -first % STEP_HOURS
    hours = first + STEP_HOURS * np.arange(-BEFORE, COLUMNS)
    elements = _elements(forecast(hours, run_hour=run_hour, seed=seed), fault_f=FAULT_F if has_fault else 0.0)
    of_day = hours[BEFORE:] % 24
    lines = ["000 ", f"FOUS16 KWNO {run_at:%d%H%M}", "NBSUSA"]
    heading = f"NBM V{VERSION} NBS GUIDANCE   {run_at.month:>2}/{run_at:%d/%Y}  {run_at:%H%M} UTC"
    times = _times(run_at, hours[BEFORE:] - run_hour, of_day)
    of_stations = zip(*(_lines(name, values, of_day) for name, values in elements.items()), strict=True)
    for station, own in zip(STATIONS, of_stations, strict=True):
        lines += [f"{station.station_id:<8}{heading}", *times, *own, ""]
    return "\n".join(lines).encode("ascii")


def _elements(weather: HourlyWeather, *, fault_f: float) -> dict[str, Integers]:
    """Published values by name of the line, columns × stations."""
    daily, now = weather.daily, slice(BEFORE, None)
    one_earlier, six_earlier = slice(BEFORE - 1, -1), slice(BEFORE - 2, -2)
    at_midnight = (weather.hours[now] % 24 == 0)[:, None]
    highest = (daily.temperature_c + daily.half_range_c)[one_earlier]
    lowest = (daily.temperature_c - daily.half_range_c)[one_earlier]
    east, north = daily.wind_east_ms[now], daily.wind_north_ms[now]
    speed = weather.wind_speed_ms[now] * KNOTS
    probability = 100.0 * daily.rain_probability
    rain_of_6_hours = daily.rain_mm[one_earlier] / 4.0
    values = {
        "TXN": fahrenheit(np.where(at_midnight, highest, lowest)) + fault_f,
        "TMP": fahrenheit(weather.temperature_c[now]) + fault_f,
        "DPT": fahrenheit(np.minimum(daily.dew_point_c, weather.temperature_c)[now]),
        "SKY": 100.0 * daily.sky[now],
        "WDR": np.degrees(np.arctan2(-east, -north)) / 10.0,
        "WSP": speed,
        "GST": GUST_FACTOR * speed,
        "P06": probability[one_earlier],
        "P12": probability[six_earlier],
        "Q06": rain_of_6_hours / 0.254,
        "MHT": weather.mixing_m[now] / 30.48,
        "TWS": LAYER_FACTOR * daily.speed_ms[now] * KNOTS,
    }
    whole = {name: np.rint(one).astype(np.int64) for name, one in values.items()}
    whole["WDR"] = (whole["WDR"] - 1) % 36 + 1
    return whole


def _times(run_at: datetime, after: Integers, of_day: Integers) -> list[str]:
    """The lines of days, hours of the day and hours after the run."""
    days = list(f"DT{' ' * (3 * COLUMNS + 10)}")
    has_room = 0 not in of_day[:2]  # the first day has a label only where the next leaves room for it
    for at, hour in enumerate(of_day):
        if hour == 0 or (at == 0 and has_room):
            day = run_at + timedelta(hours=int(after[at]))
            start = max(3, 5 + 3 * at) if hour == 0 else 3
            days[start : start + 8] = f"/{_MONTHS[day.month - 1]}{day.day:>4}"
    return ["".join(days).rstrip(), _times_line("UTC", of_day), _times_line("FHR", after)]


def _times_line(name: str, numbers: Sequence[int] | Integers) -> str:
    return f"{name} " + "".join(f" {number:02}" for number in numbers)


def _lines(name: str, values: Integers, of_day: Integers) -> list[str]:
    """The line of an element for each station, from its values, columns × stations."""
    has_value = of_day % _EVERY.get(name, 1) == 0
    cells = np.ascontiguousarray(np.where(has_value, _CELLS[values.T], b"   "))
    rows = cells.view(f"S{3 * COLUMNS}")[:, 0].tolist()
    return [f"{name} {row.decode()}".rstrip() for row in rows]
