"""Which family serves a month, decided by evidence and said in one sentence."""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from airwatch_dagster.fit.comparison import Comparison, compare, compare_holdouts
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import BASELINES

DecidedBy = Literal["shadow_scores", "holdout", "no_history", "person"]

TRAILING_MONTHS: Final = 12
"""Months of shadow scores that are compared: every season once."""

MIN_SHADOW_DAYS: Final = 28
"""Target days on which all fitted families must have shadow scores before those decide."""

CHANCE_TO_REPLACE: Final = 0.9
"""Share of resampled blocks on which a challenger must beat the incumbent: changes cost trust, so noise must not cause
them."""

HOLDOUT_MARGIN: Final = 0.02
"""Skill by which a challenger must beat the incumbent on holdouts, which cannot be resampled here."""


@dataclass(frozen=True)
class ChampionChoice:
    """Who serves a month, and why."""

    month: pd.Timestamp
    model_family: str | None
    previous_family: str | None
    decided_by: DecidedBy
    reason: str
    comparison: Comparison | None = None

    @property
    def is_serving(self) -> bool:
        return self.model_family is not None


def choose_champion(
    *, month: pd.Timestamp, trained: pd.DataFrame, scores: pd.DataFrame, incumbent: str | None, seed: int = 0
) -> ChampionChoice:
    """The family that serves ``month``, among those fitted for it.

    ``trained`` holds the month's rows of ``trained_models``, ``scores`` the ``candidate_scores`` of the months before;
    only the trailing 12 are used, on site-days where all fitted families forecast. Errors of horizons 1, 2 and 3 days
    weigh 1/2, 1/4, 1/4. A learned family is never chosen unless it beats damped persistence and climatology. The
    incumbent stays unless another is better on 90 % of resampled weeks. Without a month of shadow scores the holdouts
    decide; with nothing fitted nobody serves.
    """
    fitted = trained.loc[trained["is_fitted"].astype(bool), "model_family"].tolist()
    if not fitted:
        why = str(trained["reason"].iloc[0]) if len(trained) else "Not fitted: there is no history before the month."
        return ChampionChoice(
            month, None, incumbent, "no_history", f"Nobody serves {month:%Y-%m}: no family could be fitted. {why}"
        )
    shadow = compare(trailing(scores, month=month), families=fitted, seed=seed)
    if shadow is not None and shadow.days >= MIN_SHADOW_DAYS:
        return _decide(month, shadow, incumbent, "shadow_scores")
    holdout = compare_holdouts(trained[trained["model_family"].isin(fitted)])
    if holdout is not None:
        return _decide(month, holdout, incumbent, "holdout")
    reason = f"{fitted[0]} serves {month:%Y-%m}: nothing has been tested yet."
    return ChampionChoice(month, fitted[0], incumbent, "no_history", reason)


def trailing(scores: pd.DataFrame, *, month: pd.Timestamp) -> pd.DataFrame:
    """The scores whose target day lies in the 12 months before ``month``."""
    first = month - pd.DateOffset(months=TRAILING_MONTHS)
    return scores[(scores["target_date"] >= first) & (scores["target_date"] < month)]


def _decide(month: pd.Timestamp, found: Comparison, incumbent: str | None, decided_by: DecidedBy) -> ChampionChoice:
    best = found.best_of(found.eligible())
    runner = best if incumbent not in found.eligible() else _keep_or_replace(found, best, str(incumbent))
    reason = _sentence(month, found, runner, best, incumbent)
    return ChampionChoice(month, runner, incumbent, decided_by, reason, found)


def _keep_or_replace(found: Comparison, best: str, incumbent: str) -> str:
    if best == incumbent:
        return incumbent
    chance = found.chance_better(best, incumbent)
    if chance is None:
        return best if found.skill[best] - found.skill[incumbent] >= HOLDOUT_MARGIN else incumbent
    return best if chance >= CHANCE_TO_REPLACE else incumbent


def _sentence(month: pd.Timestamp, found: Comparison, serving: str, best: str, incumbent: str | None) -> str:
    gain = f"its squared error is {_percent(found.skill[serving])} damped persistence's"
    where = f"on {found.evidence} ({found.days} days, {found.rows:,} forecasts)"
    opening = f"{serving} serves {month:%Y-%m}: {gain} {where}"
    if serving in BASELINES and not found.eligible_learned():
        ending = (
            "; no learned family beats both damped persistence and climatology"
            if found.learned()
            else "; no learned family has enough history"
        )
    elif serving == incumbent and best != incumbent:
        ending = f"; {best} at {found.skill[best]:+.2f} skill is not better beyond noise{_chance(found, best, serving)}"
    elif serving == incumbent:
        ending = "; it stays, as no other is better"
    elif incumbent is None:
        ending = "; it is the best of all families"
    else:
        ending = f"; it replaces {incumbent}{_chance(found, serving, incumbent)}"
    return f"{opening}{ending}."


def _percent(skill: float) -> str:
    return f"{abs(skill):.0%} {'below' if skill >= 0 else 'above'}" if abs(skill) >= 0.005 else "level with"


def _chance(found: Comparison, challenger: str, incumbent: str) -> str:
    chance = found.chance_better(challenger, incumbent) if incumbent in found.skill else None
    return "" if chance is None else f" (ahead in {chance:.0%} of resampled weeks)"


def champion_frame(
    choice: ChampionChoice,
    *,
    trained: pd.DataFrame,
    interval_calibration: str | None,
    previous_version: str | None = None,
) -> pd.DataFrame:
    """The choice as the one row of ``champion_model``, with the registered model of the family that serves."""
    found, family = choice.comparison, choice.model_family
    registered: dict[str, Any] = {}
    if family is not None:
        registered = {str(k): v for k, v in trained.loc[trained["model_family"] == family].iloc[0].items()}
    lower = found.skill_lower(family) if found and family else None
    previous = choice.previous_family
    rival = (
        found.chance_better(family, previous)
        if found and family and previous in found.skill and previous != family
        else None
    )
    row = {
        "month": choice.month,
        "is_serving": choice.is_serving,
        "model_family": family,
        **{name: registered.get(name) for name in ("model_version", "model_uri", "mlflow_run_id")},
        "previous_family": choice.previous_family,
        "previous_version": previous_version,
        "decided_by": choice.decided_by,
        "reason": choice.reason,
        "compared_rows": found.rows if found else 0,
        "compared_days": found.days if found else 0,
        "skill_over_damped": found.skill[family] if found and family else np.nan,
        "skill_over_damped_lower": np.nan if lower is None else lower,
        "skill_over_climatology": found.skill_over_climatology(family) if found and family else np.nan,
        "chance_better_than_previous": np.nan if rival is None else rival,
        "interval_calibration": interval_calibration,
    }
    return pd.DataFrame([row], columns=TABLES["champion_model"].column_names)
