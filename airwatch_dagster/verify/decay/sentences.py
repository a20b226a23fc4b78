"""What was found of decayed forecasts, in a sentence a check: sizes by lead and region, the judged days, since when."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

from airwatch_dagster.schemas.columns import TOMORROW
from airwatch_dagster.verify.decay.judgement import Judgement
from airwatch_dagster.verify.decay.measures import CLIMATOLOGY, MAX_DIFFERENCE, PROBABILITIES, SKILL
from airwatch_dagster.verify.decay.totals import ALL_LEADS, PROBABILITY_LIMITS, WHOLE_AREA

MAX_NAMED: Final = 3
"""Findings of a check that a sentence names; further ones are counted."""

WHAT: Final[Mapping[str, str]] = {
    "damped": "more squared error than damped persistence",
    "climatology": "more squared error than climatology",
    "trained": f"of its error (at most {100 * MAX_DIFFERENCE:.0f} % expected) off the same model on the month's data",
    "coverage": "of the observed values inside the 90 % interval",
    **{
        f"frequency_{suffix}": f"exceedances of {limit} µg/m³ for each expected one"
        for suffix, limit in PROBABILITY_LIMITS.items()
    },
    **{
        f"slope_{suffix}": f"exceedances of {limit} µg/m³ more for each that higher probabilities promise"
        for suffix, limit in PROBABILITY_LIMITS.items()
    },
}
"""Measure → what its value is."""


def check_sentence(judgements: Sequence[Judgement], *, check: str) -> str:
    """What is open of a check: certain findings first, then the whole area; empty for nothing.

    ``7 % (2 to 12 %) more squared error than damped persistence 1 day ahead, 9 % (3 to 14 %) in EPA region 5, in 63
    days to 30 June 2021; since 13 May 2021``.
    """
    found = [one for one in judgements if one.measure.check == check and one.is_open]
    if not found:
        return ""
    order = list(dict.fromkeys(one.measure.name for one in found))
    found.sort(key=lambda one: (order.index(one.measure.name), not one.is_found, one.group_name != WHOLE_AREA))
    named = found[:MAX_NAMED]
    parts = [_listed(WHAT[name], list(same)) for name, same in groupby(named, key=lambda one: one.measure.name)]
    more = len(found) - len(named)
    listed = "; ".join([*parts, *([f"and {more} more"] if more else [])])
    since = min(one.since for one in found if one.since is not None)
    last = f"in {max(one.days for one in found)} days to {found[0].last_day:%-d %B %Y}"
    state = "" if any(one.is_found for one in found) else " (no longer certain, but not back)"
    return f"{listed}, {last}{state}; since {since:%-d %B %Y}"


def _listed(what: str, found: Sequence[Judgement]) -> str:
    """Every finding; the first says what it is about."""
    first, *others = found
    return ", ".join(
        [f"{finding_text(first)} {what} {where(first)}", *(f"{finding_text(one)} {where(one)}" for one in others)]
    )


def finding_text(one: Judgement) -> str:
    """``7 % (2 to 12 %)``: the value and its interval."""
    interval = interval_text(one)
    return f"{value_text(one)} ({interval})" if interval else value_text(one)


def where(one: Judgement) -> str:
    """``1 day ahead``, ``2 days ahead (tomorrow)``, ``in EPA region 5``."""
    if one.group_name != WHOLE_AREA:
        return f"in EPA {one.group_name}"
    lead = f"{one.horizon_days} day{'s' if one.horizon_days > 1 else ''} ahead"
    lead += " (tomorrow)" if one.horizon_days == TOMORROW else ""
    return "at all leads" if one.horizon_days == ALL_LEADS else lead


def value_text(one: Judgement) -> str:
    """The value as people read it: ``7 %``, ``84 %``, ``1.90``; empty without one."""
    if one.value != one.value:
        return ""
    number = _number(one, one.value)
    return f"{number:z.0f} %" if _is_share(one) else f"{number:.2f}"


def interval_text(one: Judgement) -> str:
    """``2 to 12 %``; empty for a value without noise and for one that was not judged."""
    if one.not_judged or not one.measure.has_noise:
        return ""
    ends = (_number(one, one.lower), _number(one, one.upper))
    form, unit = ("z.0f", " %") if _is_share(one) else (".2f", "")
    return f"{ends[0]:{form}} to {ends[1]:{form}}{unit}"


def _is_share(one: Judgement) -> bool:
    return one.measure.check != PROBABILITIES


def _number(one: Judgement, value: float) -> float:
    """Percent of more error, of error, or of values covered; ratios as they are."""
    if one.measure.check in (SKILL, CLIMATOLOGY):
        return 100.0 * (value - 1.0)
    return 100.0 * value if _is_share(one) else value
