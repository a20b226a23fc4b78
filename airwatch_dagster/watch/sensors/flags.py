"""Flags of every site, day and test."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.watch import FLAG_FAIL, FLAG_PASS, FLAG_SUSPECT, SENSOR_TESTS
from airwatch_dagster.watch.sensors.against_neighbours import attenuated_signal, neighbour_residual
from airwatch_dagster.watch.sensors.neighbours import Neighbours
from airwatch_dagster.watch.sensors.own_past import climatology, flat_line, gross_range, rate_of_change, spike
from airwatch_dagster.watch.sensors.published import (
    PublishedDay,
    agrees,
    contradicts,
    published_at,
    published_of,
    sentences,
)
from airwatch_dagster.watch.sensors.result import Result
from airwatch_dagster.watch.sensors.tested_day import TestedDay
from airwatch_dagster.watch.sensors.window import Window, windows

_TESTS: Final[Mapping[str, Callable[[TestedDay], Result]]] = {
    "gross_range": gross_range,
    "flat_line": flat_line,
    "attenuated_signal": attenuated_signal,
    "spike": spike,
    "rate_of_change": rate_of_change,
    "neighbour_residual": neighbour_residual,
    "climatology": climatology,
}

OF_VALUES: Final = frozenset({"gross_range", "spike", "rate_of_change", "neighbour_residual", "climatology"})
"""Tests of a day's value, which a second monitor at the site can confirm."""


def sensor_flags(site_days: pd.DataFrame, *, days: pd.DatetimeIndex, raw_readings: pd.DataFrame) -> pd.DataFrame:
    """One row per site, day of ``days`` and test, in the columns of ``sensor_flags``, sorted by day, site and test, but
    failures come first on each day, and then what is suspect.

    Tested is every site of ``site_days``, context sites too, with a reading in the four weeks up to the day.
    ``site_days`` has the days of ``days_needed``, as far as they are stored; ``raw_readings`` the published rows of
    ``days``. Each day's flags come from its own window alone, so days tested together or one by one have the same bits.
    Source: QARTOD's flags and tests, https://ioos.noaa.gov/project/qartod.
    """
    if days.empty or site_days.empty:
        return TABLES["sensor_flags"].empty()
    of_days = site_days[site_days["date_local"].isin(days)]
    rows = published_of(raw_readings, of_days)
    found = [_day(window, published) for window, published in published_at(windows(site_days, days), rows)]
    columns = TABLES["sensor_flags"].column_names
    return pd.DataFrame({name: np.concatenate([of_day[name] for of_day in found]) for name in columns})


def _day(window: Window, published: PublishedDay) -> dict[str, np.ndarray]:
    day = TestedDay(window, Neighbours.of(window.latitude, window.longitude), published)
    results = {name: _TESTS[name](day) for name in SENSOR_TESTS}
    told = np.array(list(sentences(published, window.pm25[-1])), dtype=object)
    results = {
        name: _with_other_monitors(one, published, window.pm25[-1], told) if name in OF_VALUES else one
        for name, one in results.items()
    }
    tested, ordered = window.is_tested, list(results.values())
    count = int(tested.sum())

    def by_site(name: str) -> np.ndarray:
        return np.stack([getattr(one, name)[tested] for one in ordered], axis=1).ravel()

    flag = by_site("flag")
    order = np.argsort(-np.where(_is_flagged(flag), flag, 0), kind="stable")
    columns = {
        "site_id": np.repeat(window.site_ids[tested].astype(object), len(ordered)),
        "date_local": np.full(len(flag), window.day.to_datetime64(), dtype="datetime64[ns]"),
        "test": np.tile(np.array(list(results), dtype=object), count),
        "flag": flag,
        "statistic": by_site("statistic"),
        "is_shared": by_site("is_shared").astype(bool),
        "reason": by_site("reason"),
        "pm25_ugm3": np.repeat(window.pm25[-1][tested], len(ordered)),
    }
    return {name: column[order] for name, column in columns.items()}


def _with_other_monitors(result: Result, published: PublishedDay, pm25: np.ndarray, told: np.ndarray) -> Result:
    """A second monitor at the site that agrees clears the value; one that contradicts it makes suspicion a failure."""
    is_flagged = _is_flagged(result.flag)
    is_cleared = is_flagged & agrees(published, pm25)
    flag = np.where(is_cleared, FLAG_PASS, np.where(is_flagged & contradicts(published, pm25), FLAG_FAIL, result.flag))
    reason = np.where(is_flagged, result.reason + told, result.reason)
    return Result(flag, result.statistic, reason, result.is_shared | is_cleared)


def _is_flagged(flag: np.ndarray) -> np.ndarray:
    return np.asarray((flag == FLAG_SUSPECT) | (flag == FLAG_FAIL))
