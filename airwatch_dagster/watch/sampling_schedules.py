"""How often a site samples, and on which days: told from its own readings."""

from typing import Final

import numpy as np
import pandas as pd

DAYS_BETWEEN_SAMPLES: Final = {"daily": 1, "1-in-3": 3, "1-in-6": 6}
"""Days from one sample to the next. Source: 40 CFR 58.12(d)."""

NATIONAL_SAMPLE_DAYS: Final = {"1-in-3": pd.Timestamp("2021-01-01"), "1-in-6": pd.Timestamp("2021-01-04")}
"""A day on which the schedule's samplers run, nationwide, and from which all others are counted, backwards too.

Measured on EPA's daily files of 2012 and 2018-21: every one of the 1-in-3 filters of each year has this phase, and so
have 100 % of the 1-in-6 filters in 2012 and 83-87 % later; the rest of those run three days apart from them. Two
percent of samples are taken on other days, most of them on the next."""

SCHEDULE_DAYS: Final = 92
"""Days up to a site's last reading that tell its schedule: a quarter, hence 15 samples at 1-in-6, all taken.

A site that changes its schedule counts by the new one after a few weeks; one whose daily monitor is out of order
while a filter goes on counts as daily for about ten weeks."""

MIN_READINGS: Final = 5
"""Readings that tell a schedule: what a 1-in-6 sampler takes in a month."""

DAILY_SHARE: Final = 0.5
"""Share of a site's readings that are followed by one on the next day from which on it samples daily.

Measured per site and quarter in 2012 and 2018-21: 4,160 of 4,193 site-quarters of filters have at most 0.2, 7,544 of
7,550 others at least 0.6, and 11 of 11,743 lie between 0.4 and 0.6."""

ON_SCHEDULE_SHARE: Final = 0.65
"""Share of a filter site's readings on the days of 1-in-6 from which on it is not more frequent: a 1-in-3 site has half
there. In the same site-quarters, 3,703 of 4,193 have at most 0.65, 476 at least 0.75."""

MIN_ON_SCHEDULE_SHARE: Final = 0.5
"""Share on the days of 1-in-3 below which a filter site follows neither schedule, such as one that samples every other
day: one of 3,704."""

_ORIGIN: Final = NATIONAL_SAMPLE_DAYS["1-in-3"]
_LONGEST: Final = max(DAYS_BETWEEN_SAMPLES.values())


def sampling_schedules(site_days: pd.DataFrame) -> pd.DataFrame:
    """One row per site of ``site_days``, by site_id: its ``schedule`` and ``phase``, from its last quarter of readings.

    A site with several samplers counts by what they cover together, hence by the most frequent. Samples made up on
    another day do not mislead. ``unknown`` below ``FEWEST_READINGS`` and off every schedule. ``phase`` is the
    remainder that ``is_due`` needs: sites may run on any; 0 when daily or unknown. Invalid readings count: the sampler
    ran.
    """
    readings = _recent(site_days)
    in_six = _readings_by_remainder(readings)
    in_three = in_six[:, :3] + in_six[:, 3:]
    sites = readings.groupby("site_id", sort=True)["is_followed"].agg(["size", "mean"])
    on_six, on_three = (counts.max(axis=1) / sites["size"].to_numpy() for counts in (in_six, in_three))
    told_apart = [
        sites["size"].to_numpy() < MIN_READINGS,
        sites["mean"].to_numpy() >= DAILY_SHARE,
        on_six >= ON_SCHEDULE_SHARE,
        on_three >= MIN_ON_SCHEDULE_SHARE,
    ]
    schedule = np.select(told_apart, ["unknown", "daily", "1-in-6", "1-in-3"], default="unknown")
    phase = np.select(told_apart, [0, 0, in_six.argmax(axis=1), in_three.argmax(axis=1)], default=0)
    return pd.DataFrame({"schedule": schedule, "phase": phase}, index=sites.index)


def is_due(days: pd.Series, *, schedule: pd.Series, phase: pd.Series) -> pd.Series:
    """Whether a sampler of the schedule runs on each day, row by row; never on an unknown one."""
    step = schedule.map(DAYS_BETWEEN_SAMPLES)
    return step.notna() & (_day_numbers(days) % step.fillna(1) == phase)


def _recent(site_days: pd.DataFrame) -> pd.DataFrame:
    """The days with a reading in each site's last quarter of readings, and whether the next day has one too."""
    readings = site_days[["site_id", "date_local"]].drop_duplicates().sort_values(["site_id", "date_local"])
    days = readings.groupby("site_id")["date_local"]
    is_recent = readings["date_local"] > days.transform("max") - pd.Timedelta(days=SCHEDULE_DAYS)
    is_followed = days.shift(-1) - readings["date_local"] == pd.Timedelta(days=1)
    return readings.assign(is_followed=is_followed)[is_recent]


def _readings_by_remainder(readings: pd.DataFrame) -> np.ndarray:
    """Readings of each site, in order of its id, by the remainder of their day in six."""
    remainder = _day_numbers(readings["date_local"]) % _LONGEST
    counts = pd.crosstab(readings["site_id"], remainder).reindex(columns=range(_LONGEST), fill_value=0)
    return counts.to_numpy()


def _day_numbers(days: pd.Series) -> pd.Series:
    """Days since the first sample day of the national calendar's count; negative before it."""
    return (days - _ORIGIN).dt.days
