"""AirNow's files in contract columns: one day's readings per site, and the agencies' own forecasts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import pandas as pd

from airwatch_dagster.acquire.airnow.layouts import REPORTING_AREAS, Layout, coded_values, days, read_fields
from airwatch_dagster.acquire.parsing.values import SourceLocation, reject_nulls, typed_columns
from airwatch_dagster.acquire.readings import LOCATION_COLUMNS, PM25_PARAMETER, finish_readings
from airwatch_dagster.errors import SourceUnavailable
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import SITE_POC

PM25_DAY: Final = "PM2.5-24hr"
"""AirNow's name of the 24-hour mean; its other PM2.5 parameters are NowCasts and hourly values."""

NO_VALUE: Final = -999.0
"""AirNow's code for a missing value; -999 for a missing AQI."""

SAMPLE_DURATION: Final = "24-HR BLK AVG"
"""AQS's name for the mean of a day's hours, which AirNow publishes for its continuous monitors."""

_UNITS: Final = {"UG/M3": "Micrograms/cubic meter (LC)"}
"""AQS's unit by AirNow's unit."""

_MEANINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "record_type": {"O": "O", "F": "F", "Y": "Y"},
    "is_primary": {"Y": True, "N": False},
    "is_action_day": {"Yes": True, "No": False},
}
"""Meanings of AirNow's codes in reportingarea.dat."""


class NotYetPublished(SourceUnavailable):
    """AirNow's file of a day exists but has no line of that day yet."""


@dataclass(frozen=True)
class AirNowDay:
    """AirNow's readings of one day."""

    readings: pd.DataFrame
    """Columns of raw_readings without versions, one row per site, sorted by key."""
    sites_without_location: int
    """Number of sites with a value that are left out because their location is unknown."""
    sites_without_value: int
    """Number of sites that are left out because the file has no value for them."""
    file_name: str
    """The file, which identifies one of AirNow's two layouts."""


def read_day(path: Path, layout: Layout, day: date, *, site_locations: pd.DataFrame | None, culprit: str) -> AirNowDay:
    """The 24-hour PM2.5 of every US site on ``day``, one row per site; other days, countries, parameters are ignored.

    ``site_locations`` (site_id, latitude, longitude, cbsa_code; one row per site) gives the statistical area, and the
    position where the file has none. Values in µg/m³, AQI as published; columns that AirNow does not publish are null.
    Raises BadPayload naming the line for a value that does not parse, another unit and two values of one site;
    NotYetPublished when the file has no line for the day.
    """
    table, origin = read_fields(path, layout, culprit=culprit)
    rows = _us_rows(table, layout, day, origin)
    is_measured = rows["arithmetic_mean"].notna() & (rows["arithmetic_mean"] != NO_VALUE)
    measured = _with_location(rows[is_measured], site_locations)
    has_location = measured[LOCATION_COLUMNS].notna().all(axis=1)
    return AirNowDay(
        readings=finish_readings(measured[has_location], source="airnow", origin=origin),
        sites_without_location=measured.loc[~has_location, "site_id"].nunique(),
        sites_without_value=len(set(rows["site_id"]) - set(measured["site_id"])),
        file_name=layout.file_name,
    )


def read_forecasts(path: Path, day: date, *, culprit: str) -> pd.DataFrame:
    """Every record of ``reportingarea.dat`` that has a position, in the columns of agency_forecasts, sorted by key.

    All pollutants, forecasts and observations; areas outside the US have a null state, a record without an AQI a null
    one. Of several records with one key the last counts, because AirNow appends corrections. Raises BadPayload naming
    the line for an invalid date, number or code.
    """
    table, origin = read_fields(path, REPORTING_AREAS, culprit=culprit)
    table[LOCATION_COLUMNS] = typed_columns(table, LOCATION_COLUMNS, origin=origin)
    rows = table[table[LOCATION_COLUMNS].notna().all(axis=1)].copy()
    reject_nulls(rows, ["reporting_area", "parameter"], origin=origin)
    rows["archived_on"] = pd.Series(pd.Timestamp(day), index=rows.index, dtype="datetime64[ns]")
    rows["agency_aqi"] = _aqi(rows, origin)
    for name in ("issue_date", "target_date"):
        rows[name] = days(rows[name], name, origin=origin)
    for name, meanings in _MEANINGS.items():
        rows[name] = coded_values(rows[name], name, meanings, origin=origin)
    spec = TABLES["agency_forecasts"]
    latest = rows.drop_duplicates(list(spec.key), keep="last").sort_values(list(spec.key), kind="stable")
    return latest[spec.column_names].astype({"is_primary": bool, "is_action_day": bool}).reset_index(drop=True)


def _us_rows(table: pd.DataFrame, layout: Layout, day: date, origin: SourceLocation) -> pd.DataFrame:
    """The day's PM2.5 lines of US sites in contract columns, numbers parsed; the index counts the file's lines.

    Raises NotYetPublished when there is none.
    """
    site_id = table["airnow_id"].str.extract(f"^{layout.us_site}$", expand=False)
    rows = table.assign(site_id=site_id)[(table["parameter"] == PM25_DAY) & site_id.notna()]
    rows = rows[days(rows["date_local"], "date_local", origin=origin) == pd.Timestamp(day)]
    if rows.empty:
        problem = f"has no {PM25_DAY} line of a US site for {day:%Y-%m-%d}"
        raise NotYetPublished(
            origin.culprit, problem, fix="Try again later; AirNow has usually published a day by noon of the next"
        )
    numbers = typed_columns(rows, ["arithmetic_mean", *LOCATION_COLUMNS], origin=origin)
    return rows.assign(
        **{str(name): column for name, column in numbers.items()},
        aqi=_aqi(rows, origin),
        units_of_measure=coded_values(rows["units_of_measure"], "units_of_measure", _UNITS, origin=origin),
        state_code=rows["site_id"].str[:2],
        county_code=rows["site_id"].str[2:5],
        site_number=rows["site_id"].str[5:],
        date_local=f"{day:%Y-%m-%d}",
        parameter_code=PM25_PARAMETER,
        poc=SITE_POC,
        sample_duration=SAMPLE_DURATION,
    )


def _with_location(rows: pd.DataFrame, site_locations: pd.DataFrame | None) -> pd.DataFrame:
    """``rows`` with cbsa_code, and with the known position where the file has none."""
    if site_locations is None:
        return rows.assign(cbsa_code=None)
    known = site_locations.set_index("site_id").reindex(rows["site_id"]).set_axis(rows.index)
    has_location = rows[LOCATION_COLUMNS].notna().all(axis=1)
    position = rows[LOCATION_COLUMNS].where(has_location, known[LOCATION_COLUMNS].astype("float64"), axis=0)
    return rows.assign(
        latitude=position["latitude"], longitude=position["longitude"], cbsa_code=known["cbsa_code"].astype(object)
    )


def _aqi(rows: pd.DataFrame, origin: SourceLocation) -> pd.Series:
    """The published AQI; null where the file has none or a negative number."""
    aqi = typed_columns(rows, ["aqi"], origin=origin)["aqi"]
    return aqi.where(aqi.ge(0).fillna(False))
