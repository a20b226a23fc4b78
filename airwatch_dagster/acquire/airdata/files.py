"""AirData's bulk files in contract columns: one zip with one CSV for the whole country."""

import zipfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.airdata.other_tables import DAILY_FILE, MONITOR_LIST, OTHER_TABLES
from airwatch_dagster.acquire.aqs_codes import cbsa_codes, is_foreign
from airwatch_dagster.acquire.parsing.bounded import refuse_many_members
from airwatch_dagster.acquire.parsing.containers import table_inside, table_member
from airwatch_dagster.acquire.parsing.csv_columns import Layout, named_columns
from airwatch_dagster.acquire.parsing.rejections import UNTOUCHED_COPY, SourceLocation
from airwatch_dagster.acquire.parsing.values import codes, dates, reject_nulls
from airwatch_dagster.acquire.positions import with_known_positions
from airwatch_dagster.acquire.readings import (
    LOCATION_COLUMNS,
    SITE_COLUMNS,
    MonitorList,
    check_days,
    finish_monitors,
    finish_readings,
)
from airwatch_dagster.errors import BadPayload, SourceUnavailable
from airwatch_dagster.parameters import PM25_PARAMETER

COMMON_NAMES: Final = {
    "state_code": "State Code",
    "county_code": "County Code",
    "parameter_code": "Parameter Code",
    "poc": "POC",
    "latitude": "Latitude",
    "longitude": "Longitude",
    "datum": "Datum",
    "cbsa_name": "CBSA Name",
}
"""Columns of both kinds of file, published names by contract name."""

DAILY_NAMES: Final = COMMON_NAMES | {
    "site_number": "Site Num",
    "date_local": "Date Local",
    "sample_duration": "Sample Duration",
    "pollutant_standard": "Pollutant Standard",
    "event_type": "Event Type",
    "units_of_measure": "Units of Measure",
    "observation_count": "Observation Count",
    "observation_percent": "Observation Percent",
    "arithmetic_mean": "Arithmetic Mean",
    "first_max_value": "1st Max Value",
    "first_max_hour": "1st Max Hour",
    "aqi": "AQI",
    "method_code": "Method Code",
    "date_of_last_change": "Date of Last Change",
}
"""Columns of the daily files of every parameter, published names by contract name. Source: EPA AirData file
formats, daily summary files."""

MONITOR_NAMES: Final = COMMON_NAMES | {
    "site_number": "Site Number",
    "site_name": "Local Site Name",
    "open_date": "First Year of Data",
    "last_sample_date": "Last Sample Date",
    "method_code": "Last Method Code",
    "is_primary": "NAAQS Primary Monitor",
}
"""Columns of aqs_monitors.zip, published names by contract name. Source: EPA AirData file formats, monitor
descriptions."""

COMPLETE: Final = "The layout changed; use a file with AirData's columns"
"""What to do about a file that lacks a column."""

_MONITORS: Final = Layout(
    MONITOR_LIST,
    MONITOR_NAMES,
    OTHER_TABLES,
    "Use AirData's aqs_monitors.zip under this name",
    complete=COMPLETE,
    repair=UNTOUCHED_COPY,
)


_YEAR: Final = r"^((?:19|20)[0-9]{2})(?:\.0+)?$"


@dataclass(frozen=True)
class DailyFile:
    """The requested days and sites of a daily file."""

    readings: pd.DataFrame
    """Columns of raw_readings without versions."""
    sites: pd.DataFrame
    """Every site of the file: state_code, county_code, site_number, latitude, longitude, cbsa_code."""
    last_day: pd.Timestamp
    """The file's last day over all sites; NaT for a file without rows."""
    unknown_cbsa_names: dict[str, int]
    """Rows of the file per statistical area that neither its county nor its name identifies; they have no
    cbsa_code."""
    rejected: pd.DataFrame
    """Lines set aside, in REJECTED_COLUMNS."""
    repaired_positions: int
    """Number of rows of the requested days and sites with the known position of their site instead of the published
    one."""
    foreign_rows: int
    """Rows of the file left out, because their site is in Mexico or Canada."""


@dataclass(frozen=True, eq=False)
class PlacedRows:
    """The rows of a daily file that can be read and placed, of all its sites; or those of some of its days."""

    rows: pd.DataFrame
    """Contract columns, values as published but for codes, day and position; the index counts the file's lines."""
    sites: pd.DataFrame
    """As ``DailyFile.sites``."""
    site_of_row: np.ndarray
    """Position in ``sites``."""
    is_repaired: np.ndarray
    """Mask of the rows with another position than published."""
    last_day: pd.Timestamp
    unknown_cbsa_names: dict[str, int]
    foreign_rows: int
    origin: SourceLocation
    published: pd.DataFrame
    """Text of the lines, for what is told of lines set aside."""


def read_daily(
    path: Path,
    first: date,
    last: date,
    *,
    source: str,
    parameter: str = PM25_PARAMETER,
    keep: Callable[[pd.DataFrame], pd.Series] | None = None,
    known: pd.DataFrame | None = None,
) -> DailyFile:
    """Every published row of ``parameter`` from ``first`` to ``last`` of the selected sites, one row per key, sorted.

    ``keep`` maps the file's sites (see ``DailyFile.sites``) to a mask of the sites to read; all without it. ``known``
    are the positions of ``with_known_positions``. The event type ``None`` is text; empty values are null. Rows of
    other parameters, of Mexico and of Canada are left out; rows that cannot be read or placed are set aside (see
    ``finish_readings``). Raises BadPayload for a missing column and for too many rows that cannot be read;
    SourceUnavailable for a damaged zip.
    """
    check_days(first, last)
    placed = placed_rows(path, range(first.year, last.year + 1), parameter=parameter, known=known)
    return days_of_file(placed, first, last, source=source, keep=keep)


def placed_rows(path: Path, years: range, *, parameter: str, known: pd.DataFrame | None) -> PlacedRows:
    """The rows of ``parameter`` and of days of ``years``; ``known`` and errors as ``read_daily``."""
    table, origin = read_text(path, daily_layout(parameter))
    rows, foreign_rows = pm25_rows(table, origin, (parameter,))
    rows["cbsa_code"], unknown = cbsa_codes(rows, rows.pop("cbsa_name"))
    rows["date_local"] = dates(rows["date_local"], "date_local", origin=origin)
    reject_nulls(rows, ["date_local"], origin=origin)
    is_of_year = rows["date_local"].between(pd.Timestamp(years[0], 1, 1), pd.Timestamp(years[-1], 12, 31))
    others = table.loc[rows.index[~is_of_year], "date_local"]
    origin.reject(others.index, "date_local", others, f"a day of {years[0]}, as in the rest of the file")
    placed = with_known_positions(origin.kept(rows), known)
    placed.reject_unplaced(origin)
    origin.check_share(rows.index)
    rows, (sites, site_of_row) = placed.rows, _sites(placed.rows)
    last_day = rows["date_local"].max()
    return PlacedRows(rows, sites, site_of_row, placed.is_repaired, last_day, unknown, foreign_rows, origin, table)


def days_of_file(
    placed: PlacedRows,
    first: date,
    last: date,
    *,
    source: str,
    keep: Callable[[pd.DataFrame], pd.Series] | None = None,
) -> DailyFile:
    """The days and sites of ``placed`` that ``read_daily`` would read; errors likewise."""
    rows, origin = placed.rows, placed.origin
    wanted = rows["date_local"].between(pd.Timestamp(first), pd.Timestamp(last)).to_numpy()
    if keep is not None:
        wanted &= keep(placed.sites).to_numpy(dtype=bool)[placed.site_of_row]
    readings = finish_readings(rows[wanted], source=source, origin=origin)
    return DailyFile(
        readings,
        placed.sites,
        last_day=placed.last_day,
        unknown_cbsa_names=placed.unknown_cbsa_names,
        rejected=origin.rejected(placed.published),
        repaired_positions=int((placed.is_repaired & wanted).sum()),
        foreign_rows=placed.foreign_rows,
    )


def read_monitors(path: Path, parameters: Collection[str] = (PM25_PARAMETER,)) -> MonitorList:
    """Every monitor of ``parameters`` in ``aqs_monitors.zip``, in the columns of monitors without is_context, sorted.

    open_date and last_sample_date are null for a monitor that never reported. A monitor without a possible location has
    that of another one at its site, or is set aside. Those of Mexico and Canada are left out. Errors as ``read_daily``.
    """
    table, origin = read_text(path, _MONITORS)
    rows, foreign_rows = pm25_rows(table, origin, parameters)
    rows["cbsa_code"], _ = cbsa_codes(rows, rows.pop("cbsa_name"))
    rows["open_date"] = _first_days(rows["open_date"], origin)
    placed = with_known_positions(rows, None)
    placed.reject_unplaced(origin)
    monitors = finish_monitors(placed.rows, origin=origin, null_means_open=False)
    return MonitorList(monitors, origin.rejected(table), foreign_rows)


def only_csv(path: Path, *, culprit: str) -> str:
    """Name of the one CSV inside a zip.

    Raises SourceUnavailable when it is not a valid zip, and BadPayload as ``table_member``.
    """
    try:
        with path.open("rb") as file:
            refuse_many_members(file, culprit=culprit)
        with zipfile.ZipFile(path) as archive:
            return table_member(archive, culprit=culprit)
    except zipfile.BadZipFile as error:
        raise damaged(culprit, str(error)) from error


def damaged(culprit: str, what: str) -> SourceUnavailable:
    """The error for a zip that arrived incomplete or altered."""
    return SourceUnavailable(culprit, f"the zip is damaged ({what})", fix="Download it again")


def pm25_rows(table: pd.DataFrame, origin: SourceLocation, parameters: Collection[str]) -> tuple[pd.DataFrame, int]:
    """Rows of ``parameters`` in the US with every code checked, and the number of those abroad; the index counts the
    file's rows. Raises BadPayload for a file without rows of them."""
    is_abroad = is_foreign(table["state_code"])
    rows, abroad = table[~is_abroad], table.loc[is_abroad, "parameter_code"].astype(str)
    parameter = codes(rows["parameter_code"], "parameter_code", origin=origin)
    may_be_pm25 = (parameter.isna() | parameter.isin(parameters)).to_numpy(dtype=bool)
    if not may_be_pm25.any():
        _refuse_without_pm25(parameter, origin.culprit, parameters)
    rows = rows[may_be_pm25].assign(parameter_code=parameter)
    reject_nulls(rows, ["parameter_code", *SITE_COLUMNS], origin=origin)
    for name in SITE_COLUMNS:
        rows[name] = codes(rows[name], name, origin=origin)
    origin.check_share(rows.index)
    return origin.kept(rows).copy(), int(abroad.str.startswith(tuple(parameters)).sum())


def _refuse_without_pm25(parameter: pd.Series, culprit: str, parameters: Collection[str]) -> None:
    """Raises BadPayload naming the parameters of a file without rows of ``parameters``."""
    found = sorted(set(parameter.dropna()) - set(parameters))
    if found:
        wanted = " or ".join(parameters)
        problem = f"has no row of PM2.5 ({wanted}), but of parameter {', '.join(found[:5])}"
        raise BadPayload(culprit, problem, fix=f"Use AirData's file of {wanted} under this name")


def daily_layout(parameter: str) -> Layout:
    """The columns of the daily files of a parameter."""
    advice = f"Use AirData's daily_{parameter}_YEAR.zip under this name"
    return Layout(DAILY_FILE, DAILY_NAMES, OTHER_TABLES, advice, complete=COMPLETE, repair=UNTOUCHED_COPY)


def _sites(rows: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """One row per site, at the location of its first row, and for each row the number of its site."""
    numbers = rows.groupby(list(SITE_COLUMNS), sort=False).ngroup()
    first_rows = rows[~numbers.duplicated()]
    return first_rows[[*SITE_COLUMNS, *LOCATION_COLUMNS, "cbsa_code"]].reset_index(drop=True), numbers.to_numpy()


def _first_days(years: pd.Series, origin: SourceLocation) -> pd.Series:
    """1 January of each year as text, null for null; a row with anything but a year is set aside."""
    written = years.astype(object)
    found = written.astype("string").str.extract(_YEAR, expand=False)
    bad = written[found.isna() & written.notna()]
    origin.reject(bad.index, "open_date", bad, "a year")
    return (found + "-01-01").astype(object).mask(found.isna())


def read_text(path: Path, layout: Layout) -> tuple[pd.DataFrame, SourceLocation]:
    """The columns of the CSV; see ``table_inside`` and ``named_columns``."""
    with table_inside(path, culprit=path.name) as opened:
        return named_columns(opened, layout, culprit=path.name)
