"""Days without a reading among days with readings."""

from typing import Final

import pandas as pd

from airwatch_dagster.storage.tables import TableStorage

DAYS_BEFORE: Final = 14
"""Days before a day that tell whether its area reports daily; filters alone report every third or sixth day."""

MIN_DAYS_WITH_READINGS: Final = 12
"""Of these, the days with readings from which an empty day is a loss. Around a single filter none has so many."""

EMPTY_CHECK: Final = {"no_day_emptied": "A day of an area that reports daily has readings"}


def emptied_days(tables: TableStorage, readings: pd.DataFrame, *, partitions: list[str]) -> dict[str, str]:
    """Partition → what is wrong, for days without a current row in ``readings`` after days that have rows.

    ``readings`` has the columns of raw_readings, of all ``partitions`` (days, in order). Of the days before them the
    stored ones are read.
    """
    counts = _current_rows(readings).reindex(partitions, fill_value=0)
    if (counts > 0).all():
        return {}
    first = pd.Timestamp(partitions[0])
    before = [f"{day:%Y-%m-%d}" for day in pd.date_range(first - pd.Timedelta(days=DAYS_BEFORE), periods=DAYS_BEFORE)]
    columns = ("date_local", "superseded_at")
    known = _current_rows(tables.read("raw_readings", before, allow_missing=True, columns=columns))
    has_rows = pd.concat([known.reindex(before, fill_value=0), counts]) > 0
    recent = has_rows.astype(int).rolling(DAYS_BEFORE).sum().shift(1)
    lost = counts.index[(counts == 0) & (recent.reindex(counts.index) >= MIN_DAYS_WITH_READINGS)]
    text = f"no reading, though {MIN_DAYS_WITH_READINGS} or more of the {DAYS_BEFORE} days before have some"
    return dict.fromkeys(lost, text)


def _current_rows(readings: pd.DataFrame) -> pd.Series:
    """Current rows by day as text."""
    current = readings.loc[readings["superseded_at"].isna(), "date_local"]
    return current.dt.strftime("%Y-%m-%d").value_counts()
