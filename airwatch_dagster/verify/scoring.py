"""Scores of issued forecasts: each beside the observed value of its target day."""

import pandas as pd

from airwatch_dagster.fit.examples import valid_truth
from airwatch_dagster.schemas import TABLES


def score_forecasts(predictions: pd.DataFrame, *, site_days: pd.DataFrame, scored_at: pd.Timestamp) -> pd.DataFrame:
    """One row per forecast whose target day has a valid observation, in the columns of ``forecast_scores``.

    ``predictions`` and ``site_days`` have the columns of these tables, µg/m³. A forecast without a valid observation
    has no row. A negative observation counts as 0 for is_covered: it is noise around clean air. Sorted by target_date,
    site_id, horizon_days.
    """
    spec = TABLES["forecast_scores"]
    if predictions.empty:
        return spec.empty()
    days = predictions["target_date"]
    truth = valid_truth(site_days, first=days.min(), last=days.max())
    matched = predictions.merge(truth, on=["site_id", "target_date"], how="inner", validate="many_to_one")
    if matched.empty:
        return spec.empty()
    error = matched["pm25_ugm3"] - matched["pm25_observed_ugm3"]
    observed = matched["pm25_observed_ugm3"].clip(lower=0.0)
    is_covered = observed.between(matched["pm25_lower_ugm3"], matched["pm25_upper_ugm3"])
    scored = matched.assign(error_ugm3=error, abs_error_ugm3=error.abs(), is_covered=is_covered, scored_at=scored_at)
    return scored.sort_values(["target_date", "site_id", "horizon_days"], ignore_index=True)[spec.column_names]
