"""EPA's "Download Daily Data" files as the contract's columns: one value per monitor and day, AQS's or AirNow's."""

import gzip
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
"""Our columns in both generations of header: until 2023 DAILY_AQI_VALUE and the like, since 2024 Daily AQI Value.
Source: EPA, Download Daily Data."""

_MAY_BE_ABSENT: Final = ("method_code",)
"""Columns that older layouts lack."""

DOWNLOAD_SOURCES: Final = {"AQS": "aqs", "AirNow": "airnow"}
"""Our sources by the column Source, the one that wins first."""

DOWNLOAD_PARAMETERS: Final = (PM25_PARAMETER, "88502")
"""Parameters under which the page offers PM2.5. Both are kept: EPA moves monitors from one to the other."""

DOWNLOAD_UNITS: Final = {"ug/m3 LC": "Micrograms/cubic meter (LC)"}
"""AQS's units by the download's."""

DOWNLOAD_DURATION: Final = "24-HR BLK AVG"
"""Duration of every row. The layout tells no filter from a continuous monitor, and AirNow's rows are block averages;
with one duration for all, AQS's row of a monitor-day has the key of AirNow's row that it replaces."""

_SITE: Final = re.compile("[0-9]{9}")
_SITE_WITHOUT_ZERO: Final = re.compile("[0-9]{8}")
_ZIP, _GZIP = b"PK", b"\x1f\x8b"


@dataclass(frozen=True)
class DownloadScope:
    """The rows a download speaks for: of its states, from its first day to its last.

    Downloads are asked for by state and year, so a state of which a file says nothing was not asked for, and one of
    which it says something is there as a whole: a site or parameter that no longer occurs was withdrawn. Days beyond
    the file's own are unknown, not withdrawn: a file cut earlier ends earlier. Not so for a download of a single county
    or site.
    """

    states: frozenset[str]
    first: pd.Timestamp
    last: pd.Timestamp

    def __call__(self, history: pd.DataFrame) -> pd.Series:
        """Which rows of ``history`` would be in the download if they were still published."""
        return history["date_local"].between(self.first, self.last) & history["state_code"].isin(self.states)


def download_scope(readings: pd.DataFrame) -> DownloadScope:
    """What a download with these rows speaks for; nothing when there are none."""
    days = readings["date_local"]
    return DownloadScope(frozenset(readings["state_code"]), days.min(), days.max())


def read_daily_download(path: Path, first: date | None = None, last: date | None = None) -> pd.DataFrame:
    """Every row from ``first`` to ``last`` (all without them) in the columns of raw_readings without versions.

    One row per key, sorted; the file may be a plain CSV, gzipped, or a zip with one CSV. Standard, event type,
    validity, highest value and date of last change are null, as the layout has none. A day of two samples is one row
    with observation_percent 200. Where AQS and AirNow speak of the same monitor-day, AQS does. Canada is left out.
    Raises BadPayload for a missing column, another source, unit or parameter, a site without its 9 digits, what does
    not parse, and different rows with one key; SourceUnavailable for a damaged file.
    """
    if first is not None and last is not None:
        check_days(first, last)
    table, origin = _read_text(path)
    rows = table[~table["site_id"].astype(object).str.startswith(FOREIGN_STATES, na=False)].copy()
    rows["date_local"] = dates(rows["date_local"], "date_local", origin=origin)
    rows = _in_our_words(rows, origin)
    wanted = rows["date_local"].between(pd.Timestamp(first or pd.Timestamp.min), pd.Timestamp(last or pd.Timestamp.max))
    rows = _aqs_before_airnow(rows[wanted])
    return finish_readings(rows, source=rows["source"], origin=origin)


def _in_our_words(rows: pd.DataFrame, origin: SourceLocation) -> pd.DataFrame:
    """Sources, units, parameters and sites as the contract has them, and what holds of every row."""
    reject_nulls(rows, ["date_local", "source", "units_of_measure", "parameter_code", "site_id"], origin=origin)
    known = {"source": DOWNLOAD_SOURCES, "units_of_measure": DOWNLOAD_UNITS}
    known["parameter_code"] = {code: code for code in DOWNLOAD_PARAMETERS}
    for name, ours in known.items():
        rows[name] = _translated(rows[name], name, ours, origin)
    sites = _sites(rows["site_id"], origin)
    return rows.assign(
        state_code=sites.str[:2],
        county_code=sites.str[2:5],
        site_number=sites.str[5:],
        sample_duration=DOWNLOAD_DURATION,
    )


def _translated(series: pd.Series, name: str, ours: dict[str, str], origin: SourceLocation) -> pd.Series:
    """Each of the file's words by ours, whatever their case. Raises BadPayload for a word that is not among them."""
    folded = {theirs.casefold(): word for theirs, word in ours.items()}
    words = series.astype(object).map(lambda word: folded.get(word.strip().casefold()))
    for row in words.index[words.isna()][:1]:
        origin.reject(int(row), name, series[row], " or ".join(ours))
    return words


def _sites(site_ids: pd.Series, origin: SourceLocation) -> pd.Series:
    """Site numbers as text of 9 digits. Raises BadPayload for another, and says when a spreadsheet took the zero."""
    sites = site_ids.astype(object)
    for row in sites.index[~sites.str.fullmatch(_SITE).astype(bool)][:1]:
        is_cut = _SITE_WITHOUT_ZERO.fullmatch(sites[row])
        why = "; a spreadsheet that saved the file dropped the leading zero" if is_cut else ""
        origin.reject(int(row), "site_id", sites[row], f"9 digits{why}")
    return sites


def _aqs_before_airnow(rows: pd.DataFrame) -> pd.DataFrame:
    """Without AirNow's rows of monitor-days that AQS publishes too."""
    monitor_day = pd.MultiIndex.from_frame(rows[["site_id", "parameter_code", "poc", "date_local"]].astype(object))
    is_airnow = (rows["source"] == "airnow").to_numpy()
    return rows[~(is_airnow & monitor_day.isin(monitor_day[~is_airnow]))]


def _read_text(path: Path) -> tuple[pd.DataFrame, SourceLocation]:
    """The file's wanted columns by our names, every value text, empty values null."""
    try:
        with _csv_inside(path) as opened:
            return named_columns(
                opened,
                DOWNLOAD_NAMES,
                culprit=path.name,
                layout="Download Daily Data's",
                may_be_absent=_MAY_BE_ABSENT,
            )
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError) as error:
        problem = f"the file is damaged ({error})"
        raise SourceUnavailable(path.name, problem, fix="Download it again") from error


@contextmanager
def _csv_inside(path: Path) -> Iterator[Callable[[], IO[bytes]]]:
    """What opens the CSV, told by the file's first bytes: downloads are renamed, and unpacked under the old name."""
    with path.open("rb") as file:
        start = file.read(2)
    if start == _ZIP:
        inside = only_csv(path, culprit=path.name)
        with zipfile.ZipFile(path) as archive:
            yield lambda: archive.open(inside)
    elif start == _GZIP:
        yield lambda: cast(IO[bytes], gzip.open(path))  # noqa: SIM115
    else:
        yield lambda: path.open("rb")
