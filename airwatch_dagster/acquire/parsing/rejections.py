"""Lines and rows that a reader sets aside or repairs: which, where and why, while the rest of a file is read."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.errors import BadPayload
from airwatch_dagster.schemas import TABLES

MAX_REJECTED_SHARE: Final = 0.1
"""Share of a file's lines that may be set aside. Broken lines are a few in thousands; a layout that changed, or a
program that rewrote the file, breaks all of them or whole columns."""

MAX_FEW: Final = 5
"""Lines that may be set aside whatever their share, as long as others are left: a download can have ten lines."""

MAX_SHOWN_CHARACTERS: Final = 200
"""Characters of a line or value that are kept."""

REJECTED_COLUMNS: Final = tuple(
    name for name in TABLES["rejected_lines"].column_names if name not in ("read_for", "read_at")
)
"""Columns of a reader's rejected lines; table and time are added where they are stored."""

UNTOUCHED_COPY: Final = (
    "Use an untouched copy of the file; if the publisher changed the layout, AirWatch has to learn it"
)
"""What to do about a file that AirWatch fetched, if many of its lines cannot be read."""

_SITE: Final = re.compile("[0-9]{9}")
_DATE_FORMATS: Final = ("%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y")
_SITE_PARTS: Final = ("state_code", "county_code", "site_number")


@dataclass(frozen=True)
class Rejection:
    """Why one line was set aside, or what was repaired in it."""

    reason: str
    value: str | None = None
    column: str | None = None
    """Contract name of the column; None for the line as a whole."""
    is_repaired: bool = False
    site_id: str | None = None
    """The site where the line itself shows it, since the row may not be in the frame."""
    day: pd.Timestamp | None = None
    """The day, likewise."""


@dataclass(frozen=True)
class SourceLocation:
    """Where a frame was read, and its lines that were set aside; the frame's index counts lines from ``first``."""

    culprit: str
    """File or service."""
    unit: str
    """What the source counts: line or row."""
    first: int
    """Number of the frame's row 0."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Published column names by contract name."""
    found: dict[int, Rejection] = field(default_factory=dict)
    """By row, the first reason; rows are those of the frame's index."""
    fix: str = UNTOUCHED_COPY
    """What to do if many lines cannot be read."""

    def reject(self, rows: Iterable[int], column: str, values: Iterable[object] | object, expected: str) -> None:
        """Set the ``rows`` aside because ``column`` (contract name) is not ``expected``.

        ``values`` is one for all rows, or one per row.
        """
        labels = [int(row) for row in rows]
        each = [values] * len(labels) if isinstance(values, str) or not isinstance(values, Iterable) else list(values)
        for row, value in zip(labels, each, strict=True):
            shown = None if _is_null(value) else str(value)[:MAX_SHOWN_CHARACTERS]
            reason = f"expected {expected}" if shown is not None else f"has no value, expected {expected}"
            self._record(row, Rejection(reason, shown, column))

    def note(self, row: int, rejection: Rejection) -> None:
        """Record a line that was set aside as a whole, or repaired; as for ``reject`` the first record counts."""
        self._record(int(row), rejection)

    def _record(self, row: int, rejection: Rejection) -> None:
        """The first record of a line counts, but a line set aside is not a repaired one."""
        known = self.found.get(row)
        if known is None or (known.is_repaired and not rejection.is_repaired):
            self.found[row] = rejection

    def kept(self, frame: pd.DataFrame) -> pd.DataFrame:
        """``frame`` without the rows set aside."""
        aside = [row for row, one in self.found.items() if not one.is_repaired]
        return frame[~frame.index.isin(aside)] if aside else frame

    def rejected(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The lines set aside or repaired, in ``REJECTED_COLUMNS``; site and day from the text of ``frame`` if valid.

        ``frame`` has published text in contract columns: site_id or its three parts, date_local. A line that was set
        aside for its day has no day, and one set aside for its site no site.
        """
        if not self.found:
            return no_rejected_lines()
        found = [(row, self.found[row]) for row in sorted(self.found)]
        text = frame.reindex([row for row, _ in found])
        columns = [one.column for _, one in found]
        rows = {
            "file": self.culprit,
            "line_number": [row + self.first for row, _ in found],
            "is_repaired": [one.is_repaired for _, one in found],
            "column_name": pd.Series(
                [None if one is None else self.names.get(one, one) for one in columns], dtype=object
            ),
            "value": pd.Series([one.value for _, one in found], dtype=object),
            "reason": [one.reason for _, one in found],
            "site_id": _site_ids(text, columns, [one.site_id for _, one in found]),
            "date_local": _days(text, columns, [one.day for _, one in found]),
        }
        return pd.DataFrame(rows, columns=list(REJECTED_COLUMNS))

    def check_share(self, read: pd.Index) -> None:
        """Raises BadPayload naming the first line when many of the ``read`` rows were set aside, or all of them.

        Then the layout changed, and what is left would look like a day with few readings.
        """
        aside = [row for row, one in self.found.items() if not one.is_repaired]
        rows = read[read.isin(aside)] if aside else read[:0]
        is_few = len(rows) <= max(MAX_FEW, MAX_REJECTED_SHARE * len(read))
        if len(rows) == 0 or (is_few and len(rows) < len(read)):
            return
        raise BadPayload(
            self.culprit,
            f"{len(rows):,} of {len(read):,} {self.unit}s cannot be read, such as {self.described(int(rows[0]))}",
            fix=self.fix,
        )

    def described(self, row: int) -> str:
        """``line 7: AQI is 'x', expected a whole number``."""
        one = self.found[row]
        what = f"{self.names.get(one.column, one.column)} " if one.column else ""
        value = f"is {one.value!r}, " if one.value is not None and one.column else ""
        line = f": {one.value!r}" if one.value is not None and not one.column else ""
        return f"{self.unit} {row + self.first}: {what}{value}{one.reason}{line}"


def no_rejected_lines() -> pd.DataFrame:
    """A frame without rows, in ``REJECTED_COLUMNS``."""
    return _no_rejected_lines().copy()


@cache
def _no_rejected_lines() -> pd.DataFrame:
    return TABLES["rejected_lines"].empty()[list(REJECTED_COLUMNS)]


def joined_rejections(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """All rejected lines, one row per file and line."""
    filled = [part for part in parts if len(part)]
    if not filled:
        return no_rejected_lines()
    return pd.concat(filled, ignore_index=True).drop_duplicates(["file", "line_number"], ignore_index=True)


def rejections_of_days(rejected: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    """The lines of ``rejected`` that may be about a day from ``first`` to ``last``: those of such a day, or of none."""
    days = rejected["date_local"]
    is_within = days.isna() | days.between(pd.Timestamp(first), pd.Timestamp(last))
    return rejected[is_within].reset_index(drop=True)


def may_be_rejected(history: pd.DataFrame, rejected: pd.DataFrame) -> np.ndarray:
    """Mask of the rows of ``history`` (site parts, date_local) that a line set aside may be about.

    A line whose site or day is unreadable may be about any. Such a row is not withdrawn by the pull: it may still be
    published.
    """
    lines = rejected[~rejected["is_repaired"].astype(bool)]
    result = np.zeros(len(history), dtype=bool)
    if lines.empty or len(history) == 0:
        return result
    sites = (history["state_code"] + history["county_code"] + history["site_number"]).to_numpy(dtype=object)
    days = history["date_local"].to_numpy(dtype="datetime64[ns]")
    has_site, has_day = lines["site_id"].notna(), lines["date_local"].notna()
    if (~has_site & ~has_day).any():
        return ~result
    result |= pd.Series(sites).isin(lines.loc[has_site & ~has_day, "site_id"]).to_numpy()
    result |= pd.Series(days).isin(lines.loc[has_day & ~has_site, "date_local"]).to_numpy()
    both = pd.MultiIndex.from_frame(lines.loc[has_site & has_day, ["site_id", "date_local"]])
    return result | pd.MultiIndex.from_arrays([sites, days]).isin(both)


def _is_null(value: Any) -> bool:
    return value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value))


def _site_ids(text: pd.DataFrame, columns: list[str | None], known: list[str | None]) -> pd.Series:
    """Per row the known site, else the published one if it is 9 digits and not what the row was set aside for."""
    parts = ["site_id"] if "site_id" in text else [name for name in _SITE_PARTS if name in text]
    written = zip(*(text[name].astype(object) for name in parts), strict=True) if parts else [()] * len(text)
    sites = ["".join(str(part).removesuffix(".0") for part in row) for row in written]
    valid = [site if _SITE.fullmatch(site) else None for site in sites]
    shown = [None if column in ("site_id", *_SITE_PARTS) else site for column, site in zip(columns, valid, strict=True)]
    return pd.Series([site or other for site, other in zip(known, shown, strict=True)], dtype=object)


def _days(text: pd.DataFrame, columns: list[str | None], known: list[pd.Timestamp | None]) -> pd.Series:
    """Per row the known day, else the published one if it is a date and not what the row was set aside for."""
    days = pd.Series(known, dtype="datetime64[ns]")
    if "date_local" in text:
        is_unreadable = pd.Series([column == "date_local" for column in columns])
        written = text["date_local"].astype(object).reset_index(drop=True).mask(is_unreadable)
        for layout in _DATE_FORMATS:
            parsed = pd.to_datetime(written, format=layout, errors="coerce").astype("datetime64[ns]")
            days = days.where(days.notna(), parsed)
    return days
