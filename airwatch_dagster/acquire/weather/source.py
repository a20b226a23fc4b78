"""The interface of every source of weather forecasts, and the form of what it yields."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

import pandas as pd

from airwatch_dagster.acquire.parsing.rejections import no_rejected_lines
from airwatch_dagster.schemas import CONTRACTS
from airwatch_dagster.schemas.validation import validated

TABLE = "weather_forecasts"


@dataclass(frozen=True)
class WeatherOfDay:
    """The weather forecasts of an issue day, and what was found on the way."""

    rows: pd.DataFrame
    """In the columns of weather_forecasts, sorted by site and horizon."""
    rejected: pd.DataFrame
    """Lines set aside, in REJECTED_COLUMNS."""
    notes: tuple[str, ...]
    """What was passed over and why, counts of what is unknown."""


class WeatherSource(Protocol):
    """A publisher of weather forecasts."""

    def forecasts(self, issue_day: date, sites: pd.DataFrame, *, published_by: pd.Timestamp) -> WeatherOfDay:
        """The weather at the sites on ``issue_day`` and the three days after, as it was forecast.

        ``sites`` has site_id, latitude, longitude and, where it is known, elevation_m. Nothing that was published after
        ``published_by`` (naive UTC) is used: an earlier run serves instead. Sites without a station within reach have
        no rows. Raises SourceUnavailable when the source does not respond, BadPayload when nothing of what it sent can
        be read.
        """


def weather_rows(rows: pd.DataFrame, *, issue_day: pd.Timestamp) -> pd.DataFrame:
    """``rows`` (site_id, horizon_days, issued_at, weather_model and any values) in the columns of weather_forecasts.

    Columns that ``rows`` lacks are null. Raises ContractViolation for a value outside of its range.
    """
    known = rows.assign(
        issue_date=issue_day,
        target_date=issue_day + pd.to_timedelta(rows["horizon_days"], unit="D"),
        kind="forecast",
    )
    complete = CONTRACTS[TABLE].empty().reindex(range(len(known)))
    for name in complete.columns.intersection(known.columns):
        complete[name] = known[name].to_numpy()
    return validated(TABLE, complete.sort_values(["site_id", "horizon_days"], ignore_index=True))


def no_weather(*notes: str) -> WeatherOfDay:
    """No forecasts, and why."""
    return WeatherOfDay(CONTRACTS[TABLE].empty(), no_rejected_lines(), notes)
