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
    sentences = {
        f"rows before {first:%Y-%m-%d}, AirWatch's first day, are left out": int((days < first).sum()),
        f"rows after {last:%Y-%m-%d}, the last day that is over, are left out": int((days > last).sum()),
        "lines could not be read; list them with `airwatch inspect rejected_lines`": int((~file.rejected["is_repaired"].astype(bool)).sum()),
    }
    return ImportDays(within.spans(), [f"{count:,} {sentence}" for sentence, count in sentences.items() if count])
