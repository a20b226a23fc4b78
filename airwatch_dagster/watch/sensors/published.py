"""What published rows of a day tell beside the site's value: its hours, other monitors at the site, T640 twins."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.parsing.vocabulary import ONE_HOUR
from airwatch_dagster.clean.monitor_days import EVENT_RANK, published_days
from airwatch_dagster.clean.site_days import ORIGINAL_METHODS, RESTATED_METHODS, RESTATED_POC_OFFSET
from airwatch_dagster.parameters import PARAMETERS
from airwatch_dagster.watch.sensors import limits
from airwatch_dagster.watch.sensors.window import Window

RAW_COLUMNS: Final = (
    *("state_code", "county_code", "site_number", "parameter_code", "poc", "date_local", "sample_duration"),
    *("pollutant_standard", "event_type", "observation_count", "observation_percent", "validity_indicator"),
    *("arithmetic_mean", "first_max_value", "method_code", "source", "superseded_at"),
)
"""Columns of ``raw_readings`` that are read."""

_MONITOR_DAY: Final = ["site_id", "parameter_code", "poc", "date_local"]
_SITE_DAY: Final = ["site_id", "date_local"]


@dataclass(frozen=True)
class PublishedDay:
    """Per site of a window; null where nothing was published."""

    highest_hour_ugm3: np.ndarray
    highest_hour_share: np.ndarray
    """Of the sum of the day's hours, 0 to 1."""
    has_equal_hours: np.ndarray
    """All hours of the day are equal."""
    other_ugm3: np.ndarray
    """Another monitor at the site, not a twin: of several the nearest to the site's value."""
    twin_ugm3: np.ndarray
    """The other row of a T640 that is published as measured and corrected."""


def published_of(raw_readings: pd.DataFrame, site_days: pd.DataFrame) -> pd.DataFrame:
    """One row per site-day with a valid value and published rows, by site_id and date_local: fields of
    ``PublishedDay``.

    The hours are those of the monitor whose value is the site's, or nearest to it. Filters count as other monitors, of
    88502 too, and a T640's corrected and measured rows as one monitor.
    """
    values = site_days.loc[site_days["is_valid"].astype(bool), [*_SITE_DAY, "pm25_ugm3"]]
    days = published_days(raw_readings, parameters=PARAMETERS)
    days = days.loc[days["is_valid"], [*_MONITOR_DAY, "pm25_ugm3", "method_code"]]
    days = days.rename(columns={"pm25_ugm3": "monitor_ugm3"}).merge(values, on=_SITE_DAY)
    days = days.merge(_hours(raw_readings), on=_MONITOR_DAY, how="left")
    days["distance"] = (days["monitor_ugm3"] - days["pm25_ugm3"]).abs()
    days = days.sort_values([*_SITE_DAY, "distance", "parameter_code", "poc"], kind="stable")
    first = days.drop_duplicates(_SITE_DAY).set_index(_SITE_DAY)
    rest = days[days.duplicated(_SITE_DAY)].join(first[["poc", "method_code"]], on=_SITE_DAY, rsuffix="_of_first")
    is_twin = _is_twin(rest)
    for name, rows in (("other_ugm3", rest[~is_twin]), ("twin_ugm3", rest[is_twin])):
        first[name] = rows.drop_duplicates(_SITE_DAY).set_index(_SITE_DAY)["monitor_ugm3"]
    return first[["highest_hour_ugm3", "highest_hour_share", "has_equal_hours", "other_ugm3", "twin_ugm3"]]


def published_at(windows: Iterable[Window], found: pd.DataFrame) -> Iterator[tuple[Window, PublishedDay]]:
    """Each window with the rows of ``published_of`` at the sites of its day."""
    days, site_ids = (found.index.get_level_values(name) for name in ("date_local", "site_id"))
    rows_of_day = pd.Series(np.arange(len(found))).groupby(days.to_numpy()).indices
    numbers = {name: found[name].to_numpy("float64") for name in found.columns if name != "has_equal_hours"}
    has_equal_hours = found["has_equal_hours"].eq(True).to_numpy(bool)
    for window in windows:
        rows = np.asarray(rows_of_day.get(window.day, []), dtype=int)
        at = pd.Index(site_ids[rows]).get_indexer(window.site_ids)
        values = {name: np.append(column[rows], np.nan)[at] for name, column in numbers.items()}
        yield window, PublishedDay(has_equal_hours=np.append(has_equal_hours[rows], False)[at], **values)


def sentences(published: PublishedDay, pm25: np.ndarray) -> Iterator[str]:
    """What another monitor and a twin read, per site; empty where there are none."""
    for own, other, twin in zip(pm25, published.other_ugm3, published.twin_ugm3, strict=True):
        of_other = f"; another monitor at the site has {other:.1f} µg/m³" if other == other else ""
        of_twin = f"; the same T640's other row has {twin:.1f} µg/m³ against {own:.1f}" if twin == twin else ""
        yield of_other + of_twin


def agrees(published: PublishedDay, pm25: np.ndarray) -> np.ndarray:
    """Another monitor at the site confirms the value."""
    allowed = np.maximum(limits.AGREES_UGM3, limits.AGREES_SHARE * np.abs(pm25))
    found: np.ndarray = np.abs(published.other_ugm3 - pm25) <= allowed
    return found


def contradicts(published: PublishedDay, pm25: np.ndarray) -> np.ndarray:
    """Another monitor at the site says something else."""
    allowed = np.maximum(2 * limits.AGREES_UGM3, limits.CONTRADICTS_SHARE * np.abs(pm25))
    found: np.ndarray = np.abs(published.other_ugm3 - pm25) > allowed
    return found


def _hours(raw: pd.DataFrame) -> pd.DataFrame:
    """Highest hour of each monitor-day with MIN_HOURS or more hours, its share of the day, and whether all are
    equal."""
    wanted = (
        raw["superseded_at"].isna()
        & (raw["sample_duration"] == ONE_HOUR)
        & raw["event_type"].fillna("None").isin(EVENT_RANK)
        & (raw["observation_count"].fillna(0) >= limits.MIN_HOURS)
        & raw["first_max_value"].notna()
        & raw["arithmetic_mean"].notna()
    )
    rows = raw[wanted]
    rank = rows["event_type"].fillna("None").map(EVENT_RANK)
    site_id = rows["state_code"] + rows["county_code"] + rows["site_number"]
    rows = rows.assign(site_id=site_id, rank=rank).sort_values("rank", kind="stable").drop_duplicates(_MONITOR_DAY)
    highest, mean = rows["first_max_value"].astype("float64"), rows["arithmetic_mean"].astype("float64")
    hours = rows["observation_count"].astype("float64")
    return rows[_MONITOR_DAY].assign(
        highest_hour_ugm3=highest,
        highest_hour_share=highest / (hours * mean).where(mean > 0),
        has_equal_hours=highest - mean < limits.SAME_UGM3,
    )


def _is_twin(rest: pd.DataFrame) -> pd.Series:
    """Whether each row is of the same T640 as the first monitor of its site-day."""
    methods = RESTATED_METHODS | ORIGINAL_METHODS
    is_t640 = rest["method_code"].isin(methods) & rest["method_code_of_first"].isin(methods)
    return is_t640 & ((rest["poc"] - rest["poc_of_first"]).abs() == RESTATED_POC_OFFSET)
