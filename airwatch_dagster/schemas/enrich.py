"""Tables of the enrich stage: features of a site, known at the end of the issue date."""

from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.schemas import columns as c
from airwatch_dagster.schemas.base import Table, table

LAG_DAYS: Final = (0, 1, 2, 3, 4, 5, 6)
"""Days before the issue date whose own value is a feature: a week, so that every weekday occurs once."""

SECTORS: Final = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
"""Directions in which neighbours lie, each 45 degrees wide."""

NEIGHBOUR_MEANS: Final = {
    "nearby": "within 800 km, weighted by distance",
    **{f"near_{sector}": f"up to 400 km to the {sector.upper()}, weighted by distance" for sector in SECTORS},
    **{f"far_{sector}": f"400-800 km to the {sector.upper()}, equally weighted" for sector in SECTORS},
}
"""Groups of neighbours whose weighted means are features."""

NEIGHBOUR_MEASURES: Final = {
    "_ugm3": "Mean PM2.5, sites {group}",
    "_anomaly_ugm3": "Mean departure from the own 28-day mean, sites {group}",
    "_change_ugm3": "Mean change since the day before where both days are reported, sites {group}",
}
"""Quantities averaged over a group of neighbours, by column suffix."""

MAP_SAMPLES: Final = {
    **{f"around_{km}km": f"at the site, smoothed over {km} km" for km in (50, 150, 400)},
    **{f"offset_300km_{sector}": f"300 km {sector.upper()} of the site, smoothed over 120 km" for sector in SECTORS},
    **{f"offset_800km_{sector}": f"800 km {sector.upper()} of the site, smoothed over 250 km" for sector in SECTORS},
}
"""Points at which the smoothed map of the other sites is sampled, by column prefix."""

_LOG_ANOMALY: Final = "Log anomaly (departure of log PM2.5 from the site's 28-day mean) of the other sites"

ADVECTION: Final = {
    "advected_log": "Log anomaly that reaches the site tomorrow if the map keeps moving as it did since yesterday",
    "advected_broadly_log": "The same as advected_log, with more weight on less likely motions",
    "flow_east_km": "Distance east of the site from which its air came since yesterday, km; negative: west",
    "flow_north_km": "Distance north of the site from which its air came since yesterday, km; negative: south",
    "stillness_error": "Mean squared log error of yesterday's unmoved map as an estimate of today's",
    "flow_gain": "Reduction of stillness_error by the best motion",
}
"""Features of the air's motion around a site, estimated from the maps of two days."""

ADVECTION_COLUMNS: Final = frozenset(ADVECTION)


def derived(description: str) -> Any:
    """A number computed from readings, µg/m³; null without any."""
    return c.field(f"{description}, µg/m³; null without any observation", nullable=True)


def _around() -> type[Table]:
    """Schema of the columns that are generated: neighbour means, map samples and advection."""
    fields = {
        f"{group}_pm25{suffix}": derived(text.format(group=where))
        for group, where in NEIGHBOUR_MEANS.items()
        for suffix, text in NEIGHBOUR_MEASURES.items()
    }
    fields |= {
        f"{place}_log{suffix}": c.field(f"{_LOG_ANOMALY}, {where}, {day}; 0 where no site reports", ge=-2.0, le=2.0)
        for place, where in MAP_SAMPLES.items()
        for suffix, day in {"": "on the issue date", "_before": "the day before"}.items()
    }
    fields |= {
        name: c.field(f"{what}; null where too few sites report", nullable=True) for name, what in ADVECTION.items()
    }
    namespace = {"__annotations__": dict.fromkeys(fields, np.float32), "__module__": __name__, **fields}
    return type("_Around", (Table,), namespace)


class _Own(Table):
    """Columns of the site itself and of its last four weeks."""

    site_id: str = c.site_id()
    issue_date: pd.Timestamp = c.issue_date()
    latitude: float = c.latitude()
    longitude: float = c.longitude()
    method_code: str = c.method_code()
    cbsa_code: str = c.cbsa_code()
    state_code: str = c.state_code()
    days_since_observed: int = c.field(
        "Days from the site's last valid reading to the issue date; 0 when observed on that date", ge=0, le=27
    )
    observed_days_7d: int = c.field("Valid days among the 7 days up to the issue date", unit="days", ge=0, le=7)
    observed_days_28d: int = c.field("Valid days among the 28 days up to the issue date", unit="days", ge=1, le=28)
    season_sin: np.float32 = c.field("Sine of the day of the year", ge=-1.0, le=1.0)
    season_cos: np.float32 = c.field("Cosine of the day of the year", ge=-1.0, le=1.0)
    weekday: int = c.field("Day of the week of the issue date, 0 = Monday", ge=0, le=6)
    pm25_last_ugm3: np.float32 = c.pm25("Last valid 24-hour mean PM2.5 within 28 days")
    pm25_lag_0d_ugm3: np.float32 = derived("PM2.5 on the issue date")
    pm25_lag_1d_ugm3: np.float32 = derived("PM2.5 1 day before the issue date")
    pm25_lag_2d_ugm3: np.float32 = derived("PM2.5 2 days before the issue date")
    pm25_lag_3d_ugm3: np.float32 = derived("PM2.5 3 days before the issue date")
    pm25_lag_4d_ugm3: np.float32 = derived("PM2.5 4 days before the issue date")
    pm25_lag_5d_ugm3: np.float32 = derived("PM2.5 5 days before the issue date")
    pm25_lag_6d_ugm3: np.float32 = derived("PM2.5 6 days before the issue date")
    pm25_mean_3d_ugm3: np.float32 = derived("Mean PM2.5 of the 3 days up to the issue date")
    pm25_mean_7d_ugm3: np.float32 = derived("Mean PM2.5 of the 7 days up to the issue date")
    pm25_mean_14d_ugm3: np.float32 = derived("Mean PM2.5 of the 14 days up to the issue date")
    pm25_mean_28d_ugm3: np.float32 = c.pm25("Mean PM2.5 of the 28 days up to the issue date")
    pm25_std_7d_ugm3: np.float32 = derived("Standard deviation of PM2.5 over the 7 days up to the issue date")
    pm25_std_28d_ugm3: np.float32 = derived("Standard deviation of PM2.5 over the 28 days up to the issue date")
    pm25_max_7d_ugm3: np.float32 = derived("Highest PM2.5 of the 7 days up to the issue date")
    pm25_max_28d_ugm3: np.float32 = c.pm25("Highest PM2.5 of the 28 days up to the issue date")


@table(grain="day", key=("site_id", "issue_date"), partition_column="issue_date")
class Features(_around(), _Own):  # type: ignore[misc]
    """Features of one site, computed from what was known at the end of the issue date."""
