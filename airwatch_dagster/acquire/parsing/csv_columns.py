"""CSV files as EPA writes them: our columns found by name, whatever the case, spacing and punctuation of the header."""

import csv
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import IO, Final

import pandas as pd

from airwatch_dagster.acquire.parsing.values import SourceLocation
from airwatch_dagster.errors import BadPayload

_SPELLINGS: Final = {"sitenumber": "sitenum"}
"""One column, two names: daily files say Site Num, the monitor list Site Number."""

_FIRST_LINE: Final = 2
"""Line of the first row: the header is line 1."""


def named_columns(
    opened: Callable[[], IO[bytes]],
    names: Mapping[str, str],
    *,
    culprit: str,
    layout: str,
    may_be_absent: Collection[str] = (),
) -> tuple[pd.DataFrame, SourceLocation]:
    """The CSV's wanted columns by our names, every value text (categories), empty values null; other columns ignored.

    ``opened`` opens the file from its start, ``names`` says what each of our columns is called, ``layout`` whose
    columns these are. A column of ``may_be_absent`` that the file lacks is null. UTF-8 or else ISO-8859-1. Raises
    BadPayload naming the other columns that are missing, and for what is no CSV.
    """
    with opened() as file:
        published = _published_names(file.readline(), names, culprit, layout, may_be_absent)
    table = _read_columns(opened, list(published.values()), culprit)
    frame = table.rename(columns={theirs: ours for ours, theirs in published.items()})
    for ours in names.keys() - published.keys():
        frame[ours] = pd.Series(None, index=frame.index, dtype=object)
    return frame, SourceLocation(culprit, "line", _FIRST_LINE, names)


def _published_names(
    header: bytes, names: Mapping[str, str], culprit: str, layout: str, may_be_absent: Collection[str]
) -> dict[str, str]:
    """The file's own name of each of our columns, whatever its case, quotes and order."""
    theirs = {_plain(name): name for name in next(csv.reader([_decoded(header)]), [])}
    published = {ours: theirs[_plain(name)] for ours, name in names.items() if _plain(name) in theirs}
    missing = [name for ours, name in names.items() if ours not in published and ours not in may_be_absent]
    if missing:
        problem = f"has no column {', '.join(missing)}"
        raise BadPayload(culprit, problem, fix=f"The layout changed; use a file with {layout} columns")
    return published


def _read_columns(opened: Callable[[], IO[bytes]], columns: Sequence[str], culprit: str) -> pd.DataFrame:
    """Columns as categories of text, in UTF-8 or else ISO-8859-1."""
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
    for encoding in ("utf8", "iso-8859-1"):
        try:
            with opened() as file:
                read = arrow_csv.ReadOptions(encoding=encoding)
                table = arrow_csv.read_csv(file, read_options=read, parse_options=parse, convert_options=convert)
            frame: pd.DataFrame = table.to_pandas()
            return frame
        except pa.ArrowInvalid as error:
            problem = str(error)
            if "UTF8" not in problem:
                break
    raise BadPayload(culprit, f"is no well-formed CSV: {problem[:300]}", fix="Use another copy of the file")


def _decoded(line: bytes) -> str:
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError:
        return line.decode("iso-8859-1")


def _plain(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return _SPELLINGS.get(plain, plain)
