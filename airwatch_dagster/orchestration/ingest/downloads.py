"""Files of EPA's Download Daily Data page, parsed once."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import pandas as pd

from airwatch_dagster.acquire.airdata.daily_downloads import read_daily_download
from airwatch_dagster.acquire.airdata.download_scope import DownloadScope, download_scope
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.partitions import running_day
from airwatch_dagster.orchestration.resources import utc_now


@dataclass(frozen=True)
class DownloadedFile:
    """A parsed file."""

    path: Path
    rows: pd.DataFrame
    """In the columns of raw_readings without versions."""
    rejected: pd.DataFrame
    """Lines set aside, in REJECTED_COLUMNS."""
    counts: dict[str, int]
    """Rows that are repaired or left out, for a run's metadata."""

    def scope(self, covers: str | None = None) -> DownloadScope:
        """The stored rows it is complete for, as ``covers`` states or as it shows; errors as ``download_scope``."""
        return download_scope(self.rows, covers, culprit=self.path.name)

    def days(self, first: date, last: date) -> pd.DataFrame:
        """The rows from ``first`` to ``last``."""
        is_within = self.rows["date_local"].between(pd.Timestamp(first), pd.Timestamp(last))
        return self.rows[is_within].reset_index(drop=True)

    def spans(self) -> list[tuple[date, date]]:
        """First and last day of the file in each calendar year, in order."""
        days = self.rows["date_local"]
        by_year = days.groupby(days.dt.year).agg(["min", "max"])
        return [(first.date(), last.date()) for first, last in by_year.itertuples(index=False)]


def is_fuller_than_download(readings: pd.DataFrame) -> pd.Series:
    """Mask of the ``readings`` that hold more than a file of the page: those of the bulk files and the API.

    Their rows of 88101 have a standard, and all have the highest value of the day.
    """
    return readings["pollutant_standard"].notna() | readings["first_max_value"].notna()


def downloaded_file(path: Path) -> DownloadedFile:
    """The file at ``path``, parsed once per process until it changes.

    Raises ConfigurationError for a missing file, BadPayload and SourceUnavailable as ``read_daily_download``.
    """
    if not path.is_file():
        problem = "is a folder, not a file" if path.is_dir() else "there is no such file"
        raise ConfigurationError(str(path), problem, fix="Name a file of EPA's download page")
    state = path.stat()
    return _parsed(path.absolute(), state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=1)
def _parsed(path: Path, _modified_ns: int, _size: int) -> DownloadedFile:
    read = read_daily_download(path, newest=running_day(utc_now()))
    counts = {"repaired_positions": read.repaired_positions, "left_out_foreign_rows": read.foreign_rows}
    return DownloadedFile(path, read.readings, read.rejected, counts)
