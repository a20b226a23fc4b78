"""What a station's bulletin says of each hour, in the form that every publisher's adapter yields."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

HOUR_VALUES: Final = (
    "temperature_c",
    "dew_point_c",
    "wind_speed_ms",
    "wind_east_ms",
    "wind_north_ms",
    "wind_gust_ms",
    "cloud_cover_pct",
    "mixing_height_m",
    "transport_wind_ms",
)
"""Values at ``valid_at``. Winds blow towards east and north; the transport wind is the mean wind of the mixed layer."""

PERIOD_VALUES: Final = (
    "precipitation_mm",
    "precipitation_probability_pct",
    "temperature_max_c",
    "temperature_min_c",
)
"""Values of a period that ends at ``valid_at``: 6 hours of precipitation, 12 of its probability, the daytime's highest
and the night's lowest temperature."""

KEY_COLUMNS: Final = ("station_id", "valid_at", "run_at", "issued_at")
"""Station, time that is forecast, start of the model run, and when its bulletin was published; times in UTC."""

STATION_HOUR_COLUMNS: Final = (*KEY_COLUMNS, *HOUR_VALUES, *PERIOD_VALUES)


@dataclass(frozen=True)
class StationHours:
    """Hours of stations as one bulletin has them, and what could not be read of it."""

    hours: pd.DataFrame
    """STATION_HOUR_COLUMNS, one row per station and valid_at, in the bulletin's order; null is not given."""
    rejected: pd.DataFrame
    """Stations set aside, in REJECTED_COLUMNS: one line each, the first that could not be read."""
    stations_in_file: int
    """Stations that the bulletin has, wanted or not."""
    version: str | None = None
    """Version of the model as the bulletin names it; null when it names none."""


def no_station_hours() -> pd.DataFrame:
    """A frame without rows in STATION_HOUR_COLUMNS."""
    return station_hours(pd.DataFrame(columns=list(STATION_HOUR_COLUMNS)))


def station_hours(rows: pd.DataFrame | Mapping[str, Any]) -> pd.DataFrame:
    """``rows`` (a frame, or its columns by name) in STATION_HOUR_COLUMNS and their dtypes; values that are not a column
    of ``rows`` are null."""
    dtypes = {"station_id": object} | dict.fromkeys(KEY_COLUMNS[1:], "datetime64[ns]")
    count = len(rows["station_id"])
    columns = {name: np.asarray(rows[name], dtype=dtype) for name, dtype in dtypes.items()}
    for name in (*HOUR_VALUES, *PERIOD_VALUES):
        columns[name] = np.asarray(rows[name], dtype="float32") if name in rows else np.full(count, np.nan, "float32")
    return pd.DataFrame(columns, index=rows.index if isinstance(rows, pd.DataFrame) else None)


def wind_components(speed: np.ndarray, from_degrees: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """East and north components, in the unit of ``speed``, of winds that blow *from* these degrees, towards where they
    blow; a calm has 0 and 0 without a direction, else nan in, nan out."""
    radians = np.radians(from_degrees)
    is_calm = speed == 0.0
    east = np.where(is_calm, 0.0, -speed * np.sin(radians))
    north = np.where(is_calm, 0.0, -speed * np.cos(radians))
    return east, north


def relative_humidity_pct(temperature_c: np.ndarray, dew_point_c: np.ndarray) -> np.ndarray:
    """Relative humidity over water, %, at most 100; nan in, nan out.

    Source: the Magnus form of Alduchov and Eskridge (1996), within 0.4 % from -40 to 50 °C.
    """
    pressures = [np.exp(17.625 * one / (243.04 + one)) for one in (dew_point_c, temperature_c)]
    humidity: np.ndarray = np.minimum(100.0 * pressures[0] / pressures[1], 100.0)
    return humidity


def fahrenheit_in_c(values: Iterable[float]) -> np.ndarray:
    """Temperatures in °F as °C."""
    return (np.asarray(values, dtype=float) - 32.0) / 1.8
