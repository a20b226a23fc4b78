"""The days of a downloaded file that have partitions, and what a person should know of the rest."""

from dataclasses import dataclass, replace
from datetime import date

import pandas as pd

from airwatch_dagster.errors import BadPayload
from airwatch_dagster.orchestration.ingest.downloads import DownloadedFile
from airwatch_dagster.orchestration.partitions import FIRST_DAY


@dataclass(frozen=True)
class ImportDays:
    """What is imported of a file."""

    spans: list[tuple[date, date]]
    """First and last day in each calendar year."""
    left_out: list[str]
    """A sentence for the rows before the first partition, after the newest, and for lines that cannot be read."""


def import_days(file: DownloadedFile, *, name: str, newest: date) -> ImportDays:
    """The file's days from the first partition to ``newest``. Raises BadPayload when it has no row of them."""
    first, last = pd.Timestamp(FIRST_DAY), pd.Timestamp(newest)
    days = file.rows["date_local"]
    within = replace(file, rows=file.rows[days.between(first, last)])
    if within.rows.empty:
        problem = f"has no row from {first:%Y-%m-%d}, AirWatch's first day, to {last:%Y-%m-%d}, the last that is over"
        if len(days):
            problem += f"; its days are {days.min():%Y-%m-%d}…{days.max():%Y-%m-%d}"
        raise BadPayload(name, problem, fix="Download days of that time, with PM2.5 as pollutant")
    is_unread = ~file.rejected["is_repaired"].astype(bool)
    counts = {
        f"before {first:%Y-%m-%d}, AirWatch's first day": int((days < first).sum()),
        f"after {last:%Y-%m-%d}, the last day that is over": int((days > last).sum()),
        "that cannot be read; see `airwatch inspect rejected_lines`": int(is_unread.sum()),
    }
    left_out = [f"left out: {count:,} row{'s' * (count > 1)} {which}" for which, count in counts.items() if count]
    return ImportDays(within.spans(), left_out)
