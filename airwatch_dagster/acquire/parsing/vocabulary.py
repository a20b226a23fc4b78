"""The words of AQS that AirWatch acts on: their spellings, and what is done with a word that nobody knows."""

import re
from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.parsing.rejections import SourceLocation
from airwatch_dagster.parameters import ACCEPTABLE_PARAMETER

FILTER_METHODS: Final = frozenset(
    {"116", "117", "118", "119", "120", "142", "143", "145", "153", "155", "545", "707", "810"}
)
"""Methods of samplers whose filters a laboratory weighs: FRM samplers, and of 88502 IMPROVE (707) and the Chemical
Speciation Network (810). Source: AQS methods; in AirData's files of 2012 and 2018-21 all of their rows have the
duration FILTER_DAY, and no row has it under another method of 88502."""

EVENTS_INCLUDED: Final = ("Events Included", "Included")
"""Event types of days with exceptional events whose hours count: the API's, then the bulk files'."""

NO_EVENTS: Final = ("No Events", "None")
"""Event types of days without exceptional events: the API's, then the bulk files'."""

EVENTS_EXCLUDED: Final = ("Events Excluded", "Concurred Events Excluded", "Excluded")
"""Event types of days without the hours of exceptional events: two of the API's, then the bulk files'. Source of all:
AQS event types."""

FILTER_DAY: Final = "24 HOUR"
"""Duration of a filter's day. Source of all durations: AQS sample durations."""

BLOCK_AVERAGE: Final = "24-HR BLK AVG"
"""Duration of a continuous monitor's day."""

ONE_HOUR: Final = "1 HOUR"
"""Duration of a continuous monitor's hours, of which AQS publishes the mean of the day."""

LOCAL_CONDITIONS: Final = "Micrograms/cubic meter (LC)"
"""Unit of 88101 and 88502. Source: AQS units."""


def counts_for_site_days(readings: pd.DataFrame) -> np.ndarray:
    """Mask of the rows (parameter_code, sample_duration, method_code) that may give a site-day its value.

    Filters of 88502 do not: see docs/explanation/site-days.md. The duration tells them, and in files without one (EPA's
    downloads) the method.
    """
    is_filter = (readings["sample_duration"] == FILTER_DAY) | readings["method_code"].isin(FILTER_METHODS)
    counts: np.ndarray = ((readings["parameter_code"] != ACCEPTABLE_PARAMETER) | ~is_filter).to_numpy(dtype=bool)
    return counts


def listed_for_site_days(monitors: pd.DataFrame) -> np.ndarray:
    """Mask of the ``monitors`` whose readings may give a site-day its value, by their last method."""
    is_filter = (monitors["parameter_code"] == ACCEPTABLE_PARAMETER) & monitors["method_code"].isin(FILTER_METHODS)
    listed: np.ndarray = ~is_filter.to_numpy(dtype=bool)
    return listed


def folded(word: str) -> str:
    """A word without case, spaces and punctuation."""
    return re.sub(r"[^a-z0-9µμ]", "", word.lower()).replace("μ", "u").replace("µ", "u")


def _spellings(*words: str, **others: str) -> dict[str, str]:
    """Folded spelling → AQS's word: the words themselves, and the ``others``."""
    return {folded(word): word for word in words} | others


VOCABULARY: Final[Mapping[str, Mapping[str, str]]] = {
    "sample_duration": _spellings(FILTER_DAY, BLOCK_AVERAGE, ONE_HOUR)
    | dict.fromkeys(("24hours", "24hr", "24hrs", "24h"), FILTER_DAY)
    | dict.fromkeys(
        (
            *("24hourblkavg", "24hrblockavg", "24hourblockavg", "24hrblkaverage"),
            *("24hrblockaverage", "24hourblockaverage", "24hourblkaverage", "24hblkavg"),
        ),
        BLOCK_AVERAGE,
    )
    | dict.fromkeys(("1hours", "1hr", "1hrs", "1h"), ONE_HOUR),
    "event_type": _spellings(*EVENTS_INCLUDED, *NO_EVENTS, *EVENTS_EXCLUDED)
    | {"eventincluded": "Events Included", "eventexcluded": "Events Excluded", "noevent": "No Events"},
    "units_of_measure": _spellings(LOCAL_CONDITIONS)
    | dict.fromkeys(("microgramspercubicmeterlc", "ugm3lc", "microgramscubicmeterslc"), LOCAL_CONDITIONS),
    "validity_indicator": _spellings("Y", "N"),
}
"""By column, folded spelling → AQS's word. A word that is not listed sets its row aside, and stops the file if many
rows have it: rows under an unknown word would otherwise count for nothing, without a sign."""

_OTHER_DURATION: Final = re.compile(
    r"(?!24\D)\d+[\s-]*(?:HOURS?|HRS?|MINUTES?|MIN|DAYS?|WEEKS?|MONTHS?)\b.*", re.IGNORECASE
)
"""A duration other than a day: AQS has dozens, such as 3 HOURS and 8-HR RUN AVG BEGIN HOUR. Its rows are kept as
published."""


def in_aqs_words(frame: pd.DataFrame, origin: SourceLocation) -> pd.DataFrame:
    """``frame`` (contract columns) with AQS's words in those columns of ``VOCABULARY`` that it has; null stays null.

    Rows with an unknown word are set aside at ``origin``.
    """
    changed = {}
    for column, spellings in VOCABULARY.items():
        if column not in frame:
            continue
        positions, uniques = pd.factorize(frame[column])
        words = [_aqs_word(str(word), spellings, column) for word in uniques]
        bad = np.array([word is None for word in words], dtype=bool)
        if bad.any():
            rows = np.flatnonzero((positions >= 0) & bad[positions])
            known = ", ".join(dict.fromkeys(spellings.values()))
            origin.reject(frame.index[rows], column, frame[column].iloc[rows], f"one of {known}")
        if words != list(uniques):
            values = np.array([*words, None], dtype=object)
            changed[column] = pd.Series(values[positions], index=frame.index, dtype=object)
    return frame.assign(**changed) if changed else frame


def _aqs_word(word: str, spellings: Mapping[str, str], column: str) -> str | None:
    known = spellings.get(folded(word))
    if known is None and column == "sample_duration" and _OTHER_DURATION.fullmatch(word.strip()):
        return word
    return known
