"""What the UI shows of a month's models: numbers that chart over months, a table and a picture for the month itself."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import dagster as dg
import pandas as pd

from airwatch_dagster.figures.style import embedded
from airwatch_dagster.fit.models.baselines import SEASONS, season_number
from airwatch_dagster.orchestration.metadata.tables import PartitionMetadata
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import BASELINES, HORIZONS_DAYS
from airwatch_dagster.verify.skill_tables import REFERENCE, skill_by_lead

MEASURES: Final = {"skill": "Skill", "rmse_ugm3": "RMSE, µg/m³", "mae_ugm3": "MAE, µg/m³", "bias_ugm3": "Bias, µg/m³"}
"""Columns of the tables, in order, and their headings."""


def training_figures(
    trained: pd.DataFrame, *, importance_of: Callable[[str], Mapping[str, float]]
) -> PartitionMetadata:
    """Per month: how each fitted family did on its holdout, and what the learned ones listen to.

    ``trained`` is the table ``trained_models``; ``importance_of`` tells the shares of the inputs by MLflow run.
    """
    fitted = trained[trained["is_fitted"]]
    months = fitted.groupby(TABLES["trained_models"].partition_keys_of(fitted), sort=True)
    return {str(month): _trained(rows, importance_of) for month, rows in months}


def _trained(rows: pd.DataFrame, importance_of: Callable[[str], Mapping[str, float]]) -> dict[str, Any]:
    tested = _holdouts(rows)
    learned = rows[~rows["model_family"].isin(BASELINES) & rows["mlflow_run_id"].notna()]
    runs = zip(learned["model_family"].tolist(), learned["mlflow_run_id"].tolist(), strict=True)
    shares = {family: importance_of(run_id) for family, run_id in runs}
    told = {family: by_input for family, by_input in shares.items() if by_input}
    plot = {"importance": _importance(rows["month"].iloc[0], told)} if told else {}
    note = "Skill: share of damped persistence's mean squared error saved, on the last part of the window, held out."
    return {"holdouts": _table(tested, note), **plot, **_numbers(tested, between="holdout_")}


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

    picture = embedded("importance", importance_plot(shares, title=f"What the models of {month:%B %Y} listen to"))
    note = (
        "Inputs of the correction to damped persistence, all leads together. Ridge: size of the standardised input's "
        "coefficient; trees: how much their splits on the input change the forecast. Compare the order, not the size."
    )
    return dg.MetadataValue.md(f"{picture}\n\n{note}")


def candidate_figures(scores: pd.DataFrame) -> PartitionMetadata:
    """Per month: skill and errors of every family's forecasts out of sample, with residuals and calibration."""
    months = scores.groupby(scores["target_date"].dt.to_period("M"))
    return {str(month): _scored(rows) for month, rows in months}


def _scored(rows: pd.DataFrame) -> dict[str, Any]:
    from airwatch_dagster.figures.models import performance_plot

    by_lead = skill_by_lead(rows)
    day = rows["target_date"].iloc[:1]
    season, sites = SEASONS[season_number(day)[0]], rows["site_id"].nunique()
    title = f"Out of sample, {day.iloc[0]:%B %Y} ({season}): {sites:,} site{'s' if sites > 1 else ''}"
    picture = embedded("performance", performance_plot(by_lead, rows, title=title))
    note = (
        f"Forecasts per lead: {by_lead['rows'].max():,}. Skill: share of damped persistence's mean squared error saved."
    )
    return {"scores": _table(by_lead, note), "performance": dg.MetadataValue.md(picture), **_numbers(by_lead)}


def _numbers(by_lead: pd.DataFrame, *, between: str = "") -> dict[str, float]:
    """``catboost_skill_1d``, ``ridge_rmse_2d_ugm3``, …: every measure that is known, skill over itself left out."""
    return {
        f"{row['model_family']}_{between}{_measure_key(measure, row['horizon_days'])}": round(row[measure], 4)
        for row in by_lead.to_dict("records")
        for measure in MEASURES
        if pd.notna(row[measure]) and (measure, row["model_family"]) != ("skill", REFERENCE)
    }


def _measure_key(measure: str, horizon_days: int) -> str:
    """``rmse_ugm3`` a day ahead is ``rmse_1d_ugm3``."""
    name, _, unit = measure.partition("_")
    return f"{name}_{horizon_days}d" + (f"_{unit}" if unit else "")


def _table(by_lead: pd.DataFrame, note: str) -> dg.MetadataValue:
    """A line per family; each cell holds the leads side by side."""
    leads = " / ".join(str(lead) for lead in sorted(by_lead["horizon_days"].unique()))
    lines = [
        "| " + " | ".join(["Family", *(f"{heading} {leads} d" for heading in MEASURES.values())]) + " |",
        "|---" * (1 + len(MEASURES)) + "|",
    ]
    for family, rows in by_lead.sort_values("horizon_days").groupby("model_family", sort=False):
        lines.append("| " + " | ".join([str(family), *(_cell(rows[measure], measure) for measure in MEASURES)]) + " |")
    return dg.MetadataValue.md("\n".join(lines) + f"\n\n{note}")


def _cell(values: pd.Series, measure: str) -> str:
    form = "{:+.2f}" if measure in ("skill", "bias_ugm3") else "{:.2f}"
    return " / ".join("–" if pd.isna(value) else form.format(round(value, 2) + 0.0) for value in values)
