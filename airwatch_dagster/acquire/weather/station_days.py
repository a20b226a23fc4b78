"""Hours of stations as days of a site's local standard time: means, extremes and sums."""

from typing import Final

import pandas as pd

from airwatch_dagster.acquire.weather.station_hours import relative_humidity_pct
from airwatch_dagster.schemas.weather import WEATHER_HORIZONS_DAYS

MIN_COVERED: Final = 0.6
"""Share of a day that values must cover: 5 of 8 3-hourly ones. The last day of a 72-hour bulletin that is published
before 00:00 UTC has 6 in the east and 5 in the west. Measured on 60 days of 12 stations in NBS bulletins, cut at
offsets of -5 to -8 hours: the mean of the first 5 values is off by 1.1 °C, 0.40 m/s and 145 m of mixing height (root
mean square) against that of all 8, of the first 6 by 0.6 °C, 0.26 m/s and 113 m, of the first 4 by 1.8 °C, 0.65 m/s and
168 m. Filling the missing hours from the day before, shifted by the difference of the others, gains nothing (with 5:
1.0 °C, 0.53 m/s, 155 m). Source: benchmarks/station_day_coverage.py."""

AFTERNOON_HOURS: Final = (12, 18)
"""Local hours (from, before) that must be covered for the highest mixing height of a day, which the sun drives."""

PRECIPITATION_HOURS: Final = 6
"""Length of the periods of precipitation_mm, hours."""

PROBABILITY_HOURS: Final = 12
"""Length of the periods of precipitation_probability_pct, hours."""

_MEANS: Final = {
    "temperature_c": "temperature_c",
    "dew_point_c": "dew_point_c",
    "relative_humidity_pct": "relative_humidity_pct",
    "wind_speed_ms": "wind_speed_ms",
    "wind_east_ms": "wind_east_ms",
    "wind_north_ms": "wind_north_ms",
    "cloud_cover_pct": "cloud_cover_pct",
    "boundary_layer_height_m": "mixing_height_m",
    "ventilation_m2s": "ventilation_m2s",
}
"""Columns that are means of a day, with the column of the hours."""

STATION_DAY_KEY: Final = ("station_id", "target_date", "horizon_days", "run_at", "issued_at")

STATION_DAY_VALUES: Final = (
    *_MEANS,
    "boundary_layer_height_max_m",
    "temperature_max_c",
    "temperature_min_c",
    "precipitation_mm",
    "precipitation_probability_pct",
)


def station_days(hours: pd.DataFrame, *, utc_offset_hours: float, issue_date: pd.Timestamp) -> pd.DataFrame:
    """Days of ``hours`` (STATION_HOUR_COLUMNS, one run) in the standard time that is ``utc_offset_hours`` ahead of UTC.

    One row per station and day from ``issue_date`` to three days after, in STATION_DAY_KEY and STATION_DAY_VALUES, of
    days with any value; float32, null where less than MIN_COVERED of the day is covered. Hourly and 3-hourly values
    alike count for the local day they fall in. Ventilation is the mean of mixing height times transport wind. Rain is
    the sum of 6-hour periods, shared between two days by time; its probability the highest of the 12-hour periods
    whose middle is in the day. The highest temperature is the one whose period ends in the afternoon or evening, the
    lowest the one of the night whose period ends in the morning.
    """
    local = hours["valid_at"] + pd.Timedelta(hours=utc_offset_hours)
    rows = hours.assign(
        local=local,
        target_date=local.dt.floor("D"),
        relative_humidity_pct=relative_humidity_pct(
            hours["temperature_c"].to_numpy(), hours["dew_point_c"].to_numpy()
        ).astype("float32"),
        ventilation_m2s=hours["mixing_height_m"] * hours["transport_wind_ms"],
    )
    key = ["station_id", "target_date"]
    days = _means(rows, key).join(
        [_mixing_height_max(rows, key), *_extremes(rows, key), _precipitation(rows, key), _probability(rows, key)],
        how="outer",
    )
    days = days[days.notna().any(axis=1)].reset_index()
    days["horizon_days"] = (days["target_date"] - issue_date).dt.days
    days = days[days["horizon_days"].isin(WEATHER_HORIZONS_DAYS)]
    runs = hours.groupby("station_id", sort=False)[["run_at", "issued_at"]].first()
    days = days.join(runs, on="station_id").sort_values(key, ignore_index=True)
    dtypes = dict.fromkeys(STATION_DAY_VALUES, "float32") | {"horizon_days": "int64"}
    return days[[*STATION_DAY_KEY, *STATION_DAY_VALUES]].astype(dtypes)


def _step_hours(rows: pd.DataFrame) -> float:
    """Hours from one value to the next: the usual difference within a station."""
    steps = rows.groupby("station_id", sort=False)["valid_at"].diff().dropna()
    return float(steps.dt.total_seconds().median()) / 3600.0 if len(steps) else 24.0


def _means(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    grouped = rows.groupby(key)[list(_MEANS.values())]
    covered = grouped.count() * (_step_hours(rows) / 24.0)
    means = grouped.mean().where(covered >= MIN_COVERED)
    return means.rename(columns={hourly: daily for daily, hourly in _MEANS.items()})


def _mixing_height_max(rows: pd.DataFrame, key: list[str]) -> pd.Series:
    first, end = AFTERNOON_HOURS
    hour = rows["local"].dt.hour
    is_afternoon = (hour >= first) & (hour < end) & rows["mixing_height_m"].notna()
    covered = is_afternoon.groupby([rows[name] for name in key]).sum() * _step_hours(rows)
    highest = rows.groupby(key)["mixing_height_m"].max()
    return highest.where(covered >= end - first).rename("boundary_layer_height_max_m")


def _extremes(rows: pd.DataFrame, key: list[str]) -> list[pd.Series]:
    """Highest and lowest temperature of periods that end in the half of the local day where they belong; elsewhere,
    as west of the date line, the periods of a bulletin are another day's."""
    is_morning = rows["local"].dt.hour < 12
    halves = {"temperature_max_c": ~is_morning, "temperature_min_c": is_morning}
    return [rows[half].groupby(key)[name].first() for name, half in halves.items()]


def _precipitation(rows: pd.DataFrame, key: list[str]) -> pd.Series:
    """Sums of the day's share of each period, where all of the day but less than a period is covered."""
    given = rows.loc[rows["precipitation_mm"].notna(), ["station_id", "local", "precipitation_mm"]]
    hour = given["local"].dt.hour + given["local"].dt.minute / 60.0
    within = (hour / PRECIPITATION_HOURS).clip(upper=1.0)
    last_day = given["local"].dt.floor("D")
    parts = [
        given.assign(target_date=last_day, share=within),
        given.assign(target_date=last_day - pd.Timedelta(days=1), share=1.0 - within),
    ]
    both = pd.concat(parts)
    both["amount"] = both["precipitation_mm"] * both["share"]
    sums = both.groupby(key)[["amount", "share"]].sum()
    is_covered = sums["share"] * PRECIPITATION_HOURS > 24.0 - PRECIPITATION_HOURS
    return sums["amount"].where(is_covered).rename("precipitation_mm")


def _probability(rows: pd.DataFrame, key: list[str]) -> pd.Series:
    """The highest of the day's two periods; null with one."""
    middle = rows["local"] - pd.Timedelta(hours=PROBABILITY_HOURS / 2)
    given = rows.assign(target_date=middle.dt.floor("D"))
    grouped = given.groupby(key)["precipitation_probability_pct"]
    highest: pd.Series = grouped.max().where(grouped.count() >= 24 // PROBABILITY_HOURS)
    return highest
