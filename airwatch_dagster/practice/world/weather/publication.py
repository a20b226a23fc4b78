"""When forecasts of the weather are published: usually soon, sometimes late, never, or a second time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

import numpy as np

from airwatch_dagster.practice.world.random_streams import Floats, uniform

LAG_MINUTES: Final = ((0.0, 36.0), (0.5, 44.0), (0.9, 62.0), (0.99, 136.0), (1.0, 857.0))
"""Shares of bulletins with the minutes from the run to publication that they keep, straight in between. Measured on
1,608 bulletins in NOAA's open data: median 44, 99 % within 136, longest 857."""

MISSING_SHARE: Final = 0.005
"""Share of runs without a bulletin, besides outages."""

OUTAGE_SHARE: Final = 0.02
OUTAGE_RUNS: Final = 5
"""Share of days with an outage, and consecutive runs of it that have no bulletin."""

REVISED_SHARE: Final = 0.01
"""Share of bulletins that are published a second time, because the first had a fault."""

REVISED_AFTER_HOURS: Final = (1.0, 30.0)
"""Shortest and longest time from the first publication to the second."""

NORMAL_ISSUE: Final[dict["Half", tuple[float, float, float]]] = {
    "AM": (12.0 + 50.0 / 60.0, 0.05, 2.5),
    "PM": (24.0 + 50.0 / 60.0, 0.015, 2.0),
}
"""Issues of selected cities: usual hour (UTC, from 00:00 UTC of the local day), share that is missing, and longest
delay, hours. As in 964 issues of 2021 and 2022, nine in ten of which came on the minute."""

SECOND_ISSUE_SHARE: Final = 0.035
"""Share of them with a second issue on the same half-day."""

Half = Literal["AM", "PM"]


@dataclass(frozen=True)
class Version:
    """A bulletin as it was published at a time (UTC)."""

    published_at: datetime
    has_fault: bool = False
    """Its temperatures are wrong; a later version has them right."""


def versions_of_run(run_at: datetime, *, seed: int) -> tuple[Version, ...]:
    """The versions of the bulletin of a run at a full hour (UTC), in order; none for a missing one."""
    hour, draws = run_at.hour, _draws("weather.publication", run_at.date(), 6 * 24 + 2, seed)
    lag, lost, revised, delay = draws[6 * hour : 6 * hour + 4]
    outage, begins = draws[-2:]
    is_out = outage < OUTAGE_SHARE and 0 <= hour - int(24 * begins) < OUTAGE_RUNS
    if is_out or lost < MISSING_SHARE:
        return ()
    first = _second(run_at + timedelta(minutes=float(np.interp(lag, *np.array(LAG_MINUTES).T))))
    if revised >= REVISED_SHARE:
        return (Version(first),)
    shortest, longest = REVISED_AFTER_HOURS
    again = _second(first + timedelta(hours=float(shortest + (longest - shortest) * delay)))
    return Version(first, has_fault=True), Version(again)


def versions_of_issue(day: date, half: Half, *, seed: int) -> tuple[Version, ...]:
    """The issues of selected cities in a half of a local day, in order, at full minutes; none where it is missing."""
    lost, late, delay, again = _draws(f"weather.cities.{half}", day, 4, seed)
    usual, missing_share, longest = NORMAL_ISSUE[half]
    if lost < missing_share:
        return ()
    hours = usual + (longest * delay if late < 0.1 else 0.0)
    first = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=round(60.0 * hours))
    if again >= SECOND_ISSUE_SHARE:
        return (Version(first),)
    return Version(first, has_fault=True), Version(first + timedelta(minutes=25 + int(20 * delay)))


def _draws(stream: str, day: date, count: int, seed: int) -> Floats:
    return uniform(seed, stream, days=np.array([day.toordinal()]), items=np.arange(count))[0]


def _second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
