"""Builders of the evidence for a champion: a month's models, and shadow scores with given errors of each family."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from airwatch_dagster.fit.training import trained_models_frame

MONTH = pd.Timestamp("2021-01-01")
ALL = ("damped_persistence", "climatology", "ridge", "catboost")


def trained(
    families: Sequence[str] = ALL, *, skill: Mapping[str, float] | None = None, month: pd.Timestamp = MONTH
) -> pd.DataFrame:
    """Fitted models of ``month``; a family with a ``skill`` has it on its holdout at every horizon."""
    known = skill or {}
    rows = [
        {
            "month": month,
            "model_family": family,
            "is_fitted": True,
            "reason": "Fitted.",
            "training_rows": 1000,
            "first_target_date": pd.Timestamp("2019-01-01"),
            "last_target_date": pd.Timestamp("2020-12-31"),
            "holdout_rows": 300 if family in known else 0,
            **{f"holdout_skill_{horizon}d": known.get(family, np.nan) for horizon in (1, 2, 3)},
            "model_version": f"{family}-1",
            "model_uri": f"models:/{family}/1",
        }
        for family in families
    ]
    return trained_models_frame(rows)


def shadow(
    errors: Mapping[str, float],
    *,
    days: int = 200,
    noise: float = 0.5,
    first: str = "2020-06-01",
    sites: Sequence[str] = ("170310001", "170310002"),
    observed: float = 20.0,
) -> pd.DataFrame:
    """Scores at every horizon: each family's error has its standard deviation, correlated between families."""
    generator = np.random.default_rng(0)
    rows = pd.MultiIndex.from_product([sites, pd.date_range(first, periods=days), (1, 2, 3)]).to_frame(index=False)
    rows.columns = pd.Index(["site_id", "target_date", "horizon_days"])
    common = generator.normal(0.0, 1.0, len(rows))
    frames = [
        rows.assign(
            model_family=family,
            issue_date=rows["target_date"] - pd.to_timedelta(rows["horizon_days"], unit="D"),
            pm25_ugm3=observed + size * common + noise * generator.normal(0.0, 1.0, len(rows)),
            pm25_observed_ugm3=observed,
            days_since_observed=0,
            model_version="1",
        )
        for family, size in errors.items()
    ]
    return pd.concat(frames, ignore_index=True)
