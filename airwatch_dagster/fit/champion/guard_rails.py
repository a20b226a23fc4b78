"""Guard-rails: reasons that keep a family from serving even if it has the most skill overall."""

from typing import Final

from airwatch_dagster.fit.champion.comparison import Comparison, Part, PartKind
from airwatch_dagster.schemas.columns import BASELINES, REFERENCE_FAMILY

CHANCE_TO_REPLACE: Final = 0.9
"""Share of bootstrap samples in which a challenger must beat the incumbent: changes cost trust, so noise must not cause
them."""

HOLDOUT_MARGIN: Final = 0.02
"""Skill by which a challenger must beat the incumbent on holdouts, which have no bootstrap samples."""

FALSE_POSITIVE_RATE: Final = 0.1
"""False-positive rate of a guard-rail, shared among the parts it judges (Bonferroni): a country of ten regions must not
be harder to serve than a city of one. With ten parts, worse beyond noise means worse in 99 % of the bootstrap
samples."""

PARTS_ABOVE_PERSISTENCE: Final[tuple[PartKind, ...]] = ("season", "region")
"""Where a learned family must not be worse than damped persistence. Not on USG days: selected by the observed value,
they count misses but no false alarms, and so favour families that forecast too high."""

PARTS_OF_A_CHALLENGE: Final[tuple[PartKind, ...]] = ("region", "usg")
"""Where a challenger must not be worse than the incumbent: in any region, and on days that harm health."""


def ineligibility_reason(found: Comparison, family: str) -> str | None:
    """Why the family is not eligible to serve; None when it is.

    A learned family must beat damped persistence and climatology, and must not be worse than damped persistence beyond
    noise in any season or region. Baselines are always eligible.
    """
    if family in BASELINES:
        return None
    for baseline in (REFERENCE_FAMILY, "climatology"):
        if not found.skill[family] > found.skill.get(baseline, 0.0):
            return f"no better than {display_name(baseline)}"
    part = worst_part(found, family, than=REFERENCE_FAMILY, among=PARTS_ABOVE_PERSISTENCE)
    if part is None:
        return None
    return f"worse than {display_name(REFERENCE_FAMILY)} {part.where} ({signed(part.skill[family])})"


def rejection_reason(found: Comparison, challenger: str, *, incumbent: str) -> str | None:
    """Why an eligible challenger does not replace the incumbent; None when it does.

    It must be better beyond noise overall, and not worse beyond noise in any region or on USG days.
    """
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
    """The judged part in which the family loses most skill to ``than``, among those where it is worse beyond noise.

    None when it is worse beyond noise in none of the parts of the kinds ``among``.
    """
    parts = found.judged(*among)
    lost = {
        part.name: part
        for part in parts
        if (chance := part.chance_better(than, family)) is not None and chance >= 1.0 - FALSE_POSITIVE_RATE / len(parts)
    }
    return min(lost.values(), key=lambda part: part.skill[family] - part.skill[than], default=None)


def is_better_beyond_noise(found: Comparison, challenger: str, incumbent: str) -> bool:
    """Whether the challenger is better in enough bootstrap samples, or on holdouts by enough skill."""
    chance = found.overall.chance_better(challenger, incumbent)
    if chance is None:
        return found.skill[challenger] - found.skill[incumbent] >= HOLDOUT_MARGIN
    return chance >= CHANCE_TO_REPLACE


def display_name(family: str) -> str:
    """The family as it reads in a sentence: random forest."""
    return family.replace("_", " ")


def signed(skill: float) -> str:
    """Two decimals with a sign; a skill that rounds to zero is +0.00."""
    return f"{round(skill, 2) + 0.0:+.2f}"
