"""Numbers for the UI's charts over partitions."""

from collections.abc import Mapping

import pandas as pd

from airwatch_dagster.schemas import TABLES


def score_figures(scores: pd.DataFrame) -> dict[str, Mapping[str, float]]:
    """Per target day: error measures (µg/m³) and coverage of the forecasts that came due; other days are left out."""
    if scores.empty:
        return {}
    days = scores.groupby(TABLES["forecast_scores"].partition_keys_of(scores))
    figures = pd.DataFrame(
        {
            "rmse_ugm3": days["error_ugm3"].agg(lambda error: (error**2).mean() ** 0.5),
            "mae_ugm3": days["abs_error_ugm3"].mean(),
            "bias_ugm3": days["error_ugm3"].mean(),
            "coverage": days["is_covered"].mean(),
        }
    )
    return {str(day): {str(name): float(value) for name, value in row.items()} for day, row in figures.iterrows()}
