"""Tests of a site against its neighbours: what it shows that they do not, and what they show that it does not."""

from typing import Final

import numpy as np

from airwatch_dagster.enrich.log_anomaly import LOG_OFFSET_UGM3
from airwatch_dagster.watch.sensors import limits
from airwatch_dagster.watch.sensors.medians import median, spread
from airwatch_dagster.watch.sensors.neighbours import MIN_NEIGHBOURS, NEIGHBOUR_KM
from airwatch_dagster.watch.sensors.recent import Recent
from airwatch_dagster.watch.sensors.result import Result, result_of
from airwatch_dagster.watch.sensors.tested_day import TestedDay
from airwatch_dagster.watch.sensors.window import LOG_DECIMALS

NEIGHBOURS_NEEDED: Final = f"{MIN_NEIGHBOURS} neighbours within {NEIGHBOUR_KM:.0f} km"


def attenuated_signal(day: TestedDay) -> Result:
    """In two weeks the site moves when its neighbours do."""
    window, neighbours = day.window, day.neighbours
    own = _range(_with_negatives(window.pm25[-limits.ATTENUATION_DAYS :]))
    around = neighbours.medians(own)
    ratio = np.where(around >= limits.MOVING_AIR_LOG, own / around, np.nan)
    return result_of(
        window,
        ratio,
        is_suspect=ratio < limits.SUSPECT_ATTENUATION,
        is_fail=ratio < limits.FAIL_ATTENUATION,
        why=lambda at: (
            f"In {limits.ATTENUATION_DAYS} days it moved {ratio[at]:.0%} as much as its neighbours (log PM2.5)"
        ),
        passed=f"Moves at least {limits.SUSPECT_ATTENUATION:.0%} as much as its neighbours",
        needs=f"{limits.ATTENUATION_READINGS} readings in {limits.ATTENUATION_DAYS} days, {NEIGHBOURS_NEEDED} with as "
        "many, and air that moved",
    )


def neighbour_residual(day: TestedDay) -> Result:
    """The site departs from its own usual level as its neighbours do from theirs."""
    window, neighbours = day.window, day.neighbours
    past = window.log[:-1]
    anomaly = window.log - median(past, axis=0, at_least=limits.MIN_PAST_READINGS)
    residual = anomaly - neighbours.medians(anomaly)
    usual = median(residual[:-1], axis=0, at_least=limits.MIN_PAST_READINGS)
    residual = residual - usual
    scaled = residual / spread(residual[:-1], np.zeros_like(usual), axis=0, floor=limits.LEAST_STEP_LOG)
    last, of_three = scaled[-1], np.abs(_least(scaled, window.pm25, count=3))
    of_five = np.abs(_least(scaled, window.pm25, count=5))
    least = _least(residual, window.pm25, count=3)
    least_of_five = _least(residual, window.pm25, count=5)
    is_lasting = of_three >= limits.SUSPECT_RESIDUAL_OF_THREE
    change = np.where(is_lasting, least, residual[-1])

    fails_of_three = (of_three >= limits.FAIL_RESIDUAL_OF_THREE) & (np.abs(least) >= limits.FAIL_RESIDUAL_LOG)
    fails_of_five = (of_five >= limits.FAIL_RESIDUAL_OF_FIVE) & (np.abs(least_of_five) >= limits.FAIL_RESIDUAL_LOG)

    def why(at: int) -> str:
        side = "above" if last[at] > 0 else "below"
        times, days = abs(last[at]), "on this day"
        if fails_of_five[at]:
            times, days = of_five[at], "on each of the last five readings"
        elif is_lasting[at]:
            times, days = of_three[at], "on each of the last three readings"
        return f"{times:.0f} standard deviations {side} what its neighbours say, {days}"

    return result_of(
        window,
        last,
        is_suspect=is_lasting | (np.abs(last) >= limits.SUSPECT_RESIDUAL),
        is_fail=fails_of_three | fails_of_five,
        why=why,
        passed="Near what its neighbours say",
        needs=f"{limits.MIN_PAST_READINGS} readings in two months and {NEIGHBOURS_NEEDED}",
        witnesses=neighbours.witnesses(change),
    )


def _with_negatives(pm25: np.ndarray) -> np.ndarray:
    """As ``log_pm25``, but the noise of clean air below zero is movement too."""
    found: np.ndarray = np.round(np.log(np.maximum(pm25, limits.LOWEST_NOISE_UGM3) + LOG_OFFSET_UGM3), LOG_DECIMALS)
    return found


def _range(log: np.ndarray) -> np.ndarray:
    """Highest minus lowest of each site; null with too few readings, or none on the last day."""
    is_there = ~np.isnan(log)
    enough = (is_there.sum(axis=0) >= limits.ATTENUATION_READINGS) & is_there[-1]
    highest, lowest = np.where(is_there, log, -np.inf).max(axis=0), np.where(is_there, log, np.inf).min(axis=0)
    return np.where(enough, highest - np.where(enough, lowest, 0.0), np.nan)


def _least(scaled: np.ndarray, pm25: np.ndarray, *, count: int) -> np.ndarray:
    """The least of the last ``count`` readings' residuals, where they lie on one side, with its sign; else 0."""
    within_days = limits.MAX_GAP_DAYS if count == 3 else limits.FIVE_WITHIN_DAYS
    values = Recent.of(pm25, count=count, within_days=within_days).values(scaled)
    is_one_side = (np.abs(np.sign(values).sum(axis=0)) == count) & (len(values) == count)
    return np.where(is_one_side, np.sign(values[0]) * np.abs(values).min(axis=0), 0.0)
