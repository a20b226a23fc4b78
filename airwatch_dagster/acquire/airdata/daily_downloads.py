"""EPA's "Download Daily Data" files in contract columns: one value per monitor and day, AQS's or AirNow's."""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import pandas as pd

from airwatch_dagster.acquire.airdata.other_tables import DOWNLOAD, OTHER_TABLES
from airwatch_dagster.acquire.aqs_codes import FOREIGN_STATES, cbsa_codes
from airwatch_dagster.acquire.parsing.containers import table_inside
from airwatch_dagster.acquire.parsing.csv_columns import OPTIONAL_COLUMNS, Layout, named_columns
from airwatch_dagster.acquire.parsing.rejections import SourceLocation
from airwatch_dagster.acquire.parsing.values import dates, reject_nulls
from airwatch_dagster.acquire.parsing.vocabulary import BLOCK_AVERAGE, LOCAL_CONDITIONS
from airwatch_dagster.acquire.positions import with_known_positions
from airwatch_dagster.acquire.readings import check_days, finish_readings
from airwatch_dagster.parameters import PARAMETERS

DOWNLOAD_NAMES: Final = {
    "date_local": "Date",
    "source": "Source",
    "site_id": "Site ID",
    "poc": "POC",
    "arithmetic_mean": "Daily Mean PM2.5 Concentration",
    "units_of_measure": "Units",
    "aqi": "Daily AQI Value",
    "observation_count": "Daily Obs Count",
    "observation_percent": "Percent Complete",
    "parameter_code": "AQS Parameter Code",
    "method_code": "Method Code",
    "cbsa_code": "CBSA Code",
    "latitude": "Site Latitude",
    "longitude": "Site Longitude",
    "state_code": "State FIPS Code",
    "county_code": "County FIPS Code",
}
"""Published names by contract name; both generations of header match: until 2023 DAILY_AQI_VALUE and the like, since
2024 Daily AQI Value. Source: EPA, Download Daily Data."""

DOWNLOAD_SOURCES: Final = {"AQS": "aqs", "AirNow": "airnow"}
"""Our sources by the value of Source, in order of precedence."""

DOWNLOAD_UNITS: Final = {"ug/m3 LC": LOCAL_CONDITIONS}
"""AQS's units by the download's units."""

DOWNLOAD_DURATION: Final = BLOCK_AVERAGE
"""Duration of every row. The layout does not distinguish filters from continuous monitors, and AirNow's rows are block
averages; with one duration for all, AQS's row of a monitor-day has the same key as the AirNow row that it replaces."""

_LAYOUT: Final = Layout(
    DOWNLOAD,
    DOWNLOAD_NAMES,
    OTHER_TABLES,
    "On EPA's Download Daily Data page, choose PM2.5, a year and a place, and import that file",
    optional=(*OPTIONAL_COLUMNS, "state_code", "county_code"),
)

_SITE: Final = re.compile("[0-9]{9}")
_SITE_WITHOUT_ZERO: Final = re.compile("[0-9]{8}")
_FOREIGN_SITE: Final = re.compile("|".join(f"{state}.{{7}}" for state in FOREIGN_STATES))


@dataclass(frozen=True)
class DailyDownload:
    """A file of the page."""

    readings: pd.DataFrame
    """Columns of raw_readings without versions, one row per key, sorted."""
    rejected: pd.DataFrame
    """Lines set aside, in REJECTED_COLUMNS."""
    repaired_positions: int
    """Number of rows with the position of their site's other rows instead of the published one."""
    foreign_rows: int
    """Rows of the file left out, because their site is in Mexico or Canada."""


def read_daily_download(
    path: Path, first: date | None = None, last: date | None = None, *, newest: date | None = None
) -> DailyDownload:
    """Every row from ``first`` to ``last`` (all without them).

    The file is a plain CSV, a gzipped CSV, or a zip with one CSV. Standard, event type, validity, highest value and
    date of last change are null, because the layout lacks them. A day of two samples is one row with
    observation_percent 200. AQS takes precedence over AirNow for the same monitor-day. Mexico and Canada are left
    out; the county gives the statistical area, because the file's can be of another delineation than AQS's. Set aside
    are rows with another source, unit or parameter, a site without its 9 digits, a day after ``newest``, a site that no
    row places, and those of ``finish_readings``.
    Raises BadPayload for a missing column and for too many rows that cannot be read; SourceUnavailable for a damaged
    file.
    """
    if first is not None and last is not None:
        check_days(first, last)
    table, origin = _read_text(path)
    is_abroad = table["site_id"].astype(str).str.fullmatch(_FOREIGN_SITE).to_numpy(dtype=bool)
    rows = table[~is_abroad].copy()
    rows["date_local"] = dates(rows["date_local"], "date_local", origin=origin)
    if newest is not None:
        later = table.loc[rows.index[rows["date_local"] > pd.Timestamp(newest)], "date_local"]
        origin.reject(later.index, "date_local", later, f"a day up to {newest}")
    rows = _in_contract_values(rows, origin)
    days = (pd.Timestamp(first or pd.Timestamp.min), pd.Timestamp(last or pd.Timestamp.max))
    is_requested = rows["date_local"].between(*days)
    rows = rows[is_requested]
    monitor_day = pd.MultiIndex.from_frame(rows[["site_id", "parameter_code", "poc", "date_local"]].astype(object))
    is_airnow = (rows["source"] == "airnow").to_numpy()
    rows = rows[~(is_airnow & monitor_day.isin(monitor_day[~is_airnow]))]
    placed = with_known_positions(rows, None)
    placed.reject_unplaced(origin)
    readings = finish_readings(placed.rows, source=placed.rows["source"], origin=origin)
    return DailyDownload(
        readings, origin.rejected(table), int(placed.is_repaired.sum()), foreign_rows=int(is_abroad.sum())
    )


def _in_contract_values(rows: pd.DataFrame, origin: SourceLocation) -> pd.DataFrame:
    """``rows`` with contract values of source, unit, parameter and site, and with the duration; others set aside."""
    reject_nulls(rows, ["date_local", "source", "units_of_measure", "parameter_code", "site_id"], origin=origin)
    known = {"source": DOWNLOAD_SOURCES, "units_of_measure": DOWNLOAD_UNITS}
    known["parameter_code"] = {code: code for code in PARAMETERS}
    for name, mapping in known.items():
        rows[name] = _mapped(rows[name], name, mapping, origin)
    _reject_sites(rows["site_id"], origin)
    origin.check_share(rows.index)
    rows = origin.kept(rows)
    sites = rows["site_id"].astype(object)
    rows = rows.assign(
        state_code=sites.str[:2],
        county_code=sites.str[2:5],
        site_number=sites.str[5:],
        sample_duration=DOWNLOAD_DURATION,
    )
    return rows.assign(cbsa_code=cbsa_codes(rows, rows["cbsa_code"])[0])


def _mapped(series: pd.Series, name: str, mapping: dict[str, str], origin: SourceLocation) -> pd.Series:
    """Each published value by its contract value, ignoring case; null, and set aside, for one not in ``mapping``."""
    folded = {published.casefold(): value for published, value in mapping.items()}
    words = series.astype(object)
    values = words.map(lambda word: folded.get(word.strip().casefold().removesuffix(".0")), na_action="ignore")
    unknown = words[values.isna() & words.notna()]
    origin.reject(unknown.index, name, unknown, " or ".join(mapping))
    return values.astype(object)


def _reject_sites(site_ids: pd.Series, origin: SourceLocation) -> None:
    """Set rows aside whose Site ID is not 9 digits; the reason explains 8 digits as a dropped zero."""
    sites = site_ids.astype(object).dropna()
    bad = sites[~sites.str.fullmatch(_SITE).astype(bool)]
    is_cut = bad.str.fullmatch(_SITE_WITHOUT_ZERO).astype(bool)
    why = "9 digits; a spreadsheet that saved the file dropped the leading zero"
    origin.reject(bad.index[is_cut], "site_id", bad[is_cut], why)
    origin.reject(bad.index[~is_cut], "site_id", bad[~is_cut], "9 digits")


def _read_text(path: Path) -> tuple[pd.DataFrame, SourceLocation]:
    """The columns of the CSV; see ``table_inside`` and ``named_columns``."""
    with table_inside(path, culprit=path.name) as opened:
        return named_columns(opened, _LAYOUT, culprit=path.name)
