"""The reason for a champion, in one sentence."""

from collections.abc import Mapping

import pandas as pd

from airwatch_dagster.fit.champion.comparison import Comparison
from airwatch_dagster.fit.champion.guard_rails import (
    CHANCE_TO_REPLACE,
    display_name,
    ineligibility_reason,
    is_better_beyond_noise,
)
from airwatch_dagster.schemas.columns import BASELINES, REFERENCE_FAMILY


def reason(
    found: Comparison, *, month: pd.Timestamp, serving: str, incumbent: str | None, rejected: Mapping[str, str]
) -> str:
    """The champion's squared error, why it serves, and why the best family ahead of it does not.

    ``serving`` and ``rejected`` (family → why it does not serve) are what ``select_champion`` returns for ``found``.
    """
    where = f"on {found.evidence} ({found.days} days, {found.rows:,} forecasts)"
    error = f"its squared error is {_percent(found.skill[serving])} damped persistence's {where}"
    if serving == REFERENCE_FAMILY:
        error = f"skill is measured against it {where}"
    parts = _reason_parts(found, serving=serving, incumbent=incumbent, rejected=rejected)
    return f"{display_name(serving)} serves {month:%Y-%m}: {'; '.join([error, *parts])}."


def _reason_parts(found: Comparison, *, serving: str, incumbent: str | None, rejected: Mapping[str, str]) -> list[str]:
    """Why the family serves; then the best family ahead of it, and why that one was rejected."""
    ahead = _best_rejected_ahead(found, serving=serving, rejected=rejected)
    learned = [family for family in found.skill if family not in BASELINES]
    if serving in BASELINES and all(ineligibility_reason(found, family) for family in learned):
        if ahead or not learned:
            return ahead or ["no learned family has enough history"]
        best = max(learned, key=lambda family: found.skill[family])
        return ["no learned family is eligible", f"the best, {display_name(best)}, is {rejected[best]}"]
    if serving == incumbent:
        return ahead or ["no challenger is better"]
    if incumbent is None:
        return ahead or ["it is the best of all families"]
    if incumbent not in found.skill:
        return [f"it replaces {display_name(incumbent)}, which could not be compared", *ahead]
    if ineligibility_reason(found, incumbent) is not None:
        return [f"it replaces {display_name(incumbent)}, which is {rejected[incumbent]}", *ahead]
    return [f"it replaces {display_name(incumbent)}{_samples_better(found, serving, than=incumbent)}", *ahead]


def _best_rejected_ahead(found: Comparison, *, serving: str, rejected: Mapping[str, str]) -> list[str]:
    ahead = [family for family in rejected if found.skill[family] > found.skill[serving]]
    if not ahead:
        return []
    best = max(ahead, key=lambda family: found.skill[family])
    is_noise = ineligibility_reason(found, best) is None and not is_better_beyond_noise(found, best, serving)
    required = f"; {CHANCE_TO_REPLACE:.0%} required"
    samples = _samples_better(found, best, than=serving, required=required) if is_noise else ""
    skill = "" if best == REFERENCE_FAMILY else f", {_percent(found.skill[best])},"
    return [f"{display_name(best)}{skill} is {rejected[best]}{samples}"]


def _samples_better(found: Comparison, family: str, *, than: str, required: str = "") -> str:
    """Share of bootstrap samples in which the family is better, in brackets; empty where none were drawn."""
    chance = found.overall.chance_better(family, than)
    return "" if chance is None else f" (better in {chance:.0%} of bootstrap samples{required})"


def _percent(skill: float) -> str:
    return f"{abs(skill):.0%} {'below' if skill >= 0 else 'above'}" if abs(skill) >= 0.005 else "level with"
