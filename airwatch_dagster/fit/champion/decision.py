"""A month's decision as a record: every family's skill and verdict, and every part of the evidence."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import pandas as pd

from airwatch_dagster.fit.champion.comparison import Comparison, Part
from airwatch_dagster.fit.champion.guard_rails import display_name, ineligibility_reason, rejection_reason
from airwatch_dagster.schemas.columns import FAMILIES

DIGITS: Final = 4
"""Decimals of a recorded skill: its noise is in the second."""

SERVES: Final = "serves"


@dataclass(frozen=True)
class Verdict:
    """How a family did, and whether it may serve."""

    model_family: str
    skill: float | None
    skill_lower: float | None
    """5th percentile over the resamples."""
    skill_upper: float | None
    """95th percentile over the resamples."""
    chance_better: float | None
    """Share of resamples in which it beats the incumbent; null for the incumbent."""
    is_eligible: bool
    """It may serve: it was fitted and compared, and no baseline shuts it out."""
    verdict: str
    """``serves``, or why not."""


@dataclass(frozen=True)
class Decision:
    """What a champion was chosen by."""

    incumbent: str | None
    verdicts: tuple[Verdict, ...]
    """Of every family of the month, best first."""
    parts: tuple[Part, ...] = ()
    """Skill of the compared families on all of the evidence, and by lead, season, region and on bad days."""

    def to_json(self) -> str:
        parts = [{name: value for name, value in vars(part).items() if name != "resampled"} for part in self.parts]
        families = [asdict(verdict) for verdict in self.verdicts]
        return json.dumps(
            _rounded({"incumbent": self.incumbent, "families": families, "parts": parts}), separators=(",", ":")
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The decision that ``to_json`` wrote; a skill that could not be told is null."""
        stored = json.loads(text)
        verdicts = tuple(Verdict(**verdict) for verdict in stored["families"])
        return cls(stored["incumbent"], verdicts, tuple(Part(**part) for part in stored["parts"]))


def select_champion(found: Comparison, *, incumbent: str | None) -> tuple[str, dict[str, str]]:
    """Who serves, and why each other family does not.

    An incumbent that may still serve is replaced by the most skilful challenger against which nothing speaks. Without
    one the most skilful family that may serve does.
    """
    reasons = {family: ineligibility_reason(found, family) for family in found.skill}
    standing = [family for family, reason in reasons.items() if reason is None]
    holder = incumbent if incumbent in standing else None
    if holder is not None:
        against = {family: rejection_reason(found, family, incumbent=holder) for family in standing if family != holder}
        reasons |= against
        standing = [family for family, reason in against.items() if reason is None] or [holder]
    serving = max(standing, key=lambda family: found.skill[family])
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
    """The record of a choice among the month's rows of ``trained_models``."""
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


def _verdict(family: str, verdict: str, found: Comparison | None, incumbent: str | None) -> Verdict:
    if found is None or family not in found.skill:
        return Verdict(family, None, None, None, None, verdict == SERVES, verdict)
    overall = found.overall
    is_rival = incumbent in overall.skill and incumbent != family
    lower, upper = overall.spread(family) or (None, None)
    chance = overall.chance_better(family, str(incumbent)) if is_rival else None
    is_eligible = ineligibility_reason(found, family) is None
    return Verdict(family, overall.skill[family], lower, upper, chance, is_eligible, verdict)


def _rounded(value: Any) -> Any:
    """Numbers to four decimals, null for those that could not be told."""
    if isinstance(value, float):
        return None if pd.isna(value) else round(value, DIGITS)
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, (list, tuple)) else value
