"""A month's decision on its champion as a table to read."""

from collections.abc import Sequence

from airwatch_dagster.fit.champion.comparison import MIN_PART_ROWS, MIN_PART_WEEKS, Part, PartKind
from airwatch_dagster.fit.champion.decision import SERVES, Decision, Verdict
from airwatch_dagster.fit.champion.guard_rails import display_name, signed
from airwatch_dagster.schemas.columns import BASELINES

UNKNOWN = "–"

MEANING = (
    "Skill: share of damped persistence's squared error saved, leads weighted 1/2, 1/4, 1/4; in brackets the range of "
    "90 % of draws of the evidence's weeks. Baselines in italics. USG days: observed Unhealthy for Sensitive Groups or "
    "worse (above 35.4 µg/m³)."
)


def decision_table(decision: Decision, *, champion: str | None) -> str:
    """Markdown: a line per family, the champion's in bold, and what the numbers mean."""
    seasons = [part.name for part in _parts(decision, "season")]
    rival = f"Ahead of {display_name(decision.incumbent)}" if decision.incumbent else "Ahead"
    by_season = " / ".join(seasons) or "seasons"
    heads = ["Family", "Skill", "1 / 2 / 3 days ahead", by_season.capitalize(), "Worst region", "USG days"]
    lines = [_line([*heads, rival, "Verdict"]), "|---" * (len(heads) + 2) + "|"]
    lines += [_line(_cells(decision, verdict, champion)) for verdict in decision.verdicts]
    return "\n".join([*lines, "", MEANING, *_not_judged(decision)])


def worst_region(decision: Decision, family: str) -> Part | None:
    """Of the judged regions, the one in which the family has least skill; None without any."""
    regions = [part for part in _parts(decision, "region") if part.is_judged]
    return min(regions, key=lambda part: part.skill[family], default=None)


def usg_days(decision: Decision) -> Part | None:
    """The days Unhealthy for Sensitive Groups; None when there are too few to be judged."""
    return next((part for part in _parts(decision, "usg") if part.is_judged), None)


def lead_skills(decision: Decision, family: str) -> list[float | None]:
    """Skill 1, 2 and 3 days ahead."""
    return [part.skill.get(family) for part in _parts(decision, "horizon")]


def _cells(decision: Decision, verdict: Verdict, champion: str | None) -> list[str]:
    family = verdict.model_family
    name = _name(family, champion)
    if verdict.skill is None:
        return [name, *[UNKNOWN] * 6, verdict.outcome]
    region, usg = worst_region(decision, family), usg_days(decision)
    seasons = [part.skill[family] if part.is_judged else None for part in _parts(decision, "season")]
    return [
        name,
        skill_text(verdict.skill) + _range(verdict),
        _joined(lead_skills(decision, family)),
        _joined(seasons),
        f"{skill_text(region.skill[family])} ({region.name.removeprefix('EPA region ')})" if region else UNKNOWN,
        skill_text(usg.skill[family]) if usg else UNKNOWN,
        UNKNOWN if verdict.chance_better is None else f"{verdict.chance_better:.0%}",
        said(verdict, champion),
    ]


def _name(family: str, champion: str | None) -> str:
    name = f"_{display_name(family)}_" if family in BASELINES else display_name(family)
    return f"**{name}**" if family == champion else name


def said(verdict: Verdict, champion: str | None) -> str:
    """The verdict; where a person decided otherwise, that."""
    if (verdict.model_family == champion) == (verdict.outcome == SERVES):
        return verdict.outcome
    ordered = "serves by a person's order" if verdict.model_family == champion else "chosen, but a person decided"
    return ordered if verdict.outcome == SERVES else f"{ordered}; {verdict.outcome}"


def _not_judged(decision: Decision) -> list[str]:
    unjudged = [part for part in decision.parts if part.kind in ("season", "region", "usg") and not part.is_judged]
    if not unjudged:
        return []
    needed = f"{MIN_PART_ROWS} forecasts over {MIN_PART_WEEKS} weeks"
    listed = ", ".join(f"{part.name} ({part.rows:,} over {part.weeks})" for part in unjudged)
    return ["", f"Not judged, as that takes {needed}: {listed}."]


def _parts(decision: Decision, kind: PartKind) -> list[Part]:
    return [part for part in decision.parts if part.kind == kind]


def skill_text(value: float | None) -> str:
    """The skill to two decimals, or a dash where it is not known."""
    return UNKNOWN if value is None else signed(value)


def _range(verdict: Verdict) -> str:
    if verdict.skill_lower is None or verdict.skill_lower == verdict.skill_upper:
        return ""
    return f" ({skill_text(verdict.skill_lower)} to {skill_text(verdict.skill_upper)})"


def _joined(values: Sequence[float | None]) -> str:
    return " / ".join(map(skill_text, values)) or UNKNOWN


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
