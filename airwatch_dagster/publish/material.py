"""The rows that bulletins are made from, and quick access to those of one day."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.clean.aqi import truncated_to_tenths
from airwatch_dagster.publish.names import site_names
from airwatch_dagster.schemas.columns import MODERATE_TOP_UGM3, TOMORROW
from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS

PAST_DAYS: Final = 60
"""Past days that a site's panel shows."""

TRUST_DAYS: Final = 30
"""Past days whose next-day forecasts the bulletin's record counts."""

SCOREBOARD_DAYS: Final = 31
"""Past days of the comparison with other forecasters."""

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
    other_forecasts: pd.DataFrame
    """Forecasts that the user supplies."""
    early_days: frozenset[pd.Timestamp] = frozenset()
    """Issue days whose ``predictions`` are those of the early issue, because there are no others yet."""
    weather: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["issue_date", "weather_model"]))
    """Models of the weather forecasts of the issue days, at least once each."""

    def issued(self, issue_date: pd.Timestamp) -> pd.DataFrame:
        """The forecasts issued on a day, value and interval cut to tenths as for the AQI."""
        return self._issued.of([issue_date])

    def observed(self, days: Iterable[pd.Timestamp]) -> pd.DataFrame:
        """Valid site-days."""
        return self._observed.of(days)

    def next_day_forecasts(self, days: Iterable[pd.Timestamp]) -> pd.DataFrame:
        """Forecasts of ``days`` that were issued from the readings of the day before each."""
        return self._next_day.of(days)

    def next_day_scores(self, days: Iterable[pd.Timestamp]) -> pd.DataFrame:
        """Scored next-day forecasts of ``days``, oldest first: ``is_near`` within one AQI category, ``is_bad`` observed
        above Moderate, ``is_missed`` observed so and not forecast so; ``before_ugm3`` was observed on the issue date
        where ``is_before_known``."""
        return self._scores.of(days)

    def tomorrow_scores(self, days: Iterable[pd.Timestamp]) -> pd.DataFrame:
        """Scored forecasts of ``days`` that were those of tomorrow when they were issued, with ``before_ugm3``."""
        return self._tomorrow_scores.of(days)

    @cached_property
    def _tomorrow_scores(self) -> "_ByDay":
        rows = self.forecast_scores[self.forecast_scores["horizon_days"] == TOMORROW]
        return _ByDay(self._with_value_before(rows), "target_date")

    def _with_value_before(self, scores: pd.DataFrame) -> pd.DataFrame:
        """With ``before_ugm3``, what the site observed on the issue date, where ``is_before_known``."""
        observed = self.site_days.loc[self.site_days["is_valid"], ["site_id", "date_local", "pm25_ugm3"]]
        before = observed.set_axis(["site_id", "issue_date", "before_ugm3"], axis=1).assign(is_before_known=True)
        both = scores.merge(before, on=["site_id", "issue_date"], how="left", validate="m:1")
        return both.assign(is_before_known=both["is_before_known"].notna())

    @cached_property
    def names(self) -> dict[str, str]:
        """Name for people of every listed site of the area."""
        return site_names(self.monitors[~self.monitors["is_context"].astype(bool)])

    @cached_property
    def listed_positions(self) -> dict[str, tuple[float, float]]:
        """Latitude and longitude of every listed site."""
        return positions_in(self.monitors)

    @cached_property
    def _issued(self) -> "_ByDay":
        values = self.predictions[["pm25_ugm3", "pm25_lower_ugm3", "pm25_upper_ugm3"]]
        return _ByDay(self.predictions.assign(**values.apply(truncated_to_tenths)), "issue_date")

    @cached_property
    def _observed(self) -> "_ByDay":
        return _ByDay(self.site_days[self.site_days["is_valid"]], "date_local")

    @cached_property
    def _next_day(self) -> "_ByDay":
        return _ByDay(self.predictions[self.predictions["horizon_days"] == NEXT_DAY], "target_date")

    @cached_property
    def _scores(self) -> "_ByDay":
        rows = self.forecast_scores[self.forecast_scores["horizon_days"] == NEXT_DAY]
        forecast, observed = category_number(rows["pm25_ugm3"]), category_number(rows["pm25_observed_ugm3"])
        moderate = CATEGORY_TOPS_UGM3.index(MODERATE_TOP_UGM3)
        near, bad = np.abs(forecast - observed) <= 1, observed > moderate
        judged = rows.assign(is_near=near, is_bad=bad, is_missed=bad & (forecast <= moderate))
        return _ByDay(self._with_value_before(judged), "target_date")


class _ByDay:
    """Rows of a frame by day; bulletins of a range look up the same days again and again."""

    def __init__(self, frame: pd.DataFrame, column: str) -> None:
        self._frame = frame.sort_values(column, kind="stable")
        self._days = self._frame[column].to_numpy()

    def of(self, days: Iterable[pd.Timestamp]) -> pd.DataFrame:
        """The rows of adjacent ``days``, in the order of days."""
        wanted = [day.to_datetime64() for day in days]
        first, last = np.searchsorted(self._days, [min(wanted)]), np.searchsorted(self._days, [max(wanted)], "right")
        return self._frame.iloc[first[0] : last[0]]


def weather_sources(material: Material, issue_date: pd.Timestamp) -> tuple[str, ...]:
    """As ``Bulletin.weather``."""
    models = material.weather.loc[material.weather["issue_date"] == issue_date, "weather_model"].unique()
    own = {prefix: source for source, prefix in (("nbm", "NBM"), ("nws", "NWS"), ("open-meteo", "open-meteo"))}
    return tuple(sorted({own.get(str(model).split(" ")[0], str(model)) for model in models}))


@lru_cache(maxsize=4)
def past_days(issue_date: pd.Timestamp) -> tuple[pd.Timestamp, ...]:
    """The PAST_DAYS up to and including an issue day, oldest first."""
    return tuple(pd.date_range(end=issue_date, periods=PAST_DAYS))


def positions_in(rows: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Latitude and longitude of every site of ``rows``, as its last row has them."""
    places = zip(rows["latitude"].tolist(), rows["longitude"].tolist(), strict=True)
    return dict(zip(rows["site_id"].tolist(), places, strict=True))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows, by names of columns."""
    names = [str(name) for name in frame.columns]
    values = (frame[name].tolist() for name in names)
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def category_number(pm25_ugm3: pd.Series) -> np.ndarray:
    """AQI category of 24-hour means (µg/m³), 0 for Good to 5 for Hazardous."""
    return np.searchsorted(CATEGORY_TOPS_UGM3, truncated_to_tenths(pm25_ugm3), side="left")
