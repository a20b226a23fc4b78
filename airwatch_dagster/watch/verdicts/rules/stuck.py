"""A sensor that moves less than the air: stuck, or attenuated."""

import numpy as np

from airwatch_dagster.watch.verdicts import limits as shared
from airwatch_dagster.watch.verdicts.area_month import AreaMonth
from airwatch_dagster.watch.verdicts.chances import score_limit
from airwatch_dagster.watch.verdicts.finding import Finding, not_judged
from airwatch_dagster.watch.verdicts.rules import limits
from airwatch_dagster.watch.verdicts.shifts import against_own_past


def site_stuck(one: AreaMonth) -> list[Finding]:
    """Single sites whose readings vary less against their neighbours' than they ever did."""
    history = one.history
    movement = _log_movement(one)
    change, spread = against_own_past(movement - _usual(movement))
    score = np.where(one.is_in, change / spread, np.nan)
    judged = np.flatnonzero(~np.isnan(score))
    if not len(judged):
        why = f"no site has {limits.MOVEMENT_READINGS} readings in this month and {shared.MIN_PAST_MONTHS} before"
        return not_judged(why, unit="%", days=history.day_count)
    limit = -score_limit(limits.STUCK_CHANCE / len(judged))
    share = 100 * np.exp(change)
    is_found = (score <= limit) & (share <= limits.ATTENUATED_PCT)
    found = np.flatnonzero(is_found)
    least = judged[share[judged].argmin()]
    readings = (~np.isnan(history.pm25[history.start :])).sum(axis=0)

    def row(number: int, *, of_site: bool) -> Finding:
        return Finding(
            what=f"Site {one.site(number)} varies {share[number]:.0f} % as much as usual against its neighbours.",
            unit="%",
            is_found=bool(is_found[number]),
            effect=float(share[number]),
            limit=limits.ATTENUATED_PCT,
            days=int(readings[number]),
            sites=len(judged),
            reference_sites=len(judged),
            reference_days=int((~np.isnan(history.pm25[: history.start, number])).sum()),
            site_id=str(history.site_ids[number]) if of_site else "",
        )

    worst = int(found[share[found].argmin()]) if len(found) else int(least)
    return [row(worst, of_site=False), *(row(int(number), of_site=True) for number in found)]


def _log_movement(one: AreaMonth) -> np.ndarray:
    """Months ago × sites: log of the standard deviation of a site's readings, relative to its neighbours'."""
    history, contrasts = one.history, one.data.contrasts
    found = np.full((history.months_before + 1, len(history.site_ids)), np.nan)
    for ago in range(len(found)):
        days = (history.months_ago == ago) & (history.day_of_month <= history.day_count)
        own, air = contrasts.anomaly[days], contrasts.expected[days]
        is_both = ~np.isnan(own) & ~np.isnan(air)
        deviation, of_air = _deviation(own, is_both), _deviation(air, is_both)
        is_judged = (is_both.sum(axis=0) >= limits.MOVEMENT_READINGS) & (of_air >= limits.MOVING_AIR_LOG)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.log(np.maximum(deviation / of_air, limits.LEAST_MOVEMENT))
        found[ago] = np.where(is_judged, ratio, np.nan)
    return found


def _deviation(values: np.ndarray, is_used: np.ndarray) -> np.ndarray:
    count = np.maximum(is_used.sum(axis=0), 1)
    middle = np.where(is_used, values, 0.0).sum(axis=0) / count
    return np.asarray(np.sqrt(np.where(is_used, (values - middle) ** 2, 0.0).sum(axis=0) / count))


def _usual(movement: np.ndarray) -> np.ndarray:
    """What is usual at each site in the months before; null without any."""
    past = movement[1:]
    count = (~np.isnan(past)).sum(axis=0)
    return np.where(count, np.nansum(past, axis=0), np.nan) / np.maximum(count, 1)
