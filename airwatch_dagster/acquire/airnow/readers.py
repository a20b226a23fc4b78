"""AirNow's files in contract columns: one day's readings per site, and the agencies' own forecasts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import pandas as pd

from airwatch_dagster.acquire.airnow.layouts import (
    DAY_FORMAT,
    PM25_DAY,
    PM25_DAY_NAMES,
    REPORTING_AREAS,
    Layout,
)
from airwatch_dagster.acquire.airnow.lines import read_fields
from airwatch_dagster.acquire.aqs_codes import cbsa_codes, us_states
from airwatch_dagster.acquire.parsing.rejections import SourceLocation
from airwatch_dagster.acquire.parsing.values import reject_nulls, typed_columns
from airwatch_dagster.acquire.parsing.vocabulary import BLOCK_AVERAGE, LOCAL_CONDITIONS, folded
from airwatch_dagster.acquire.positions import with_known_positions
from airwatch_dagster.acquire.readings import LOCATION_COLUMNS, finish_readings, reject_out_of_range
from airwatch_dagster.errors import BadPayload, SourceUnavailable
from airwatch_dagster.parameters import PM25_PARAMETER
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import SITE_POC

NO_VALUE: Final = -999.0
"""AirNow's code for a missing value; -999 for a missing AQI."""

_NO_NUMBER: Final = ("n/a", "na", "null", "nan")
"""Words for a missing number, in any case; an empty field is usual."""

_US_SITE: Final = r"^(?:840)?([0-9]{9})$"
_TRIBAL: Final = r"^(?:840)?(TT[0-9]+)$"
_MOBILE: Final = r"^(?:840)?(MM[A-Z0-9]+)$"

_UNITS: Final = {"UG/M3": LOCAL_CONDITIONS}
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
    """Columns of raw_readings without versions, one row per site, sorted by key; the file does not name the parameter,
    and all have 88101 here (see ``with_parameters``)."""
    rejected: pd.DataFrame
    """Lines set aside or repaired, in REJECTED_COLUMNS."""
    lines: int
    """Records of the file, all parameters and countries together."""
    sites_without_location: int
    """Number of sites with a value that are left out because neither the file nor the list has their location."""
    repaired_positions: int
    """Number of ``readings`` with the known position of their site instead of a wrong one."""
    sites_without_value: int
    """Number of sites that are left out because the file has no value for them."""
    tribal_sites: tuple[str, ...]
    """Tribal sites with PM2.5 that are left out: their ids (TT…) name no county, so AQS's site is unknown."""
    mobile_sites: tuple[str, ...]
    """Mobile monitors with PM2.5 that are left out: their ids (MM…) name no place, and a forecast needs one."""
    foreign_sites: int
    """Number of sites of other countries with PM2.5, which are left out."""
    file_name: str
    """The file, which identifies one of AirNow's two layouts."""


def read_day(path: Path, layout: Layout, day: date, *, site_locations: pd.DataFrame | None, culprit: str) -> AirNowDay:
    """The 24-hour PM2.5 of every US site on ``day``, one row per site; other days and parameters are ignored.

    ``site_locations`` (site_id, latitude, longitude, cbsa_code; one row per site) gives the position where the file has
    none or a wrong one (``with_known_positions``), and the statistical area of a county that AirWatch does not know.
    Values in µg/m³, AQI as published; columns that AirNow does not publish are null. Lines that cannot be read, and
    those at an impossible position of a site that is not in ``site_locations``, are set aside. Raises BadPayload when
    these are too many, or when PM2.5 stands there under a name that AirWatch does not know; NotYetPublished when the
    file has no line for the day.
    """
    table, origin = read_fields(path, layout, culprit=culprit)
    pm25 = _pm25_lines(table)
    of_day = pm25[(_days(table["date_local"], "date_local", origin=origin) == pd.Timestamp(day))[pm25.index]]
    sites = of_day[of_day["is_known"]]
    rows = _us_rows(of_day, day, origin)
    origin.check_share(rows.index)
    rows = origin.kept(rows)
    is_measured = rows["arithmetic_mean"].notna() & (rows["arithmetic_mean"] != NO_VALUE)
    measured = _with_area(rows[is_measured], site_locations)
    has_location = measured[LOCATION_COLUMNS].notna().any(axis=1)
    placed = with_known_positions(measured, site_locations)
    is_without = ~has_location[placed.unplaced.index]
    replace(placed, unplaced=placed.unplaced[~is_without]).reject_unplaced(origin)
    origin.check_share(measured.index)
    ids = sites.loc[sites["site_id"].isna(), "airnow_id"].dropna().drop_duplicates()
    tribal, mobile = (ids.str.extract(pattern, expand=False).dropna() for pattern in (_TRIBAL, _MOBILE))
    return AirNowDay(
        readings=finish_readings(placed.rows, source="airnow", origin=origin),
        rejected=origin.rejected(pm25.assign(date_local=f"{day:%Y-%m-%d}")).fillna({"date_local": pd.Timestamp(day)}),
        lines=len(table),
        sites_without_location=placed.unplaced.loc[is_without, "site_id"].nunique(),
        repaired_positions=int((placed.is_repaired & has_location[placed.rows.index]).sum()),
        sites_without_value=len(set(rows["site_id"]) - set(measured["site_id"])),
        tribal_sites=tuple(sorted(tribal)),
        mobile_sites=tuple(sorted(mobile)),
        foreign_sites=len(ids) - len(tribal) - len(mobile),
        file_name=layout.file_name,
    )


@dataclass(frozen=True)
class AgencyForecastsOfDay:
    """The records of one reportingarea.dat, or the forecasts that were issued that day."""

    records: pd.DataFrame
    """Columns of agency_forecasts, sorted by key."""
    rejected: pd.DataFrame
    """Lines set aside or repaired, in REJECTED_COLUMNS."""
    is_from_service: bool = False
    """They come from AirNow's historical forecasts, because the file is gone."""


def read_forecasts(path: Path, day: date, *, culprit: str) -> AgencyForecastsOfDay:
    """Every record of ``reportingarea.dat`` that has a position.

    All pollutants, forecasts and observations; areas outside the US have a null state, a record without an AQI a null
    one. Of several records with one key the last counts, because AirNow appends corrections. Records with an invalid
    date, number or code are set aside; BadPayload is raised when these are too many.
    """
    table, origin = read_fields(path, REPORTING_AREAS, culprit=culprit)
    table[LOCATION_COLUMNS] = typed_columns(_without_words(table, LOCATION_COLUMNS), LOCATION_COLUMNS, origin=origin)
    rows = table[table[LOCATION_COLUMNS].notna().all(axis=1)].copy()
    reject_nulls(rows, ["reporting_area", "parameter"], origin=origin)
    rows["archived_on"] = pd.Series(pd.Timestamp(day), index=rows.index, dtype="datetime64[ns]")
    rows["agency_aqi"] = _aqi(rows, origin)
    for name in ("issue_date", "target_date"):
        rows[name] = _days(rows[name], name, origin=origin)
    for name, meanings in _MEANINGS.items():
        rows[name] = _coded(rows[name], name, meanings, origin=origin)
    reject_out_of_range(rows, "agency_forecasts", origin)
    origin.check_share(rows.index)
    rows = origin.kept(rows)
    spec = TABLES["agency_forecasts"]
    latest = rows.drop_duplicates(list(spec.key), keep="last").sort_values(list(spec.key), kind="stable")
    records = latest[spec.column_names].astype({"is_primary": bool, "is_action_day": bool}).reset_index(drop=True)
    return AgencyForecastsOfDay(records, origin.rejected(table[[]]).assign(date_local=pd.Timestamp(day)))


def _pm25_lines(table: pd.DataFrame) -> pd.DataFrame:
    """The lines of 24-hour PM2.5 with site_id; ``is_known`` is false where its name is not one of PM25_DAY_NAMES."""
    names = table["parameter"].fillna("").map(folded)
    is_known = names.isin(PM25_DAY_NAMES)
    return _with_site_id(table.assign(is_known=is_known)[is_known | names.str.match("pm2.*24")])


def _with_site_id(rows: pd.DataFrame) -> pd.DataFrame:
    """``rows`` with site_id: the AQS site of a US site, with or without the country in its id, else null.

    Nine digits without a country are a US site where they begin with a state's code: Canada's begin with 00, and 80 is
    Mexico. The short id counts where the full one is missing.
    """
    ids = rows["airnow_id"].fillna(rows["short_id"]) if "short_id" in rows else rows["airnow_id"]
    sites = ids.str.extract(_US_SITE, expand=False)
    return rows.assign(airnow_id=ids, site_id=sites.where(sites.str[:2].isin(us_states())).astype(object))


def _us_rows(pm25: pd.DataFrame, day: date, origin: SourceLocation) -> pd.DataFrame:
    """The US sites of the day's ``pm25`` lines in contract columns, value and AQI parsed; the index counts the
    file's lines.

    Lines under an unknown name are set aside. Raises NotYetPublished when there is no line, BadPayload when all have an
    unknown name.
    """
    of_us = pm25[pm25["site_id"].notna()]
    rows, others = of_us[of_us["is_known"]], of_us[~of_us["is_known"]]
    origin.reject(others.index, "parameter", others["parameter"], PM25_DAY)
    if rows.empty and len(others):
        names = ", ".join(map(repr, sorted(set(others["parameter"]))))
        fix = "AirWatch has to learn the new name; report it to AirWatch"
        raise BadPayload(origin.culprit, f"has no {PM25_DAY} line, but lines of {names}", fix=fix)
    if rows.empty:
        problem = f"has no {PM25_DAY} line of a US site for {day:%Y-%m-%d}"
        fix = "Try again later; AirNow has usually published a day by noon of the next"
        raise NotYetPublished(origin.culprit, problem, fix=fix)
    rows = _without_words(rows, ["arithmetic_mean", *LOCATION_COLUMNS])
    return rows.assign(
        arithmetic_mean=typed_columns(rows, ["arithmetic_mean"], origin=origin)["arithmetic_mean"],
        latitude=rows.get("latitude"),
        longitude=rows.get("longitude"),
        aqi=_aqi(rows, origin),
        units_of_measure=_coded(rows["units_of_measure"], "units_of_measure", _UNITS, origin=origin),
        state_code=rows["site_id"].str[:2],
        county_code=rows["site_id"].str[2:5],
        site_number=rows["site_id"].str[5:],
        date_local=f"{day:%Y-%m-%d}",
        parameter_code=PM25_PARAMETER,
        poc=SITE_POC,
        sample_duration=BLOCK_AVERAGE,
    )


def _without_words(rows: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """``rows`` with null for words that mean a missing number."""
    present = [name for name in columns if name in rows]
    cleared = {name: rows[name].mask(rows[name].str.lower().isin(_NO_NUMBER)) for name in present}
    return rows.assign(**cleared)


def _with_area(rows: pd.DataFrame, site_locations: pd.DataFrame | None) -> pd.DataFrame:
    """``rows`` with the cbsa_code of their county."""
    listed = None
    if site_locations is not None:
        listed = site_locations.set_index("site_id")["cbsa_code"].reindex(rows["site_id"]).set_axis(rows.index)
    return rows.assign(cbsa_code=cbsa_codes(rows, listed)[0])


def _aqi(rows: pd.DataFrame, origin: SourceLocation) -> pd.Series:
    """The published AQI; null where the file has none or a negative number."""
    aqi = typed_columns(_without_words(rows, ["aqi"]), ["aqi"], origin=origin)["aqi"]
    return aqi.where(aqi.ge(0).fillna(False))


def _days(written: pd.Series, name: str, *, origin: SourceLocation) -> pd.Series:
    """Days written as 01/31/23; a row with anything else, null included, is set aside."""
    parsed = pd.to_datetime(written, format=DAY_FORMAT, errors="coerce")
    bad = written[parsed.isna()]
    origin.reject(bad.index, name, bad, "a date as 01/31/23")
    return parsed.astype("datetime64[ns]")


def _coded(written: pd.Series, name: str, meanings: Mapping[str, Any], *, origin: SourceLocation) -> pd.Series:
    """The meaning of each published code, in any case; a row with an unknown code, null included, is set aside."""
    known = {word.upper(): meaning for word, meaning in meanings.items()}
    upper = written.str.upper()
    bad = written[~upper.isin(known)]
    origin.reject(bad.index, name, bad, " or ".join(meanings))
    return upper.map(known)
