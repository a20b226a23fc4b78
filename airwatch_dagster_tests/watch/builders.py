"""Rows of a site's or monitor's days, for tests of coverage, spells and monitor changes."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.builders import raw_readings, site_days

SITE, OTHER_SITE = "170319001", "170319002"


def days(first: str, last: str, *, step: int = 1) -> list[pd.Timestamp]:
    return list(pd.date_range(first, last, freq=f"{step}D"))


def observed(dates: Iterable[pd.Timestamp], **changes: Any) -> pd.DataFrame:
    """Site-days of one site."""
    return site_days(*({"date_local": day, **changes} for day in dates))


def published(dates: Iterable[pd.Timestamp], **changes: Any) -> pd.DataFrame:
    """Raw readings of one monitor; one row is validated and repeated, because histories are long."""
    repeated = list(dates)
    row = raw_readings(changes)
    return row.loc[row.index.repeat(len(repeated))].reset_index(drop=True).assign(date_local=repeated)


def together(*frames: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True)


def coverage_of(*statuses: str, first: str = "2021-07-01", **changes: Any) -> pd.DataFrame:
    """Coverage of one site on consecutive days."""
    row = {
        "site_id": SITE,
        "schedule": "daily",
        "expected_by": pd.Timestamp("2021-07-01"),
        "is_provisional": False,
        "is_context": False,
    }
    row |= {"cbsa_code": "16980", "state_code": "17"}
    dates = pd.date_range(first, periods=len(statuses))
    frame = pd.DataFrame(
        [row | {"date_local": day, "status": status} | changes for day, status in zip(dates, statuses, strict=True)]
    )
    validated: pd.DataFrame = TABLES["coverage"].schema.validate(frame[TABLES["coverage"].column_names])
    return validated
