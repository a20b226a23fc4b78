"""Weather stations of the US: where they are, how high, and in which time zone."""

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Final

import numpy as np
import pandas as pd

FEET_M: Final = 0.3048
"""Metres of a foot."""

US_COUNTRIES: Final = ("US", "PR", "VI", "GU", "MP", "AS", "UM")
"""Country codes (ISO 3166) of the states and territories."""

STATION_COLUMNS: Final = ("station_id", "latitude", "longitude", "elevation_m", "time_zone")


@cache
def _all_stations() -> pd.DataFrame:
    import airportsdata

    us = [one for one in airportsdata.load("ICAO").values() if one["country"] in US_COUNTRIES]
    rows = [(one["icao"], one["lat"], one["lon"], one["elevation"] * FEET_M, one["tz"]) for one in us]
    return pd.DataFrame(rows, columns=list(STATION_COLUMNS)).sort_values("station_id", ignore_index=True)


def us_stations() -> pd.DataFrame:
    """Every airport of the US and its territories with an ICAO code, in STATION_COLUMNS, sorted by station_id.

    Degrees north and east, metres above sea level, IANA time zone. Source: the package airportsdata. Stations of
    bulletins without such a code, as buoys and stations of roads and parks, have no position here.
    """
    return _all_stations().copy()


def known_stations(station_ids: Iterable[str]) -> pd.DataFrame:
    """The rows of ``us_stations`` with one of these ids; ids that it does not know are left out."""
    return _known_stations(frozenset(station_ids)).copy()


@lru_cache(maxsize=8)
def _known_stations(station_ids: frozenset[str]) -> pd.DataFrame:
    stations = _all_stations()
    return stations[stations["station_id"].isin(station_ids)].reset_index(drop=True)


def standard_offset_hours(time_zones: pd.Series, day: pd.Timestamp) -> np.ndarray:
    """Hours that each zone's standard time is ahead of UTC on ``day``, such as -6.0; never daylight saving time.

    Raises zoneinfo.ZoneInfoNotFoundError for a name that is not an IANA zone.
    """
    return np.array([_offset_hours(name, day) for name in time_zones.to_numpy(object)], dtype=float)


@lru_cache(maxsize=256)
def _offset_hours(time_zone: str, day: pd.Timestamp) -> float:
    from zoneinfo import ZoneInfo

    noon = (day + pd.Timedelta(hours=12)).to_pydatetime().replace(tzinfo=ZoneInfo(time_zone))
    ahead, saving = noon.utcoffset(), noon.dst()
    assert ahead is not None
    assert saving is not None
    return (ahead - saving).total_seconds() / 3600
