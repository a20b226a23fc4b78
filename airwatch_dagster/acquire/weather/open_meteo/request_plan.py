"""Requests for the hours around an issue day at sites, and what they cost."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

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

    def of(self, places: Sequence[tuple[float, float]]) -> "HourlyRequest":
        """The same for other places."""
        return replace(self, places=tuple(places))

    def alone(self) -> list["HourlyRequest"]:
        """One request for each place."""
        return [self.of((place,)) for place in self.places]

    def parts(self) -> list["HourlyRequest"]:
        """Requests of at most PLACES_PER_REQUEST places, in their order."""
        starts = range(0, len(self.places), PLACES_PER_REQUEST)
        return [self.of(self.places[start : start + PLACES_PER_REQUEST]) for start in starts]

    def halves(self) -> list["HourlyRequest"]:
        """The first and the second half of the places."""
        middle = len(self.places) // 2
        return [self.of(self.places[:middle]), self.of(self.places[middle:])]


@dataclass(frozen=True)
class Cost:
    """Estimated cost of answers."""

    requests: int
    """Requests that still have to be made, at least."""
    calls: float
    """What they count against the limits."""
    seconds: float
    """How long the limits of the free service make them take, at least."""
    cached_places: int
    """Answers for one place that are kept."""


def cost_of(pending: Sequence[HourlyRequest], *, cached: int = 0) -> Cost:
    """Cost of what is ``pending``, requests for one place each, beside ``cached`` ones."""
    counts = Counter(request.of(()) for request in pending)
    requests = sum(-(-count // PLACES_PER_REQUEST) for count in counts.values())
    calls = sum(request.calls for request in pending)
    seconds = max((calls - limit.calls) * limit.seconds / limit.calls for limit in LIMITS)
    return Cost(requests, calls, max(seconds, 0.0), cached)


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


def places_of_sites(sites: pd.DataFrame) -> tuple[tuple[float, float], ...]:
    """Latitude and longitude of each site, in their order."""
    return tuple(zip(sites["latitude"].astype(float), sites["longitude"].astype(float), strict=True))
