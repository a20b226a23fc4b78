"""Rules about readings that are wrong by a factor or an offset at many sites: units, and a level that only the area
shows."""

import numpy as np

from airwatch_dagster.watch.verdicts import limits
from airwatch_dagster.watch.verdicts.area_month import AreaMonth
from airwatch_dagster.watch.verdicts.bootstrap import interval
from airwatch_dagster.watch.verdicts.chances import score_limit
from airwatch_dagster.watch.verdicts.finding import Finding, not_judged
from airwatch_dagster.watch.verdicts.shifts import against_own_past, monthly_means


def units(one: AreaMonth) -> list[Finding]:
    """Readings in another unit: single sites by a factor of hundreds, or the whole area by a factor that smoke would
    not bring to clean days too."""
    history = one.history
    month, before = (
        history.pm25[history.start :],
        history.pm25[max(history.start - limits.UNITS_DAYS, 0) : history.start],
    )
    now, then = _medians(month), _medians(before)
    count, past = np.isfinite(month).sum(axis=0), np.isfinite(before).sum(axis=0)
    is_judged = one.is_in & (count >= limits.UNITS_READINGS) & (past >= limits.MOVEMENT_READINGS)
    is_judged &= then >= limits.LEAST_UNITS_UGM3
    judged = int(is_judged.sum())
    if not judged:
        why = f"no site has {limits.UNITS_READINGS} readings now and {limits.MOVEMENT_READINGS} before"
        return not_judged(why, unit="times", days=history.day_count)
    ratio = np.where(is_judged, np.maximum(now, 0.0) / np.maximum(then, limits.LEAST_UNITS_UGM3), np.nan)
    wrong = np.flatnonzero((ratio >= limits.UNITS_FACTOR) | (ratio <= 1 / limits.UNITS_FACTOR))
    factor = _factor_of_clean_days(one, month, before)
    is_whole = factor is not None and not 1 / limits.AREA_FACTOR < factor < limits.AREA_FACTOR
    effect = float(np.median(ratio[wrong])) if len(wrong) else (factor or float(np.nanmedian(ratio)))
    what = f"The cleanest days are {effect:.2g} times those of the {limits.UNITS_DAYS} days before"
    if len(wrong):
        what = f"{len(wrong)} of {judged} sites read {effect:.2g} times what they did: {one.sites(wrong)}"
    elif is_whole:
        what += ", and as steady, which smoke would not leave so"
    return [
        Finding(
            what=f"{what}.",
            unit="times",
            is_found=bool(len(wrong) or is_whole),
            effect=effect,
            limit=limits.UNITS_FACTOR if len(wrong) else limits.AREA_FACTOR,
            days=history.day_count,
            sites=judged,
            reference_days=min(limits.UNITS_DAYS, history.start),
            reference_sites=judged,
        )
    ]


def _factor_of_clean_days(one: AreaMonth, month: np.ndarray, before: np.ndarray) -> float | None:
    """Factor between the cleanest tenth of days then and now, or None where smoke or few days forbid to tell."""
    now, then = (_area_days(one, days) for days in (month, before))
    if len(now) < limits.CLEAN_DAYS or len(then) < limits.CLEAN_DAYS:
        return None
    low, high = np.quantile(now, (0.1, 0.9))
    low_then, high_then = np.quantile(then, (0.1, 0.9))
    if high - low > limits.STEADY_SHARE * (high_then - low_then):
        return None
    if low < low_then:
        return float(np.exp(high - high_then))
    return float(np.exp(low - low_then))


def _area_days(one: AreaMonth, days: np.ndarray) -> np.ndarray:
    """Log of the area's median of each day on which enough sites have readings."""
    values = np.log(np.maximum(days[:, one.is_in], 0.0) + limits.UNITS_OFFSET_UGM3)
    enough = np.isfinite(values).sum(axis=1) >= limits.LEAST_SITES_OF_DAY
    return np.nanmedian(values[enough], axis=1) if enough.any() else np.zeros(0)


def _medians(values: np.ndarray) -> np.ndarray:
    is_there = np.isfinite(values).any(axis=0)
    found = np.full(values.shape[1], np.nan)
    if is_there.any():
        found[is_there] = np.nanmedian(values[:, is_there], axis=0)
    return found


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
            f"{count[0, 0]} days and {len(moves)} months before; {limits.MIN_READINGS} and {limits.MIN_PAST_MONTHS} "
            "needed"
        )
        return not_judged(why, unit="%", days=history.day_count)
    limit = float(score_limit(limits.AREA_CHANCE / 2) * spread[0])
    lower, upper = interval(daily[history.start :] - np.nanmean(daily[history.start :]) + move[0])
    percent = [None if value is None else float(100 * np.expm1(value)) for value in (move[0], limit, lower, upper)]
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
