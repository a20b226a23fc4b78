"""Days of the cities: the newest forecast of each that was published in time."""

from typing import Final

import pandas as pd

from airwatch_dagster.acquire.weather.nws.cities import station_of_city, weather_class
from airwatch_dagster.acquire.weather.station_hours import fahrenheit_in_c
from airwatch_dagster.schemas.weather import WEATHER_HORIZONS_DAYS

CITY_DAY_VALUES: Final = ("temperature_max_c", "temperature_min_c")

CITY_DAY_COLUMNS: Final = (
    "station_id",
    "target_date",
    "horizon_days",
    "run_at",
    "issued_at",
    *CITY_DAY_VALUES,
    "weather_class",
)


def city_days(rows: pd.DataFrame, *, issue_date: pd.Timestamp, published_by: pd.Timestamp) -> pd.DataFrame:
    """What ``rows`` (CITY_COLUMNS) say of ``issue_date`` and the three days after, in CITY_DAY_COLUMNS.

    Of bulletins issued after ``published_by`` (naive UTC) nothing is used. Of the others the newest that gives a value
    counts, value by value: the morning's has the issue date and the next day, the evening's the two days after. A
    lowest temperature is that of the night that ends on the day, so the morning's bulletin gives none for the issue
    date, and for the second day nothing else. ``issued_at`` is the time of the newest bulletin used. Cities without a
    known station are left out.
    """
    in_time = rows[rows["issued_at"] <= published_by]
    in_time = in_time.assign(station_id=station_of_city(in_time["city"]))
    in_time = in_time[in_time["station_id"].notna()].sort_values("issued_at", kind="stable")
    parts = []
    for n in (1, 2):
        named = {name: in_time[f"target{n}_{name}"] for name in ("date", "word", "high_f", "low_f")}
        night_after = pd.to_timedelta((in_time["half"] == "AM").astype(int), unit="D")
        base = in_time[["station_id", "issued_at"]]
        highest, lowest = (fahrenheit_in_c(named[name]) for name in ("high_f", "low_f"))
        words = weather_class(named["word"])
        parts.append(base.assign(target_date=named["date"], temperature_max_c=highest, weather_class=words))
        parts.append(base.assign(target_date=named["date"] + night_after, temperature_min_c=lowest))
    given = pd.concat(parts, ignore_index=True)
    given = given.dropna(how="all", subset=[*CITY_DAY_VALUES, "weather_class"]).sort_values("issued_at", kind="stable")
    days = given.groupby(["station_id", "target_date"], as_index=False).last()
    days["horizon_days"] = (days["target_date"] - issue_date).dt.days
    days["run_at"] = days["issued_at"]
    return days.loc[days["horizon_days"].isin(WEATHER_HORIZONS_DAYS), list(CITY_DAY_COLUMNS)].reset_index(drop=True)
