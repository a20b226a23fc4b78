"""Forecasts of every model on days it was not trained on: the evidence for champions and intervals."""

import json
from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.fit.models.families import FittedModel
from airwatch_dagster.schemas import TABLES

EVIDENCE_COLUMNS: Final = ("horizon_days", "days_since_observed", "pm25_ugm3", "pm25_observed_ugm3")
"""Columns of a past forecast that calibrate an interval."""

MAX_EVIDENCE_ROWS: Final = 1500
"""Rows of a holdout stored as JSON: 500 a horizon place a 5 % quantile to about one percentage point."""


def score_candidates(
    examples: pd.DataFrame,
    *,
    models: Mapping[str, FittedModel],
    month: pd.Timestamp,
    versions: Mapping[str, str | None] | None = None,
) -> pd.DataFrame:
    """Every model's forecast of each of the area's examples whose target day lies in ``month``, beside the observation.

    In the columns of ``candidate_scores``, one row per family and example; µg/m³. The caller passes ``models`` trained
    on target days before the month. ``versions`` (by family) fill model_version, which is null without. Empty without
    models or examples.
    """
    spec = TABLES["candidate_scores"]
    is_own = ~examples["is_context"]
    inside = examples[is_own & (examples["target_date"].dt.to_period("M") == month.to_period("M"))]
    if inside.empty or not models:
        return spec.empty()
    known = versions or {}
    scores = [evidence(inside, model=model).assign(model_version=known.get(family)) for family, model in models.items()]
    return pd.concat(scores, ignore_index=True)[spec.column_names]


def evidence(examples: pd.DataFrame, *, model: FittedModel) -> pd.DataFrame:
    """The model's forecast of each example beside the observation, µg/m³; forecasts are rounded to 4 decimals."""
    columns = ["site_id", "issue_date", "target_date", "horizon_days", "pm25_observed_ugm3", "days_since_observed"]
    return examples[columns].assign(model_family=model.family, pm25_ugm3=np.round(model.predict(examples), 4))


def evidence_to_json(frame: pd.DataFrame) -> str:
    """At most ``MAX_EVIDENCE_ROWS`` evenly spaced rows as JSON, in ``EVIDENCE_COLUMNS``, to 3 decimals."""
    step = np.linspace(0, len(frame) - 1, min(len(frame), MAX_EVIDENCE_ROWS)).astype(int)
    sample = frame.iloc[step]
    return json.dumps({name: sample[name].round(3).tolist() for name in EVIDENCE_COLUMNS}, separators=(",", ":"))


def evidence_from_json(text: str) -> pd.DataFrame:
    """The rows that ``evidence_to_json`` wrote."""
    return pd.DataFrame(json.loads(text), columns=list(EVIDENCE_COLUMNS))
