"""Files of EPA's Download Daily Data page, parsed once."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import pandas as pd

from airwatch_dagster.acquire.airdata.daily_downloads import DownloadScope, download_scope, read_daily_download
from airwatch_dagster.errors import ConfigurationError


@dataclass(frozen=True)
class DownloadedFile:
    """A parsed file: its rows in the columns of raw_readings without versions, and the rows it is complete for."""

    rows: pd.DataFrame
    scope: DownloadScope
    rejected: pd.DataFrame
    """Lines set aside, in REJECTED_COLUMNS."""

    def days(self, first: date, last: date) -> pd.DataFrame:
        """The rows from ``first`` to ``last``."""
        is_within = self.rows["date_local"].between(pd.Timestamp(first), pd.Timestamp(last))
        return self.rows[is_within].reset_index(drop=True)

    def spans(self) -> list[tuple[date, date]]:
        """First and last day of the file in each calendar year, in order."""
        days = self.rows["date_local"]
        by_year = days.groupby(days.dt.year).agg(["min", "max"])
        return [(first.date(), last.date()) for first, last in by_year.itertuples(index=False)]


def downloaded_file(path: Path) -> DownloadedFile:
    """The file at ``path``, parsed once per process until it changes.

    Raises ConfigurationError for a missing file, BadPayload and SourceUnavailable as ``read_daily_download``.
    """
    if not path.is_file():
        raise ConfigurationError(str(path), "there is no such file", fix="Name a file of EPA's download page")
    state = path.stat()
    return _parsed(path.absolute(), state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=1)
def _parsed(path: Path, _modified_ns: int, _size: int) -> DownloadedFile:
    read = read_daily_download(path)
    return DownloadedFile(read.readings, download_scope(read.readings), read.rejected)
