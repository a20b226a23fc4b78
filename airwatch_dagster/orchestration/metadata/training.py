"""A month's models in Dagster's metadata: tables, plots, and a few numbers that chart over months."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import dagster as dg
import pandas as pd

from airwatch_dagster.figures.markdown import ahead, counted
from airwatch_dagster.figures.model_table import MEASURES, error_tables, skill_table
from airwatch_dagster.figures.models import importance_plot, performance_plot
from airwatch_dagster.fit.champion.guard_rails import display_name
from airwatch_dagster.fit.models.baselines import SEASONS, season_number
from airwatch_dagster.orchestration.metadata.tables import PartitionMetadata
from airwatch_dagster.orchestration.pages import Pages, shown
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import BASELINES, HORIZONS_DAYS, REFERENCE_FAMILY
from airwatch_dagster.verify.skill_tables import skill_by_lead

SKILL_NOTE: Final = "Skill: share of damped persistence's mean squared error saved; the best of each lead is bold."

HOLDOUT_NOTE: Final = f"{SKILL_NOTE} On the holdout, the last part of the training days."

IMPORTANCE_NOTE: Final = (
    "Features of the correction to damped persistence, all leads together. Ridge: size of the standardised feature's "
    "coefficient; trees: how much splits on the feature change the forecast. Compare the order, not the size."
)

CHARTED_LEAD: Final = min(HORIZONS_DAYS)
"""Days ahead whose numbers chart over months; the others are in the tables, in MLflow and in Parquet."""


def trained_models_metadata(
    trained: pd.DataFrame, *, importance_of: Callable[[str], Mapping[str, float]], pages: Pages
) -> PartitionMetadata:
    """Per month: holdout metrics of each fitted family, and feature importance of the learned ones.

    ``trained`` holds rows of ``trained_models``; ``importance_of`` returns feature → share for an MLflow run.
    """
    fitted = trained[trained["is_fitted"]]
    months = fitted.groupby(TABLES["trained_models"].partition_keys_of(fitted), sort=True)
    return {str(month): _of_models(rows, importance_of, pages) for month, rows in months}


def _of_models(rows: pd.DataFrame, importance_of: Callable[[str], Mapping[str, float]], pages: Pages) -> dict[str, Any]:
    holdouts = _holdouts(rows)
    learned = rows[~rows["model_family"].isin(BASELINES) & rows["mlflow_run_id"].notna()]
    runs = zip(learned["model_family"].tolist(), learned["mlflow_run_id"].tolist(), strict=True)
    shares = {family: by_feature for family, run_id in runs if (by_feature := importance_of(run_id))}
    plot = _importance(rows["month"].iloc[0], shares, pages) if shares else {}
    return {**_tables(holdouts, note=HOLDOUT_NOTE), **plot, **_charted(holdouts)}


def _holdouts(rows: pd.DataFrame) -> pd.DataFrame:
    """The holdout columns of ``trained_models`` as a row per family and lead, in the columns ``MEASURES``."""
    leads = [
        pd.DataFrame({name: rows[f"holdout_{_measure_key(name, lead)}"].astype(float) for name in MEASURES}).assign(
            model_family=rows["model_family"], horizon_days=lead
        )
        for lead in HORIZONS_DAYS
    ]
    known = pd.concat(leads, ignore_index=True)
    return known[known["rmse_ugm3"].notna()]


def _importance(month: pd.Timestamp, shares: Mapping[str, Mapping[str, float]], pages: Pages) -> dict[str, Any]:
    title = f"Which inputs the models of {month:%B %Y} use most"
    shown_plot = pages.plot(
        f"trained_models/{month:%Y-%m}-importance", importance_plot(shares, title=title), title=title
    )
    return {"importance": shown_plot, "about importance": IMPORTANCE_NOTE}


def candidate_scores_metadata(scores: pd.DataFrame, *, pages: Pages) -> PartitionMetadata:
    """Per month: skill and errors of every family out of sample, with a plot of residuals and calibration.

    ``scores`` are rows of ``candidate_scores``.
    """
    months = scores.groupby(scores["target_date"].dt.to_period("M"))
    return {str(month): _of_scores(str(month), rows, pages) for month, rows in months}


def _of_scores(month: str, rows: pd.DataFrame, pages: Pages) -> dict[str, Any]:
    by_lead = skill_by_lead(rows)
    day = rows["target_date"].iloc[:1]
    season, sites = SEASONS[season_number(day)[0]], rows["site_id"].nunique()
    title = f"Out of sample, {day.iloc[0]:%B %Y} ({season}): {counted(sites, 'site')}"
    shown_plot = pages.plot(
        f"candidate_scores/{month}-performance", performance_plot(by_lead, rows, title=title), title=title
    )
    note = f"{SKILL_NOTE} {by_lead['rows'].max():,} forecasts per lead."
    return {**_tables(by_lead, note=note), "performance": shown_plot, **_charted(by_lead)}


def _tables(by_lead: pd.DataFrame, *, note: str) -> dict[str, dg.MetadataValue | str]:
    if by_lead.empty:
        return {}
    errors = {name: shown(table) for name, table in error_tables(by_lead).items()}
    return {"skill": shown(skill_table(by_lead)), "about skill": note, **errors}


def _charted(by_lead: pd.DataFrame) -> dict[str, float]:
    """``skill 1 day ahead, ridge`` and ``RMSE 1 day ahead, ridge (µg/m³)`` of the learned families, and the RMSE of the
    family that skill is measured against."""
    rows = by_lead[by_lead["horizon_days"] == CHARTED_LEAD].to_dict("records")
    learned = [row for row in rows if row["model_family"] not in BASELINES]
    with_error = [*learned, *(row for row in rows if row["model_family"] == REFERENCE_FAMILY)]
    skills = {f"skill {_AHEAD}, {display_name(row['model_family'])}": row["skill"] for row in learned}
    errors = {f"RMSE {_AHEAD}, {display_name(row['model_family'])} (µg/m³)": row["rmse_ugm3"] for row in with_error}
    return {name: round(float(value), 4) for name, value in (skills | errors).items() if pd.notna(value)}


def _measure_key(measure: str, horizon_days: int) -> str:
    """``rmse_ugm3`` 1 day ahead is ``rmse_1d_ugm3``."""
    name, _, unit = measure.partition("_")
    return f"{name}_{horizon_days}d" + (f"_{unit}" if unit else "")


_AHEAD: Final = ahead(CHARTED_LEAD)
