"""A month's decision on its champion as a Markdown table."""

from airwatch_dagster.figures.markdown import SIGNED, UNDEFINED, TextTable, number, numbers, table, told_lead
from airwatch_dagster.fit.champion.comparison import MIN_PART_ROWS, MIN_PART_WEEKS
from airwatch_dagster.fit.champion.decision import SERVES, Decision, Verdict
from airwatch_dagster.fit.champion.guard_rails import display_name
from airwatch_dagster.schemas.columns import BASELINES, HORIZONS_DAYS, MODERATE_TOP_UGM3

NOTE = (
    "Skill: share of damped persistence's squared error saved; 1, 2 and 3 days ahead weigh 1/2, 1/4 and 1/4. In "
    "brackets its range from the 5th to the 95th percentile of bootstrap samples. Better than: share of these samples. "
    "Worst region: EPA's number in brackets. Baselines are in italics. USG days: observed Unhealthy for Sensitive "
    f"Groups or worse (above {MODERATE_TOP_UGM3} µg/m³)."
)

PARTS_NOTE = (
    "Skill: share of damped persistence's squared error saved; 1, 2 and 3 days ahead weigh 1/2, 1/4 and 1/4. Range: "
    "from the 5th to the 95th percentile of bootstrap samples. Region: the EPA region with the least skill. USG: "
    f"days observed above {MODERATE_TOP_UGM3} µg/m³. Baselines are in italics, the champion is bold."
)


def decision_table(decision: Decision, *, champion: str | None) -> str:
    """Markdown: a line per family, most skilful first, the champion in bold; and notes on the numbers."""
    seasons = " / ".join(part.name for part in decision.parts_of("season")) or "seasons"
    rival = display_name(decision.incumbent) if decision.incumbent else "the incumbent"
    header = [
        *("Family", "Skill", "1 / 2 / 3 days ahead", seasons.capitalize(), "Worst region", "USG days"),
        *(f"Better than {rival}", "Outcome"),
    ]
    rows = [_cells(decision, verdict, champion) for verdict in decision.verdicts]
    notes = [NOTE]
    if unjudged := [part for part in decision.parts_of("season", "region", "usg") if not part.is_judged]:
        listed = ", ".join(f"{part.name} ({part.rows:,} over {part.weeks})" for part in unjudged)
        notes.append(f"Too few to judge, below {MIN_PART_ROWS} forecasts or {MIN_PART_WEEKS} weeks: {listed}.")
    return "\n\n".join([table(header, rows), *notes])


def outcome_table(decision: Decision, *, champion: str | None) -> TextTable:
    """A line per family, most skilful first, the champion in bold: skill, its range, and the outcome."""
    rows = [
        (
            _name(verdict.model_family, champion),
            number(verdict.skill, SIGNED),
            _range(verdict) if _has_range(verdict) else UNDEFINED,
            outcome_text(verdict, champion),
        )
        for verdict in decision.verdicts
    ]
    return TextTable(("Family", "Skill", "5–95 % range", "Outcome"), tuple(rows))


def parts_table(decision: Decision, *, champion: str | None) -> TextTable:
    """A line per compared family: skill by lead, by season, in its worst region, on days above Moderate."""
    seasons, usg = decision.parts_of("season"), decision.usg_days()
    rows = []
    for family in (verdict.model_family for verdict in decision.verdicts if verdict.skill is not None):
        region = decision.worst_region(family)
        skills = [
            *(decision.lead_skills(family) or [None] * len(HORIZONS_DAYS)),
            *(part.skill[family] if part.is_judged else None for part in seasons),
            region.skill[family] if region else None,
            usg.skill[family] if usg else None,
        ]
        rows.append((_name(family, champion), *(number(skill, SIGNED) for skill in skills)))
    parts = [part.name.capitalize() for part in seasons]
    leads = [told_lead(lead) for lead in HORIZONS_DAYS]
    return TextTable(("Family", *leads, *parts, "Region", "USG"), tuple(rows))


def outcome_text(verdict: Verdict, champion: str | None) -> str:
    """The family's outcome, or how a manual override changed it."""
    serves, is_chosen = verdict.model_family == champion, verdict.outcome == SERVES
    if serves == is_chosen:
        return verdict.outcome
    return f"serves by manual override; {verdict.outcome}" if serves else "chosen by evidence, but overridden"


def _cells(decision: Decision, verdict: Verdict, champion: str | None) -> list[str]:
    family = verdict.model_family
    name = _name(family, champion)
    if verdict.skill is None:
        return [name, *[UNDEFINED] * 6, verdict.outcome]
    seasons = [part.skill[family] if part.is_judged else None for part in decision.parts_of("season")]
    region, usg = decision.worst_region(family), decision.usg_days()
    return [
        name,
        number(verdict.skill, SIGNED) + (f" ({_range(verdict)})" if _has_range(verdict) else ""),
        numbers(decision.lead_skills(family), SIGNED),
        numbers(seasons, SIGNED),
        f"{number(region.skill[family], SIGNED)} ({region.name.removeprefix('EPA region ')})" if region else UNDEFINED,
        number(usg.skill[family], SIGNED) if usg else UNDEFINED,
        number(verdict.chance_better, ".0%"),
        outcome_text(verdict, champion),
    ]


def _name(family: str, champion: str | None) -> str:
    """Baselines in italics, the champion in bold."""
    name = f"_{display_name(family)}_" if family in BASELINES else display_name(family)
    return f"**{name}**" if family == champion else name


def _has_range(verdict: Verdict) -> bool:
    return verdict.skill_lower is not None and verdict.skill_lower != verdict.skill_upper


def _range(verdict: Verdict) -> str:
    return f"{number(verdict.skill_lower, SIGNED)} to {number(verdict.skill_upper, SIGNED)}"
