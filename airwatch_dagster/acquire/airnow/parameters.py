"""The AQS parameter of AirNow's values, which its files do not name."""

from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.parsing.vocabulary import FILTER_METHODS
from airwatch_dagster.acquire.readings import SITE_COLUMNS
from airwatch_dagster.parameters import PARAMETERS, PM25_PARAMETER

CLOSED_AFTER: Final = pd.DateOffset(years=1)
"""Age of a monitor's last day in EPA's list from which on it counts as closed. Open ones have the last published
day."""


def with_parameters(rows: pd.DataFrame, monitors: pd.DataFrame) -> pd.DataFrame:
    """AirNow's ``rows`` (columns of raw_readings) with the parameter_code of the site's ``monitors``.

    AirNow shows continuous monitors: of those that ran on the day, 88101 counts before 88502. Without one, the site's
    listed parameters count, and 88101 for a site that is not listed.
    """
    codes = rows["parameter_code"].to_numpy(dtype=object)
    sites = (rows[SITE_COLUMNS[0]] + rows[SITE_COLUMNS[1]] + rows[SITE_COLUMNS[2]]).to_numpy(dtype=object)
    listed = {code: set(monitors.loc[monitors["parameter_code"] == code, "site_id"]) for code in PARAMETERS}
    for day in rows["date_local"].unique():
        of_day = (rows["date_local"] == day).to_numpy()
        running = monitors[_is_running(monitors, pd.Timestamp(day).date())]
        shown = {code: set(running.loc[running["parameter_code"] == code, "site_id"]) for code in PARAMETERS}
        codes[of_day] = [_parameter(site, shown, listed) for site in sites[of_day]]
    return rows.assign(parameter_code=codes)


def _parameter(site: str, shown: dict[str, set[str]], listed: dict[str, set[str]]) -> str:
    known = [code for among in (shown, listed) for code in PARAMETERS if site in among[code]]
    return known[0] if known else PM25_PARAMETER


def _is_running(monitors: pd.DataFrame, day: date) -> np.ndarray:
    """Mask of the continuous monitors that had opened by ``day`` and had not closed."""
    at = pd.Timestamp(day)
    is_open = monitors["open_date"].isna() | (monitors["open_date"] <= at)
    is_open &= monitors["last_sample_date"].isna() | (monitors["last_sample_date"] >= at - CLOSED_AFTER)
    running: np.ndarray = (is_open & ~monitors["method_code"].isin(FILTER_METHODS)).to_numpy(dtype=bool)
    return running
