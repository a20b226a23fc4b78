"""Which sites have National Weather Service forecasts of 2021, as issued, and how good were they?

    python -m benchmarks.nws_as_issued FPUS20 SITES [--to FOLDER] [--hours 24] [--delay MINUTES]

FPUS20 is the Parquet file of parsed bulletins (fpus20_forecasts_2021.parquet), SITES a Parquet file with site_id,
latitude and longitude, such as monitors. Each issue date has what was published by so many hours after its 00:00 UTC:
24 is the strictest rule, 36 knows the evening's bulletin. With ``--to`` the days are stored for AIRWATCH_WEATHER. With
``--delay`` every bulletin counts as published so many minutes later: skill must fall or stay, never jump.
Prints rows by horizon, the sites within 50 km of a city, and the error of the highest temperature at the cities.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.weather.nws.bulletin import CITY_COLUMNS
from airwatch_dagster.acquire.weather.nws.cities import station_of_city
from airwatch_dagster.acquire.weather.nws.days import CITY_DAY_VALUES, city_days
from airwatch_dagster.acquire.weather.nws.forecasts import MODEL
from airwatch_dagster.acquire.weather.site_weather import days_at_sites, neighbours
from airwatch_dagster.acquire.weather.source import TABLE, weather_rows
from airwatch_dagster.acquire.weather.stations import known_stations
from airwatch_dagster.storage.tables import TableStorage

RENAMED = {
    "issued_utc": "issued_at",
    "ampm": "half",
    "observed_precip_in": "observed_precipitation",
    "target1_weather": "target1_word",
    "target2_weather": "target2_word",
}
NEAR_KM = 50.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fpus20", type=Path)
    parser.add_argument("sites", type=Path)
    parser.add_argument("--to")
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--delay", type=float, default=0.0)
    chosen = parser.parse_args()
    bulletins = pd.read_parquet(chosen.fpus20).rename(columns=RENAMED)[list(CITY_COLUMNS)]
    times = [name for name in CITY_COLUMNS if name.endswith(("_at", "_date"))]
    bulletins = bulletins.astype(dict.fromkeys(times, "datetime64[ns]")).sort_values("issued_at", ignore_index=True)
    sites = pd.read_parquet(chosen.sites).drop_duplicates("site_id")
    sites = sites[[name for name in ("site_id", "latitude", "longitude", "elevation_m") if name in sites]]
    bulletins["issued_at"] += pd.Timedelta(minutes=chosen.delay)
    stations = known_stations(station_of_city(bulletins["city"]).dropna().unique())
    near = neighbours(sites, stations)
    storage = TableStorage.open(chosen.to) if chosen.to else None
    by_city, at_sites = [], []
    for day in pd.date_range(bulletins["issued_at"].min().floor("D"), bulletins["issued_at"].max().floor("D")):
        by = day + pd.Timedelta(hours=chosen.hours)
        since = bulletins["issued_at"].searchsorted(day), bulletins["issued_at"].searchsorted(by, side="right")
        if since[0] == since[1]:
            continue
        days = city_days(bulletins.iloc[slice(*since)], issue_date=day, published_by=by)
        rows = days_at_sites(days, stations, sites, near, values=CITY_DAY_VALUES)
        rows = weather_rows(rows.assign(weather_model=MODEL, is_issued_at_assumed=False), issue_day=day)
        by_city.append(days)
        at_sites.append(rows)
        if storage is not None:
            storage.write(TABLE, {f"{day:%Y-%m-%d}": rows})
    show(pd.concat(at_sites, ignore_index=True), pd.concat(by_city, ignore_index=True), bulletins)


def show(rows: pd.DataFrame, by_city: pd.DataFrame, bulletins: pd.DataFrame) -> None:
    sites = rows.groupby("site_id")["station_distance_km"].first()
    print(f"{rows['issue_date'].nunique()} issue dates, {len(sites):,} sites within reach of a city")
    print(f"{(sites <= NEAR_KM).sum():,} of them within {NEAR_KM:.0f} km")
    given = rows.groupby("horizon_days")[["weather_class", *CITY_DAY_VALUES]].agg(lambda one: one.notna().mean())
    print("\nshare of rows with a value\n", given.round(3).to_string())
    observed = bulletins.assign(station_id=station_of_city(bulletins["city"]), target_date=bulletins["observed_date"])
    observed = observed[observed["half"] == "PM"].groupby(["station_id", "target_date"])["observed_high_f"].last()
    both = by_city.join(observed, on=["station_id", "target_date"]).dropna(
        subset=["temperature_max_c", "observed_high_f"]
    )
    error = both["temperature_max_c"] - (both["observed_high_f"] - 32.0) / 1.8
    table = error.groupby(both["horizon_days"]).agg(
        ["size", lambda one: one.abs().mean(), lambda one: np.sqrt((one**2).mean())]
    )
    print("\nhighest temperature at cities, °C\n", table.set_axis(["days", "MAE", "RMSE"], axis=1).round(2).to_string())


if __name__ == "__main__":
    main()
