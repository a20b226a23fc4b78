"""Tables of out-of-sample scores: errors and skill by lead, residuals by level, calibration."""

from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.schemas.columns import GOOD_TOP_UGM3, MODERATE_TOP_UGM3, REFERENCE_FAMILY

LEVELS_UGM3: Final = (6.0, GOOD_TOP_UGM3, 15.0, MODERATE_TOP_UGM3)
"""Edges of the levels of a forecast, with the tops of the AQI's Good and Moderate among them."""

RESIDUAL_QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)

MIN_ROWS: Final = 20
"""Forecasts that a 5 % quantile and a mean need."""

MAX_BINS: Final = 10
"""Bins of ``calibration``."""


def skill_by_lead(scores: pd.DataFrame) -> pd.DataFrame:
    """Rows, RMSE, MAE, bias (µg/m³) and MSE-skill over damped persistence of each family at each lead.

    ``scores`` has the columns of ``candidate_scores``; families are in the order of the scores. Skill is null without
    damped persistence, and where a family has another number of forecasts than damped persistence.
    """
    error = scores["pm25_ugm3"] - scores["pm25_observed_ugm3"]
    measures = pd.DataFrame({"mse": error**2, "mae_ugm3": error.abs(), "bias_ugm3": error})
    groups = measures.groupby([scores["model_family"], scores["horizon_days"]], sort=False)
    table = groups.mean().assign(rows=groups.size()).reset_index()
    table.insert(2, "rmse_ugm3", table["mse"] ** 0.5)
    reference = table[table["model_family"] == REFERENCE_FAMILY].set_index("horizon_days")
    skill = 1.0 - table["mse"] / table["horizon_days"].map(reference["mse"]).replace(0.0, np.nan)
    same_days = table["rows"] == table["horizon_days"].map(reference["rows"])
    return table.assign(skill=skill.where(same_days)).drop(columns="mse")


def residuals_by_level(scores: pd.DataFrame) -> pd.DataFrame:
    """Quantiles of forecast minus observed (µg/m³), one row per family and level of the forecast, in order.

    ``level`` is the number of ``LEVELS_UGM3`` at or below the forecast. Levels of fewer than ``MIN_ROWS`` forecasts
    have no row.
    """
    rows = []
    for family, forecast, observed in _by_family(scores):
        levels = np.searchsorted(LEVELS_UGM3, forecast, side="right")
        for level in range(len(LEVELS_UGM3) + 1):
            errors = (forecast - observed)[levels == level]
            if len(errors) >= MIN_ROWS:
                rows.append((family, level, len(errors), *np.quantile(errors, RESIDUAL_QUANTILES).tolist()))
    return pd.DataFrame(rows, columns=["model_family", "level", "rows", *map(str, RESIDUAL_QUANTILES)])


def _by_family(scores: pd.DataFrame) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Each family's forecasts and observed values, in the order of the families."""
    forecast, observed = scores["pm25_ugm3"].to_numpy(), scores["pm25_observed_ugm3"].to_numpy()
    code, families = pd.factorize(scores["model_family"])
    return [(str(family), forecast[code == n], observed[code == n]) for n, family in enumerate(families)]


def calibration(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean forecast and mean observed value (µg/m³) in bins of equally many forecasts, lowest first, by family.

    ``MAX_BINS`` bins, or as many as have ``MIN_ROWS`` forecasts.
    """
    rows = []
    for family, forecast, observed in _by_family(scores):
        bins = int(np.clip(len(forecast) // MIN_ROWS, 1, MAX_BINS))
        members = np.array_split(np.argsort(forecast, kind="stable"), bins)
        rows += [(family, float(forecast[those].mean()), float(observed[those].mean())) for those in members]
    return pd.DataFrame(rows, columns=["model_family", "forecast_ugm3", "observed_ugm3"])
