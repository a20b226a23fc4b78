"""The choice of the family that serves a month, from past forecasts, and its row of ``champion_model``."""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from airwatch_dagster.fit.champion.comparison import Comparison, compare, compare_holdouts
from airwatch_dagster.fit.champion.decision import Decision, decision_of, select_champion
from airwatch_dagster.fit.champion.guard_rails import display_name
from airwatch_dagster.fit.champion.reason import reason
from airwatch_dagster.schemas import TABLES

DecidedBy = Literal["shadow_scores", "holdout", "no_history", "person"]

SHADOW_MONTHS: Final = 12
"""Months of shadow scores that a comparison uses: every season once."""

MIN_SHADOW_DAYS: Final = 28
"""Target days with shadow scores of every fitted family from which on shadow scores decide, not holdouts."""

COMPARED_COLUMNS: Final = ["model_family", "site_id", "target_date", "horizon_days", "pm25_ugm3", "pm25_observed_ugm3"]
"""Columns of ``candidate_scores`` that a comparison reads."""

MODEL_COLUMNS: Final = (
    "model_version",
    "model_uri",
    "model_files",
    "mlflow_run_id",
    "training_rows",
    "first_target_date",
    "last_target_date",
)
"""Columns of ``champion_model`` that are the champion's row of ``trained_models``."""


@dataclass(frozen=True)
class ChampionChoice:
    """The family that serves a month, and why."""

    month: pd.Timestamp
    model_family: str | None
    """None when no family could be fitted."""
    previous_family: str | None
    decided_by: DecidedBy
    reason: str
    comparison: Comparison | None = None
    decision: Decision | None = None
    """Skill and outcome of every family; None when a person decided."""

    @property
    def is_serving(self) -> bool:
        """Whether the month has a champion."""
        return self.model_family is not None


def choose_champion(
    *, month: pd.Timestamp, trained: pd.DataFrame, scores: pd.DataFrame, incumbent: str | None, seed: int = 0
) -> ChampionChoice:
    """The family that serves ``month``, among those fitted for it.

    ``trained`` holds the month's rows of ``trained_models``, ``scores`` the ``candidate_scores`` of earlier months; the
    trailing 12 months count, on site-days that every fitted family forecast. Errors 1, 2 and 3 days ahead weigh 1/2,
    1/4 and 1/4. A learned family must beat damped persistence and climatology, and must not be worse than damped
    persistence beyond noise in any season or region. A challenger replaces the incumbent if it is better in 90 % of the
    bootstrap samples, and not worse beyond noise in any region or on days Unhealthy for Sensitive Groups.

    With fewer than 28 days of shadow scores the holdouts decide. Without a fitted family the month has no champion. The
    same rows in any order and the same ``seed`` give the same choice.
    """
    fitted = trained.loc[trained["is_fitted"].astype(bool), "model_family"].tolist()
    if not fitted:
        why = str(trained["reason"].iloc[0]) if len(trained) else "Not fitted: there is no history before the month."
        nobody = f"No forecasts for {month:%B %Y}: no family could be fitted. {why}"
        decision = decision_of(trained, serving=None, rejected={}, found=None, incumbent=incumbent)
        return ChampionChoice(month, None, incumbent, "no_history", nobody, decision=decision)
    shadow = compare(trailing(scores, month=month), families=fitted, seed=seed)
    if shadow is not None and shadow.days >= MIN_SHADOW_DAYS:
        return _chosen(month, trained, shadow, incumbent, "shadow_scores")
    holdout = compare_holdouts(trained[trained["model_family"].isin(fitted)])
    if holdout is not None:
        return _chosen(month, trained, holdout, incumbent, "holdout")
    untested = f"{display_name(fitted[0])} serves {month:%Y-%m}: no family has been tested yet."
    decision = decision_of(trained, serving=fitted[0], rejected={}, found=None, incumbent=incumbent)
    return ChampionChoice(month, fitted[0], incumbent, "no_history", untested, decision=decision)


def trailing(scores: pd.DataFrame, *, month: pd.Timestamp) -> pd.DataFrame:
    """The ``COMPARED_COLUMNS`` of scores with a target day in the 12 months before ``month``."""
    first = month - pd.DateOffset(months=SHADOW_MONTHS)
    inside = ((scores["target_date"] >= first) & (scores["target_date"] < month)).to_numpy()
    # Column by column: selecting rows of the whole frame takes five times as long.
    return pd.DataFrame({name: scores[name].to_numpy()[inside] for name in COMPARED_COLUMNS}, copy=False)


def _chosen(
    month: pd.Timestamp, trained: pd.DataFrame, found: Comparison, incumbent: str | None, decided_by: DecidedBy
) -> ChampionChoice:
    serving, rejected = select_champion(found, incumbent=incumbent)
    why = reason(found, month=month, serving=serving, incumbent=incumbent, rejected=rejected)
    decision = decision_of(trained, serving=serving, rejected=rejected, found=found, incumbent=incumbent)
    return ChampionChoice(month, serving, incumbent, decided_by, why, found, decision)


def champion_frame(
    choice: ChampionChoice,
    *,
    trained: pd.DataFrame,
    interval_calibration: str | None,
    previous_version: str | None = None,
) -> pd.DataFrame:
    """The choice as one row of ``champion_model``, with the registered model of the family that serves.

    ``trained`` holds the month's rows of ``trained_models``. Without a champion the model's columns are null.
    """
    family = choice.model_family
    model: dict[str, Any] = {}
    if family is not None:
        model = {str(k): v for k, v in trained.loc[trained["model_family"] == family].iloc[0].items()}
    row = {
        "month": choice.month,
        "is_serving": choice.is_serving,
        "model_family": family,
        **{name: model.get(name) for name in MODEL_COLUMNS},
        "trained_for": model.get("month"),
        "serves_from": choice.month,
        "previous_family": choice.previous_family,
        "previous_version": previous_version,
        "decided_by": choice.decided_by,
        "reason": choice.reason,
        **_compared(choice),
        "comparison": choice.decision.to_json() if choice.decision else None,
        "interval_calibration": interval_calibration,
    }
    return pd.DataFrame([row], columns=TABLES["champion_model"].column_names)


def _compared(choice: ChampionChoice) -> dict[str, float]:
    """Columns of ``champion_model`` on the comparison behind the choice; null where undefined."""
    found, family, previous = choice.comparison, choice.model_family, choice.previous_family
    if found is None or family is None:
        return {"compared_rows": 0, "compared_days": 0}
    spread = found.overall.spread(family)
    is_new = previous in found.skill and previous != family
    chance = found.overall.chance_better(family, str(previous)) if is_new else None
    return {
        "compared_rows": found.rows,
        "compared_days": found.days,
        "skill_over_damped": found.skill[family],
        "skill_over_damped_lower": np.nan if spread is None else spread[0],
        "skill_over_climatology": found.skill_over_climatology(family),
        "chance_better_than_previous": np.nan if chance is None else chance,
    }
