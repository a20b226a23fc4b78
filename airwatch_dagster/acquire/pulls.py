"""A pull: published rows, and the history they replace."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.area import Area, distance_to_nearest_km
from airwatch_dagster.acquire.parsing.rejections import no_rejected_lines, rejections_of_days
from airwatch_dagster.acquire.parsing.vocabulary import counts_for_site_days
from airwatch_dagster.acquire.positions import is_possible
from airwatch_dagster.acquire.readings import (
    LOCATION_COLUMNS,
    READING_COLUMNS,
    SITE_COLUMNS,
    VERSION_COLUMNS,
    key_codes,
    one_row_per_key,
)
from airwatch_dagster.parameters import PM25_PARAMETER
from airwatch_dagster.schemas import TABLES

PROVISIONAL_SOURCE: Final = "airnow"
"""Its rows are valid until AQS publishes the site's day."""

SITE_DAY: Final = (*SITE_COLUMNS, "date_local")
"""Columns that identify a site's day, under any parameter."""

InScope = Callable[[pd.DataFrame], pd.Series]
"""Maps history to a mask of the rows that the pull would contain if they were still published."""


@dataclass(frozen=True, eq=False)
class PullRequest:
    """The days to pull, and the stored state of these days."""

    first: date
    last: date
    history: pd.DataFrame | None = None
    """Stored rows of these days, all versions; a response cached before their last change is not used."""
    is_recheck: bool = False
    """A recheck of stored days: records that moved to another parameter are recognised, and a response cached by the
    same recheck is used."""
    cached_after: pd.Timestamp | None = None
    """Cached responses older than this (UTC) are not used; None for no such limit."""

    @classmethod
    def of_year(
        cls,
        year: int,
        *,
        history: pd.DataFrame | None = None,
        is_recheck: bool = False,
        cached_after: pd.Timestamp | None = None,
    ) -> "PullRequest":
        """The request for all days of a calendar year."""
        return cls(date(year, 1, 1), date(year, 12, 31), history, is_recheck, cached_after)


@dataclass(frozen=True)
class Scope:
    """Scope of a complete pull: its days and parameters, for the sites in the area or near it.

    A provisional row is in scope only where the pull has a row of its site's day.
    """

    area: Area
    first: date
    last: date
    context_km: float = 0.0
    area_sites: Mapping[int, pd.DataFrame] = field(default_factory=dict)
    """Per year, locations of the area's sites (latitude, longitude) at the time of the pull."""
    rows: pd.DataFrame | None = None
    """The pulled rows; None when they finalise no provisional row."""
    parameters: tuple[str, ...] = (PM25_PARAMETER,)

    def __call__(self, history: pd.DataFrame) -> pd.Series:
        """Mask of the rows of ``history`` (columns of raw_readings) that the pull would contain if still published."""
        candidates = history["date_local"].between(pd.Timestamp(self.first), pd.Timestamp(self.last)).to_numpy()
        candidates &= history["parameter_code"].isin(self.parameters).to_numpy()
        has_final_row = np.zeros(len(history), dtype=bool)
        if self.rows is not None:
            has_final_row = has_final_rows(history, self.rows)
        candidates &= ~is_provisional(history) | has_final_row
        years = history["date_local"].dt.year.to_numpy()
        result = np.zeros(len(history), dtype=bool)
        for year in range(self.first.year, self.last.year + 1):
            rows = np.flatnonzero(candidates & (years == year))
            if len(rows):
                result[rows] = self._is_in_reach(history.iloc[rows], year)
        return pd.Series(result, index=history.index)

    def _is_in_reach(self, rows: pd.DataFrame, year: int) -> np.ndarray:
        columns = [*SITE_COLUMNS, *LOCATION_COLUMNS, "cbsa_code"]
        _, first_rows, site_of_row = np.unique(key_codes(rows, columns), return_index=True, return_inverse=True)
        sites = rows.iloc[first_rows][columns]
        return sites_in_reach(self.area, sites, self.area_sites.get(year), self.context_km)[site_of_row]


@dataclass(frozen=True)
class Pull:
    """The rows that a source publishes now for some days."""

    rows: pd.DataFrame
    """Columns of raw_readings without first_seen_at and superseded_at, one row per key, sorted."""
    in_scope: InScope
    """For the merge: the rows of history that this pull replaces or confirms."""
    unknown_cbsa_names: Mapping[str, int] = field(default_factory=dict)
    """Rows per statistical area that neither its county nor its name identifies; they have no cbsa_code."""
    rejected: pd.DataFrame = field(default_factory=no_rejected_lines)
    """Lines set aside or repaired, in REJECTED_COLUMNS."""
    seen_at: pd.Timestamp | None = None
    """When the source responded, if responses can be cached; None for now."""
    is_cached: bool = False
    """At least one response comes from the cache of an interrupted pull."""
    mark_stored: Callable[[], None] = lambda: None
    """Marks the cached responses as stored; to be called after the rows are stored."""
    last_published_day: pd.Timestamp | None = None
    """The last day that the source had published for any site; None when unknown."""
    counts: Mapping[str, int | str] = field(default_factory=dict)
    """Numbers and names for the metadata: requests, files, what was left out."""
    files: tuple[str, ...] = ()
    """Files and responses that were read as a whole, as ``rejected`` names them."""
    missing_files: Mapping[str, int] = field(default_factory=dict)
    """Files that the source does not have, with their years: what is stored of them is outside the scope."""


def either(scopes: Sequence[InScope]) -> InScope:
    """The scope that holds what one of ``scopes`` holds."""

    def in_scope(history: pd.DataFrame) -> pd.Series:
        mask = pd.Series(False, index=history.index)
        for scope in scopes:
            mask |= scope(history)
        return mask

    return in_scope


def restrict_days(pull: Pull, first: date, last: date) -> Pull:
    """The part of ``pull`` from ``first`` to ``last``; storing a part does not mark its responses as stored."""

    def within(frame: pd.DataFrame) -> pd.Series:
        return frame["date_local"].between(pd.Timestamp(first), pd.Timestamp(last))

    return replace(
        pull,
        rows=pull.rows[within(pull.rows)].reset_index(drop=True),
        in_scope=lambda history: pull.in_scope(history) & within(history),
        rejected=rejections_of_days(pull.rejected, first, last),
        mark_stored=lambda: None,
    )


def last_seen(history: pd.DataFrame | None) -> pd.Timestamp | None:
    """The time of the latest pull that changed ``history`` (columns of raw_readings); None without rows."""
    if history is None or history.empty:
        return None
    return max(moment for moment in (history[name].max() for name in VERSION_COLUMNS) if pd.notna(moment))


def is_provisional(readings: pd.DataFrame) -> np.ndarray:
    """Mask of the rows that AQS has not confirmed yet."""
    return (readings["source"] == PROVISIONAL_SOURCE).to_numpy()


def has_final_rows(rows: pd.DataFrame, published: pd.DataFrame) -> np.ndarray:
    """Mask of the ``rows`` whose site's day has an AQS row among ``published`` that may give it its value.

    Under any parameter: AirNow does not tell which one its value is of.
    """
    return is_among(rows, published[~is_provisional(published) & counts_for_site_days(published)], SITE_DAY)


def is_among(rows: pd.DataFrame, others: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """Mask of the ``rows`` that equal a row of ``others`` in ``columns``; null equals null."""
    if len(rows) == 0 or len(others) == 0:
        return np.zeros(len(rows), dtype=bool)
    both = pd.concat([rows[list(columns)], others[list(columns)]], ignore_index=True)
    codes = key_codes(both, columns)
    return np.isin(codes[: len(rows)], codes[len(rows) :])


def concat_readings(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """All readings, one row per key, sorted; empty parts do not change the dtypes."""
    filled = [part for part in parts if len(part)]
    if not filled:
        return TABLES["raw_readings"].empty()[list(READING_COLUMNS)]
    if len(filled) == 1:
        return filled[0]
    return one_row_per_key(pd.concat(filled, ignore_index=True), culprit="Pull")


def sites_in_reach(area: Area, sites: pd.DataFrame, known: pd.DataFrame | None, context_km: float) -> np.ndarray:
    """Mask of the ``sites`` (state_code, cbsa_code, latitude, longitude) in the area or within ``context_km`` of it.

    The distance is that to the nearest of the area's sites in ``sites``, where their position is possible, and of the
    locations ``known`` (latitude, longitude).
    """
    is_own = area.contains(sites["state_code"], sites["cbsa_code"]).to_numpy(dtype=bool)
    anchors = sites.loc[is_own & is_possible(sites), LOCATION_COLUMNS]
    if known is not None and len(known):
        anchors = pd.concat([anchors, known[LOCATION_COLUMNS]], ignore_index=True)
    is_reached = is_own.copy()
    if context_km > 0:
        is_reached[~is_own] = distance_to_nearest_km(sites[~is_own], anchors) <= context_km
    return is_reached
