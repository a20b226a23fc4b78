"""Sampling schedule of each site, derived from its own readings."""

from typing import Final

import numpy as np
import pandas as pd

DAYS_BETWEEN_SAMPLES: Final = {"daily": 1, "1-in-3": 3, "1-in-6": 6}
"""Days from one sample to the next. Source: 40 CFR 58.12(d)."""

NATIONAL_SAMPLE_DAYS: Final = {"1-in-3": pd.Timestamp("2021-01-01"), "1-in-6": pd.Timestamp("2021-01-04")}
"""A nationwide sampling day of the schedule; all other days are counted from it, backwards too.

Measured on EPA's daily files of 2012 and 2018-21: all 1-in-3 filters of each year have this phase, as have 100 % of the
1-in-6 filters in 2012 and 83-87 % later; the others run three days apart from them. Two percent of samples are taken on
other days, mostly the next one."""

SCHEDULE_DAYS: Final = 92
"""Days up to a site's last reading from which its schedule is derived: a quarter, or 15 samples at 1-in-6.

A changed schedule is recognised after a few weeks. A site whose daily monitor fails while a filter continues counts as
daily for about ten weeks."""

MIN_READINGS: Final = 5
"""Readings needed to derive a schedule: those of a 1-in-6 sampler in a month."""

DAILY_SHARE: Final = 0.5
"""Share of a site's readings followed by one on the next day, from which on the site counts as daily.

Measured per site and quarter in 2012 and 2018-21: 4,160 of 4,193 site-quarters of filters have at most 0.2, 7,544 of
7,550 others at least 0.6, and 11 of 11,743 lie between 0.4 and 0.6."""

ON_SCHEDULE_SHARE: Final = 0.65
"""Share of a filter site's readings on 1-in-6 days, from which on it counts as 1-in-6: a 1-in-3 site has half of them
there. In the same site-quarters, 3,703 of 4,193 have at most 0.65, 476 at least 0.75."""

MIN_ON_SCHEDULE_SHARE: Final = 0.5
"""Share on 1-in-3 days below which a filter site follows neither schedule, as when it samples every other day: one of
3,704."""

_ORIGIN: Final = NATIONAL_SAMPLE_DAYS["1-in-3"]
_LONGEST: Final = max(DAYS_BETWEEN_SAMPLES.values())


def sampling_schedules(site_days: pd.DataFrame) -> pd.DataFrame:
    """One row per site of ``site_days``, by site_id: ``schedule`` and ``phase``, from its last quarter of readings.

    The samplers of a site count together, so the most frequent one decides. Single samples on other days do not matter.
    ``schedule`` is ``unknown`` below ``MIN_READINGS`` readings and when the days fit none. ``phase`` is the remainder
    of the day that ``is_due`` needs, 0 when daily or unknown. Invalid readings count, because the sampler ran.
    """
    readings = _recent(site_days)
    # Number of readings by site and remainder of the day in six, and then in three.
    remainder = _day_numbers(readings["date_local"]) % _LONGEST
    counted = pd.crosstab(readings["site_id"], remainder).reindex(columns=range(_LONGEST), fill_value=0)
    in_six = counted.to_numpy()
    in_three = in_six[:, :3] + in_six[:, 3:]
    sites = readings.groupby("site_id", sort=True)["is_followed"].agg(["size", "mean"])
    on_six, on_three = (counts.max(axis=1) / sites["size"].to_numpy() for counts in (in_six, in_three))
    is_kind = [
        sites["size"].to_numpy() < MIN_READINGS,
        sites["mean"].to_numpy() >= DAILY_SHARE,
        on_six >= ON_SCHEDULE_SHARE,
        on_three >= MIN_ON_SCHEDULE_SHARE,
    ]
    schedule = np.select(is_kind, ["unknown", "daily", "1-in-6", "1-in-3"], default="unknown")
    phase = np.select(is_kind, [0, 0, in_six.argmax(axis=1), in_three.argmax(axis=1)], default=0)
    return pd.DataFrame({"schedule": schedule, "phase": phase}, index=sites.index)


def is_due(days: pd.Series, *, schedule: pd.Series, phase: pd.Series) -> pd.Series:
    """Whether a sampler of the schedule and phase is due on each day, row by row; never when unknown."""
    step = schedule.map(DAYS_BETWEEN_SAMPLES)
    return step.notna() & (_day_numbers(days) % step.fillna(1) == phase)


def _recent(site_days: pd.DataFrame) -> pd.DataFrame:
    """Days with readings in each site's last quarter, and whether the next day has a reading too."""
    readings = site_days[["site_id", "date_local"]].drop_duplicates().sort_values(["site_id", "date_local"])
    days = readings.groupby("site_id")["date_local"]
    is_recent = readings["date_local"] > days.transform("max") - pd.Timedelta(days=SCHEDULE_DAYS)
    is_followed = days.shift(-1) - readings["date_local"] == pd.Timedelta(days=1)
    return readings.assign(is_followed=is_followed)[is_recent]


def _day_numbers(days: pd.Series) -> pd.Series:
    """Days since the origin of the national sampling calendar; negative before it."""
    return (days - _ORIGIN).dt.days
