"""Tables read line by line: slower than pyarrow, for files that a program saved anew or that have broken lines."""

import io
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Final

import pandas as pd

from airwatch_dagster.acquire.parsing.dialects import Dialect, fields, split
from airwatch_dagster.acquire.parsing.encoding import ENCODINGS
from airwatch_dagster.acquire.parsing.rejections import MAX_REJECTED_SHARE, MAX_SHOWN_CHARACTERS, Rejection
from airwatch_dagster.limits import MAX_TABLE_LINES

MAX_LINES_OF_ROW: Final = 10
"""Lines of one row, for line breaks inside quotes. A quote that is never closed costs its own line, not the file."""

ROWS_AT_ONCE: Final = 50_000
"""Rows kept as Python text before they become categories."""

MAX_BROKEN: Final = int(MAX_REJECTED_SHARE * MAX_TABLE_LINES)
"""Lines that cannot be split, after which the rest is not read: more are too many even in the longest table."""

_NO_TEXT: Final = "\n\0\x1a\ufeff\ufffd"
"""Characters around a line that are no text: zeros of a damaged disk, the end of a file in DOS, a byte-order mark amid
joined files, half a character where UTF-16 was cut."""


@dataclass(frozen=True)
class Row:
    """One row as it was read."""

    line: int
    """Its first line, counted from 1."""
    values: list[str]
    text: str


@dataclass
class _Lines:
    """Numbered lines that can be put back."""

    opened: Iterator[str]
    number: int = 0
    """Of the line returned last."""
    _returned: deque[str] = field(default_factory=deque)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self.opened)
        self.number += 1
        return line.strip(_NO_TEXT)

    def put_back(self, lines: Sequence[str]) -> None:
        self._returned.extendleft(reversed(lines))
        self.number -= len(lines)


def read_lines(
    opened: Callable[[], IO[bytes]], dialect: Dialect, positions: Mapping[str, int]
) -> tuple[pd.DataFrame, dict[int, Rejection]]:
    """The columns at ``positions`` as categories of text, and why rows cannot be split into the header's columns.

    The index counts lines from the one below the header. Lines without a value are left out, and repeated headers.
    Rows with too few or too many values are in the frame as far as they have values. Reading ends with more than
    MAX_BROKEN of them. Never raises for content.
    """
    for encoding in (dialect.encoding,) if dialect.encoding else ENCODINGS:
        errors = "replace" if dialect.encoding or encoding == ENCODINGS[-1] else "strict"
        try:
            with opened() as file, io.TextIOWrapper(file, encoding=encoding, errors=errors) as text:
                return _table(rows(text, dialect), dialect, positions)
        except UnicodeDecodeError:
            continue
    raise AssertionError("the last encoding replaces what it cannot decode")


def rows(text: Iterator[str], dialect: Dialect) -> Iterator[Row]:
    """The rows below the header, without empty ones; see ``read_lines``."""
    width = len(dialect.header)
    lines = _Lines(text)
    for line in lines:
        number = lines.number
        if number <= dialect.header_line:
            continue
        values = _row(line, lines, dialect)
        while len(values) > width and not values[-1].strip():
            values.pop()
        if any(value.strip() for value in values) and tuple(values) != dialect.header[-len(values) :]:
            yield Row(number, values, line)


def _row(line: str, lines: _Lines, dialect: Dialect) -> list[str]:
    """The values of the row that begins with ``line``; the lines inside its quotes are taken from ``lines``."""
    if line.count('"') % 2 == 0:
        return fields(line, dialect.separator)
    taken: list[str] = []
    for following in islice(lines, MAX_LINES_OF_ROW - 1):
        taken.append(following)
        if following.count('"') % 2 == 1:
            values = split([f"{one}\n" for one in (line, *taken)], dialect.separator)
            if len(values) == len(dialect.header):
                return values
            break
    lines.put_back(taken)
    return fields(line, dialect.separator)


def _table(
    found: Iterator[Row], dialect: Dialect, positions: Mapping[str, int]
) -> tuple[pd.DataFrame, dict[int, Rejection]]:
    import pyarrow as pa

    width, first = len(dialect.header), dialect.header_line + 1
    text = pa.dictionary(pa.int32(), pa.string())
    parts, index = [pa.table({name: pa.array([], text) for name in positions})], list[int]()
    rejections: dict[int, Rejection] = {}
    while len(rejections) <= MAX_BROKEN and (some := list(islice(found, ROWS_AT_ONCE))):
        for row in some:
            if len(row.values) != width:
                reason = f"expected {width} values, not {len(row.values)}"
                if len(row.values) > width:
                    reason += "; a value with the separator has no quotes"
                rejections[row.line - first] = Rejection(reason, row.text[:MAX_SHOWN_CHARACTERS])
        columns = {name: [_at(row.values, at) for row in some] for name, at in positions.items()}
        parts.append(pa.table({name: pa.array(column).cast(text) for name, column in columns.items()}))
        index += [row.line - first for row in some]
    frame: pd.DataFrame = pa.concat_tables(parts).unify_dictionaries().to_pandas()
    return frame.set_index(pd.Index(index, dtype="int64")), rejections


def _at(values: Sequence[str], position: int) -> str | None:
    return values[position] if position < len(values) else None
