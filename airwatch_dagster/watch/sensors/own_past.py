"""Tests of a site against fixed limits and its own past; neighbours only say whether a change is in the air."""

import numpy as np

from airwatch_dagster.watch.sensors import limits
from airwatch_dagster.watch.sensors.medians import median, spread
from airwatch_dagster.watch.sensors.neighbours import Witnesses
from airwatch_dagster.watch.sensors.recent import Recent, steps
from airwatch_dagster.watch.sensors.result import Result, result_of
from airwatch_dagster.watch.sensors.tested_day import TestedDay
from airwatch_dagster.watch.sensors.window import Window


def gross_range(day: TestedDay) -> Result:
    """The reading is one that an instrument can measure, and the day's readings are in µg/m³."""
    window, neighbours = day.window, day.neighbours
    pm25 = window.pm25[-1]
    is_low, is_high = pm25 < limits.SUSPECT_BELOW_UGM3, pm25 > limits.SUSPECT_ABOVE_UGM3
    is_unit, unit = _other_unit(pm25)
    shared = neighbours.witnesses(pm25).of_rises(pm25)

    def why(at: int) -> str:
        if is_unit[at]:
            return unit
        return f"{pm25[at]:.1f} µg/m³ is {'lower' if is_low[at] else 'higher'} than monitors measure"

    return result_of(
        window,
        pm25,
        is_suspect=is_low | is_high,
        is_fail=(pm25 < limits.FAIL_BELOW_UGM3) | (pm25 > limits.FAIL_ABOVE_UGM3) | is_unit,
        why=why,
        passed=f"Between {limits.SUSPECT_BELOW_UGM3:g} and {limits.SUSPECT_ABOVE_UGM3:g} µg/m³",
        needs="a reading",
        witnesses=Witnesses(shared.is_shared & ~is_unit, shared.are_there | is_unit),
    )


def flat_line(day: TestedDay) -> Result:
    """The reading differs from the ones before, and its hours from each other."""
    window, published = day.window, day.published
    recent = Recent.of(window.pm25, count=limits.FAIL_SAME_READINGS, within_days=len(window.pm25) - 1)
    values = recent.values(window.pm25)
    is_same = (np.abs(np.diff(values, axis=0)) < limits.SAME_UGM3) & (
        np.diff(recent.age_days, axis=0) <= limits.MAX_GAP_DAYS
    )
    count = np.where(np.isnan(values[0]), np.nan, 1.0 + is_same.cumprod(axis=0).sum(axis=0))
    feed = _repeating_feed(window)

    def why(at: int) -> str:
        if feed[at]:
            return f"{feed[at]} have the reading of the day before: the feed repeats a day"
        if published.has_equal_hours[at]:
            return f"All hours of the day are {window.pm25[-1, at]:.1f} µg/m³"
        return f"The last {count[at]:.0f} readings are all {window.pm25[-1, at]:.1f} µg/m³"

    return result_of(
        window,
        count,
        is_suspect=count >= limits.SUSPECT_SAME_READINGS,
        is_fail=(count >= limits.FAIL_SAME_READINGS) | published.has_equal_hours | (feed != ""),
        why=why,
        passed="Fewer than three equal readings in a row",
        needs="a reading",
    )


def _repeating_feed(window: Window) -> np.ndarray:
    """Per site ``7 of 7 sites``, or ``4 of 4 sites of county 18127``, where it and these have the reading of the day
    before; else empty. One agency's feed is that of a county or a state."""
    on_both = ~np.isnan(window.pm25[-2:]).any(axis=0)
    repeats = on_both & (np.abs(window.pm25[-1] - window.pm25[-2]) < limits.SAME_UGM3)
    said = np.full(len(repeats), "", dtype=object)
    if repeats.sum() < limits.FEED_PART_SITES:
        return said
    for kind, digits in (("county", 5), ("state", 2)):
        codes = np.array([str(site_id)[:digits] for site_id in window.site_ids])
        for code in np.unique(codes[repeats]):
            own = codes == code
            same, sites = int((repeats & own).sum()), int((on_both & own).sum())
            if same >= limits.FEED_PART_SITES and same >= limits.FEED_PART_SHARE * sites:
                said[repeats & own] = f"{same} of {sites} sites of {kind} {code}"
    if on_both.sum() >= limits.FEED_SITES and repeats.sum() >= limits.FEED_SHARE * on_both.sum():
        said[repeats] = f"{repeats.sum()} of {on_both.sum()} sites"
    return said


def spike(day: TestedDay) -> Result:
    """The reading does not increase far above the ones before, nor one hour far above the day."""
    window, neighbours, published = day.window, day.neighbours, day.published
    increase, hour = _increase(window.pm25), published.highest_hour_ugm3
    is_hour = (hour >= limits.SPIKE_HOUR_UGM3) & (published.highest_hour_share >= limits.SPIKE_HOUR_SHARE)
    is_hour &= ~neighbours.witnesses(hour).is_shared
    is_day, of_day = increase >= limits.SUSPECT_SPIKE_UGM3, neighbours.witnesses(increase)

    def why(at: int) -> str:
        if is_day[at]:
            return f"{increase[at]:.0f} µg/m³ above the median of the three readings before"
        return f"One hour of {hour[at]:.0f} µg/m³ makes up {published.highest_hour_share[at]:.0%} of the day"

    return result_of(
        window,
        np.where(np.isnan(increase) & is_hour, 0.0, increase),
        is_suspect=is_day | is_hour,
        is_fail=(increase >= limits.FAIL_SPIKE_UGM3) | (is_hour & (hour >= limits.FAIL_SPIKE_HOUR_UGM3)),
        why=why,
        passed=f"Less than {limits.SUSPECT_SPIKE_UGM3:g} µg/m³ above the median of the three readings before",
        needs="three readings of the week before",
        witnesses=Witnesses(is_day & of_day.is_shared, ~is_day | of_day.are_there),
    )


def rate_of_change(day: TestedDay) -> Result:
    """The step from the reading before is one that the site makes."""
    window, neighbours = day.window, day.neighbours
    log_steps, step = steps(window.log), steps(window.pm25)[-1]
    past = log_steps[:-1]
    has_past = (~np.isnan(past)).sum(axis=0) >= limits.MIN_PAST_READINGS
    usual = spread(past, np.zeros(past.shape[1]), axis=0, floor=limits.LEAST_STEP_LOG)
    statistic = np.where(has_past, log_steps[-1] / usual, np.nan)
    size, times = np.abs(step), np.abs(statistic)
    return result_of(
        window,
        statistic,
        is_suspect=(size >= limits.LEAST_STEP_UGM3) & (times >= limits.SUSPECT_STEPS),
        is_fail=(size >= limits.LEAST_FAILED_STEP_UGM3) & (times >= limits.FAIL_STEPS),
        why=lambda at: f"{step[at]:+.1f} µg/m³ since the reading before, {abs(statistic[at]):.0f} times its usual step",
        passed=f"Less than {limits.SUSPECT_STEPS:g} times the site's usual step",
        needs=f"a reading of the {limits.RATE_GAP_DAYS} days before and {limits.MIN_PAST_READINGS} steps in two months",
        witnesses=neighbours.witnesses(log_steps[-1]),
    )


def climatology(day: TestedDay) -> Result:
    """The reading is one that the site has had in this season of earlier years; suspect at most."""
    window, neighbours = day.window, day.neighbours
    season = median(window.season_log, axis=0, at_least=limits.MIN_SEASON_READINGS)
    usual = spread(window.season_log, season, axis=0, floor=limits.LEAST_SEASON_LOG)
    departure = window.log[-1] - season
    statistic = departure / usual
    recent = window.log[-1] - median(window.log[:-1], axis=0, at_least=limits.MIN_PAST_READINGS)
    return result_of(
        window,
        statistic,
        is_suspect=np.abs(statistic) >= limits.SUSPECT_SEASON,
        is_fail=np.zeros(len(season), dtype=bool),
        why=lambda at: (
            f"{window.pm25[-1, at]:.1f} µg/m³ is {abs(statistic[at]):.0f} standard deviations "
            f"{'above' if statistic[at] > 0 else 'below'} its season in earlier years"
        ),
        passed=f"Less than {limits.SUSPECT_SEASON:g} standard deviations from its season in earlier years",
        needs=f"{limits.MIN_SEASON_READINGS} readings of the season in three earlier years",
        witnesses=neighbours.witnesses(np.where(np.isnan(departure), recent, departure)),
    )


def _other_unit(pm25: np.ndarray) -> tuple[np.ndarray, str]:
    """Sites whose reading is in mg/m³ or ng/m³ because nearly all are, and the sentence that says so."""
    count = int((~np.isnan(pm25)).sum())
    for unit, is_one, size in (
        ("mg/m³ or zero", np.abs(pm25) <= limits.MILLIGRAMS_UGM3, f"{limits.MILLIGRAMS_UGM3:g} µg/m³ or less"),
        ("ng/m³", pm25 > limits.SUSPECT_ABOVE_UGM3, f"above {limits.SUSPECT_ABOVE_UGM3:g} µg/m³"),
    ):
        if count >= limits.FEED_SITES and is_one.sum() >= limits.UNIT_SHARE * count:
            return is_one, f"{is_one.sum()} of {count} sites have {size}: the feed is in {unit}"
    return np.zeros(pm25.shape, dtype=bool), ""


def _increase(pm25: np.ndarray) -> np.ndarray:
    """Of the last day above the median of the SPIKE_READINGS before, µg/m³; null without them."""
    recent = Recent.of(pm25, count=1 + limits.SPIKE_READINGS, within_days=limits.MAX_GAP_DAYS)
    before = median(recent.values(pm25)[1:], axis=0, at_least=limits.SPIKE_READINGS)
    found: np.ndarray = pm25[-1] - before
    return found
