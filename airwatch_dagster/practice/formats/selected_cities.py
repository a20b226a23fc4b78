"""Bulletins of selected cities (FPUS20): observed and forecast highs, lows and words, twice a day in four parts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from airwatch_dagster.practice.formats.units import FAULT_F, fahrenheit
from airwatch_dagster.practice.world.random_streams import Floats
from airwatch_dagster.practice.world.weather.forecasts import HourlyWeather, forecast, observed
from airwatch_dagster.practice.world.weather.latent import NOON_UTC
from airwatch_dagster.practice.world.weather.publication import Half, Version, versions_of_issue
from airwatch_dagster.practice.world.weather.stations import STATIONS

PARTS: Final = 4
"""Parts of an issue, each with a quarter of the cities."""

RUN_BEFORE_HOURS: Final = 3
"""How long before an issue the newest run is that its forecasters use."""

HIGH_HOUR, LOW_HOUR = 21, 9
"""Hours (UTC) of the day's highest and lowest temperature: 3 in the afternoon and at night in Chicago."""

_OFFICE: Final = ZoneInfo("America/New_York")
_CITIES: Final = sorted((station.city, number) for number, station in enumerate(STATIONS) if station.city is not None)


RAIN_PCT, SHOWERS_PCT = 50.0, 30.0
"""Probabilities from which a word says that rain or snow falls, or may fall here and there."""

THUNDER_C, SNOW_C = 24.0, 0.0
"""Highest temperature from which rain comes with thunder, and mean temperature below which snow falls."""

WINDY_MS, HOT_C, COLD_C = 8.5, 36.0, -12.0
"""Mean wind and highest temperature from which, or up to which, a dry day is said to be windy, hot or cold."""

SKIES: Final = ((0.3, "SUNNY"), (0.6, "PTCLDY"), (1.1, "MOCLDY"))
"""Shares of the sky below which other days have each word."""

_DOTS: Final = ("...", "....", "...")
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


@dataclass(frozen=True)
class _Day:
    """A day's weather at STATIONS, observed or forecast."""

    high_f: Floats
    low_f: Floats
    weather: HourlyWeather
    noon: int
    """Row of the weather of its noon."""


def selected_cities(part: int, first: datetime, end: datetime, *, known_by: datetime, seed: int) -> bytes:
    """All bulletins of a part (1 to 4) issued from ``first`` to before ``end`` and by ``known_by`` (UTC), in order of
    their times; empty without any."""
    texts = [
        _bulletin(part, day, half, version, seed)
        for day, half, version in _issues(first, end, seed)
        if version.published_at <= known_by
    ]
    return "".join(f"\x01\n{text}\n\x03\n" for text in texts).encode("ascii")


def _issues(first: datetime, end: datetime, seed: int) -> Iterator[tuple[date, Half, Version]]:
    """Local day, half and version of the issues within a time."""
    halves: tuple[Half, Half] = ("AM", "PM")
    day = first.date() - timedelta(days=1)
    while day <= end.date():
        for half in halves:
            for version in versions_of_issue(day, half, seed=seed):
                if first <= version.published_at < end:
                    yield day, half, version
        day += timedelta(days=1)


@lru_cache(maxsize=256)
def _bulletin(part: int, day: date, half: Half, version: Version, seed: int) -> str:
    at = version.published_at
    local = at.astimezone(_OFFICE)
    is_morning = half == "AM"
    order = "HI/LO" if is_morning else "LO/HI"
    pair = "DAYTIME HIGH...NIGHTTIME LOW" if is_morning else "NIGHTTIME LOW...DAYTIME HIGH"
    before = day - timedelta(days=1 if is_morning else 0)
    dates = [before + timedelta(days=n) for n in range(3)]
    labels = [f"{_weekday(one)}{dots}{_month(one)} {one.day:>2}" for one, dots in zip(dates, _DOTS, strict=True)]
    clock = f"{local.hour % 12 or 12}{local:%M} {half} {local.tzname()}"
    head = [
        f"FPUS20 KWBN {at:%d%H%M}",
        f"SCS{part:02}",
        f"SELECTED CITIES WEATHER SUMMARY AND FORECASTS...PART {part} OF {PARTS}",
        "AIRWATCH PRACTICE WORLD",
        f"{clock} {_weekday(local)} {_month(local)} {local.day} {local.year}",
        "",
        f"TEMPERATURES INDICATE {pair}",
        "B INDICATES TEMPERATURES BELOW ZERO",
        "",
        f"{'':<32}FORECAST        FORECAST",
        f"{'':<17}{labels[0]:<15}{labels[1]:<16}{labels[2]}",
        f"{'CITY':<17}{order}   PCPN   WEA     {order}   WEA     {order}",
        "",
    ]
    return "\n".join([*head, *_lines(part, dates, is_morning, version, seed), "", "$$"])


def _lines(part: int, dates: Sequence[date], is_morning: bool, version: Version, seed: int) -> list[str]:
    """A line per city: what was observed on the first day, and the forecasts of the two after."""
    days = [_day(day, is_morning, None, seed) for day in dates[:1]]
    days += [_day(day, is_morning, version, seed) for day in dates[1:]]
    chosen = _CITIES[(part - 1) * len(_CITIES) // PARTS : part * len(_CITIES) // PARTS]
    return [_city_line(city, station, days, is_high_first=is_morning) for city, station in chosen]


def _day(day: date, is_morning: bool, version: Version | None, seed: int) -> _Day:
    """A day as ``version`` forecasts it, as it was without one; in the morning's bulletins with the night after it."""
    night = day + timedelta(days=1) if is_morning else day
    noon, high, low = _hour(day, NOON_UTC), _hour(day, HIGH_HOUR), _hour(night, LOW_HOUR)
    hours = np.array(sorted((noon, high, low)))
    if version is None:
        weather = observed(hours, seed=seed)
    else:
        run = version.published_at - timedelta(hours=RUN_BEFORE_HOURS)
        weather = forecast(hours, run_hour=_hour(run.date(), run.hour), seed=seed)
    fault_f = FAULT_F if version is not None and version.has_fault else 0.0
    rows = {hour: row for row, hour in enumerate(hours)}
    daily = weather.daily
    highest = (daily.temperature_c + daily.half_range_c)[rows[high]]
    lowest = (daily.temperature_c - daily.half_range_c)[rows[low]]
    return _Day(fahrenheit(highest) + fault_f, fahrenheit(lowest) + fault_f, weather, rows[noon])


def _city_line(city: str, station: int, days: Sequence[_Day], *, is_high_first: bool) -> str:
    pairs = [(_temperature(day.high_f[station]), _temperature(day.low_f[station])) for day in days]
    pairs = pairs if is_high_first else [(low, high) for high, low in pairs]
    rain = _inches(float(days[0].weather.daily.rain_mm[days[0].noon, station]) / 25.4)
    text = f"{city:<16}{pairs[0][0]:>3}{pairs[0][1]:>4}{rain:>6}"
    for day, pair in zip(days[1:], pairs[1:], strict=True):
        text += f"   {_word(day, station):<6}{'/'.join(pair):>7}"
    return text


def _temperature(degrees_f: float) -> str:
    whole = round(degrees_f)
    return f"{whole:02}" if whole >= 0 else f"B{-whole:02}"


def _inches(inches: float) -> str:
    """Rain of a day: nothing for none, TR for a trace."""
    if inches < 0.0005:
        return ""
    return "TR" if inches < 0.005 else f"{inches:.2f}".removeprefix("0")


def _word(day: _Day, station: int) -> str:
    """The word of a day: what falls, else wind, great heat or cold, else the sky."""
    daily, at = day.weather.daily, (day.noon, station)
    probability = 100.0 * daily.rain_probability[at]
    high = daily.temperature_c[at] + daily.half_range_c[at]
    if probability >= SHOWERS_PCT:
        if daily.temperature_c[at] < SNOW_C:
            return "SNOW" if probability >= RAIN_PCT else "FLRRYS"
        if high >= THUNDER_C:
            return "TSTRMS"
        return "RAIN" if probability >= RAIN_PCT else "SHWRS"
    if daily.speed_ms[at] >= WINDY_MS:
        return "WINDY"
    if high >= HOT_C or high <= COLD_C:
        return "VRYHOT" if high >= HOT_C else "VRYCLD"
    return next(word for limit, word in SKIES if daily.sky[at] < limit)


def _month(day: date) -> str:
    return _MONTHS[day.month - 1]


def _weekday(day: date) -> str:
    return _DAYS[day.weekday()]


def _hour(day: date, hour: int) -> int:
    return day.toordinal() * 24 + hour
