"""The site-days that a month is judged by, as matrices of days × sites."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.log_anomaly import log_pm25

HISTORY_MONTHS: Final = 37
"""Months before the judged one that may be read: three years, and one month more."""

LOG_DECIMALS: Final = 6
"""Decimals of logarithms: far below what a monitor resolves."""


@dataclass(frozen=True)
class History:
    """Up to 37 months, ending with the newest day that has readings in the judged month; null where nothing valid was
    observed."""

    month: pd.Timestamp
    days: pd.DatetimeIndex
    """Consecutive days: whole months, and the judged one so far."""
    site_ids: np.ndarray
    latitude: np.ndarray
    """Newest position, degrees."""
    longitude: np.ndarray
    pm25: np.ndarray
    """24-hour mean of valid site-days, µg/m³."""
    is_provisional: np.ndarray
    """Whether the value is AirNow's, which AQS has not published yet."""
    method: np.ndarray
    """Number of the method code, -1 for none or unknown."""
    methods: np.ndarray
    """Method code by number."""
    parameter: np.ndarray
    """Number of the parameter code, -1 for none."""
    parameters: np.ndarray

    @classmethod
    def of(cls, site_days: pd.DataFrame, *, month: pd.Timestamp) -> "History":
        """The days of ``site_days`` up to the end of ``month``; later ones are never looked at."""
        first, end = month - pd.DateOffset(months=HISTORY_MONTHS), month + pd.DateOffset(months=1)
        rows = site_days[(site_days["date_local"] >= first) & (site_days["date_local"] < end)]
        start = rows["date_local"].min().to_period("M").to_timestamp() if len(rows) else month
        newest = rows["date_local"].max() if len(rows) else month
        days = pd.date_range(min(start, month), max(newest, month - pd.Timedelta(days=1)))
        numbers, site_ids = pd.factorize(rows["site_id"], sort=True)
        at = ((rows["date_local"] - days[0]).dt.days.to_numpy() if len(days) else numbers, numbers)
        shape = (len(days), len(site_ids))
        is_valid = rows["is_valid"].to_numpy(dtype=bool)

        def matrix(values: np.ndarray, nothing: float, kind: str = "float64") -> np.ndarray:
            filled = np.full(shape, nothing, dtype=kind)
            filled[at] = values
            return filled

        coded = {name: pd.factorize(rows[name], sort=True) for name in ("method_code", "parameter_code")}
        last = rows.iloc[::-1].drop_duplicates("site_id").set_index("site_id").reindex(site_ids)
        return cls(
            month=month,
            days=days,
            site_ids=np.asarray(site_ids, dtype=object),
            latitude=last["latitude"].to_numpy(dtype="float64"),
            longitude=last["longitude"].to_numpy(dtype="float64"),
            pm25=matrix(np.where(is_valid, rows["pm25_ugm3"].to_numpy(dtype="float64"), np.nan), np.nan),
            is_provisional=matrix(is_valid & rows["is_provisional"].to_numpy(dtype=bool), False, "bool"),
            method=matrix(np.where(is_valid, coded["method_code"][0], -1), -1, "int16"),
            methods=np.asarray(coded["method_code"][1], dtype=object),
            parameter=matrix(np.where(is_valid, coded["parameter_code"][0], -1), -1, "int16"),
            parameters=np.asarray(coded["parameter_code"][1], dtype=object),
        )

    @cached_property
    def log(self) -> np.ndarray:
        """``log_pm25`` of ``pm25``."""
        return np.round(log_pm25(self.pm25), LOG_DECIMALS)

    @cached_property
    def months_ago(self) -> np.ndarray:
        """Per day the number of months before the judged one."""
        return np.asarray((self.month.year - self.days.year) * 12 + self.month.month - self.days.month)

    @property
    def day_count(self) -> int:
        """Days of the judged month so far."""
        return int((self.months_ago == 0).sum())

    @property
    def start(self) -> int:
        """Row of the month's first day."""
        return len(self.days) - self.day_count

    @property
    def months_before(self) -> int:
        """Months of history."""
        return int(self.months_ago.max(initial=0))

    @cached_property
    def day_of_month(self) -> np.ndarray:
        """Per day, 1 to 31."""
        return np.asarray(self.days.day)
