"""Rows of downloads, as they are read and as they are stored."""

from typing import Any

import pandas as pd

from airwatch_dagster.acquire.readings import READING_COLUMNS, one_row_per_key
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.builders import RAW_ROW

SEEN_AT = pd.Timestamp("2021-02-01")
RAW = TABLES["raw_readings"]
WITHOUT = ("pollutant_standard", "event_type", "validity_indicator", "first_max_value", "first_max_hour", "datum")


def downloaded(*rows: dict[str, Any]) -> pd.DataFrame:
    """A row for each change of ``site`` (9 digits), ``day``, ``cbsa_code`` and other columns, in contract columns."""
    columns = list(READING_COLUMNS)
    plain = RAW_ROW | dict.fromkeys(WITHOUT) | {"sample_duration": "24-HR BLK AVG", "date_of_last_change": pd.NaT}
    frame = pd.DataFrame([plain | _codes(**row) for row in rows], columns=columns)
    return one_row_per_key(frame.astype(RAW.empty().dtypes[columns]), culprit="test")


def stored(*rows: dict[str, Any]) -> pd.DataFrame:
    """The same as history: first seen at SEEN_AT, and current."""
    return RAW.schema.validate(downloaded(*rows).assign(first_seen_at=SEEN_AT, superseded_at=pd.NaT))


def days(*sites: str, first: str = "2021-01-01", count: int = 10, **others: Any) -> list[dict[str, Any]]:
    """``count`` days of each site."""
    return [
        {"site": site, "day": f"{day:%Y-%m-%d}", **others}
        for site in sites
        for day in pd.date_range(first, periods=count)
    ]


def _codes(*, site: str = "270530962", day: str = "2021-01-01", **others: Any) -> dict[str, Any]:
    place = {"state_code": site[:2], "county_code": site[2:5], "site_number": site[5:]}
    return {"cbsa_code": "33460", **place, "date_local": pd.Timestamp(day), **others}
