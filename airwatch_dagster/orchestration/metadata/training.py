"""A month's models in Dagster's metadata: numbers that chart over months, a table, and plots."""

from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg
import pandas as pd

from airwatch_dagster.figures.model_table import MEASURES, model_table
from airwatch_dagster.figures.style import embedded_png
from airwatch_dagster.fit.models.baselines import SEASONS, season_number
from airwatch_dagster.orchestration.metadata.tables import PartitionMetadata
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import BASELINES, HORIZONS_DAYS, REFERENCE_FAMILY
from airwatch_dagster.verify.skill_tables import skill_by_lead

HOLDOUT_NOTE = "Skill: share of damped persistence's mean squared error saved, on the holdout at the end of the window."

IMPORTANCE_NOTE = (
    "Features of the correction to damped persistence, all leads together. Ridge: size of the standardised feature's "
    "coefficient; trees: how much splits on the feature change the forecast. Compare the order, not the size."
)


def trained_models_metadata(
    trained: pd.DataFrame, *, importance_of: Callable[[str], Mapping[str, float]]
) -> PartitionMetadata:
    """Per month: holdout metrics of each fitted family, and feature importance of the learned ones.

    ``trained`` holds rows of ``trained_models``; ``importance_of`` returns feature → share for an MLflow run.
    """
    fitted = trained[trained["is_fitted"]]
    months = fitted.groupby(TABLES["trained_models"].partition_keys_of(fitted), sort=True)
    return {str(month): _of_models(rows, importance_of) for month, rows in months}


def _of_models(rows: pd.DataFrame, importance_of: Callable[[str], Mapping[str, float]]) -> dict[str, Any]:
    holdouts = _holdouts(rows)
    learned = rows[~rows["model_family"].isin(BASELINES) & rows["mlflow_run_id"].notna()]
    runs = zip(learned["model_family"].tolist(), learned["mlflow_run_id"].tolist(), strict=True)
    shares = {family: by_feature for family, run_id in runs if (by_feature := importance_of(run_id))}
    plot = {"importance": _importance(rows["month"].iloc[0], shares)} if shares else {}
    table = dg.MetadataValue.md(f"{model_table(holdouts)}\n\n{HOLDOUT_NOTE}")
    return {"holdouts": table, **plot, **_charted(holdouts, prefix="holdout_")}


def _holdouts(rows: pd.DataFrame) -> pd.DataFrame:
    """The holdout columns of ``trained_models`` as a row per family and lead, in the columns ``MEASURES``."""
    leads = [
        pd.DataFrame({name: rows[f"holdout_{_measure_key(name, lead)}"].astype(float) for name in MEASURES}).assign(
            model_family=rows["model_family"], horizon_days=lead
        )
        for lead in HORIZONS_DAYS
    ]
    return pd.concat(leads, ignore_index=True)


def _importance(month: pd.Timestamp, shares: Mapping[str, Mapping[str, float]]) -> dg.MetadataValue:
    from airwatch_dagster.figures.models import importance_plot

    plot = embedded_png("importance", importance_plot(shares, title=f"Feature importance, models of {month:%B %Y}"))
    return dg.MetadataValue.md(f"{plot}\n\n{IMPORTANCE_NOTE}")


def candidate_scores_metadata(scores: pd.DataFrame) -> PartitionMetadata:
    """Per month: skill and errors of every family out of sample, with a plot of residuals and calibration.

    ``scores`` are rows of ``candidate_scores``.
    """
    months = scores.groupby(scores["target_date"].dt.to_period("M"))
    return {str(month): _of_scores(rows) for month, rows in months}


def _of_scores(rows: pd.DataFrame) -> dict[str, Any]:
    from airwatch_dagster.figures.models import performance_plot

    by_lead = skill_by_lead(rows)
    day = rows["target_date"].iloc[:1]
    season, sites = SEASONS[season_number(day)[0]], rows["site_id"].nunique()
    title = f"Out of sample, {day.iloc[0]:%B %Y} ({season}): {sites:,} site{'s' if sites > 1 else ''}"
    plot = embedded_png("performance", performance_plot(by_lead, rows, title=title))
    note = (
        f"Forecasts per lead: {by_lead['rows'].max():,}. Skill: share of damped persistence's mean squared error saved."
    )
    table = dg.MetadataValue.md(f"{model_table(by_lead)}\n\n{note}")
    return {"scores": table, "performance": dg.MetadataValue.md(plot), **_charted(by_lead)}


def _charted(by_lead: pd.DataFrame, *, prefix: str = "") -> dict[str, float]:
    """``catboost_skill_1d``, ``ridge_rmse_2d_ugm3``, …: every defined measure but the reference's skill over itself."""
    return {
        f"{row['model_family']}_{prefix}{_measure_key(measure, row['horizon_days'])}": round(row[measure], 4)
        for row in by_lead.to_dict("records")
        for measure in MEASURES
        if pd.notna(row[measure]) and (measure, row["model_family"]) != ("skill", REFERENCE_FAMILY)
    }


def _measure_key(measure: str, horizon_days: int) -> str:
    """``rmse_ugm3`` 1 day ahead is ``rmse_1d_ugm3``."""
    name, _, unit = measure.partition("_")
    return f"{name}_{horizon_days}d" + (f"_{unit}" if unit else "")
