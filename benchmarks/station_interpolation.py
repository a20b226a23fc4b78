"""How far is weather that is interpolated from other stations from that of the station itself?

Leave-one-out over airports: each station's days are estimated from the others by candidates of ``neighbours``, once
with its own height and once as a site whose height nobody knows. FOLDER has ``isd_lite_observed/`` (daily observations
of 64 airports). Prints root mean square errors by distance to the nearest other station.
"""

import sys
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.weather.site_weather import LAPSE_C_PER_M, TEMPERATURES, interpolated, neighbours

VALUES = (*TEMPERATURES, "dew_point_c", "wind_speed_ms", "wind_east_ms", "relative_humidity_pct", "precipitation_mm")
RADIUS_KM = 300.0
GROUPS_KM = ((0, 60), (60, 150), (150, 300), (0, 300))

CANDIDATES = (
    {"count": 1, "power": 1.0, "height_km_per_m": 0.0},
    *({"count": k, "power": p, "height_km_per_m": h} for k, p, h in product((3, 5), (1.0, 2.0), (0.0, 0.1, 0.2))),
)


def airports(folder: Path) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Stations, and by value an array of days × stations."""
    days = pd.read_parquet(folder / "isd_lite_observed" / "isd_lite_daily.parquet")
    stations = days.groupby("icao").first()[["lat", "lon", "elev_m"]].set_axis(list(PLACE), axis=1)
    return stations, {
        name: days.pivot_table(index="date", columns="icao", values=name)[stations.index].to_numpy() for name in VALUES
    }


PLACE = ("latitude", "longitude", "elevation_m")


def errors(stations: pd.DataFrame, values: dict[str, np.ndarray]) -> pd.DataFrame:
    """Per candidate, kind of height, value and group of distances the root mean square error."""
    found = []
    for candidate, lapse, knows_height in product(CANDIDATES, (0.0, LAPSE_C_PER_M), (True, False)):
        if not lapse and not knows_height:
            continue
        estimates = {name: np.full_like(one, np.nan) for name, one in values.items()}
        nearest = np.full(len(stations), np.inf)
        for at in range(len(stations)):
            others = np.delete(np.arange(len(stations)), at)
            site = stations.iloc[[at]] if knows_height else stations.iloc[[at]].drop(columns="elevation_m")
            near = neighbours(site, stations.iloc[others], radius_km=RADIUS_KM, **candidate)
            nearest[at] = near.distance_km.min()
            for name, one in values.items():
                moved = lapse if name in TEMPERATURES else 0.0
                estimates[name][:, at] = interpolated(one[:, others], near, lapse_c_per_m=moved)[:, 0]
        how = f"k={candidate['count']} p={candidate['power']:.0f} h={candidate['height_km_per_m']}"
        how += (" lapse" if knows_height else " lapse, height unknown") if lapse else ""
        for (low, high), name in product(GROUPS_KM, values):
            chosen = (nearest > low) & (nearest <= high)
            rmse = np.sqrt(np.nanmean((estimates[name] - values[name])[:, chosen] ** 2))
            found.append({"km": f"{low} to {high}, {chosen.sum()} stations", "how": how, "value": name, "rmse": rmse})
    return pd.DataFrame(found)


def main() -> None:
    stations, values = airports(Path(sys.argv[1]))
    print(f"{len(stations)} airports")
    for km, group in errors(stations, values).groupby("km", sort=False):
        print(f"\nnearest other station {km}")
        print(group.pivot(index="how", columns="value", values="rmse")[list(values)].round(2).to_string())


if __name__ == "__main__":
    main()
