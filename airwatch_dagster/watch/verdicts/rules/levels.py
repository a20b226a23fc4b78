"""Rules about readings that are wrong by a factor or an offset at many sites: units, and a level that only the area
shows."""

import numpy as np

from airwatch_dagster.watch.sensors.medians import median
from airwatch_dagster.watch.verdicts import limits as shared
from airwatch_dagster.watch.verdicts.area_month import AreaMonth
from airwatch_dagster.watch.verdicts.bootstrap import interval
from airwatch_dagster.watch.verdicts.chances import score_limit
from airwatch_dagster.watch.verdicts.finding import Finding, not_judged
from airwatch_dagster.watch.verdicts.rules import limits
from airwatch_dagster.watch.verdicts.shifts import against_own_past, monthly_means


def units(one: AreaMonth) -> list[Finding]:
    """Readings in another unit: single sites by a factor of hundreds, or the whole area by a factor that smoke would
    not bring to clean days too."""
    history = one.history
    begin = max(history.start - limits.UNITS_DAYS, 0)
    month, before = history.pm25[history.start :], history.pm25[begin : history.start]
    count, past = np.isfinite(month).sum(axis=0), np.isfinite(before).sum(axis=0)
    (low, high), (low_then, high_then) = _tenths(month), _tenths(before)
    is_judged = one.is_in & (count >= limits.UNITS_READINGS) & (past >= limits.MOVEMENT_READINGS)
    is_judged &= high_then >= limits.LEAST_UNITS_UGM3
    judged = int(is_judged.sum())
    if not judged:
        why = f"no site has {limits.UNITS_READINGS} readings now and {limits.MOVEMENT_READINGS} before"
        return not_judged(why, unit="times", days=history.day_count)
    up = np.where(is_judged, low / np.maximum(low_then, limits.LEAST_UNITS_UGM3), 1.0)
    down = np.where(is_judged, np.maximum(high, 0.0) / np.maximum(high_then, limits.LEAST_UNITS_UGM3), 1.0)
    is_low, is_zero = down <= 1 / limits.UNITS_FACTOR, high <= 0
    few = max(1.0, limits.LEAST_SEVERAL_SHARE * judged)
    if (is_low & is_zero).sum() <= few:  # sensors that stand at zero
        is_low &= ~is_zero
    wrong = np.flatnonzero((up >= limits.UNITS_FACTOR) | is_low)
    factor, is_whole = _factor_of_clean_days(one)
    effect = float(np.median(np.where(up > 1, up, down)[wrong])) if len(wrong) else factor
    what = "No site reads in another unit"
    if factor:
        what = f"The cleanest days have {factor:.2g} times the PM2.5 of those of the two months before"
    if effect is not None and len(wrong):
        size = f"{effect:.0f}" if effect > 1 else f"{effect:.1g}"
        what = f"{len(wrong)} of {judged} sites read {size} times what they did: {one.sites(wrong)}"
    elif is_whole:
        what += ", and as steady, which smoke would not leave so"
    limit = limits.UNITS_FACTOR if len(wrong) else limits.AREA_FACTOR
    return [
        Finding(
            what=f"{what}.",
            unit="times",
            is_found=bool(len(wrong) or is_whole),
            effect=effect,
            limit=limit if effect is None or effect >= 1 else 1 / limit,
            days=history.day_count,
            sites=judged,
            reference_days=min(limits.UNITS_DAYS, history.start),
            reference_sites=judged,
        )
    ]


def _factor_of_clean_days(one: AreaMonth) -> tuple[float | None, bool]:
    """Factor between the cleanest tenth of the days now and in the two months before, None with few days; and whether
    it is another unit: beyond what the area's own months show, at days as steady as before.

    Smoke, fog and inversions raise some days; a factor raises the cleanest day as much as the worst.
    """
    history = one.history
    daily = median(
        np.log(np.maximum(history.pm25[:, one.is_in], 0.0) + limits.UNITS_OFFSET_UGM3),
        axis=1,
        at_least=limits.LEAST_SITES_OF_DAY,
    )
    found = np.full((history.months_before + 1, 2), np.nan)
    for ago in range(len(found)):
        days = daily[(history.months_ago == ago) & (history.day_of_month <= history.day_count)]
        days = days[np.isfinite(days)]
        if len(days) >= limits.CLEAN_DAYS:
            found[ago] = np.quantile(days, (0.1, 0.9))
    low, width = found[:, 0], found[:, 1] - found[:, 0]
    moves = low[:-2] - (low[1:-1] + low[2:]) / 2
    past = moves[1:][np.isfinite(moves[1:])]
    if len(past) < shared.MIN_PAST_MONTHS or not np.isfinite(moves[0]):
        return None, False
    deviation = max(float(np.sqrt((past**2).mean())), limits.LEAST_CLEAN_LOG)
    least = max(score_limit(limits.UNITS_CHANCE / 2) * deviation, float(np.log(limits.AREA_FACTOR)))
    is_steady = width[0] <= limits.STEADY_SHARE * max(width[1], width[2])
    return float(np.exp(moves[0])), bool(abs(moves[0]) >= least and is_steady)


def _tenths(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first and the ninth tenth of each site's readings; null without any."""
    if not len(values):
        return np.full(values.shape[1], np.nan), np.full(values.shape[1], np.nan)
    ordered = np.sort(values, axis=0)  # nulls last
    newest = np.isfinite(values).sum(axis=0) - 1.0
    found = []
    for share in (0.1, 0.9):
        at = share * np.maximum(newest, 0.0)
        low, high = (np.take_along_axis(ordered, edge(at).astype(int)[None], axis=0)[0] for edge in (np.floor, np.ceil))
        found.append(np.where(newest >= 0, low + (at - np.floor(at)) * (high - low), np.nan))
    return found[0], found[1]


def shifted_level(one: AreaMonth) -> list[Finding]:
    """The whole area stepped away from the sites around it since the month before."""
    history = one.history
    daily = area_contrast(one)
    if daily is None or not np.isfinite(daily[history.start :]).any():
        return not_judged("no sites around the area", unit="%", days=history.day_count)
    part, count = monthly_means(daily[:, None], history, first_days=history.day_count)
    whole, whole_count = monthly_means(daily[:, None], history)
    moves = part[:-1] - limits.AREA_CARRY * whole[1:]
    move, spread = against_own_past(moves)
    if not np.isfinite(move[0] / spread[0]):
        why = (
            f"{count[0, 0]} days and {len(moves)} months before; {shared.MIN_READINGS} and {shared.MIN_PAST_MONTHS} "
            "needed"
        )
        return not_judged(why, unit="%", days=history.day_count)
    limit = float(score_limit(limits.AREA_CHANCE / 2) * spread[0])
    lower, upper = interval(daily[history.start :] - np.nanmean(daily[history.start :]) + move[0])
    percent = [
        None if value is None else float(100 * np.expm1(value))
        for value in (move[0], np.copysign(limit, move[0]), lower, upper)
    ]
    return [
        Finding(
            what=f"The area's sites moved by {percent[0]:+.0f} % against the sites around them since the month before.",
            unit="%",
            is_found=bool(abs(move[0]) >= max(limit, limits.LEAST_AREA_LOG)),
            effect=percent[0],
            limit=percent[1],
            lower=percent[2],
            upper=percent[3],
            days=int(count[0, 0]),
            sites=int(one.is_in.sum()),
            reference_days=int(whole_count[1, 0]),
            reference_sites=int((~one.is_in).sum()),
        )
    ]


def area_contrast(one: AreaMonth) -> np.ndarray | None:
    """Per day the mean log anomaly of the area's sites minus that of sites around it; None where there are none."""
    around = surroundings(one)
    if not around.any() or not one.is_in.any():
        return None
    anomaly = one.data.contrasts.anomaly
    return _mean(anomaly[:, one.is_in]) - _mean(anomaly[:, around])


def surroundings(one: AreaMonth) -> np.ndarray:
    """Sites outside the area that are neighbours of a site inside it."""
    near = one.data.contrasts.neighbours[one.is_in]
    found = np.zeros(len(one.is_in), dtype=bool)
    found[near[near >= 0]] = True
    return found & ~one.is_in


def _mean(values: np.ndarray) -> np.ndarray:
    count = np.isfinite(values).sum(axis=1)
    return np.asarray(np.where(count, np.nansum(values, axis=1), np.nan) / np.maximum(count, 1))
