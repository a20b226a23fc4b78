"""CSV files of EPA: columns by header name, ignoring case, spacing and punctuation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Final

import pandas as pd

from airwatch_dagster.acquire.parsing.containers import START_BYTES
from airwatch_dagster.acquire.parsing.csv_lines import MAX_BROKEN, read_lines
from airwatch_dagster.acquire.parsing.dialects import Dialect, dialect_of, fields, first_lines, plain
from airwatch_dagster.acquire.parsing.encoding import ENCODINGS
from airwatch_dagster.acquire.parsing.rejections import SourceLocation
from airwatch_dagster.acquire.parsing.rewritten import as_published
from airwatch_dagster.errors import BadPayload

AS_PUBLISHED: Final = "Download it again, and use it as EPA sends it, not saved anew by another program"
"""What to do about a file that people had in their hands."""

OPTIONAL_COLUMNS: Final = ("method_code",)
"""Columns that older generations of all files lack."""

MAX_SHOWN: Final = 60
"""Characters of a file's first line that are shown."""


@dataclass(frozen=True)
class OtherTable:
    """A table that people take for the one they need, and that some of its columns identify."""

    what: str
    columns: tuple[str, ...]
    """Published names; a file that has all of them is this table."""
    use: str | None = None
    """What reads it; None for nothing."""


@dataclass(frozen=True)
class Layout:
    """The columns of one kind of file."""

    what: str
    names: Mapping[str, str]
    """Published names by contract name."""
    others: tuple[OtherTable, ...]
    """The first whose columns a file has is named in the error."""
    advice: str
    """Which file to use instead of another table."""
    optional: tuple[str, ...] = OPTIONAL_COLUMNS
    """Contract names of columns that may be missing."""
    complete: str = AS_PUBLISHED
    """What to do about a missing column of a file written as EPA writes it."""
    repair: str = AS_PUBLISHED
    """What to do if many of its lines cannot be read."""


def named_columns(
    opened: Callable[[], IO[bytes]], layout: Layout, *, culprit: str
) -> tuple[pd.DataFrame, SourceLocation]:
    """The columns of ``layout`` under contract names; others are ignored.

    Every value is text (categories), empty values are null, and so is an optional column that the file lacks. The
    index counts lines from the one below the header. ``opened`` opens the file at its start. What office and statistics
    programs change is read as EPA wrote it (see ``dialects`` and ``rewritten``), broken lines are set aside. Raises
    BadPayload for a file without a header, for another table, for a missing column, and for values that a program
    changed beyond recognition.
    """
    with opened() as file:
        start = file.read(START_BYTES)
    known = [name for other in layout.others for name in other.columns] + list(layout.names.values())
    dialect = dialect_of(start, {plain(name) for name in known})
    if dialect is None:
        raise _no_header(first_lines(start), layout, culprit)
    positions = _positions(dialect, layout, culprit)
    fix = layout.repair if dialect.is_plain else AS_PUBLISHED
    origin = SourceLocation(culprit, "line", dialect.header_line + 1, layout.names, fix=fix)
    frame = _read_plain(opened, dialect, positions) if dialect.is_plain else None
    if frame is None:
        frame, broken = read_lines(opened, dialect, positions)
        for row, rejection in broken.items():
            origin.note(row, rejection)
        if len(broken) > MAX_BROKEN:
            origin.check_share(frame.index)
    frame = as_published(frame, origin, is_separated_by_comma=dialect.separator == ",")
    for name in layout.names.keys() - positions.keys():
        frame[name] = pd.Series(None, index=frame.index, dtype=object)
    return frame, origin


def _positions(dialect: Dialect, layout: Layout, culprit: str) -> dict[str, int]:
    """Position of each column by contract name. Raises BadPayload for a missing or repeated column."""
    written = [plain(name) for name in dialect.header]
    for other in layout.others:
        if other.what != layout.what and {plain(name) for name in other.columns} <= set(written):
            raise BadPayload(culprit, f"is {other.what}, not {layout.what}", fix=other.use or layout.advice)
    wanted = {name: plain(spelling) for name, spelling in layout.names.items()}
    missing = [layout.names[name] for name in wanted if wanted[name] not in written and name not in layout.optional]
    if missing:
        fix = layout.complete if dialect.is_plain else AS_PUBLISHED
        raise BadPayload(culprit, f"has no column {', '.join(missing)}", fix=fix)
    for name in layout.names:
        if written.count(wanted[name]) > 1:
            problem = f"has the column {layout.names[name]} {written.count(wanted[name])} times"
            raise BadPayload(culprit, problem, fix="Delete the column that is not EPA's, or download the file again")
    return {name: written.index(one) for name, one in wanted.items() if one in written}


def _no_header(lines: Sequence[str], layout: Layout, culprit: str) -> BadPayload:
    """The error for a file without a line of column names."""
    first = next((line for line in lines if line.strip(" ,;\t")), "")
    shown = first if len(first) <= MAX_SHOWN else f"{first[:MAX_SHOWN]}…"
    values = max((fields(first, separator) for separator in ",;\t|"), key=len)
    if any(value.strip().isdecimal() for value in values):
        problem = f"has no header with the names of the columns; its first line is {shown!r}"
        return BadPayload(culprit, problem, fix="Put EPA's header above the rows, or download the file again")
    return BadPayload(culprit, f"is not {layout.what}; its first line is {shown!r}", fix=layout.advice)


def _read_plain(opened: Callable[[], IO[bytes]], dialect: Dialect, positions: Mapping[str, int]) -> pd.DataFrame | None:
    """Columns as categories of text, by pyarrow; None for a file that has to be read line by line."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    columns = {name: dialect.header[at] for name, at in positions.items()}
    text = pa.dictionary(pa.int32(), pa.string())
    convert = arrow_csv.ConvertOptions(
        include_columns=list(columns.values()),
        column_types=dict.fromkeys(columns.values(), text),
        null_values=[""],
        strings_can_be_null=True,
    )
    parse = arrow_csv.ParseOptions(newlines_in_values=True)
    for encoding in ENCODINGS:
        try:
            with opened() as file:
                read = arrow_csv.ReadOptions(encoding=encoding)
                table = arrow_csv.read_csv(file, read_options=read, parse_options=parse, convert_options=convert)
        except pa.ArrowInvalid as error:
            if "UTF8" not in str(error):
                return None
        except pa.ArrowKeyError:  # its header is in another encoding than its rows
            return None
        else:
            frame: pd.DataFrame = table.rename_columns(list(columns)).to_pandas()
            return None if _is_broken(frame, columns) else frame
    return None


def _is_broken(frame: pd.DataFrame, columns: Mapping[str, str]) -> bool:
    """Whether a quote that is not closed took lines into a value, or a header stands among the rows."""
    values = {name: frame[name].cat.categories for name in columns}
    has_line_breaks = any("\n" in value for each in values.values() for value in each)
    return has_line_breaks or all(columns[name] in each for name, each in values.items())
