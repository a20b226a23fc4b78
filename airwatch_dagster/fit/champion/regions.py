"""EPA's ten regions, by state."""

from collections.abc import Sequence
from typing import Final

import numpy as np

STATES_BY_REGION: Final[dict[int, tuple[str, ...]]] = {
    1: ("09", "23", "25", "33", "44", "50"),
    2: ("34", "36", "72", "78"),
    3: ("10", "11", "24", "42", "51", "54"),
    4: ("01", "12", "13", "21", "28", "37", "45", "47"),
    5: ("17", "18", "26", "27", "39", "55"),
    6: ("05", "22", "35", "40", "48"),
    7: ("19", "20", "29", "31"),
    8: ("08", "30", "38", "46", "49", "56"),
    9: ("04", "06", "15", "32", "60", "66", "69"),
    10: ("02", "16", "41", "53"),
}
"""Region → AQS state codes. Source: EPA, Regional and Geographic Offices."""

NO_REGION: Final = 0
"""Of sites abroad, which AQS lists under country codes instead of state codes."""

_REGION_BY_STATE: Final = {state: region for region, states in STATES_BY_REGION.items() for state in states}


def region_numbers(site_ids: Sequence[str]) -> np.ndarray:
    """EPA region of each site by its state, the first two digits; 0 outside the regions."""
    return np.array([_REGION_BY_STATE.get(site_id[:2], NO_REGION) for site_id in site_ids], dtype=int)
