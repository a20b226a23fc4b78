"""Valid frames to start from; a test changes the one thing it is about."""

from typing import Any

import pandas as pd

from airwatch_dagster.schemas import CONTRACTS

RAW_ROW: dict[str, Any] = {
    "state_code": "17",
    "county_code": "031",
    "site_number": "9001",
    "parameter_code": "88101",
    "poc": 1,
    "date_local": pd.Timestamp("2021-07-04"),
    "sample_duration": "24 HOUR",
    "pollutant_standard": "PM25 24-hour 2024",
    "event_type": "No Events",
    "units_of_measure": "Micrograms/cubic meter (LC)",
    "observation_count": 1,
    "observation_percent": 100.0,
    "validity_indicator": "Y",
    "arithmetic_mean": 8.0,
    "first_max_value": 8.0,
    "first_max_hour": 0,
    "aqi": 44,
    "method_code": "145",
    "latitude": 41.9,
    "longitude": -87.6,
    "datum": "WGS84",
    "cbsa_code": "16980",
    "date_of_last_change": pd.Timestamp("2021-09-01"),
    "source": "aqs",
    "first_seen_at": pd.Timestamp("2021-10-01"),
    "superseded_at": pd.NaT,
}

MONITOR_ROW: dict[str, Any] = {
    "site_id": "170319001",
    "parameter_code": "88101",
    "poc": 1,
    "state_code": "17",
    "county_code": "031",
    "site_number": "9001",
    "latitude": 41.9,
    "longitude": -87.6,
    "datum": "WGS84",
    "cbsa_code": "16980",
    "site_name": "Lakefront",
    "is_primary": True,
    "primary_changed_at": pd.NaT,
    "open_date": pd.Timestamp("2015-01-01"),
    "last_sample_date": pd.NaT,
    "method_code": "145",
    "is_context": False,
}

SITE_DAY_ROW: dict[str, Any] = {
    "site_id": "170319001",
    "date_local": pd.Timestamp("2021-07-04"),
    "pm25_ugm3": 8.0,
    "is_valid": True,
    "is_provisional": False,
    "chosen_by": "primary_monitor",
    "monitor_count": 1,
    "is_restated": False,
    "method_code": "145",
    "aqi": 44,
    "latitude": 41.9,
    "longitude": -87.6,
    "cbsa_code": "16980",
    "state_code": "17",
}


def table_of(name: str, row: dict[str, Any], *changes: dict[str, Any]) -> pd.DataFrame:
    """A valid frame of the table: one row per entry of ``changes``, each the standard row with that change."""
    unknown = {key for change in changes for key in change} - set(row)
    assert not unknown, f"no column {unknown} in {name}"
    frame = pd.DataFrame([{**row, **change} for change in changes or ({},)])
    validated: pd.DataFrame = CONTRACTS[name].schema.validate(frame[CONTRACTS[name].column_names])
    return validated


def raw_readings(*changes: dict[str, Any]) -> pd.DataFrame:
    return table_of("raw_readings", RAW_ROW, *changes)


def monitors(*changes: dict[str, Any]) -> pd.DataFrame:
    return table_of("monitors", MONITOR_ROW, *changes)


def site_days(*changes: dict[str, Any]) -> pd.DataFrame:
    return table_of("site_days", SITE_DAY_ROW, *changes)


WEATHER_ROW: dict[str, Any] = {
    "site_id": "170319001",
    "issue_date": pd.Timestamp("2021-07-04"),
    "horizon_days": 1,
    "target_date": pd.Timestamp("2021-07-05"),
    "issued_at": pd.Timestamp("2021-07-04 17:00"),
    "weather_model": "GFS",
    "kind": "forecast",
    "temperature_c": 24.5,
    "relative_humidity_pct": 61.0,
    "wind_east_ms": -1.5,
    "wind_north_ms": 3.0,
    "precipitation_mm": 0.0,
    "boundary_layer_height_m": 850.0,
}


def weather_forecasts(*changes: dict[str, Any]) -> pd.DataFrame:
    return table_of("weather_forecasts", WEATHER_ROW, *changes)
