"""AirNow's files as the contract's columns: readings of one day per site, and the agencies' own forecasts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import pandas as pd

from airwatch_dagster.acquire.airnow.layouts import REPORTING_AREAS, Layout, days, read_fields, words
from airwatch_dagster.acquire.parsing.values import SourceLocation, reject_nulls, typed_columns
from airwatch_dagster.acquire.readings import PM25_PARAMETER, finish_readings
from airwatch_dagster.errors import SourceUnavailable
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import SITE_POC

PM25_DAY: Final = "PM2.5-24hr"
"""AirNow's name of the 24-hour mean; its other PM2.5 parameters are NowCasts and hours."""

NO_VALUE: Final = -999.0
"""AirNow's word for a value it does not have, and -999 for an AQI."""

SAMPLE_DURATION: Final = "24-HR BLK AVG"
"""AQS's word for the mean of a day's hours, which is what AirNow's continuous monitors give."""

_UNITS: Final = {"UG/M3": "Micrograms/cubic meter (LC)"}
"""AQS's unit by AirNow's."""

_MEANINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "record_type": {"O": "O", "F": "F", "Y": "Y"},
    "is_primary": {"Y": True, "N": False},
    "is_action_day": {"Yes": True, "No": False},
}
"""What AirNow's words in reportingarea.dat mean."""

_PLACE: Final = ["latitude", "longitude"]


class NothingYet(SourceUnavailable):
    """AirNow's file of a day is there and says nothing of the day."""


@dataclass(frozen=True)
class AirNowDay:
    """What AirNow says about a day."""

    readings: pd.DataFrame
    """Columns of raw_readings without versions, one row per site, sorted by key."""
    unplaced_sites: int
    """Sites with a value that are left out because nothing says where they stand."""
    unmeasured_sites: int
    """Sites of the file that are left out because it has no value for them."""
    file_name: str
    """Which of AirNow's two layouts was read."""


def read_day(path: Path, layout: Layout, day: date, *, places: pd.DataFrame | None, culprit: str) -> AirNowDay:
    """The 24-hour PM2.5 of every US site on ``day``, one row per site; other days, places and parameters are left out.

    ``places`` (site_id, latitude, longitude, cbsa_code; one row per site) gives the statistical area, and the position
    where the file has none. Values in µg/m³, AQI as published; what AirNow does not tell is null. Raises BadPayload
    naming the line for a value that does not parse, another unit and two values of one site; NothingYet when the file
    has no line for the day.
    """
    table, origin = read_fields(path, layout, culprit=culprit)
    rows = _us_rows(table, layout, day, origin)
    is_measured = rows["arithmetic_mean"].notna() & (rows["arithmetic_mean"] != NO_VALUE)
    measured = _placed(rows[is_measured], places)
    has_place = measured[_PLACE].notna().all(axis=1)
    return AirNowDay(
        readings=finish_readings(measured[has_place], source="airnow", origin=origin),
        unplaced_sites=measured.loc[~has_place, "site_id"].nunique(),
        unmeasured_sites=len(set(rows["site_id"]) - set(measured["site_id"])),
        file_name=layout.file_name,
    )


def read_forecasts(path: Path, day: date, *, culprit: str) -> pd.DataFrame:
    """Every record of ``reportingarea.dat`` that has a position, in the columns of agency_forecasts, sorted by key.

    All pollutants, forecasts and observations; areas outside the US have a null state, a record without an AQI a null
    one. Of several records with one key the last of the file stands, because AirNow appends corrections. Raises
    BadPayload naming the line for a date, number or word that is none.
    """
    table, origin = read_fields(path, REPORTING_AREAS, culprit=culprit)
    table[_PLACE] = typed_columns(table, _PLACE, origin=origin)
    rows = table[table[_PLACE].notna().all(axis=1)].copy()
    reject_nulls(rows, ["reporting_area", "parameter"], origin=origin)
    rows["archived_on"] = pd.Series(pd.Timestamp(day), index=rows.index, dtype="datetime64[ns]")
    rows["agency_aqi"] = _aqi(rows, origin)
    for name in ("issue_date", "target_date"):
        rows[name] = days(rows[name], name, origin=origin)
    for name, meanings in _MEANINGS.items():
        rows[name] = words(rows[name], name, meanings, origin=origin)
    spec = TABLES["agency_forecasts"]
    latest = rows.drop_duplicates(list(spec.key), keep="last").sort_values(list(spec.key), kind="stable")
    return latest[spec.column_names].astype({"is_primary": bool, "is_action_day": bool}).reset_index(drop=True)


def _us_rows(table: pd.DataFrame, layout: Layout, day: date, origin: SourceLocation) -> pd.DataFrame:
    """The day's PM2.5 lines of US sites in our columns, numbers parsed; the index still counts the file's lines."""
    site_id = table["airnow_id"].str.extract(f"^{layout.us_site}$", expand=False)
    rows = table.assign(site_id=site_id)[(table["parameter"] == PM25_DAY) & site_id.notna()]
    rows = rows[days(rows["date_local"], "date_local", origin=origin) == pd.Timestamp(day)]
    if rows.empty:
        problem = f"has no {PM25_DAY} line of a US site for {day:%Y-%m-%d}"
        raise NothingYet(origin.culprit, problem, fix="Wait; AirNow completes a day around noon of the next one")
    return _in_our_columns(rows, day, origin)


def _in_our_columns(rows: pd.DataFrame, day: date, origin: SourceLocation) -> pd.DataFrame:
    numbers = typed_columns(rows, ["arithmetic_mean", *_PLACE], origin=origin)
    return rows.assign(
        **{str(name): column for name, column in numbers.items()},
        aqi=_aqi(rows, origin),
        units_of_measure=words(rows["units_of_measure"], "units_of_measure", _UNITS, origin=origin),
        state_code=rows["site_id"].str[:2],
        county_code=rows["site_id"].str[2:5],
        site_number=rows["site_id"].str[5:],
        date_local=f"{day:%Y-%m-%d}",
        parameter_code=PM25_PARAMETER,
        poc=SITE_POC,
        sample_duration=SAMPLE_DURATION,
    )


def _placed(rows: pd.DataFrame, places: pd.DataFrame | None) -> pd.DataFrame:
    """``rows`` with cbsa_code, and with the known position where the file has none."""
    if places is None:
        return rows.assign(cbsa_code=None)
    known = places.set_index("site_id").reindex(rows["site_id"]).set_axis(rows.index)
    has_place = rows[_PLACE].notna().all(axis=1)
    position = rows[_PLACE].where(has_place, known[_PLACE].astype("float64"), axis=0)
    return rows.assign(
        latitude=position["latitude"], longitude=position["longitude"], cbsa_code=known["cbsa_code"].astype(object)
    )


def _aqi(rows: pd.DataFrame, origin: SourceLocation) -> pd.Series:
    """The published AQI; null where the file has none, or a negative number in its place."""
    aqi = typed_columns(rows, ["aqi"], origin=origin)["aqi"]
    return aqi.where(aqi.ge(0).fillna(False))
