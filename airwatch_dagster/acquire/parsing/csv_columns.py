"""CSV files of EPA: columns by header name, ignoring case, spacing and punctuation."""

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Final

import pandas as pd

from airwatch_dagster.acquire.parsing.encoding import ENCODINGS, decode
from airwatch_dagster.acquire.parsing.rejections import SourceLocation
from airwatch_dagster.errors import BadPayload

_SPELLINGS: Final = {"sitenumber": "sitenum"}
"""The same column under two names: Site Num in daily files, Site Number in the monitor list."""

_OPTIONAL: Final = ("method_code",)
"""Columns that older layouts lack."""

_FIRST_LINE: Final = 2
"""Line of the first row: the header is line 1."""


def named_columns(
    opened: Callable[[], IO[bytes]],
    names: Mapping[str, str],
    *,
    culprit: str,
    layout: str,
) -> tuple[pd.DataFrame, SourceLocation]:
    """The CSV's columns in ``names`` (contract name to published name) under contract names; others are ignored.

    Every value is text (categories), empty values are null, and so is an optional column that the file lacks.
    ``opened`` opens the file at its start; ``layout`` names the columns' publisher in errors. The encoding is UTF-8
    or else ISO-8859-1. Raises BadPayload naming the missing columns, and for a file that is not well-formed CSV.
    """
    with opened() as file:
        published = _published_names(file.readline(), names, culprit, layout)
    table = _read_columns(opened, list(published.values()), culprit)
    frame = table.rename(columns={spelling: name for name, spelling in published.items()})
    for name in names.keys() - published.keys():
        frame[name] = pd.Series(None, index=frame.index, dtype=object)
    return frame, SourceLocation(culprit, "line", _FIRST_LINE, names)


def _published_names(header: bytes, names: Mapping[str, str], culprit: str, layout: str) -> dict[str, str]:
    """The file's own spelling of each column, by contract name."""
    spellings = {_plain(spelling): spelling for spelling in next(csv.reader([decode(header)]), [])}
    published = {name: spellings[_plain(one)] for name, one in names.items() if _plain(one) in spellings}
    missing = [one for name, one in names.items() if name not in published and name not in _OPTIONAL]
    if missing:
        problem = f"has no column {', '.join(missing)}"
        raise BadPayload(culprit, problem, fix=f"The layout changed; use a file with {layout} columns")
    return published


def _read_columns(opened: Callable[[], IO[bytes]], columns: Sequence[str], culprit: str) -> pd.DataFrame:
    """Columns as categories of text. Raises BadPayload for a file that is not well-formed CSV."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    text = pa.dictionary(pa.int32(), pa.string())
    convert = arrow_csv.ConvertOptions(
        include_columns=columns,
        column_types=dict.fromkeys(columns, text),
        null_values=[""],
        strings_can_be_null=True,
    )
    parse = arrow_csv.ParseOptions(newlines_in_values=True)
    problem = ""
    for encoding in ENCODINGS:
        try:
            with opened() as file:
                read = arrow_csv.ReadOptions(encoding=encoding)
                table = arrow_csv.read_csv(file, read_options=read, parse_options=parse, convert_options=convert)
            frame: pd.DataFrame = table.to_pandas()
        except pa.ArrowInvalid as error:
            problem = str(error)
            if "UTF8" not in problem:
                break
        else:
            return frame
    raise BadPayload(culprit, f"is not well-formed CSV: {problem[:300]}", fix="Use another copy of the file")


def _plain(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return _SPELLINGS.get(plain, plain)
