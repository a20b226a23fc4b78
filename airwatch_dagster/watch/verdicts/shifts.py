"""How a site's contrast moved, against how much it usually moves from month to month."""

from dataclasses import dataclass

import numpy as np

from airwatch_dagster.watch.verdicts import limits
from airwatch_dagster.watch.verdicts.expectation import Contrasts
from airwatch_dagster.watch.verdicts.history import History


@dataclass(frozen=True)
class Shifts:
    """Per site; null where it cannot be told."""

    log: np.ndarray
    """Shift of log PM2.5, without what faulty neighbours lend it."""
    spread: np.ndarray
    """How much the site's own shifts vary: a standard deviation, not below what is usual at all sites for long."""
    days: np.ndarray
    """Readings of the month that were compared."""
    reference_days: np.ndarray
    """Readings that they were compared with."""
    step_share: np.ndarray
    """Largest change from one month to the next in the span that was compared, as a share of the shift."""

    @property
    def score(self) -> np.ndarray:
        """The shift in standard deviations."""
        return np.asarray(self.log / self.spread)


def steps_of(history: History, contrasts: Contrasts) -> Shifts:
    """This month so far against the month before, or the newest of the three before that has readings.

    A month's contrast keeps ``CARRY`` of the one before. Earlier months are compared over the same days of the month,
    so few days are judged by how much few days vary.
    """
    part, count = monthly_means(contrasts.daily, history, first_days=history.day_count)
    whole, whole_count = monthly_means(contrasts.daily, history)
    if len(whole) < 2:
        nothing = np.full(whole.shape[1], np.nan)
        return Shifts(nothing, nothing, count[0], np.zeros_like(count[0]), nothing)
    before, before_count = _newest_before(whole, whole_count)
    moves = part[: len(before)] - limits.CARRY * before
    own, spread = against_own_past(moves)
    later_half = contrasts.daily[history.start + history.day_count // 2 :]
    is_fire = _comes_and_goes(own, later_half - limits.CARRY * before[0])
    cleaned = np.where(is_fire, 0.0, without_lent(own, spread, contrasts))
    return Shifts(cleaned, spread, count[0], before_count[0], np.ones_like(cleaned))


def _comes_and_goes(shift: np.ndarray, daily: np.ndarray) -> np.ndarray:
    """Whether a site is high on some days only, as near a fire: an instrument that is wrong is so on clean days too.

    ``daily`` has the later half of the month so far, because a fault may begin within the month.
    """
    ordered = np.sort(daily, axis=0)  # nulls last
    quarter = ((~np.isnan(daily)).sum(axis=0) // 4)[None]
    low = np.take_along_axis(ordered, np.minimum(quarter, len(daily) - 1), axis=0)[0] if len(daily) else shift
    return np.asarray((shift >= limits.FIRE_LOG) & (low < limits.FIRE_SHARE * shift))


def drifts_of(history: History, contrasts: Contrasts) -> Shifts:
    """This month and the one before against the same two of the year before."""
    whole, count = monthly_means(contrasts.daily, history)
    pairs = np.full_like(whole, np.nan)
    pairs[:-1] = (whole[:-1] + whole[1:]) / 2
    years = limits.YEAR_MONTHS
    if len(whole) <= years + 1:
        nothing = np.full(whole.shape[1], np.nan)
        return Shifts(nothing, nothing, count[0], np.zeros_like(count[0]), nothing)
    moves = pairs[:-years] - pairs[years:]
    own, spread = against_own_past(moves[:-1], first_past=years)
    cleaned = without_lent(own, spread, contrasts)
    steps = np.abs(whole[:years] - whole[1 : years + 1])
    share = np.nan_to_num(steps).max(axis=0) / np.maximum(np.abs(own), limits.LEAST_SQUARES)
    return Shifts(cleaned, spread, count[0] + count[1], count[years] + count[years + 1], share)


def monthly_means(daily: np.ndarray, history: History, *, first_days: int = 31) -> tuple[np.ndarray, np.ndarray]:
    """Mean and number of readings per months ago × site, of the first days of each month; single days count at most
    ``MOST_CONTRAST_LOG``; null with fewer than ``MIN_READINGS``."""
    months = history.months_before + 1
    means, counts = np.full((months, daily.shape[1]), np.nan), np.zeros((months, daily.shape[1]), dtype=int)
    limited = np.clip(daily, -limits.MOST_CONTRAST_LOG, limits.MOST_CONTRAST_LOG)
    for ago in range(months):
        values = limited[(history.months_ago == ago) & (history.day_of_month <= first_days)]
        counts[ago] = (~np.isnan(values)).sum(axis=0)
        total = np.nansum(values, axis=0)
        means[ago] = np.where(counts[ago] >= limits.MIN_READINGS, total / np.maximum(counts[ago], 1), np.nan)
    return means, counts


def _newest_before(means: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each month the mean and count of the newest of the REFERENCE_MONTHS before it that has readings."""
    found, found_counts = means[1:].copy(), counts[1:].copy()
    for back in range(2, limits.REFERENCE_MONTHS + 1):
        rest = len(means) - back
        is_missing = np.isnan(found[:rest])
        found[:rest] = np.where(is_missing, means[back:], found[:rest])
        found_counts[:rest] = np.where(is_missing, counts[back:], found_counts[:rest])
    return found, found_counts


def against_own_past(moves: np.ndarray, *, first_past: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """The newest move of each site, and the spread of its earlier ones, drawn towards what is usual at all sites.

    Moves younger than ``first_past`` months share months with the newest one and do not count.
    """
    if not len(moves):
        nothing = np.full(moves.shape[1], np.nan)
        return nothing, nothing
    past = np.minimum(moves[first_past:] ** 2, limits.MOST_MOVE_LOG**2)
    count, total = (~np.isnan(past)).sum(axis=0), np.nansum(past, axis=0)
    is_known = count >= limits.MIN_PAST_MONTHS
    if not is_known.any():
        return moves[0], np.full(moves.shape[1], np.nan)
    usual = float(np.median(total[is_known] / count[is_known]))
    weight = limits.PRIOR_MONTHS
    return moves[0], np.sqrt((total + weight * usual) / (count + weight))


def without_lent(shift: np.ndarray, spread: np.ndarray, contrasts: Contrasts) -> np.ndarray:
    """Shifts of sites after taking out what their neighbours' own large shifts lend them, in a few rounds."""
    cleaned, is_neighbour = shift, contrasts.neighbours >= 0
    for _ in range(limits.CLEANING_ROUNDS):
        large = np.where(np.abs(cleaned) > limits.LENT_SCORE * spread, cleaned, 0.0)
        lent = (contrasts.weights * np.where(is_neighbour, large[contrasts.neighbours], 0.0)).sum(axis=1)
        cleaned = shift + lent
    return np.asarray(cleaned)
