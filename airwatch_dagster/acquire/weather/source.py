"""The interface of every source of weather forecasts, and the form of what it yields."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import numpy as np
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


def weather_rows(rows: pd.DataFrame | Mapping[str, np.ndarray], *, issue_day: pd.Timestamp) -> pd.DataFrame:
    """``rows`` (site_id, horizon_days, issued_at, weather_model and any values) in the columns of weather_forecasts.

    Columns that ``rows`` lacks are null. Raises ContractViolation for a value outside of its range.
    """
    empty, horizons = CONTRACTS[TABLE].empty(), np.asarray(rows["horizon_days"])
    order = np.lexsort((horizons, pd.factorize(np.asarray(rows["site_id"], dtype=object), sort=True)[0]))
    known = {name: np.asarray(rows[name])[order] for name in empty.columns.astype(str) if name in rows}
    known["issue_date"] = np.full(len(order), issue_day.to_datetime64(), "datetime64[ns]")
    known["target_date"] = known["issue_date"] + horizons[order].astype("timedelta64[D]")
    known["kind"] = np.full(len(order), "forecast", dtype=object)
    columns = {name: _column(known.get(name), dtype, len(order)) for name, dtype in empty.dtypes.items()}
    return validated(TABLE, pd.DataFrame(columns))


def _column(values: np.ndarray | None, dtype: Any, count: int) -> Any:
    """``values`` in the table's dtype, where that is not left to validation; nulls without any."""
    if values is None:
        return pd.Series(None, range(count), dtype=dtype).array
    if values.dtype.kind == "f":
        return values.astype(dtype)
    return pd.array(values, dtype=dtype) if values.dtype == bool else values


def no_weather(*notes: str) -> WeatherOfDay:
    """No forecasts, and why."""
    return WeatherOfDay(CONTRACTS[TABLE].empty(), no_rejected_lines(), notes)
