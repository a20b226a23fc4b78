"""Supplied weather forecasts, checked for availability at the time AirWatch issues its own forecasts.

Models are trained on weather forecasts because they are served with weather forecasts. Trained on reanalyses, they
would rely on a certainty that does not exist the day before.
"""

from datetime import timedelta
from typing import Final

import pandas as pd

from airwatch_dagster.schemas.supplied import instant_of_issue, refuse, refuse_late, refuse_other_target_dates
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster.schemas.weather import CLASS_COLUMN, ISSUE_DAY, WEATHER_VALUES, weather_column

TABLE: Final = "weather_forecasts"

KEY: Final = ["site_id", "issue_date", "horizon_days"]

USED: Final = (*WEATHER_VALUES, CLASS_COLUMN)
"""Columns of ``weather_forecasts`` that models use."""


STRICTEST_ISSUE_TIME: Final = timedelta(0)
"""00:00 UTC at the end of the issue date: what counts then was known at every later issue time, too."""


EXAMPLE_COLUMNS: Final = tuple(weather_column(name, day) for day in ("", ISSUE_DAY) for name in USED)
"""Columns of examples with weather: of the target day, then of the issue day."""


def checked_weather(weather: pd.DataFrame, *, issue_time: timedelta = STRICTEST_ISSUE_TIME) -> pd.DataFrame:
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
    """``rows`` (with site_id, issue_date, horizon_days) with the weather of their target day and of their issue day
    added: ``weather_column`` of each of ``USED``, for either day.

    Rows, order and index stay; the weather is null where none was forecast. Columns that ``rows`` have already are
    replaced. Raises pandas' MergeError when ``weather`` has two rows of one site, issue date and horizon.
    """
    target = weather[[*KEY, *USED]].rename(columns={name: weather_column(name) for name in USED})
    found = rows[KEY].merge(target, on=KEY, how="left", validate="many_to_one")
    site_day = ["site_id", "issue_date"]
    rest_of_day = weather.loc[weather["horizon_days"] == 0, [*site_day, *USED]]
    rest_of_day = rest_of_day.rename(columns={name: weather_column(name, ISSUE_DAY) for name in USED})
    found = found.merge(rest_of_day, on=site_day, how="left", validate="many_to_one").drop(columns=KEY)
    for day in ("", ISSUE_DAY):
        column = weather_column(CLASS_COLUMN, day)
        words = found[column].to_numpy(dtype=object)
        words[pd.isna(words)] = None
        found[column] = words
    return pd.concat([rows.drop(columns=found.columns, errors="ignore"), found.set_axis(rows.index)], axis=1)
