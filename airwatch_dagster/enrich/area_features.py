"""Features of the sites of an area, whatever becomes of the area's borders later."""

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.area import Area
from airwatch_dagster.enrich.features import build_features
from airwatch_dagster.enrich.grid import HISTORY_DAYS


def area_features(site_days: pd.DataFrame, *, issue_dates: pd.DatetimeIndex, area: Area) -> pd.DataFrame:
    """``build_features`` of the sites that lay in ``area`` on a day of the four weeks up to the issue day.

    Where a site is counted later, or was earlier, changes nothing, so a range of days has the rows of its days alone.
    ``site_days`` as for ``build_features``.
    """
    is_area = area.contains(site_days["state_code"], site_days["cbsa_code"])
    there = site_days.loc[is_area, ["site_id", "date_local"]]
    rows = build_features(site_days, issue_dates=issue_dates, area_site_ids=set(there["site_id"]))
    return rows[_lay_there(rows, there)].reset_index(drop=True)


def _lay_there(rows: pd.DataFrame, there: pd.DataFrame) -> np.ndarray:
    """Which rows have their site ``there`` on a day of their four weeks."""
    found = pd.merge_asof(
        rows[["site_id", "issue_date"]],
        there.sort_values("date_local"),
        left_on="issue_date",
        right_on="date_local",
        by="site_id",
        tolerance=pd.Timedelta(days=HISTORY_DAYS),
    )
    return found["date_local"].notna().to_numpy()
