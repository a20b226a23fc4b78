"""Site-days of a simulated network for alarms: air that neighbours share, in the shape of real readings.

PM2.5 is log-normal with a season, a regional part that lasts for days and fades over some 500 km, and each site's own
part. A site differs from its six neighbours as in the real network of Georgia: by 0.14 of log PM2.5 on
a day (standard deviation) and 0.07 in monthly means. Two episodes of smoke in the last summer reach all sites.
"""

from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.builders import SITE_DAY_ROW
from benchmarks.alarm_history import AreaHistory

FIRST: Final = "2019-01-01"
LAST: Final = "2021-12-31"
FADES_KM: Final = 500.0
SMOKE: Final = (("2021-07-12", 4), ("2021-08-03", 3))
"""First days and lengths of episodes in which the air has five times its PM2.5."""


def simulated_history(*, own: int = 16, context: int = 12, seed: int = 7) -> AreaHistory:
    """A state of ``own`` sites, and ``context`` sites around it, in three years of daily readings."""
    draw = np.random.default_rng(seed)
    days = pd.date_range(FIRST, LAST)
    count = own + context
    east, north = draw.uniform(-150, 150, own), draw.uniform(-150, 150, own)
    angle, far = draw.uniform(0, 2 * np.pi, context), draw.uniform(170, 330, context)
    east, north = np.append(east, far * np.cos(angle)), np.append(north, far * np.sin(angle))
    distance = np.hypot(east[:, None] - east, north[:, None] - north)
    root = np.linalg.cholesky(np.exp(-distance / FADES_KM) + 1e-6 * np.eye(count))
    shared = np.zeros((len(days), count))
    for day in range(1, len(days)):
        shared[day] = 0.65 * shared[day - 1] + 0.36 * (root @ draw.normal(size=count))
    season = 0.15 * np.cos(2 * np.pi * (days.dayofyear.to_numpy() - 15) / 182.6)
    level = draw.normal(2.05, 0.15, count)
    log = level + season[:, None] + shared + draw.normal(0, 0.11, (len(days), count))
    for start, length in SMOKE:
        at = days.get_loc(start)
        log[at : at + length] += np.log(5.0)
    site_ids = [f"55{25 if number < own else 27:03d}{number + 1:04d}" for number in range(count)]
    rows = pd.DataFrame(np.exp(log).round(1), index=days, columns=site_ids).rename_axis("date_local").reset_index()
    rows = rows.melt("date_local", var_name="site_id", value_name="pm25_ugm3")
    rows = rows[draw.random(len(rows)) > 0.03].reset_index(drop=True)
    places = pd.DataFrame({"latitude": 44.5 + north / 111.2, "longitude": -89.5 + east / 79.3}, index=site_ids)
    rows = rows.join(places, on="site_id").assign(state_code="55")
    whole = pd.DataFrame({**SITE_DAY_ROW, **{name: rows[name] for name in rows}})[TABLES["site_days"].column_names]
    return AreaHistory(
        area="state:55",
        name="Wisconsin",
        site_days=whole.sort_values(["date_local", "site_id"], ignore_index=True),
        in_area=frozenset(site_ids[:own]),
        changes=TABLES["monitor_changes"].empty(),
    )
