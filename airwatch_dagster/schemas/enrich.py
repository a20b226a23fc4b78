"""Tables of the enrich stage: what was knowable about a site at the end of an issue day."""

from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.schemas import columns as c
from airwatch_dagster.schemas.base import Table, table

LAG_DAYS: Final = (0, 1, 2, 3, 4, 5, 6)
"""Days before the issue day whose own value is a feature: a week, so that every weekday is seen once."""

SECTORS: Final = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
"""Directions in which neighbours lie, each 45 degrees wide."""

NEIGHBOUR_MEANS: Final = {
    "nearby": "nearby, weights falling by distance",
    **{f"near_{sector}": f"up to 400 km to the {sector.upper()}, weights falling by distance" for sector in SECTORS},
    **{f"far_{sector}": f"400-800 km to the {sector.upper()}, equal weights" for sector in SECTORS},
}
"""Groups of neighbours whose weighted means are features."""

NEIGHBOUR_MEASURES: Final = {
    "_ugm3": "PM2.5 of sites {group}",
    "_anomaly_ugm3": "Departure from their own 28-day mean of sites {group}",
    "_change_ugm3": "Change since the day before of sites {group} that reported both days",
}
"""What is averaged over a group of neighbours."""


MAP_SAMPLES: Final = {
    **{f"around_{km}km": f"around the site, smoothed over {km} km" for km in (50, 150, 400)},
    **{f"offset_300km_{sector}": f"300 km to the {sector.upper()} of it, smoothed over 120 km" for sector in SECTORS},
    **{f"offset_800km_{sector}": f"800 km to the {sector.upper()} of it, smoothed over 250 km" for sector in SECTORS},
}
"""Places around a site at which a smoothed map of the other sites is read."""

_LOG_ANOMALY: Final = "Log departure of the other sites from their own 28-day means"


ADVECTION: Final = {
    "advected_log": "Log anomaly that the day's map brings if it moves on as it did since yesterday",
    "advected_broadly_log": "The same, with more weight on the second-best ways to move",
    "flow_east_km": "How far east lay what came to the site since yesterday, by the maps; negative: west",
    "flow_north_km": "How far north lay what came to the site since yesterday, by the maps; negative: south",
    "stillness_error": "Mean squared log error of yesterday's map, unmoved, as today's",
    "flow_gain": "How much of that error the best way to move takes away",
}
"""What two days' maps tell of the flow of air around a site."""

ADVECTION_COLUMNS: Final = frozenset(ADVECTION)


def derived(description: str) -> Any:
    """A number computed from readings; null where nothing was observed to compute it from."""
    return c.field(f"{description}, µg/m³", nullable=True)


def _around() -> type[Table]:
    """A schema with one column per group of neighbours and measure, so that fifty declarations need not be typed
    out."""
    fields = {
        f"{group}_pm25{suffix}": derived(text.format(group=where))
        for group, where in NEIGHBOUR_MEANS.items()
        for suffix, text in NEIGHBOUR_MEASURES.items()
    }
    fields |= {
        f"{place}_log{suffix}": c.field(f"{_LOG_ANOMALY}, {where}, {day}; 0 where none reports", ge=-2.0, le=2.0)
        for place, where in MAP_SAMPLES.items()
        for suffix, day in {"": "on the issue day", "_before": "the day before"}.items()
    }
    fields |= {
        name: c.field(f"{what}; null where too few sites report to tell", nullable=True)
        for name, what in ADVECTION.items()
    }
    namespace = {"__annotations__": dict.fromkeys(fields, np.float32), "__module__": __name__, **fields}
    return type("_Around", (Table,), namespace)


class _Own(Table):
    """The site and its own last four weeks."""

    site_id: str = c.site_id()
    issue_date: pd.Timestamp = c.issue_date()
    latitude: float = c.latitude()
    longitude: float = c.longitude()
    method_code: str = c.method_code()
    cbsa_code: str = c.cbsa_code()
    state_code: str = c.state_code()
    days_since_observed: int = c.field(
        "Days from the site's last valid reading to the issue day; 0 when observed on it", ge=0, le=27
    )
    observed_days_7d: int = c.field("Valid days among the 7 that end on the issue day", ge=0, le=7)
    observed_days_28d: int = c.field("Valid days among the 28 that end on the issue day", ge=1, le=28)
    season_sin: np.float32 = c.field("Sine of the day of the year", ge=-1.0, le=1.0)
    season_cos: np.float32 = c.field("Cosine of the day of the year", ge=-1.0, le=1.0)
    weekday: int = c.field("Day of the week of the issue day, 0 = Monday", ge=0, le=6)
    pm25_last_ugm3: np.float32 = c.pm25("Last valid PM2.5")
    pm25_lag_0d_ugm3: np.float32 = derived("PM2.5 on the issue day")
    pm25_lag_1d_ugm3: np.float32 = derived("PM2.5 1 day before the issue day")
    pm25_lag_2d_ugm3: np.float32 = derived("PM2.5 2 days before the issue day")
    pm25_lag_3d_ugm3: np.float32 = derived("PM2.5 3 days before the issue day")
    pm25_lag_4d_ugm3: np.float32 = derived("PM2.5 4 days before the issue day")
    pm25_lag_5d_ugm3: np.float32 = derived("PM2.5 5 days before the issue day")
    pm25_lag_6d_ugm3: np.float32 = derived("PM2.5 6 days before the issue day")
    pm25_mean_3d_ugm3: np.float32 = derived("Mean of the 3 days that end on the issue day")
    pm25_mean_7d_ugm3: np.float32 = derived("Mean of the 7 days that end on the issue day")
    pm25_mean_14d_ugm3: np.float32 = derived("Mean of the 14 days that end on the issue day")
    pm25_mean_28d_ugm3: np.float32 = c.pm25("Mean of the 28 days that end on the issue day")
    pm25_std_7d_ugm3: np.float32 = derived("Standard deviation over the 7 days that end on the issue day")
    pm25_std_28d_ugm3: np.float32 = derived("Standard deviation over the 28 days that end on the issue day")
    pm25_max_7d_ugm3: np.float32 = derived("Highest of the 7 days that end on the issue day")
    pm25_max_28d_ugm3: np.float32 = c.pm25("Highest of the 28 days that end on the issue day")


@table(grain="day", key=("site_id", "issue_date"), partition_column="issue_date")
class Features(_around(), _Own):  # type: ignore[misc]
    """What was knowable about one site at the end of the issue day."""
