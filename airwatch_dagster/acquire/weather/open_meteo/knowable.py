"""Which value of previous runs was published by a time, and which single run."""

from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.weather.open_meteo.models import Model

MAX_LEAD_DAYS: Final = 7
"""Days before a time of which Open-Meteo keeps the forecast. Source: its documentation of previous runs."""

RUNS_TRIED: Final = 4
"""Single runs tried, back in time: a day of a model that runs every six hours."""

_DAY_NS: Final = 86_400_000_000_000


def lead_days(valid_at: pd.DatetimeIndex, *, published_by: pd.Timestamp, model: Model) -> np.ndarray:
    """For each time (naive UTC) the smallest N from 1 on whose ``_previous_dayN`` was published by ``published_by``;
    0 where not even that of MAX_LEAD_DAYS was.

    The value of N days before comes from the newest run that began 24 N hours before the time or earlier; the next runs
    overwrite it until then. So it was published by ``published_at`` at the latest. N of 0 is never used: its values are
    stitched from the first hours of all runs. Source: open-meteo/open-meteo, OmFileSplitter.swift, whose runs leave out
    their first 24 N hours.
    """
    late = _ns(valid_at + model.lag) - published_by.value
    days = np.maximum(-(-late // _DAY_NS), 1)
    return np.where(days <= MAX_LEAD_DAYS, days, 0)


def published_at(valid_at: pd.DatetimeIndex, lead: np.ndarray, model: Model) -> np.ndarray:
    """When the values of ``lead`` days before were published at the latest, datetime64[ns] in UTC; NaT for lead 0.

    24 N hours before the time, and the model's interval and delay. The interval is not needed if runs are kept as they
    are said to be, and covers a run that began up to so much later.
    """
    moments = (_ns(valid_at + model.lag) - lead * _DAY_NS).astype("datetime64[ns]")
    return np.where(lead > 0, moments, np.datetime64("NaT"))


def runs_by(published_by: pd.Timestamp, *, run_by: pd.Timestamp, model: Model) -> list[pd.Timestamp]:
    """The RUNS_TRIED newest runs that began by ``run_by`` and were published by ``published_by``, the newest first."""
    latest = min(published_by - model.delay, run_by)
    newest = latest - (latest - latest.normalize()) % model.interval
    return [newest - back * model.interval for back in range(RUNS_TRIED)]


def _ns(times: pd.DatetimeIndex) -> np.ndarray:
    return times.to_numpy("datetime64[ns]").astype("int64")
