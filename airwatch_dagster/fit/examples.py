"""Features of an issue day joined to what came true."""

from typing import Final

import pandas as pd

from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import HORIZONS_DAYS

_TRUTH: Final = ["site_id", "target_date", "pm25_observed_ugm3"]


def join_truth(
    features: pd.DataFrame, site_days: pd.DataFrame, *, first_target: pd.Timestamp, last_target: pd.Timestamp
) -> pd.DataFrame:
    """Every features row × horizon whose target day lies in [first_target, last_target] and has a valid observation.

    ``features`` should reach back to the longest horizon before ``first_target``; ``site_days`` to cover the targets.
    Invalid site-days are never truth. Sorted by target_date, site_id, horizon_days; columns of ``training_examples``.
    """
    spec = TABLES["training_examples"]
    truth = valid_truth(site_days, first=first_target, last=last_target)
    horizons = [at_horizon(features, horizon_days=horizon) for horizon in HORIZONS_DAYS]
    joined = [
        frame.merge(truth, on=["site_id", "target_date"], how="inner", validate="one_to_one") for frame in horizons
    ]
    examples = pd.concat([frame for frame in joined if len(frame)] or [spec.empty()], ignore_index=True)
    order = ["target_date", "site_id", "horizon_days"]
    return examples.sort_values(order, ignore_index=True)[spec.column_names]


def at_horizon(features: pd.DataFrame, *, horizon_days: int) -> pd.DataFrame:
    """The features rows with the target day and lead of one horizon beside them."""
    target = features["issue_date"] + pd.Timedelta(days=horizon_days)
    return features.assign(target_date=target, horizon_days=horizon_days)


def valid_truth(site_days: pd.DataFrame, *, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """site_id, target_date, pm25_observed_ugm3 of the valid site-days from ``first`` to ``last``."""
    chosen = site_days[site_days["is_valid"].astype(bool) & site_days["date_local"].between(first, last)]
    truth = chosen[["site_id", "date_local", "pm25_ugm3"]].dropna()
    return truth.set_axis(_TRUTH, axis=1)
