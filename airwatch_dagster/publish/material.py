"""The rows that bulletins are made from, and quick access to those of one day."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.schemas.columns import MODERATE_TOP_UGM3
from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS

PAST_DAYS: Final = 60
"""Past days that a site's panel shows."""

TRUST_DAYS: Final = 30
"""Past days whose next-day forecasts the bulletin's record counts."""

NEXT_DAY: Final = 1
"""Lead, in days, of the forecasts that a record counts."""

CATEGORY_TOPS_UGM3: Final = tuple(PROBABILITY_COLUMNS)
"""Highest 24-hour PM2.5 (µg/m³) of each AQI category but the last."""


@dataclass(frozen=True)
class Material:
    """Rows of the tables, of all issue days of a run and of the PAST_DAYS up to each."""

    predictions: pd.DataFrame
    site_days: pd.DataFrame
    forecast_scores: pd.DataFrame
    monitors: pd.DataFrame
    champion_model: pd.DataFrame
    coverage: pd.DataFrame
    revisions: pd.DataFrame
    monitor_changes: pd.DataFrame
    agency_forecasts: pd.DataFrame

    def issued(self, issue_date: pd.Timestamp) -> pd.DataFrame:
        """The forecasts issued on a day, with ``shown_ugm3``, truncated as for the AQI."""
        rows = self._of("predictions", "issue_date", [issue_date])
        return rows.assign(shown_ugm3=truncated(rows["pm25_ugm3"].to_numpy()))

    def observed(self, days: Sequence[pd.Timestamp]) -> pd.DataFrame:
        """Valid site-days."""
        rows = self._of("site_days", "date_local", days)
        return rows[rows["is_valid"]]

    def next_day_forecasts(self, days: Sequence[pd.Timestamp]) -> pd.DataFrame:
        """Forecasts of ``days`` that were issued from the readings of the day before each."""
        rows = self._of("predictions", "issue_date", [day - pd.Timedelta(days=NEXT_DAY) for day in days])
        return rows[rows["horizon_days"] == NEXT_DAY]

    def next_day_scores(self, days: Sequence[pd.Timestamp]) -> pd.DataFrame:
        """Scored next-day forecasts of ``days``, with the categories forecast and observed as numbers from 0 (Good)
        and ``is_bad``/``is_missed``: observed above Moderate, and not forecast so."""
        rows = self._of("forecast_scores", "target_date", days)
        rows = rows[rows["horizon_days"] == NEXT_DAY]
        forecast, observed = category_number(rows["pm25_ugm3"]), category_number(rows["pm25_observed_ugm3"])
        moderate = CATEGORY_TOPS_UGM3.index(MODERATE_TOP_UGM3)
        return rows.assign(
            is_near=np.abs(forecast - observed) <= 1,
            is_bad=observed > moderate,
            is_missed=(observed > moderate) & (forecast <= moderate),
        )

    def _of(self, table: str, column: str, days: Sequence[pd.Timestamp]) -> pd.DataFrame:
        frame: pd.DataFrame = getattr(self, table)
        places = self._places[table, column]
        found = [places[day] for day in days if day in places]
        return frame.iloc[np.concatenate(found)] if found else frame.iloc[:0]

    @cached_property
    def _places(self) -> dict[tuple[str, str], dict[Any, np.ndarray]]:
        """Table and day column → day → positions of its rows."""
        columns = {"predictions": "issue_date", "site_days": "date_local", "forecast_scores": "target_date"}
        return {(table, day): getattr(self, table).groupby(day).indices for table, day in columns.items()}


def past_days(issue_date: pd.Timestamp) -> list[pd.Timestamp]:
    """The PAST_DAYS up to and including an issue day, oldest first."""
    return list(pd.date_range(end=issue_date, periods=PAST_DAYS))


def truncated(pm25_ugm3: np.ndarray) -> np.ndarray:
    """PM2.5 (µg/m³) cut to one decimal and never below 0, as EPA does before it looks up the AQI. Source: 40 CFR 58
    App. G."""
    shown: np.ndarray = np.floor(np.round(np.clip(pm25_ugm3, 0.0, None) * 10.0, 6)) / 10.0
    return shown


def category_number(pm25_ugm3: pd.Series) -> np.ndarray:
    """AQI category of 24-hour means (µg/m³), 0 for Good to 5 for Hazardous."""
    return np.searchsorted(CATEGORY_TOPS_UGM3, truncated(pm25_ugm3.to_numpy(dtype=float)), side="left")
