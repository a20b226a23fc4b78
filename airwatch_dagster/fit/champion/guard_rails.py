"""What keeps a family from serving, however good it is on the whole."""

from typing import Final

from airwatch_dagster.fit.champion.comparison import REFERENCE, Comparison, Part, PartKind
from airwatch_dagster.schemas.columns import BASELINES

CHANCE_TO_REPLACE: Final = 0.9
"""Share of resampled blocks on which a challenger must beat the incumbent: changes cost trust, so noise must not cause
them."""

HOLDOUT_MARGIN: Final = 0.02
"""Skill by which a challenger must beat the incumbent on holdouts, which cannot be resampled here."""

FALSE_ALARM: Final = 0.1
"""Chance that noise alone trips a rail, shared among the parts it judges (Bonferroni): a country of ten regions must
not be harder to serve than a city of one. With ten, a family is worse beyond noise when it is so in 99 % of
resamples."""

PARTS_ABOVE_PERSISTENCE: Final[tuple[PartKind, ...]] = ("season", "region")
"""Where a learned family may not be worse than damped persistence. Not on bad days: picked by what came true, they
count what a forecast missed and not its false alarms, so they favour whoever always says more."""

PARTS_OF_A_CHALLENGE: Final[tuple[PartKind, ...]] = ("region", "usg")
"""Where a challenger may not be worse than the incumbent: in its worst region, and on the days that hurt."""


def ineligibility_reason(found: Comparison, family: str) -> str | None:
    """Why the family may not serve at all, or None: a learned one must beat damped persistence and climatology, and
    be worse than the former nowhere beyond noise. Baselines always may."""
    if family in BASELINES:
        return None
    for baseline in (REFERENCE, "climatology"):
        if not found.skill[family] > found.skill.get(baseline, 0.0):
            return f"no better than {display_name(baseline)}"
    part = worst_part(found, family, than=REFERENCE, among=PARTS_ABOVE_PERSISTENCE)
    return None if part is None else f"worse than {display_name(REFERENCE)} {part.where} ({signed(part.skill[family])})"


def rejection_reason(found: Comparison, challenger: str, *, incumbent: str) -> str | None:
    """Why the challenger may not take the incumbent's place, or None when it may."""
    if not found.skill[challenger] > found.skill[incumbent]:
        return f"no better than {display_name(incumbent)}"
    if not is_better_beyond_noise(found, challenger, incumbent):
        return f"not better than {display_name(incumbent)} beyond noise"
    part = worst_part(found, challenger, than=incumbent, among=PARTS_OF_A_CHALLENGE)
    if part is None:
        return None
    skills = f"{signed(part.skill[challenger])} against {signed(part.skill[incumbent])}"
    return f"better than {display_name(incumbent)} on the whole but worse {part.where} ({skills})"


def worst_part(found: Comparison, family: str, *, than: str, among: tuple[PartKind, ...]) -> Part | None:
    """Of the judged parts in which the family is worse beyond noise, the one where it loses most skill; None when there
    is none."""
    parts = found.judged(*among)
    lost = {
        part.name: part
        for part in parts
        if (chance := part.chance_better(than, family)) is not None and chance >= 1.0 - FALSE_ALARM / len(parts)
    }
    return min(lost.values(), key=lambda part: part.skill[family] - part.skill[than], default=None)


def is_better_beyond_noise(found: Comparison, challenger: str, incumbent: str) -> bool:
    """Whether the lead on all of the evidence is sure enough to change who serves."""
    chance = found.overall.chance_better(challenger, incumbent)
    if chance is None:
        return found.skill[challenger] - found.skill[incumbent] >= HOLDOUT_MARGIN
    return chance >= CHANCE_TO_REPLACE


def display_name(family: str) -> str:
    """The family as a sentence names it."""
    return family.replace("_", " ")


def signed(skill: float) -> str:
    """Two decimals with a sign; what rounds to nothing is +0.00."""
    return f"{round(skill, 2) + 0.0:+.2f}"
