"""How a program wrote a table as text: encoding, separator, and the line of the header."""

import csv
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from airwatch_dagster.acquire.parsing.encoding import decode, wide_encoding

SEPARATORS: Final = (",", ";", "\t", "|", " ")
"""Of EPA; of Excel where the comma is the decimal sign; of "Unicode text"; of AirNow; of R's write.table."""

MAX_LINES_ABOVE: Final = 30
"""Lines among which the header is searched: a title, a date of export, an empty line."""

MIN_KNOWN_COLUMNS: Final = 3
"""Known column names that make a line the header. One or two can stand in a title."""

ROWS_EXAMINED: Final = 20
"""Rows below the header that show whether a program wrote row numbers without naming their column."""

_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_LONE_CARRIAGE_RETURN: Final = re.compile(rb"\r(?!\n)")
_SPELLINGS: Final = {"sitenumber": "sitenum", "statefipscode": "statecode", "countyfipscode": "countycode"}
"""The same column under two names: Site Num in daily files, Site Number in the monitor list."""


@dataclass(frozen=True)
class Dialect:
    """How a program wrote a table."""

    encoding: str | None
    """UTF-16 or UTF-32; None for UTF-8 or else ISO-8859-1."""
    separator: str
    header: tuple[str, ...]
    """Column names as written; empty for a column of row numbers without a name."""
    header_line: int
    """Counted from 1."""
    is_plain: bool
    """As EPA writes: commas, a header in the first line, line feeds."""


def plain(name: str) -> str:
    """A column name without case, spacing and punctuation, as R, SAS and people change them."""
    letters = re.sub(r"[^a-z0-9]", "", name.lower())
    return _SPELLINGS.get(letters, letters)


def dialect_of(start: bytes, known: Collection[str]) -> Dialect | None:
    """The dialect of a file with these first bytes; None when no line has the names of columns.

    ``known`` are plain names of columns.
    """
    encoding = wide_encoding(start)
    lines = first_lines(start)
    found = list(_headers(lines, frozenset(known)))
    if not found:
        return None
    _, at, separator = max(found, key=lambda one: (one[0], -one[1]))
    header = fields(lines[at], separator)
    if _has_row_numbers(header, lines[at + 1 :], separator):
        header = ["", *header]
    is_plain = encoding is None and separator == "," and at == 0 and header == next(csv.reader([lines[0]]), [])
    is_plain &= not _LONE_CARRIAGE_RETURN.search(start[:-1]) and len(set(header)) == len(header)
    return Dialect(encoding, separator, tuple(header), at + 1, is_plain)


def first_lines(start: bytes) -> list[str]:
    """The lines at the start of a file; the last of a longer file may be cut."""
    encoding = wide_encoding(start)
    text = start.decode(encoding, errors="replace") if encoding else decode(start)
    return _LINE_END.split(text)[: MAX_LINES_ABOVE + ROWS_EXAMINED]


def fields(line: str, separator: str) -> list[str]:
    """The values of one line, also of a line that is quoted as a whole; none for a line that cannot be split."""
    values = split([line], separator)
    is_quoted_as_a_whole = len(values) == 1 and separator in values[0] and line.startswith('"')
    return split(values, separator) if is_quoted_as_a_whole else values


def split(lines: Sequence[str], separator: str) -> list[str]:
    """The values of one row in one or more lines; none where the row cannot be split or ends before the last line."""
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=separator != " ")
    try:
        values = next(reader, [])
    except csv.Error:
        return []
    return values if reader.line_num == len(lines) else []


def _headers(lines: Sequence[str], known: frozenset[str]) -> Iterator[tuple[int, int, str]]:
    """Known names, line from 0, and separator of each line that may be the header."""
    for at, line in enumerate(lines[:MAX_LINES_ABOVE]):
        for separator in SEPARATORS:
            count = len(known.intersection(plain(name) for name in fields(line, separator)))
            if count >= MIN_KNOWN_COLUMNS:
                yield count, at, separator


def _has_row_numbers(header: Sequence[str], lines: Sequence[str], separator: str) -> bool:
    """Whether the rows begin with a number that the header has no name for, as R's write.table writes them."""
    rows = [values for values in (fields(line, separator) for line in lines[:ROWS_EXAMINED]) if len(values) > 1]
    longer = [values for values in rows if len(values) == len(header) + 1 and values[-1]]
    if not longer or len(longer) < len(rows) - 1:
        return False
    numbers = [int(values[0]) for values in longer if values[0].isdecimal()]
    return len(numbers) == len(longer) and all(one < other for one, other in pairwise(numbers))
