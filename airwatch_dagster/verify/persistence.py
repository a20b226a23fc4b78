"""Persistence straight from readings, for days whose candidate scores are not computed yet."""

from typing import Final

import pandas as pd

from airwatch_dagster.enrich.grid import HISTORY_DAYS

FAMILY: Final = "persistence"


def persistence_candidates(scores: pd.DataFrame, *, site_days: pd.DataFrame) -> pd.DataFrame:
    """Persistence's forecast of each case of ``scores`` (site_id, issue_date, horizon_days), as ``candidate_scores``
    will have it: model_family, the case, and pm25_ugm3 (µg/m³).

    It is the site's newest valid value on the issue date or in the 27 days before, as in ``features``; a negative one
    counts as 0, and a case without any is left out. ``site_days`` should begin 27 days before the first issue date.
    """
    valid = site_days[site_days["is_valid"].astype(bool)]
    readings = valid[["site_id", "date_local", "pm25_ugm3"]].dropna().sort_values("date_local")
    found = pd.merge_asof(
        scores[["site_id", "issue_date", "horizon_days"]].sort_values("issue_date", kind="stable"),
        readings,
        left_on="issue_date",
        right_on="date_local",
        by="site_id",
        tolerance=pd.Timedelta(days=HISTORY_DAYS - 1),
    )
    known = found.dropna(subset=["pm25_ugm3"]).drop(columns="date_local")
    return known.assign(model_family=FAMILY, pm25_ugm3=known["pm25_ugm3"].clip(lower=0.0))
