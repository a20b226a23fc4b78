"""What the UI shows of each partition: numbers that chart over time under stable names, and words where they help."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import pandas as pd

from airwatch_dagster.schemas import TABLES

Figures = dict[str, Mapping[str, Any]]
"""Partition → name → number or metadata value."""


def air_figures(site_days: pd.DataFrame) -> Figures:
    """Per day: sites with a valid value, and their mean and highest PM2.5 (µg/m³)."""
    days = _partitions("site_days", site_days[site_days["is_valid"]])
    pm25 = days["pm25_ugm3"]
    return _numbers(valid_sites=pm25.size(), mean_pm25_ugm3=pm25.mean(), highest_pm25_ugm3=pm25.max())


def forecast_figures(predictions: pd.DataFrame) -> Figures:
    """Per issue day: sites forecast, and the mean PM2.5 (µg/m³) and highest AQI of the next days."""
    days = _partitions("predictions", predictions)
    return _numbers(
        sites=days["site_id"].nunique(), mean_pm25_ugm3=days["pm25_ugm3"].mean(), highest_aqi=days["aqi"].max()
    )


def score_figures(scores: pd.DataFrame) -> Figures:
    """Per target day: error measures (µg/m³) and coverage of the forecasts that came due; other days are left out."""
    days = _partitions("forecast_scores", scores.assign(squared=scores["error_ugm3"] ** 2))
    return _numbers(
        rmse_ugm3=days["squared"].mean() ** 0.5,
        mae_ugm3=days["abs_error_ugm3"].mean(),
        bias_ugm3=days["error_ugm3"].mean(),
        coverage=days["is_covered"].mean(),
    )


def champion_figures(champions: pd.DataFrame) -> Figures:
    """Per month: who serves and why, and by how much it beats damped persistence."""
    return {f"{row['month']:%Y-%m}": _serving(row) for row in champions.to_dict("records")}


def _serving(row: Mapping[Any, Any]) -> dict[str, Any]:
    skill = {} if pd.isna(row["skill_over_damped"]) else {"skill_over_damped": float(row["skill_over_damped"])}
    return {"champion": row["model_family"] or "nobody", "why": row["reason"], **skill}


def drift_figures(findings: pd.DataFrame) -> Figures:
    """Per month: how many features drifted, and where the page lies."""
    months = _partitions("drift_report", findings)
    drifted = _numbers(drifted_features=months["is_drifted"].sum())
    pages = months["report_uri"].first().to_dict()
    return {
        month: {**numbers, "report": dg.MetadataValue.path(str(pages[month]))} for month, numbers in drifted.items()
    }


def _partitions(table: str, frame: pd.DataFrame) -> Any:
    return frame.groupby(TABLES[table].partition_keys_of(frame))


def _numbers(**series: pd.Series) -> Figures:
    rows = pd.DataFrame(series).to_dict("index")
    return {str(key): {str(name): round(value, 3) for name, value in row.items()} for key, row in rows.items()}
