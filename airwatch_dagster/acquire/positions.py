"""Positions of sites: which are possible, and which one counts where the monitor list and a row disagree."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.parsing.rejections import SourceLocation
from airwatch_dagster.acquire.readings import LOCATION_COLUMNS, SITE_COLUMNS, key_codes
from airwatch_dagster.geo import great_circle_km

MAX_JUMP_KM: Final = 50.0
"""Distance in km between a row's position and the monitor list's above which the list's counts. Measured on EPA's files
of 2012 and 2018-2021, both parameters, against the lists of 2022 and 2024 (4,668 site-years): one corrected position
differs by 21.4 km, one by 7.9 km, all others by less than 1.1 km; a wrong degree is at least 70 km."""

_CONTIGUOUS: Final = (24.0, 50.0, -125.0, -66.0)
_REGIONS: Final = {
    "02": ((51.0, 72.0, -180.0, -129.0), (51.0, 54.0, 172.0, 180.0)),
    "15": ((18.0, 29.0, -179.0, -154.0),),
    "60": ((-15.0, -10.0, -172.0, -168.0),),
    "66": ((13.0, 14.0, 144.0, 145.5),),
    "69": ((13.0, 21.0, 144.0, 147.0),),
    "72": ((17.0, 19.0, -68.5, -65.0),),
    "78": ((17.0, 19.0, -65.5, -64.0),),
}
"""South, north, west and east of each state outside the contiguous ones, in degrees, rounded outwards: Alaska with the
Aleutians on both sides of the date line, Hawaii, American Samoa, Guam, Northern Marianas, Puerto Rico, Virgin Islands.
Every site of EPA's list of 2024 lies in its box, except one of Florida that the list places off Cuba."""


_POSSIBLE: Final = "a position in the site's part of the US; neither the monitor list nor another row has one"

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Positioned:
    """Rows with a possible position each."""

    rows: pd.DataFrame
    is_repaired: np.ndarray
    """Mask of the rows that have another position than published: the monitor list's, or that of the site's other
    rows."""
    unplaced: pd.DataFrame
    """Rows left out: their position is missing or impossible, and neither the list nor another row knows their site."""

    def reject_unplaced(self, origin: SourceLocation) -> None:
        """Set the unplaced rows aside at ``origin``, for their longitude if their latitude alone is possible."""
        columns = zip(self.unplaced["state_code"], self.unplaced["latitude"], self.unplaced["longitude"], strict=True)
        for row, (state, latitude, longitude) in zip(self.unplaced.index, columns, strict=True):
            is_in_us = any(south <= _number(latitude) <= north for south, north, _, _ in _boxes(str(state)))
            name, value = ("longitude", longitude) if is_in_us else ("latitude", latitude)
            origin.reject([row], name, [value], _POSSIBLE)


def with_known_positions(rows: pd.DataFrame, known: pd.DataFrame | None) -> Positioned:
    """``rows`` with latitude and longitude as numbers: their own, unless it is impossible or far from a known one.

    ``rows`` has state_code, county_code, site_number, latitude and longitude in degrees, numbers or text; other
    text is missing. ``known`` is ``site_positions`` of a monitor list; None without a list. A missing or impossible
    position becomes the known one, or else that of the site's first row with a possible one; a position more than
    MAX_JUMP_KM from the known one becomes the known one. A smaller difference stands, because EPA corrects positions,
    and each file has those of its day.
    """
    codes = key_codes(rows, [*SITE_COLUMNS, *LOCATION_COLUMNS])
    _, first_rows, place_of_row = np.unique(codes, return_index=True, return_inverse=True)
    places = _places(rows.iloc[first_rows])
    is_placed = is_possible(places)
    listed = _places(known) if known is not None else places.iloc[:0]
    listed = listed[is_possible(listed)]
    jump_km = _distance_km(places, listed.set_index("site_id").reindex(places["site_id"]))
    is_wrong = ~is_placed | (jump_km > MAX_JUMP_KM)
    own = places[is_placed].iloc[np.argsort(first_rows[is_placed])]
    best = pd.concat([listed, own]).drop_duplicates("site_id").set_index("site_id")[LOCATION_COLUMNS]
    position = places[LOCATION_COLUMNS].to_numpy()
    position[is_wrong] = best.reindex(places.loc[is_wrong, "site_id"]).to_numpy()
    position, is_repaired = position[place_of_row], is_wrong[place_of_row]
    has_position = ~np.isnan(position).any(axis=1)
    placed = rows.assign(latitude=position[:, 0], longitude=position[:, 1])[has_position]
    return Positioned(placed, is_repaired[has_position], rows[~has_position])


def site_positions(monitors: pd.DataFrame) -> pd.DataFrame:
    """Position and statistical area of every site of a monitor list: site_id, latitude, longitude, cbsa_code.

    A site has those of its newest monitor.
    """
    newest_last = monitors.sort_values("last_sample_date", na_position="first", kind="stable")
    return newest_last.drop_duplicates("site_id", keep="last")[["site_id", *LOCATION_COLUMNS, "cbsa_code"]]


def is_possible(places: pd.DataFrame) -> np.ndarray:
    """Mask of the ``places`` (latitude, longitude in degrees, state_code) that lie in their part of the US.

    A missing position, 0 and -999 are impossible, and so are most exchanged or wrongly signed degrees. A row
    with letters for a state, as of a tribe, can lie anywhere in the US.
    """
    latitude, longitude = (places[name].to_numpy(dtype=float) for name in LOCATION_COLUMNS)
    possible = np.zeros(len(places), dtype=bool)
    numbers, states = pd.factorize(places["state_code"].astype(object))
    for number, state in enumerate(states):
        for south, north, west, east in _boxes(str(state)):
            inside = (latitude >= south) & (latitude <= north) & (longitude >= west) & (longitude <= east)
            possible |= (numbers == number) & inside
    return possible


def _boxes(state: str) -> tuple[Box, ...]:
    if state.isdigit():
        return _REGIONS.get(state, (_CONTIGUOUS,))
    return (_CONTIGUOUS, *(box for boxes in _REGIONS.values() for box in boxes))


def _places(sites: pd.DataFrame) -> pd.DataFrame:
    """``sites`` as site_id, state_code, latitude and longitude, these as numbers; nan for other text."""
    if "site_id" in sites:
        site_id = sites["site_id"].astype(str)
    else:
        state, county, number = (sites[name].astype(str) for name in SITE_COLUMNS)
        site_id = state + county + number
    degrees = {name: np.array([_number(value) for value in sites[name]], dtype=float) for name in LOCATION_COLUMNS}
    return pd.DataFrame({"site_id": site_id.to_numpy(), "state_code": site_id.str[:2].to_numpy(), **degrees})


def _distance_km(places: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
    """Row by row; nan where either has no position."""
    here, there = (np.radians(frame[LOCATION_COLUMNS].to_numpy(dtype=float)) for frame in (places, others))
    return great_circle_km(here[:, 0], here[:, 1], there[:, 0], there[:, 1])


def _number(value: object) -> float:
    """Nan for text, and for what is no finite number."""
    try:
        number = float(str(value))
    except ValueError:
        return np.nan
    return number if np.isfinite(number) else np.nan
