"""How every model did on days it had not seen: the evidence for champions and intervals."""

import json
from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.fit.models.families import FittedModel
from airwatch_dagster.schemas import TABLES

EVIDENCE_COLUMNS: Final = ("horizon_days", "days_since_observed", "pm25_ugm3", "pm25_observed_ugm3")
"""What calibrating an interval needs of a past forecast."""

MAX_EVIDENCE_ROWS: Final = 1500
"""Rows of a holdout kept as JSON: 500 a horizon fix a 5 % quantile to about one percentage point."""


def score_candidates(
    examples: pd.DataFrame,
    *,
    models: Mapping[str, FittedModel],
    month: pd.Timestamp,
    versions: Mapping[str, str | None] | None = None,
) -> pd.DataFrame:
    """Every model's forecasts for the area's examples whose target day lies in ``month``; one row per family and
    example.

    The models must have been trained on target days before the month. Empty when there is no model or no truth. Columns
    of ``candidate_scores``; model_version comes from ``versions`` (by family) and is null without it.
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
    """The model's forecast of each example beside its truth."""
    kept = ["site_id", "issue_date", "target_date", "horizon_days", "pm25_observed_ugm3", "days_since_observed"]
    return examples[kept].assign(model_family=model.family, pm25_ugm3=np.round(model.predict(examples), 4))


def evidence_to_json(frame: pd.DataFrame) -> str:
    """At most ``MAX_EVIDENCE_ROWS`` evenly spaced rows as JSON, columns ``EVIDENCE_COLUMNS``."""
    step = np.linspace(0, len(frame) - 1, min(len(frame), MAX_EVIDENCE_ROWS)).astype(int)
    sample = frame.iloc[step]
    return json.dumps({name: sample[name].round(3).tolist() for name in EVIDENCE_COLUMNS}, separators=(",", ":"))


def evidence_from_json(text: str) -> pd.DataFrame:
    """The sample that ``evidence_to_json`` wrote."""
    return pd.DataFrame(json.loads(text), columns=list(EVIDENCE_COLUMNS))
