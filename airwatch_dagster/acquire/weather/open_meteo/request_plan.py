"""Requests for the hours around an issue day at sites, and what they cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.weather.open_meteo.call_budget import LIMITS
from airwatch_dagster.acquire.weather.open_meteo.site_days import EVENING
from airwatch_dagster.schemas.weather import WEATHER_HORIZONS_DAYS

PLACES_PER_REQUEST: Final = 50
"""Places of one request. Open-Meteo allows 1,000 and 64,000 characters of URL (its issues 1295 and 715); 50 have about
2,000, and with a fortnight of 24 variables about 2 MB, which a broken connection costs at most."""

DAYS_PER_CALL: Final = 14
"""Days that cost no more than one. Source: Open-Meteo's page of prices."""

VARIABLES_PER_CALL: Final = 10
"""Variables that cost no more than one. Source: the same."""

SINGLE_RUN_DAYS: Final = 6
"""Days of a single run from that of its start on: the issue day, the three after it and a zone's hours."""

_MINUTE: Final = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True)
class HourlyRequest:
    """One request: hourly variables of a model at places, for UTC days or of one run."""

    model: str
    places: tuple[tuple[float, float], ...]
    """Latitude and longitude, degrees."""
    hourly: tuple[str, ...]
    first: date
    last: date
    """UTC days, both included; of a run, the days from its start on."""
    run: pd.Timestamp | None = None
    """Start of the single run; None for previous runs."""

    @property
    def days(self) -> int:
        """UTC days from first to last."""
        return (self.last - self.first).days + 1

    @property
    def calls(self) -> float:
        """What it counts against the limits: per place one, times variables / 10 and days / 14 where these are more
        than one. Source: Open-Meteo's page of prices and its issue 1295."""
        each = max(1.0, len(self.hourly) / VARIABLES_PER_CALL) * max(1.0, self.days / DAYS_PER_CALL)
        return len(self.places) * each

    @property
    def params(self) -> dict[str, str]:
        """All query parameters except the key."""
        if self.run is None:
            when = {"start_date": f"{self.first}", "end_date": f"{self.last}"}
        else:
            when = {"run": f"{self.run:{_MINUTE}}", "forecast_days": f"{self.days}"}
        return {
            "latitude": ",".join(f"{latitude:.4f}" for latitude, _ in self.places),
            "longitude": ",".join(f"{longitude:.4f}" for _, longitude in self.places),
            "hourly": ",".join(self.hourly),
            "models": self.model,
            "wind_speed_unit": "ms",
            "timezone": "GMT",
            **when,
        }

    def halves(self) -> tuple["HourlyRequest", "HourlyRequest"]:
        """The same for the first and for the second half of the places."""
        middle = len(self.places) // 2
        return self._with(self.places[:middle]), self._with(self.places[middle:])

    def _with(self, places: tuple[tuple[float, float], ...]) -> "HourlyRequest":
        return HourlyRequest(self.model, places, self.hourly, self.first, self.last, self.run)


@dataclass(frozen=True)
class Cost:
    """Estimated cost of requests."""

    requests: int
    """Those that still have to be made."""
    calls: float
    """What they count against the limits."""
    seconds: float
    """How long the limits of the free service make them take, at least."""
    cached_requests: int
    """Those that were answered before."""


def cost_of(requests: Sequence[HourlyRequest], *, cached: int = 0) -> Cost:
    """Cost of ``requests``, the ones to make, beside ``cached`` ones."""
    calls = sum(request.calls for request in requests)
    seconds = max((calls - limit.calls) * limit.seconds / limit.calls for limit in LIMITS)
    return Cost(len(requests), calls, max(seconds, 0.0), cached)


def hours_needed(issue_day: date) -> pd.DatetimeIndex:
    """The hours (naive UTC) of ``issue_day`` and the three days after in any zone of the US, and of the night that ends
    on the issue day: from 19:00 in Guam, 10 hours ahead of UTC, to midnight in American Samoa, 11 behind."""
    day = pd.Timestamp(issue_day)
    first = day - pd.Timedelta(days=1) + pd.Timedelta(hours=EVENING - 10)
    last = day + pd.Timedelta(days=max(WEATHER_HORIZONS_DAYS) + 1, hours=11)
    return pd.date_range(first, last, freq="h").as_unit("ns")


def spans_of(first: date, last: date, *, today: date) -> list[tuple[date, date]]:
    """The days in spans to ask for: of days that are over, the whole fortnights that they are in, counted from
    1 January 1970, so that a backfill asks each once. Of a fortnight that is not over, and of days that are not, only
    the days themselves: what is said of them changes. A fortnight costs what a day costs.
    """
    if last >= today:
        return [(first, last)]
    spans = []
    begin = first - timedelta(days=(first - date(1970, 1, 1)).days % DAYS_PER_CALL)
    while begin <= last:
        end = begin + timedelta(days=DAYS_PER_CALL - 1)
        spans.append((begin, end) if end < today else (max(begin, first), min(end, last)))
        begin = end + timedelta(days=1)
    return spans


def by_places(sites: pd.DataFrame) -> list[tuple[tuple[tuple[float, float], ...], np.ndarray]]:
    """Places (latitude, longitude) of at most PLACES_PER_REQUEST sites each, with their positions in ``sites``."""
    degrees = list(zip(sites["latitude"].astype(float), sites["longitude"].astype(float), strict=True))
    starts = range(0, len(sites), PLACES_PER_REQUEST)
    parts = [np.arange(start, min(start + PLACES_PER_REQUEST, len(sites))) for start in starts]
    return [(tuple(degrees[position] for position in part), part) for part in parts]
