"""The early issue against the daily one, on the forecasts that both made."""

from typing import Final

import pandas as pd

CASE: Final = ["site_id", "issue_date", "horizon_days"]


def compared_issues(early: pd.DataFrame, final: pd.DataFrame) -> pd.DataFrame:
    """One row per forecast that both issues have a score for, with target_date and the errors of both, µg/m³.

    ``early`` has the columns of ``early_scores``, ``final`` those of ``forecast_scores``. Columns: the key,
    target_date, early_abs_error, early_squared, daily_abs_error, daily_squared. Both are measured against the observed
    value of ``final``, so that a value that was revised in between does not count for one of them.
    """
    chosen = early[[*CASE, "target_date", "pm25_ugm3"]]
    both = chosen.merge(
        final[[*CASE, "pm25_ugm3", "pm25_observed_ugm3"]], on=CASE, suffixes=("", "_daily"), validate="one_to_one"
    )
    errors = {
        "early": both["pm25_ugm3"] - both["pm25_observed_ugm3"],
        "daily": both["pm25_ugm3_daily"] - both["pm25_observed_ugm3"],
    }
    measures = {f"{name}_abs_error": error.abs() for name, error in errors.items()}
    squares = {f"{name}_squared": error**2 for name, error in errors.items()}
    return both[[*CASE, "target_date"]].assign(**measures, **squares)
