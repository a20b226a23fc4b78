"""Rules about instruments: one site, or several at once, against neighbours and their own past."""

import numpy as np

from airwatch_dagster.watch.verdicts import limits as shared
from airwatch_dagster.watch.verdicts.area_month import AreaMonth
from airwatch_dagster.watch.verdicts.bootstrap import interval
from airwatch_dagster.watch.verdicts.chances import chance_of_sites, score_limit
from airwatch_dagster.watch.verdicts.finding import Finding, not_judged
from airwatch_dagster.watch.verdicts.rules import limits
from airwatch_dagster.watch.verdicts.shifts import Shifts

DEVIATIONS = "standard deviations"


def site_level(one: AreaMonth) -> list[Finding]:
    """Single sites whose contrast stepped since the month before by more than any site's does by chance."""
    return _single_sites(one, one.data.steps, rule_chance=limits.SITE_CHANCE, since="the month before")


def site_slow_drift(one: AreaMonth) -> list[Finding]:
    """Single sites that moved away from their neighbours over a year, without a step."""
    drifts = one.data.drifts
    return _single_sites(one, _gradual(drifts), rule_chance=limits.SITE_CHANCE, since="the year before")


def sites_level(one: AreaMonth) -> list[Finding]:
    """More sites than by chance that stepped to the same side."""
    return _several_sites(
        one, one.data.steps, limits.SEVERAL_CHANCE, least_ugm3=limits.LEAST_SEVERAL_UGM3, since="the month before"
    )


def sites_slow_drift(one: AreaMonth) -> list[Finding]:
    """More sites than by chance that moved slowly to the same side."""
    return _several_sites(
        one,
        _gradual(one.data.drifts),
        limits.SEVERAL_DRIFTS_CHANCE,
        least_ugm3=limits.LEAST_SEVERAL_DRIFTS_UGM3,
        since="the year before",
    )


def _gradual(shifts: Shifts) -> Shifts:
    """The shifts that no single month makes up more than half of; the others count as none."""
    is_gradual = shifts.step_share <= limits.STEP_SHARE
    return Shifts(
        np.where(is_gradual | np.isnan(shifts.log), shifts.log, 0.0),
        shifts.spread,
        shifts.days,
        shifts.reference_days,
        shifts.step_share,
    )


def _single_sites(one: AreaMonth, shifts: Shifts, *, rule_chance: float, since: str) -> list[Finding]:
    score = np.where(one.is_in, shifts.score, np.nan)
    judged = np.flatnonzero(~np.isnan(score))
    if not len(judged):
        return _too_short(one, since)
    limit = score_limit(rule_chance / len(judged) / 2)
    size = size_ugm3(one, shifts)
    is_found = (np.abs(score) >= limit) & (np.abs(size) >= limits.LEAST_SHIFT_UGM3)
    found = judged[is_found[judged]]
    found = found[np.argsort(-np.abs(score[found]), kind="stable")]
    top = int(judged[np.abs(score[judged]).argmax()])

    def row(number: int, *, site_id: str = "", beside: str = "") -> Finding:
        lower, upper = _interval(one, shifts, number) if site_id else (None, None)
        return Finding(
            what=f"{_moved(one, shifts, number)} against its neighbours and {since}{beside}.",
            unit=DEVIATIONS,
            is_found=bool(is_found[number]),
            effect=float(score[number]),
            limit=limit,
            lower=lower,
            upper=upper,
            days=int(shifts.days[number]),
            sites=len(judged),
            reference_days=int(shifts.reference_days[number]),
            reference_sites=len(judged),
            site_id=site_id,
        )

    first = int(found[0]) if len(found) else top
    of_sites = [row(int(number), site_id=str(one.history.site_ids[number])) for number in found]
    return [row(first, beside=f", the most of {len(judged)} sites"), *of_sites]


def _several_sites(
    one: AreaMonth, shifts: Shifts, most_chance: float, *, least_ugm3: float, since: str
) -> list[Finding]:
    score = np.where(one.is_in, shifts.score, np.nan)
    judged = np.flatnonzero(~np.isnan(score))
    if len(judged) < limits.LEAST_SITES:
        why = f"{len(judged)} sites; {limits.LEAST_SITES} needed"
        return not_judged(why, unit="sites", sites=len(judged)) if len(judged) else _too_short(one, since)
    chances = {least: chance_of_sites(least, len(judged)) for least in limits.COUNTED_SCORES}
    counts = {
        (least, sign): int((sign * score[judged] > least).sum()) for least in limits.COUNTED_SCORES for sign in (1, -1)
    }
    few = max(1.0, limits.LEAST_SEVERAL_SHARE * len(judged))
    chance, least, sign = min(
        (float(chances[least][count]) if count > few else 1.0, least, sign) for (least, sign), count in counts.items()
    )
    shifted = judged[sign * score[judged] > least]
    side = "above" if sign > 0 else "below"
    typical = float(np.median(size_ugm3(one, shifts)[shifted])) if len(shifted) else 0.0
    is_found = chance <= most_chance and abs(typical) >= least_ugm3
    enough = np.flatnonzero(chances[least] <= most_chance)
    needed = max(int(few) + 1, int(enough[0])) if len(enough) else len(judged) + 1
    what = (
        f"{len(shifted)} of {len(judged)} sites moved {side} their neighbours since {since}, typically by "
        f"{typical:+.1f} µg/m³; by chance fewer than {needed} do"
    )
    listed = f": {one.sites(shifted)}." if is_found else "."
    return [
        Finding(
            what=what + listed,
            unit="sites",
            is_found=is_found,
            effect=float(len(shifted)),
            limit=float(needed),
            days=one.history.day_count,
            sites=len(judged),
            reference_days=int(np.median(shifts.reference_days[judged])),
            reference_sites=len(judged),
        )
    ]


def size_ugm3(one: AreaMonth, shifts: Shifts) -> np.ndarray:
    """The shifts in µg/m³, at the level that each site would have had."""
    now = one.history.log[one.history.start :]
    count = (~np.isnan(now)).sum(axis=0)
    level = np.exp(np.where(count, np.nansum(now, axis=0), np.nan) / np.maximum(count, 1))
    return np.asarray(level * (1 - np.exp(-shifts.log)))


def _moved(one: AreaMonth, shifts: Shifts, number: int) -> str:
    size = float(size_ugm3(one, shifts)[number])
    now = float(np.nanmean(one.history.pm25[one.history.start :, number]))
    was = max(now - size, 0.1)
    return (
        f"Site {one.site(number)} moved by {size:+.1f} µg/m³, to {max(now, 0.0) / was:.2f} times what is expected "
        f"({shifts.score[number]:+.1f} standard deviations of its own changes),"
    )


def _interval(one: AreaMonth, shifts: Shifts, number: int) -> tuple[float | None, float | None]:
    daily = one.data.contrasts.daily[one.history.start :, number]
    lower, upper = interval(daily - np.nanmean(daily) + shifts.log[number])
    spread = float(shifts.spread[number])
    return (None, None) if lower is None or upper is None else (lower / spread, upper / spread)


def _too_short(one: AreaMonth, since: str) -> list[Finding]:
    why = (
        f"no site has {shared.MIN_READINGS} readings, {shared.MIN_NEIGHBOURS} neighbours, readings of {since} and "
        f"{shared.MIN_PAST_MONTHS} months of history"
    )
    return not_judged(why, unit=DEVIATIONS, days=one.history.day_count)
