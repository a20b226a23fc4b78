"""Publication: the readings that are published on a given day, provisional at first and final later.

A day is published on the next one at the earliest. A quarter becomes final some months after its end: on that day a few
of its values are revised, a few are deleted and a few are published for the first time. The lag of AQS and its
restatements are options of the server.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.practice.world.aqi import pm25_aqi
from airwatch_dagster.practice.world.instruments import EVENT_SMOKE_UGM3, Flags, InstrumentYear, instrument_year
from airwatch_dagster.practice.world.network import MONITORS
from airwatch_dagster.practice.world.random_streams import Floats, Integers, normal, uniform
from airwatch_dagster.practice.world.restatements import Restatement, rewriting

FINAL_AFTER_DAYS: Final = 90
"""Days from the end of a quarter until its readings are final: AQS's deadline for agencies."""

REVISED_SHARE: Final = 0.04
"""Share of provisional readings with another final value."""

DELETED_SHARE: Final = 0.01
"""Share of provisional readings that are deleted when the quarter becomes final."""

LATE_SHARE: Final = 0.005
"""Share of final readings that were never published as provisional."""

REVISION_SPREAD: Final = 0.15
"""Relative standard deviation of a revised reading's provisional value around the final one."""

HOURS_FOR_A_DAY_VALUE: Final = 18
"""Hours from which a 24-hour block average counts as complete (75 %)."""

INCOMPLETE_WITH_DAY_VALUE: Final = 0.5
"""Share of incomplete days with a block average and their percentage; the others have hours only."""

EVENT_HOURS: Final = 8
"""Hours of a smoke day that the rows without events exclude."""

WITHOUT_EVENT_HOURS: Final = 0.7
"""Mean of the remaining hours divided by the mean of all."""


@dataclass(frozen=True)
class Publishing:
    """How AQS publishes: ``lag_days`` later than the next day, and with ``restatements`` afterwards.

    Raises ConfigurationError for a negative lag.
    """

    lag_days: int = 0
    restatements: tuple[Restatement, ...] = ()

    def __post_init__(self) -> None:
        if self.lag_days < 0:
            problem = f"a lag of {self.lag_days} days would publish the future"
            raise ConfigurationError("practice server", problem, fix="Give 0 or more days")

    def shown_on(self, day: date) -> date:
        """First day on which a day's readings are published: the next one plus the lag."""
        return day + timedelta(days=1 + self.lag_days)


AT_ONCE: Final = Publishing()
"""Every day is published on the next one, without restatements."""


def final_on(day: date) -> date:
    """First day on which a day's readings are published as final."""
    quarter = (day.month - 1) // 3
    next_quarter = date(day.year + 1, 1, 1) if quarter == 3 else date(day.year, 3 * quarter + 4, 1)
    return next_quarter + timedelta(days=FINAL_AFTER_DAYS)


def changed_on(year: int, *, today: date, publishing: Publishing = AT_ONCE) -> date:
    """Last day up to ``today`` on which the published data of a year changed; 1 January while nothing is published."""
    first_day, last_day = date(year, 1, 1), date(year, 12, 31)
    newest = min(today, publishing.shown_on(last_day))
    if newest < publishing.shown_on(first_day):
        return first_day
    finals = [final_on(date(year, month, 1)) for month in (1, 4, 7, 10)]
    restated = [each.on for each in publishing.restatements if each.first <= last_day and each.last >= first_day]
    return max([newest, *(day for day in finals + restated if day <= today)])


def published_year(year: int, *, seed: int, today: date, publishing: Publishing = AT_ONCE) -> pd.DataFrame:
    """A year's monitor-days as published on ``today``, one row each, in order of monitor and day.

    Columns: monitor (position in MONITORS), date_local (ISO text), hours_mean_ugm3 (mean of the observations),
    day_mean_ugm3 (24-hour value, truncated to 0.1; null when only hours are published), observation_count,
    observation_percent, day_percent (of the 24-hour value: 100 when complete), max_ugm3 and max_hour (of the hours),
    excluded_mean_ugm3 and excluded_count (without event hours), is_event, method_code, aqi (of day_mean_ugm3),
    last_change (ISO text). The frame is cached: do not modify it.
    """
    return _published_year(year, seed, changed_on(year, today=today, publishing=publishing), publishing)


@lru_cache(maxsize=16)
def _published_year(year: int, seed: int, today: date, publishing: Publishing) -> pd.DataFrame:
    final = instrument_year(year, seed=seed)
    rewritten = rewriting(publishing.restatements, final.days, seed=seed, today=today)
    final_ordinals = np.array([final_on(date.fromordinal(int(day))).toordinal() for day in final.days], dtype=np.int64)
    is_final = (final_ordinals <= today.toordinal())[:, None]
    fate = uniform(seed, "fate", days=final.days, items=np.arange(len(MONITORS)))
    revised = fate < REVISED_SHARE
    deleted = (fate >= REVISED_SHARE) & (fate < REVISED_SHARE + DELETED_SHARE)
    late = fate >= 1.0 - LATE_SHARE
    first_shown = final.days[:, None] + 1 + publishing.lag_days
    shown = (final.hours > 0) & (first_shown <= today.toordinal()) & np.where(is_final, ~deleted, ~late)
    error = normal(seed, "revision", days=final.days, items=np.arange(len(MONITORS))) * REVISION_SPREAD
    provisional = final.mean_ugm3 * (1.0 + error) + np.where(error < 0.0, -0.2, 0.2)  # wrong by a tenth at least
    mean = np.where(revised & ~is_final, provisional, final.mean_ugm3) * rewritten.factor
    finished = np.where((revised | late) & is_final, final_ordinals[:, None], 0)
    changed = np.maximum(np.maximum(first_shown, finished), rewritten.changed_on)
    shown &= ~rewritten.is_deleted
    return _frame(final, mean=mean, changed=changed, shown=shown, seed=seed)


def _frame(final: InstrumentYear, *, mean: Floats, changed: Integers, shown: Flags, seed: int) -> pd.DataFrame:
    """Rows of the published cells (days × monitors), monitor by monitor."""
    number, row = np.nonzero(shown.T)
    is_hourly = np.array([monitor.schedule == "hourly" for _, monitor in MONITORS])[number]
    claims_events = np.array([monitor.reports_events for _, monitor in MONITORS])[number]
    hours = final.hours[row, number]
    hours_mean = np.round(mean[row, number], 6)
    draws = uniform(seed, "detail", days=final.days, items=np.arange(3 * len(MONITORS))).reshape(-1, len(MONITORS), 3)
    has_value_anyway, excess, max_hour = draws[row, number].T
    is_complete = ~is_hourly | (hours >= HOURS_FOR_A_DAY_VALUE) | (has_value_anyway < INCOMPLETE_WITH_DAY_VALUE)
    day_mean = np.where(is_hourly, truncated_to_tenths(hours_mean), np.round(hours_mean, 1) + 0.0)
    percent = np.where(is_hourly, np.floor(hours / 24.0 * 100.0 + 0.5), 100.0)
    is_event = is_hourly & claims_events & (final.smoke_ugm3[row, number] > EVENT_SMOKE_UGM3)
    frame = pd.DataFrame(
        {
            "monitor": number,
            "date_local": _iso(final.days[row]),
            "hours_mean_ugm3": hours_mean,
            "day_mean_ugm3": np.where(is_complete, day_mean, np.nan),
            "observation_count": hours,
            "observation_percent": percent,
            "day_percent": np.where(hours >= HOURS_FOR_A_DAY_VALUE, 100.0, percent),
            "max_ugm3": np.round(hours_mean + 1.0 + np.abs(hours_mean) * (0.3 + 0.9 * excess), 1),
            "max_hour": np.floor(24.0 * max_hour).astype(np.int64),
            "excluded_mean_ugm3": np.where(is_event, np.round(WITHOUT_EVENT_HOURS * hours_mean, 6), hours_mean),
            "excluded_count": np.where(is_event, np.maximum(hours - EVENT_HOURS, 1), hours),
            "is_event": is_event,
            "method_code": final.method_codes[row, number],
            "last_change": _iso(changed[row, number]),
        }
    )
    return frame.assign(aqi=pm25_aqi(frame["day_mean_ugm3"].to_numpy()))


def _iso(ordinals: Integers) -> npt.NDArray[np.str_]:
    return (ordinals - date(1970, 1, 1).toordinal()).astype("datetime64[D]").astype(str)


def truncated_to_tenths(values: Floats) -> Floats:
    """Values (µg/m³) truncated to one decimal, as AQS does for block averages."""
    return np.round(np.trunc(np.round(values * 10.0, 6)) / 10.0, 1) + 0.0
