"""A row of ``monthly_findings``, without the columns that the month, the area and the rule say."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a rule says of the area, or of one site."""

    what: str
    unit: str
    is_found: bool = False
    effect: float | None = None
    limit: float | None = None
    lower: float | None = None
    upper: float | None = None
    days: int = 0
    sites: int = 0
    reference_days: int = 0
    reference_sites: int = 0
    not_judged: str | None = None
    site_id: str = ""


def not_judged(why: str, *, unit: str, days: int = 0, sites: int = 0) -> list[Finding]:
    """The one row of a rule that could not judge."""
    return [Finding(what=f"Not judged: {why}.", unit=unit, not_judged=why, days=days, sites=sites)]
