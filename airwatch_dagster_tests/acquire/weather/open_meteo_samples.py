"""A stub of Open-Meteo: answers in the form that its documentation gives, each value telling what was asked."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd

from airwatch_dagster.acquire.weather.open_meteo.models import UNITS
from airwatch_dagster_tests.stub_servers import Answer

Value = Callable[[str, int, pd.Timestamp, int], float | None]
"""A value by variable, days before (0 for a single run), time and the number of the place in the request."""


def calm(variable: str, lead: int, at: pd.Timestamp, place: int) -> float | None:
    """The same weather everywhere and always."""
    return {
        "temperature_2m": 20.0,
        "dew_point_2m": 10.0,
        "wind_speed_10m": 5.0,
        "wind_direction_10m": 270.0,
        "precipitation": 0.5,
        "cloud_cover": 40,
        "precipitation_probability": 30,
        "boundary_layer_height": 800.0,
    }[variable]


def body(asked: dict[str, str], value: Value) -> bytes:
    """What Open-Meteo answers to the query's parameters: an object for one place, a list for several."""
    if "run" in asked:
        start = pd.Timestamp(asked["run"]).floor("D")
        days = int(asked["forecast_days"])
    else:
        start = pd.Timestamp(asked["start_date"])
        days = (pd.Timestamp(asked["end_date"]) - start).days + 1
    times = pd.date_range(start, periods=24 * days, freq="h")
    places = []
    for number, (latitude, longitude) in enumerate(
        zip(asked["latitude"].split(","), asked["longitude"].split(","), strict=True)
    ):
        hourly: dict[str, Any] = {"time": [f"{time:%Y-%m-%dT%H:%M}" for time in times]}
        for name in asked["hourly"].split(","):
            variable, _, lead = name.partition("_previous_day")
            hourly[name] = [value(variable, int(lead or 0), time, number) for time in times]
        units = {"time": "iso8601"} | {
            name: UNITS[name.partition("_previous_day")[0]] for name in hourly if name != "time"
        }
        place = {
            "latitude": float(latitude) + 0.01,
            "longitude": float(longitude) - 0.01,
            "generationtime_ms": 0.2,
            "utc_offset_seconds": 0,
            "timezone": "GMT",
            "timezone_abbreviation": "GMT",
            "elevation": 180.0,
            "hourly_units": units,
            "hourly": hourly,
        }
        places.append(place | ({"location_id": number} if number else {}))
    return json.dumps(places[0] if len(places) == 1 else places).encode()


def error(reason: str) -> bytes:
    """Open-Meteo's answer to a request that it refuses."""
    return json.dumps({"error": True, "reason": reason}).encode()


@dataclass
class OpenMeteo:
    """The stub: answers by ``value``, or what ``instead`` says of the query's parameters; remembers them."""

    value: Value = calm
    instead: Callable[[dict[str, str]], Answer | None] = lambda asked: None
    asked: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, target: str) -> Answer:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
        self.asked.append(asked)
        return self.instead(asked) or (200, body(asked, self.value), {"Content-Type": "application/json"})


@dataclass
class Clock:
    """A clock that sleeping moves on."""

    now: float
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @classmethod
    def at(cls, moment: str) -> "Clock":
        return cls(pd.Timestamp(moment, tz="UTC").timestamp())
