"""Weather stations of the practice world: real airports near its sites, whose positions AirWatch knows."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from airwatch_dagster.practice.world.fields import plane_km
from airwatch_dagster.practice.world.random_streams import Floats


@dataclass(frozen=True)
class Station:
    """An airport with its position in degrees."""

    station_id: str
    latitude: float
    longitude: float
    city: str | None = None
    """Its name in bulletins of selected cities; None for an airport that is in none."""


STATIONS: Final = (
    Station("KBCK", 44.25, -90.86),
    Station("KCMI", 40.04, -88.28),
    Station("KCOU", 38.82, -92.22),
    Station("KCPS", 38.57, -90.16),
    Station("KCVG", 39.05, -84.67, "CINCINNATI"),
    Station("KDAY", 39.90, -84.22, "DAYTON"),
    Station("KDET", 42.41, -83.01),
    Station("KDPA", 41.91, -88.25),
    Station("KDSM", 41.53, -93.66, "DES MOINES"),
    Station("KDTW", 42.21, -83.35, "DETROIT"),
    Station("KDVN", 41.61, -90.59),
    Station("KENW", 42.60, -87.93),
    Station("KFNT", 42.97, -83.74, "FLINT"),
    Station("KGRR", 42.88, -85.52, "GRAND RAPIDS"),
    Station("KGYY", 41.62, -87.41),
    Station("KIND", 39.72, -86.29, "INDIANAPOLIS"),
    Station("KJOT", 41.52, -88.18),
    Station("KLAN", 42.78, -84.59, "LANSING"),
    Station("KLNK", 40.85, -96.76, "LINCOLN"),
    Station("KLSE", 43.88, -91.26),
    Station("KLUK", 39.10, -84.42),
    Station("KMBL", 44.27, -86.25),
    Station("KMCI", 39.30, -94.71, "KANSAS CITY"),
    Station("KMDW", 41.79, -87.75),
    Station("KMIW", 42.11, -92.92),
    Station("KMKC", 39.12, -94.59),
    Station("KMKE", 42.95, -87.90, "MILWAUKEE"),
    Station("KMLI", 41.45, -90.51),
    Station("KMQB", 40.52, -90.65),
    Station("KMSN", 43.14, -89.34, "MADISON"),
    Station("KMSP", 44.88, -93.22, "MPLS ST PAUL"),
    Station("KOMA", 41.30, -95.89, "OMAHA"),
    Station("KORD", 41.98, -87.91, "CHICAGO"),
    Station("KPIA", 40.66, -89.69, "PEORIA"),
    Station("KRFD", 42.20, -89.10, "ROCKFORD"),
    Station("KSBN", 41.71, -86.32, "SOUTH BEND"),
    Station("KSPI", 39.84, -89.68, "SPRINGFIELD IL"),
    Station("KSTL", 38.75, -90.37, "ST LOUIS"),
    Station("KSTP", 44.93, -93.06),
    Station("KTOL", 41.59, -83.81, "TOLEDO"),
    Station("KTOP", 39.07, -95.62, "TOPEKA"),
    Station("KUES", 43.04, -88.24),
    Station("KUGN", 42.42, -87.87),
    Station("KUIN", 39.94, -91.19),
    Station("KVOK", 43.94, -90.25),
    Station("KVPZ", 41.45, -87.01),
)
"""In order of their codes. Every practice site has one within 80 km, most several."""


@lru_cache(maxsize=1)
def stations_km() -> Floats:
    """Positions of STATIONS: km east and km north, one row per station."""
    return plane_km(np.array([[station.latitude, station.longitude] for station in STATIONS]))
