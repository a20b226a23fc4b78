"""Record of a month's decision: skill and outcome of every family, and every part of the evidence."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import pandas as pd

from airwatch_dagster.fit.champion.comparison import Comparison, Part, PartKind
from airwatch_dagster.fit.champion.guard_rails import display_name, ineligibility_reason, rejection_reason
from airwatch_dagster.schemas.columns import FAMILIES

DIGITS: Final = 4
"""Decimals of a recorded skill; sampling noise begins at the second."""

SERVES: Final = "serves"
"""Outcome of the champion."""

OUTCOME_KEY: Final = "verdict"
"""Key of ``Verdict.outcome`` in the JSON; stored decisions have it."""


@dataclass(frozen=True)
class Verdict:
    """Skill of one family, and whether it serves."""

    model_family: str
    skill: float | None
    skill_lower: float | None
    """5th percentile over the bootstrap samples."""
    skill_upper: float | None
    """95th percentile over the bootstrap samples."""
    chance_better: float | None
    """Share of bootstrap samples in which it beats the incumbent; null for the incumbent."""
    is_eligible: bool
    """Whether it was fitted and compared, and passes the guard-rails against the baselines."""
    outcome: str
    """``serves``, or why it does not serve."""


@dataclass(frozen=True)
class Decision:
    """The evidence behind the choice of a month's champion."""

    incumbent: str | None
    verdicts: tuple[Verdict, ...]
    """Every family of the month, most skilful first; families without a skill last."""
    parts: tuple[Part, ...] = ()
    """Skill of the compared families: overall, by lead, season and region, and on USG days."""

    def parts_of(self, *kinds: PartKind) -> list[Part]:
        """Parts of these kinds, judged or not."""
        return [part for part in self.parts if part.kind in kinds]

    def lead_skills(self, family: str) -> list[float | None]:
        """The family's skill 1, 2 and 3 days ahead; empty when nothing was compared."""
        return [part.skill.get(family) for part in self.parts_of("horizon")]

    def worst_region(self, family: str) -> Part | None:
        """The judged region in which the family has the least skill; None without judged regions."""
        regions = [part for part in self.parts_of("region") if part.is_judged]
        return min(regions, key=lambda part: part.skill[family], default=None)

    def usg_days(self) -> Part | None:
        """Days observed Unhealthy for Sensitive Groups or worse; None when there are too few to judge."""
        return next((part for part in self.parts_of("usg") if part.is_judged), None)

    def to_json(self) -> str:
        """The decision as compact JSON: incumbent, families, parts. Skills have 4 decimals; undefined ones are null."""
        parts = [{name: value for name, value in vars(part).items() if name != "resampled"} for part in self.parts]
        families = [_renamed(asdict(verdict), "outcome", OUTCOME_KEY) for verdict in self.verdicts]
        return json.dumps(
            _rounded({"incumbent": self.incumbent, "families": families, "parts": parts}), separators=(",", ":")
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The decision that ``to_json`` wrote."""
        stored = json.loads(text)
        verdicts = tuple(Verdict(**_renamed(one, OUTCOME_KEY, "outcome")) for one in stored["families"])
        return cls(stored["incumbent"], verdicts, tuple(Part(**part) for part in stored["parts"]))


def select_champion(found: Comparison, *, incumbent: str | None) -> tuple[str, dict[str, str]]:
    """The family that serves, and for every other family why it does not.

    An eligible incumbent stays unless a challenger has no ``rejection_reason``; then the most skilful such challenger
    serves. Without an eligible incumbent the most skilful eligible family serves.
    """
    reasons = {family: ineligibility_reason(found, family) for family in found.skill}
    eligible = [family for family, reason in reasons.items() if reason is None]
    holder = incumbent if incumbent in eligible else None
    if holder is not None:
        against = {family: rejection_reason(found, family, incumbent=holder) for family in eligible if family != holder}
        reasons |= against
        eligible = [family for family, reason in against.items() if reason is None] or [holder]
    serving = max(eligible, key=lambda family: found.skill[family])
    otherwise = {family: f"no better than {display_name(serving)}" for family in reasons}
    if holder is not None:
        otherwise[holder] = f"replaced by {display_name(serving)}"
    return serving, {family: reason or otherwise[family] for family, reason in reasons.items() if family != serving}


def decision_of(
    trained: pd.DataFrame,
    *,
    serving: str | None,
    rejected: Mapping[str, str],
    found: Comparison | None,
    incumbent: str | None,
) -> Decision:
    """The record of a choice among the month's rows of ``trained_models``.

    ``rejected`` is family → why it does not serve, ``found`` the comparison; None when nothing was compared.
    """
    families = [str(family) for family in trained["model_family"]]
    without = trained[~trained["is_fitted"].astype(bool)]
    unfitted = {str(row.model_family): str(row.reason) for row in without.itertuples()}
    reasons = dict.fromkeys(families, "not tested yet") | unfitted | dict(rejected)
    if serving is not None:
        reasons[serving] = SERVES
    verdicts = [_verdict(family, reasons[family], found, incumbent) for family in families]
    best_first = sorted(
        verdicts, key=lambda one: (one.skill is None, -(one.skill or 0.0), FAMILIES.index(one.model_family))
    )
    return Decision(incumbent, tuple(best_first), found.parts if found else ())


def _verdict(family: str, outcome: str, found: Comparison | None, incumbent: str | None) -> Verdict:
    if found is None or family not in found.skill:
        return Verdict(family, None, None, None, None, outcome == SERVES, outcome)
    overall = found.overall
    is_rival = incumbent in overall.skill and incumbent != family
    lower, upper = overall.spread(family) or (None, None)
    chance = overall.chance_better(family, str(incumbent)) if is_rival else None
    is_eligible = ineligibility_reason(found, family) is None
    return Verdict(family, overall.skill[family], lower, upper, chance, is_eligible, outcome)


def _renamed(named: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    return {new if name == old else name: value for name, value in named.items()}


def _rounded(value: Any) -> Any:
    """Numbers to four decimals, null for undefined ones."""
    if isinstance(value, float):
        return None if pd.isna(value) else round(value, DIGITS)
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, (list, tuple)) else value
