"""EPA's "Download Daily Data" files in contract columns: one value per monitor and day, AQS's or AirNow's."""

import gzip
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import IO, Final, cast

import pandas as pd

from airwatch_dagster.acquire.airdata.files import only_csv
from airwatch_dagster.acquire.parsing.csv_columns import named_columns
from airwatch_dagster.acquire.parsing.values import SourceLocation, dates, reject_nulls
from airwatch_dagster.acquire.readings import FOREIGN_STATES, PM25_PARAMETER, check_days, finish_readings
from airwatch_dagster.errors import SourceUnavailable

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
}
"""Published names by contract name; both generations of header match: until 2023 DAILY_AQI_VALUE and the like, since
2024 Daily AQI Value. Source: EPA, Download Daily Data."""

DOWNLOAD_SOURCES: Final = {"AQS": "aqs", "AirNow": "airnow"}
"""Our sources by the value of Source, in order of precedence."""

DOWNLOAD_PARAMETERS: Final = (PM25_PARAMETER, "88502")
"""Parameters under which the page publishes PM2.5. Both are read: EPA moves monitors from one to the other."""

DOWNLOAD_UNITS: Final = {"ug/m3 LC": "Micrograms/cubic meter (LC)"}
"""AQS's units by the download's units."""

DOWNLOAD_DURATION: Final = "24-HR BLK AVG"
"""Duration of every row. The layout does not distinguish filters from continuous monitors, and AirNow's rows are block
averages; with one duration for all, AQS's row of a monitor-day has the same key as the AirNow row that it replaces."""

_SITE: Final = re.compile("[0-9]{9}")
_SITE_WITHOUT_ZERO: Final = re.compile("[0-9]{8}")
_ZIP, _GZIP = b"PK", b"\x1f\x8b"


def read_daily_download(path: Path, first: date | None = None, last: date | None = None) -> pd.DataFrame:
    """Every row from ``first`` to ``last`` (all without them) in the columns of raw_readings without versions.

    One row per key, sorted; the file is a plain CSV, a gzipped CSV, or a zip with one CSV. Standard, event type,
    validity, highest value and date of last change are null, because the layout lacks them. A day of two samples is one
    row with observation_percent 200. AQS takes precedence over AirNow for the same monitor-day. Canada is left out.
    Raises BadPayload for a missing column, another source, unit or parameter, a site without its 9 digits, a value that
    does not parse, and different rows with one key; SourceUnavailable for a damaged file.
    """
    if first is not None and last is not None:
        check_days(first, last)
    table, origin = _read_text(path)
    rows = table[~table["site_id"].astype(object).str.startswith(FOREIGN_STATES, na=False)].copy()
    rows["date_local"] = dates(rows["date_local"], "date_local", origin=origin)
    rows = _in_contract_values(rows, origin)
    days = (pd.Timestamp(first or pd.Timestamp.min), pd.Timestamp(last or pd.Timestamp.max))
    is_requested = rows["date_local"].between(*days)
    rows = rows[is_requested]
    monitor_day = pd.MultiIndex.from_frame(rows[["site_id", "parameter_code", "poc", "date_local"]].astype(object))
    is_airnow = (rows["source"] == "airnow").to_numpy()
    rows = rows[~(is_airnow & monitor_day.isin(monitor_day[~is_airnow]))]
    return finish_readings(rows, source=rows["source"], origin=origin)


def _in_contract_values(rows: pd.DataFrame, origin: SourceLocation) -> pd.DataFrame:
    """``rows`` with contract values of source, unit, parameter and site, and with the duration."""
    reject_nulls(rows, ["date_local", "source", "units_of_measure", "parameter_code", "site_id"], origin=origin)
    known = {"source": DOWNLOAD_SOURCES, "units_of_measure": DOWNLOAD_UNITS}
    known["parameter_code"] = {code: code for code in DOWNLOAD_PARAMETERS}
    for name, mapping in known.items():
        rows[name] = _mapped(rows[name], name, mapping, origin)
    sites = _sites(rows["site_id"], origin)
    return rows.assign(
        state_code=sites.str[:2],
        county_code=sites.str[2:5],
        site_number=sites.str[5:],
        sample_duration=DOWNLOAD_DURATION,
    )


def _mapped(series: pd.Series, name: str, mapping: dict[str, str], origin: SourceLocation) -> pd.Series:
    """Each published value by its contract value, ignoring case. Raises BadPayload for a value not in ``mapping``."""
    folded = {published.casefold(): value for published, value in mapping.items()}
    values = series.astype(object).map(lambda published: folded.get(published.strip().casefold()))
    for row in values.index[values.isna()][:1]:
        origin.reject(int(row), name, series[row], " or ".join(mapping))
    return values


def _sites(site_ids: pd.Series, origin: SourceLocation) -> pd.Series:
    """Site IDs as text of 9 digits. Raises BadPayload for another; the error explains 8 digits as a dropped zero."""
    sites = site_ids.astype(object)
    for row in sites.index[~sites.str.fullmatch(_SITE).astype(bool)][:1]:
        is_cut = _SITE_WITHOUT_ZERO.fullmatch(sites[row])
        why = "; a spreadsheet that saved the file dropped the leading zero" if is_cut else ""
        origin.reject(int(row), "site_id", sites[row], f"9 digits{why}")
    return sites


def _read_text(path: Path) -> tuple[pd.DataFrame, SourceLocation]:
    """The columns of the CSV; see ``named_columns``. Raises SourceUnavailable for a damaged file."""
    try:
        with _csv_inside(path) as opened:
            return named_columns(opened, DOWNLOAD_NAMES, culprit=path.name, layout="Download Daily Data's")
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError) as error:
        problem = f"the file is damaged ({error})"
        raise SourceUnavailable(path.name, problem, fix="Download it again") from error


@contextmanager
def _csv_inside(path: Path) -> Iterator[Callable[[], IO[bytes]]]:
    """A function that opens the CSV, chosen by the file's first bytes: people rename and unpack downloads."""
    with path.open("rb") as file:
        start = file.read(2)
    if start == _ZIP:
        inside = only_csv(path, culprit=path.name)
        with zipfile.ZipFile(path) as archive:
            yield lambda: archive.open(inside)
    elif start == _GZIP:
        yield lambda: cast(IO[bytes], gzip.open(path))  # noqa: SIM115 - the caller closes it
    else:
        yield lambda: path.open("rb")
