"""Valid frames to start from; a test changes the one thing it is about."""

from typing import Any

import pandas as pd

from airwatch_dagster.schemas import CONTRACTS
from airwatch_dagster.schemas.validation import coerced_if_valid

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
    "parameter_code": "88101",
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
    return _valid(name, [{**row, **change} for change in changes or ({},)])


def filled(name: str, **values: Any) -> pd.DataFrame:
    """One row of the table: ``values``, and for each other column null or the smallest value of its type."""
    plain = {"int64": 1, "bool": False, "float64": 0.5, "str": "all", "object": "all"}
    columns = CONTRACTS[name].schema.columns.items()
    row = {column: None if rules.nullable else plain.get(str(rules.dtype), 1) for column, rules in columns}
    return _valid(name, [{**row, **values}])


_VALIDATED: dict[str, pd.DataFrame] = {}
"""Valid frames by what was asked for. Half of all tests ask for one that another had, and validation is what costs."""


def _valid(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    asked = f"{name} {rows!r}"
    if asked not in _VALIDATED:
        frame = pd.DataFrame(rows)[CONTRACTS[name].column_names]
        known = coerced_if_valid(CONTRACTS[name], frame)
        _VALIDATED[asked] = CONTRACTS[name].schema.validate(frame) if known is None else known
    return _VALIDATED[asked].copy()


FINDING_ROW: dict[str, Any] = {
    "month": pd.Timestamp("2021-07-01"),
    "area": "cbsa:16980",
    "rule": "season",
    "cause": "season or smoke",
    "site_id": "",
    "is_found": False,
    "effect": 0.4,
    "unit": "µg/m³",
    "limit": 3.0,
    "lower": -0.8,
    "upper": 1.6,
    "days": 31,
    "sites": 9,
    "reference_days": 270,
    "reference_sites": 9,
    "not_judged": None,
    "what": "PM2.5 is 0.4 µg/m³ above the same season of earlier years.",
}


def monthly_findings(*changes: dict[str, Any]) -> pd.DataFrame:
    return table_of("monthly_findings", FINDING_ROW, *changes)


def raw_readings(*changes: dict[str, Any]) -> pd.DataFrame:
    return table_of("raw_readings", RAW_ROW, *changes)


def monitors(*changes: dict[str, Any]) -> pd.DataFrame:
    return table_of("monitors", MONITOR_ROW, *changes)


def site_days(*changes: dict[str, Any]) -> pd.DataFrame:
    return table_of("site_days", SITE_DAY_ROW, *changes)


REJECTED_ROW: dict[str, Any] = {
    "read_for": "raw_readings",
    "file": "daily_88101_2021.zip",
    "line_number": 2,
    "is_repaired": False,
    "column_name": "Arithmetic Mean",
    "value": "x",
    "reason": "expected a number",
    "site_id": "170319001",
    "date_local": pd.Timestamp("2021-07-04"),
    "read_at": pd.Timestamp("2021-10-01"),
}


def rejected_lines(*changes: dict[str, Any]) -> pd.DataFrame:
    return table_of("rejected_lines", REJECTED_ROW, *changes)


WEATHER_ROW: dict[str, Any] = {
    "site_id": "170319001",
    "issue_date": pd.Timestamp("2021-07-04"),
    "horizon_days": 1,
    "target_date": pd.Timestamp("2021-07-05"),
    "issued_at": pd.Timestamp("2021-07-04 17:00"),
    "is_issued_at_assumed": False,
    "weather_model": "GFS",
    "kind": "forecast",
    "station_distance_km": None,
    "temperature_c": 24.5,
    "temperature_max_c": 29.5,
    "temperature_min_c": 18.0,
    "dew_point_c": 16.5,
    "relative_humidity_pct": 61.0,
    "wind_speed_ms": 3.8,
    "wind_east_ms": -1.5,
    "wind_north_ms": 3.0,
    "precipitation_mm": 0.0,
    "precipitation_probability_pct": 10.0,
    "cloud_cover_pct": 25.0,
    "boundary_layer_height_m": 850.0,
    "boundary_layer_height_max_m": 1700.0,
    "ventilation_m2s": 4200.0,
    "weather_class": None,
    "smoke_ugm3": None,
    "model_pm25_ugm3": None,
    "air_quality_model": None,
    "air_quality_model_version": None,
}


def weather_forecasts(*changes: dict[str, Any]) -> pd.DataFrame:
    return table_of("weather_forecasts", WEATHER_ROW, *changes)


OTHER_FORECAST_ROW: dict[str, Any] = {
    "forecaster": "noaa",
    **{name: WEATHER_ROW[name] for name in ("site_id", "issue_date", "horizon_days", "target_date", "issued_at")},
    "pm25_ugm3": 9.0,
    "pm25_lower_ugm3": None,
    "pm25_upper_ugm3": None,
    "probability_above_9_0": None,
    "probability_above_35_4": None,
}


def other_forecasts(*changes: dict[str, Any]) -> pd.DataFrame:
    return table_of("other_forecasts", OTHER_FORECAST_ROW, *changes)


AGENCY_ROW: dict[str, Any] = {
    "archived_on": pd.Timestamp("2021-07-05"),
    "reporting_area": "Chicago",
    "state": "IL",
    "issue_date": pd.Timestamp("2021-07-05"),
    "target_date": pd.Timestamp("2021-07-05"),
    "valid_time": None,
    "record_type": "F",
    "parameter": "PM2.5",
    "is_primary": True,
    "latitude": 41.9,
    "longitude": -87.6,
    "agency_aqi": 50,
    "agency_category": "Good",
    "is_action_day": False,
    "forecast_source": "Illinois EPA",
}


def agency_forecasts(*changes: dict[str, Any]) -> pd.DataFrame:
    return table_of("agency_forecasts", AGENCY_ROW, *changes)


FORECAST_SCORE_ROW: dict[str, Any] = {
    "site_id": "170319001",
    "issue_date": pd.Timestamp("2021-07-04"),
    "target_date": pd.Timestamp("2021-07-05"),
    "horizon_days": 1,
    "pm25_ugm3": 8.0,
    "pm25_lower_ugm3": 4.0,
    "pm25_upper_ugm3": 14.0,
    "probability_above_9_0": 0.3,
    "probability_above_35_4": 0.0,
    "probability_above_55_4": 0.0,
    "probability_above_125_4": 0.0,
    "probability_above_225_4": 0.0,
    "pm25_observed_ugm3": 8.0,
    "error_ugm3": 0.0,
    "abs_error_ugm3": 0.0,
    "is_covered": True,
    "days_since_observed": 0,
    "model_family": "ridge",
    "model_version": "7",
    "scored_at": pd.Timestamp("2021-07-06"),
}

CANDIDATE_SCORE_ROW: dict[str, Any] = {
    **{name: FORECAST_SCORE_ROW[name] for name in ("site_id", "issue_date", "target_date", "horizon_days")},
    **{name: FORECAST_SCORE_ROW[name] for name in ("pm25_ugm3", "pm25_observed_ugm3", "days_since_observed")},
    "model_family": "damped_persistence",
    "model_version": None,
}


def forecast_scores(*changes: dict[str, Any]) -> pd.DataFrame:
    """Errors and coverage follow from the values."""
    met = table_of("forecast_scores", FORECAST_SCORE_ROW, *changes)
    error = met["pm25_ugm3"] - met["pm25_observed_ugm3"]
    is_covered = met["pm25_observed_ugm3"].between(met["pm25_lower_ugm3"], met["pm25_upper_ugm3"])
    return met.assign(error_ugm3=error, abs_error_ugm3=error.abs(), is_covered=is_covered)


def candidate_scores(*changes: dict[str, Any]) -> pd.DataFrame:
    return table_of("candidate_scores", CANDIDATE_SCORE_ROW, *changes)
