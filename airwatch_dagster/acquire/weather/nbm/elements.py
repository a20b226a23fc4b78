"""The lines of a station in an NBS bulletin that are read: names, units, how often they have a value, limits."""

from dataclasses import dataclass
from typing import Final

KNOT_MS: Final = 1852.0 / 3600.0
"""Metres per second of a knot."""

HUNDRED_FEET_M: Final = 30.48
"""Metres of a hundred feet, the unit of heights."""

HUNDREDTH_INCH_MM: Final = 0.254
"""Millimetres of a hundredth of an inch, the unit of rain."""

NOT_GIVEN: Final = frozenset({-99, 999, -88, 888})
"""Codes in the place of a value: missing and unlimited, since V4.0 and before. Source: NBM text card, MDL; the files of
2018 and 2020 have 888 and 999."""


@dataclass(frozen=True)
class Element:
    """One line of a station."""

    key: str
    """Name here; several published names may mean the same."""
    names: tuple[str, ...]
    """Published names; which one depends on the version."""
    every: int
    """Columns from one value to the next: 1, 2 for 6-hourly, 4 for 12-hourly values."""
    lowest: int
    highest: int
    """Limits of values in the published unit, far outside of all weather; beyond them the line is damaged."""


ELEMENTS: Final = (
    Element("temperature", ("TMP",), 1, -90, 140),
    Element("extreme_temperature", ("TXN", "N/X", "X/N"), 4, -90, 140),
    Element("dew_point", ("DPT",), 1, -98, 110),
    Element("wind_direction", ("WDR",), 1, 0, 36),
    Element("wind_speed", ("WSP",), 1, 0, 220),
    Element("wind_gust", ("GST",), 1, 0, 300),
    Element("cloud_cover", ("SKY",), 1, 0, 100),
    Element("precipitation", ("Q06",), 2, 0, 998),
    Element("precipitation_probability", ("P12",), 4, 0, 100),
    Element("mixing_height", ("MHT",), 1, 0, 300),
    Element("transport_wind", ("TWS",), 1, 0, 200),
)
"""What is read: °F, tens of degrees from which the wind blows, knots, %, hundredths of an inch, hundreds of feet. All
other lines are ignored, so that a new version may add some. Source: NBM text card v4.2, MDL."""

ELEMENT_OF_NAME: Final = {name: element for element in ELEMENTS for name in element.names}
