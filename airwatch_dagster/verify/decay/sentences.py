"""What was found of decayed forecasts, in sentences that name lead, region, size and since when."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from airwatch_dagster.schemas.columns import TOMORROW
from airwatch_dagster.verify.decay.judgement import Judgement
from airwatch_dagster.verify.decay.measures import (
    CLIMATOLOGY,
    COVERAGE,
    MAX_DIFFERENCE,
    PROBABILITIES,
    SERVED,
    SKILL,
)
from airwatch_dagster.verify.decay.totals import ALL_LEADS, PROBABILITY_LIMITS, WHOLE_AREA

MAX_NAMED: Final = 3
"""Findings of a check that a sentence names; further ones are counted."""


def check_sentence(judgements: Sequence[Judgement], *, check: str) -> str:
    """What is open of a check, largest departures first; empty for nothing."""
    found = [one for one in judgements if one.measure.check == check and one.is_open]
    named = [finding_text(one) for one in sorted(found, key=lambda one: not one.is_found)[:MAX_NAMED]]
    more = len(found) - len(named)
    return "; ".join([*named, *([f"and {more} more"] if more else [])])


def finding_text(one: Judgement) -> str:
    """``tomorrow, the whole area: 7 % more squared error than damped persistence (1 to 12 %, …), since 8 May 2021``."""
    days = f"{one.cases:,} forecasts of {one.first_day:%-d %B %Y} to {one.last_day:%-d %B %Y}"
    interval = f"{interval_text(one)}, {days}" if interval_text(one) else days
    since = f", since {one.since:%-d %B %Y}" if one.since is not None else ""
    state = "" if one.is_found else ", no longer certain, but not back"
    return f"{where(one)}: {OF_CHECKS[one.measure.check](one)} ({interval}){since}{state}"


def where(one: Judgement) -> str:
    """``1 day ahead``, ``2 days ahead (tomorrow)``, ``all leads, EPA region 5``."""
    lead = f"{one.horizon_days} day{'s' if one.horizon_days > 1 else ''} ahead"
    lead += " (tomorrow)" if one.horizon_days == TOMORROW else ""
    lead = "all leads" if one.horizon_days == ALL_LEADS else lead
    return lead if one.group_name == WHOLE_AREA else f"{lead}, EPA {one.group_name}"


def value_text(one: Judgement) -> str:
    """The value as people read it: ``-7 %``, ``84 %``, ``1.9``; empty without one."""
    return _shown(one, one.value)


def interval_text(one: Judgement) -> str:
    """``-12 to -2 %``; empty for a value without noise and for one that was not judged."""
    if one.not_judged or not one.measure.has_noise:
        return ""
    ends = sorted((_number(one, one.lower), _number(one, one.upper)))
    form, unit = ("z.0f", " %") if _is_share(one) else (".2f", "")
    return f"{ends[0]:{form}} to {ends[1]:{form}}{unit}"


def _shown(one: Judgement, value: float) -> str:
    if value != value:
        return ""
    number = _number(one, value)
    return f"{number:z.0f} %" if _is_share(one) else f"{number:.2f}"


def _is_share(one: Judgement) -> bool:
    return one.measure.check != PROBABILITIES


def _number(one: Judgement, value: float) -> float:
    """Percent of error saved, of error, or of values covered; ratios as they are."""
    if one.measure.check in (SKILL, CLIMATOLOGY):
        return 100.0 * (1.0 - value)
    return 100.0 * value if _is_share(one) else value


def _saved(baseline: str) -> Callable[[Judgement], str]:
    def text(one: Judgement) -> str:
        return f"{_shown(one, one.value)} of {baseline}'s squared error saved"

    return text


def _served(one: Judgement) -> str:
    return (
        f"the served forecasts differ from those of the same model on the month's data by {_shown(one, one.value)} of "
        f"its error, {100 * MAX_DIFFERENCE:.0f} % at most expected"
    )


def _covered(one: Judgement) -> str:
    return f"{_shown(one, one.value)} of the observed values inside the 90 % interval"


def _probabilities(one: Judgement) -> str:
    kind, _, suffix = one.measure.name.partition("_")
    limit = PROBABILITY_LIMITS[suffix]
    if kind == "frequency":
        return f"more than {limit} µg/m³ was observed {_shown(one, one.value)} times as often as the probabilities say"
    return (
        f"where the probability of more than {limit} µg/m³ is 10 % higher, it was {10 * one.value:.0f} % more frequent"
    )


OF_CHECKS: Final[Mapping[str, Callable[[Judgement], str]]] = {
    SKILL: _saved("damped persistence"),
    CLIMATOLOGY: _saved("climatology"),
    SERVED: _served,
    COVERAGE: _covered,
    PROBABILITIES: _probabilities,
}
"""Check → what was found, without where and when."""
