"""What a source publishes now, and which rows of history it speaks for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.readings import (
    PM25_PARAMETER,
    READING_COLUMNS,
    SITE_COLUMNS,
    VERSION_COLUMNS,
    key_codes,
    one_row_per_key,
)
from airwatch_dagster.schemas import TABLES

PROVISIONAL_SOURCE: Final = "airnow"
"""Its rows stand until AQS publishes the site's day."""

SITE_DAY: Final = (*SITE_COLUMNS, "parameter_code", "date_local")
_PLACE: Final = ["latitude", "longitude"]

InScope = Callable[[pd.DataFrame], pd.Series]
"""Given history, which of its rows would be in the pull if they were still published."""


@dataclass(frozen=True)
class Scope:
    """The rows a whole pull speaks for: of its days and parameters, and of the sites in the area or near enough to it.

    A provisional row is spoken for only where the pull has a row of its site's day.
    """

    area: Area
    first: date
    last: date
    context_km: float = 0.0
    area_sites: Mapping[int, pd.DataFrame] = field(default_factory=dict)
    """Per year, where the area's sites stood (latitude, longitude) when the pull was made."""
    rows: pd.DataFrame | None = None
    """The pulled rows; None when they finalise no provisional row."""
    parameters: tuple[str, ...] = (PM25_PARAMETER,)

    def __call__(self, history: pd.DataFrame) -> pd.Series:
        """Which rows of ``history`` (columns of raw_readings) would be in the pull if they were still published."""
        of_days = history["date_local"].between(pd.Timestamp(self.first), pd.Timestamp(self.last)).to_numpy()
        of_days &= history["parameter_code"].isin(self.parameters).to_numpy()
        of_days &= ~is_provisional(history) | self._is_final(history)
        years = history["date_local"].dt.year.to_numpy()
        result = np.zeros(len(history), dtype=bool)
        for year in range(self.first.year, self.last.year + 1):
            rows = np.flatnonzero(of_days & (years == year))
            if len(rows):
                result[rows] = self._reaches(history.iloc[rows], year)
        return pd.Series(result, index=history.index)

    def _is_final(self, history: pd.DataFrame) -> np.ndarray:
        return np.zeros(len(history), dtype=bool) if self.rows is None else is_among(history, self.rows, SITE_DAY)

    def _reaches(self, rows: pd.DataFrame, year: int) -> np.ndarray:
        columns = [*SITE_COLUMNS, *_PLACE, "cbsa_code"]
        _, first_rows, site_of_row = np.unique(key_codes(rows, columns), return_index=True, return_inverse=True)
        sites = rows.iloc[first_rows][columns]
        return sites_in_reach(self.area, sites, self.area_sites.get(year), self.context_km)[site_of_row]


@dataclass(frozen=True)
class Pull:
    """What a source publishes now about some days."""

    rows: pd.DataFrame
    """Columns of raw_readings without first_seen_at and superseded_at, one row per key, sorted."""
    in_scope: InScope
    """For the merge: which rows of history this pull speaks for."""
    unknown_cbsa_names: Mapping[str, int] = field(default_factory=dict)
    """Rows per statistical area whose name AQS does not list; they carry no cbsa_code."""
    seen_at: pd.Timestamp | None = None
    """When the source was asked, where answers may be kept from earlier; None for now."""
    is_kept: bool = False
    """Some of it is an answer kept from a pull that did not finish."""
    stored: Callable[[], None] = lambda: None
    """To be called once the rows are stored."""
    last_published_day: pd.Timestamp | None = None
    """The last day that the source had published of any site; None where that is not known."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Numbers worth showing: what was asked, and what was left out."""


def of_days(pull: Pull, first: date, last: date) -> Pull:
    """The part of a pull that speaks of the days between two days."""

    def within(frame: pd.DataFrame) -> pd.Series:
        return frame["date_local"].between(pd.Timestamp(first), pd.Timestamp(last))

    rows = pull.rows[within(pull.rows)].reset_index(drop=True)
    return replace(
        pull, rows=rows, in_scope=lambda history: pull.in_scope(history) & within(history), stored=lambda: None
    )


def last_seen(history: pd.DataFrame | None) -> pd.Timestamp | None:
    """The latest instant at which a pull changed ``history`` (columns of raw_readings); None without rows."""
    if history is None or history.empty:
        return None
    return max(moment for moment in (history[name].max() for name in VERSION_COLUMNS) if pd.notna(moment))


def is_provisional(readings: pd.DataFrame) -> np.ndarray:
    """Which rows wait for AQS."""
    return (readings["source"] == PROVISIONAL_SOURCE).to_numpy()


def is_among(rows: pd.DataFrame, others: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """Which ``rows`` agree in ``columns`` with some row of ``others``; null agrees with null."""
    if len(rows) == 0 or len(others) == 0:
        return np.zeros(len(rows), dtype=bool)
    both = pd.concat([rows[list(columns)], others[list(columns)]], ignore_index=True)
    codes = key_codes(both, columns)
    return np.isin(codes[: len(rows)], codes[len(rows) :])


def one_frame(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """All readings, one row per key, sorted; empty parts do not bend the dtypes."""
    filled = [part for part in parts if len(part)]
    if not filled:
        return TABLES["raw_readings"].empty()[list(READING_COLUMNS)]
    if len(filled) == 1:
        return filled[0]
    return one_row_per_key(pd.concat(filled, ignore_index=True), culprit="Pull")


def sites_in_reach(area: Area, sites: pd.DataFrame, known: pd.DataFrame | None, context_km: float) -> np.ndarray:
    """Which ``sites`` (state_code, cbsa_code, latitude, longitude) lie in the area or up to ``context_km`` around it.

    The area's sites are those among ``sites`` and the places (latitude, longitude) ``known`` besides.
    """
    places = sites[_PLACE].assign(is_area=area.contains(sites["state_code"], sites["cbsa_code"]).to_numpy())
    if known is not None and len(known):
        places = pd.concat([places, known[_PLACE].assign(is_area=True)], ignore_index=True)
    reached = places["is_area"] | area.context_mask(places, context_km)
    return reached.to_numpy()[: len(sites)]
