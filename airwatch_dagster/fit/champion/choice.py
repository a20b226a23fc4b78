"""Which family serves a month, decided by evidence and said in one sentence."""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from airwatch_dagster.fit.champion.comparison import REFERENCE, Comparison, compare, compare_holdouts
from airwatch_dagster.fit.champion.decision import Decision, decision_of, select_champion
from airwatch_dagster.fit.champion.guard_rails import (
    CHANCE_TO_REPLACE,
    display_name,
    ineligibility_reason,
    is_better_beyond_noise,
)
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import BASELINES

DecidedBy = Literal["shadow_scores", "holdout", "no_history", "person"]

TRAILING_MONTHS: Final = 12
"""Months of shadow scores that are compared: every season once."""

MIN_SHADOW_DAYS: Final = 28
"""Target days on which all fitted families must have shadow scores before those decide."""

COMPARED_COLUMNS: Final = ["model_family", "site_id", "target_date", "horizon_days", "pm25_ugm3", "pm25_observed_ugm3"]
"""All that a comparison needs of ``candidate_scores``."""


@dataclass(frozen=True)
class ChampionChoice:
    """Who serves a month, and why."""

    month: pd.Timestamp
    model_family: str | None
    previous_family: str | None
    decided_by: DecidedBy
    reason: str
    comparison: Comparison | None = None
    decision: Decision | None = None
    """Every family's verdict; None when a person decided."""

    @property
    def is_serving(self) -> bool:
        return self.model_family is not None


def choose_champion(
    *, month: pd.Timestamp, trained: pd.DataFrame, scores: pd.DataFrame, incumbent: str | None, seed: int = 0
) -> ChampionChoice:
    """The family that serves ``month``, among those fitted for it.

    ``trained`` holds the month's rows of ``trained_models``, ``scores`` the ``candidate_scores`` of the months before;
    only the trailing 12 are used, on site-days where all fitted families forecast. Errors of horizons 1, 2 and 3 days
    weigh 1/2, 1/4, 1/4. A learned family is never chosen unless it beats damped persistence and climatology, and is
    worse than the former in no season and region beyond noise. The incumbent stays unless another is better on 90 % of
    resampled weeks, and worse neither in its worst region nor on bad days. Without a month of shadow scores the
    holdouts decide; with nothing fitted nobody serves.
    """
    fitted = trained.loc[trained["is_fitted"].astype(bool), "model_family"].tolist()
    if not fitted:
        return _nobody(month, trained, incumbent)
    shadow = compare(trailing(scores, month=month), families=fitted, seed=seed)
    if shadow is not None and shadow.days >= MIN_SHADOW_DAYS:
        return _chosen(month, trained, shadow, incumbent, "shadow_scores")
    holdout = compare_holdouts(trained[trained["model_family"].isin(fitted)])
    if holdout is not None:
        return _chosen(month, trained, holdout, incumbent, "holdout")
    reason = f"{display_name(fitted[0])} serves {month:%Y-%m}: nothing has been tested yet."
    decision = decision_of(trained, serving=fitted[0], rejected={}, found=None, incumbent=incumbent)
    return ChampionChoice(month, fitted[0], incumbent, "no_history", reason, decision=decision)


def trailing(scores: pd.DataFrame, *, month: pd.Timestamp) -> pd.DataFrame:
    """What is compared of the scores whose target day lies in the 12 months before ``month``."""
    first = month - pd.DateOffset(months=TRAILING_MONTHS)
    inside = ((scores["target_date"] >= first) & (scores["target_date"] < month)).to_numpy()
    # Column by column: taking rows of a whole frame costs five times as long.
    return pd.DataFrame({name: scores[name].to_numpy()[inside] for name in COMPARED_COLUMNS}, copy=False)


def _nobody(month: pd.Timestamp, trained: pd.DataFrame, incumbent: str | None) -> ChampionChoice:
    why = str(trained["reason"].iloc[0]) if len(trained) else "Not fitted: there is no history before the month."
    reason = f"Nobody serves {month:%Y-%m}: no family could be fitted. {why}"
    decision = decision_of(trained, serving=None, rejected={}, found=None, incumbent=incumbent)
    return ChampionChoice(month, None, incumbent, "no_history", reason, decision=decision)


def _chosen(
    month: pd.Timestamp, trained: pd.DataFrame, found: Comparison, incumbent: str | None, decided_by: DecidedBy
) -> ChampionChoice:
    serving, rejected = select_champion(found, incumbent=incumbent)
    said = [_gain(found, serving), *_standing(found, serving, incumbent, rejected)]
    reason = f"{display_name(serving)} serves {month:%Y-%m}: {'; '.join(said)}."
    decision = decision_of(trained, serving=serving, rejected=rejected, found=found, incumbent=incumbent)
    return ChampionChoice(month, serving, incumbent, decided_by, reason, found, decision)


def _gain(found: Comparison, serving: str) -> str:
    where = f"on {found.evidence} ({found.days} days, {found.rows:,} forecasts)"
    if serving == REFERENCE:
        return f"the others were measured against it {where}"
    return f"its squared error is {_percent(found.skill[serving])} damped persistence's {where}"


def _standing(found: Comparison, serving: str, incumbent: str | None, rejected: dict[str, str]) -> list[str]:
    """How the family came to serve, and what kept out the best of those that are ahead of it."""
    kept_out = _kept_out(found, serving, rejected)
    learned = [family for family in found.skill if family not in BASELINES]
    if serving in BASELINES and all(ineligibility_reason(found, family) for family in learned):
        return kept_out or [_no_eligible_model(found, learned, rejected)]
    if serving == incumbent:
        return kept_out or ["it stays, as no other is better"]
    if incumbent is None:
        return kept_out or ["it is the best of all families"]
    return [
        f"it replaces {display_name(incumbent)}{_replacement_reason(found, serving, incumbent, rejected)}",
        *kept_out,
    ]


def _kept_out(found: Comparison, serving: str, rejected: dict[str, str]) -> list[str]:
    """The best family that is ahead of the one that serves, and what speaks against it."""
    ahead = [family for family in rejected if found.skill[family] > found.skill[serving]]
    if not ahead:
        return []
    best = max(ahead, key=lambda family: found.skill[family])
    is_unsure = ineligibility_reason(found, best) is None and not is_better_beyond_noise(found, best, serving)
    chance = _chance(found, best, serving, f", {CHANCE_TO_REPLACE:.0%} are needed") if is_unsure else ""
    return [f"{display_name(best)}, {_percent(found.skill[best])}, is {rejected[best]}{chance}"]


def _no_eligible_model(found: Comparison, learned: list[str], rejected: dict[str, str]) -> str:
    if not learned:
        return "no learned family has enough history"
    best = max(learned, key=lambda family: found.skill[family])
    return f"no learned family may serve: the best, {display_name(best)}, is {rejected[best]}"


def _replacement_reason(found: Comparison, serving: str, incumbent: str, rejected: dict[str, str]) -> str:
    """By how sure a lead, or for what shortcoming, the incumbent is replaced."""
    if incumbent not in found.skill:
        return ", which could not be compared"
    if ineligibility_reason(found, incumbent) is not None:
        return f", which is {rejected[incumbent]}"
    return _chance(found, serving, incumbent)


def _percent(skill: float) -> str:
    return f"{abs(skill):.0%} {'below' if skill >= 0 else 'above'}" if abs(skill) >= 0.005 else "level with"


def _chance(found: Comparison, challenger: str, incumbent: str, needed: str = "") -> str:
    chance = found.overall.chance_better(challenger, incumbent)
    return "" if chance is None else f" (ahead in {chance:.0%} of draws of these weeks{needed})"


_OF_THE_MODEL = (
    "model_version",
    "model_uri",
    "mlflow_run_id",
    "training_rows",
    "first_target_date",
    "last_target_date",
)


def champion_frame(
    choice: ChampionChoice,
    *,
    trained: pd.DataFrame,
    interval_calibration: str | None,
    previous_version: str | None = None,
) -> pd.DataFrame:
    """The choice as the one row of ``champion_model``, with the registered model of the family that serves."""
    family = choice.model_family
    registered: dict[str, Any] = {}
    if family is not None:
        registered = {str(k): v for k, v in trained.loc[trained["model_family"] == family].iloc[0].items()}
    row = {
        "month": choice.month,
        "is_serving": choice.is_serving,
        "model_family": family,
        **{name: registered.get(name) for name in _OF_THE_MODEL},
        "trained_for": registered.get("month"),
        "serves_from": choice.month,
        "previous_family": choice.previous_family,
        "previous_version": previous_version,
        "decided_by": choice.decided_by,
        "reason": choice.reason,
        **_advantage(choice),
        "comparison": choice.decision.to_json() if choice.decision else None,
        "interval_calibration": interval_calibration,
    }
    return pd.DataFrame([row], columns=TABLES["champion_model"].column_names)


def _advantage(choice: ChampionChoice) -> dict[str, float]:
    """What the comparison says of the family that serves; null where it says nothing."""
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
