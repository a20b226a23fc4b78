"""Supplied weather forecasts, checked for availability at the time AirWatch issues its own forecasts.

Models are trained on weather forecasts because they are served with weather forecasts. Trained on reanalyses, they
would rely on a certainty that does not exist the day before.
"""

from typing import Final

import pandas as pd

from airwatch_dagster.schemas.supplied import instant_of_issue, refuse, refuse_late, refuse_other_target_dates
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster.schemas.weather import COVARIATES

TABLE: Final = "weather_forecasts"

KEY: Final = ["site_id", "issue_date", "horizon_days"]

WEATHER_COLUMNS: Final = {name: f"weather_{name}" for name in COVARIATES}
"""Covariate → its column in features and examples."""


STRICTEST_ISSUE_TIME: Final = pd.Timedelta(0)
"""00:00 UTC at the end of the issue date: what counts then was known at every later issue time, too."""


def checked_weather(weather: pd.DataFrame, *, issue_time: pd.Timedelta = STRICTEST_ISSUE_TIME) -> pd.DataFrame:
    """``weather`` in the columns and types of ``weather_forecasts``, all known when the day's forecasts are issued.

    Raises ContractViolation for the whole table when a row breaks the contract, is not a forecast, has a target date
    other than its issue date plus its horizon, or became available after ``instant_of_issue``.
    """
    rows = validated(TABLE, weather)
    shown = rows[KEY]
    refuse(
        TABLE,
        shown.assign(kind=rows["kind"])[rows["kind"] != "forecast"],
        "not a weather forecast, and so not known when the day's forecasts are issued",
        fix="Supply weather as it was forecast, with kind 'forecast'; never a reanalysis or an observation",
    )
    refuse_other_target_dates(TABLE, rows, shown)
    latest = instant_of_issue(rows["issue_date"], issue_time=issue_time)
    refuse_late(TABLE, rows, shown, latest=latest, earlier="an earlier run of the weather model")
    return rows


def join_weather(rows: pd.DataFrame, weather: pd.DataFrame) -> pd.DataFrame:
    """``rows`` (with site_id, issue_date, horizon_days) with the columns ``WEATHER_COLUMNS`` of ``weather`` added.

    Rows, order and index stay; the weather is null where none was supplied. Raises pandas' MergeError when ``weather``
    has two rows of one site, issue date and horizon.
    """
    chosen = weather[[*KEY, *COVARIATES]].rename(columns=WEATHER_COLUMNS)
    found = rows[KEY].merge(chosen, on=KEY, how="left", validate="many_to_one")
    return pd.concat([rows, found[list(WEATHER_COLUMNS.values())].set_axis(rows.index)], axis=1)
