"""Sets of partition keys, days (``2021-07-04``) or months (``2021-07``), and their text as spans."""

from collections.abc import Iterable
from typing import Final

import pandas as pd

from airwatch_dagster.orchestration.partitions import spans

Keys = frozenset[str]

NONE: Final[Keys] = frozenset()

MAX_SPANS_SHOWN: Final = 4
"""Spans in a message; the table has all."""


def keys_between(first: str, last: str) -> Keys:
    """All keys from ``first`` to ``last``; none for empty ones, as of a run without partitions."""
    if not first:
        return NONE
    return frozenset(map(str, pd.period_range(first, last, freq=_unit(first))))


def spans_of(keys: Iterable[str]) -> list[tuple[str, str]]:
    """First and last of each run of adjacent keys, in order; days and months apart."""
    found = []
    for unit in ("D", "M"):
        of_unit = sorted(pd.Period(key, unit) for key in keys if _unit(key) == unit)
        found += spans(of_unit)
    return sorted(found)


def as_text(keys: Iterable[str]) -> str:
    """``2021-07-01…2021-07-04, 2021-07-09``; ``keys_in`` reads it."""
    return ", ".join("…".join(dict.fromkeys(span)) for span in spans_of(keys))


def keys_in(text: str) -> Keys:
    """The keys of such a text."""
    spans_text = [span.split("…") for span in text.split(", ")] if text else []
    return frozenset().union(*(keys_between(span[0], span[-1]) for span in spans_text))


def shown(keys: Keys) -> str:
    """The text for a message: the first spans, then how many partitions there are in all."""
    found = spans_of(keys)
    text = ", ".join("…".join(dict.fromkeys(span)) for span in found[:MAX_SPANS_SHOWN])
    more = ", …" if len(found) > MAX_SPANS_SHOWN else ""
    return f"{text}{more}" + (f" ({len(keys):,} partitions)" if len(keys) > 1 else "")


def _unit(key: str) -> str:
    return "M" if len(key) == len("2021-07") else "D"
