"""Lines of AirNow's text files: repaired where there is no doubt, set aside where there is."""

import codecs
import csv
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

import pandas as pd

from airwatch_dagster.acquire.airnow.layouts import DAY_FORMAT, PM25_DAY_NAMES, Layout
from airwatch_dagster.acquire.http.session import looks_like_html
from airwatch_dagster.acquire.parsing.encoding import decode
from airwatch_dagster.acquire.parsing.rejections import MAX_SHOWN_CHARACTERS, Rejection, SourceLocation
from airwatch_dagster.acquire.parsing.vocabulary import folded
from airwatch_dagster.errors import BadPayload, SourceUnavailable
from airwatch_dagster.limits import MAX_AIRNOW_BYTES, MAX_AIRNOW_LINES, megabytes

_STARTS_WITH_DAY: Final = re.compile(r'[\s|]*"?\d{1,2}/\d{1,2}/\d{2}"?\|')
_US_SITE: Final = re.compile(r"(?:840)?((?!00|80)[0-9]{9})")
_END_OF_FILE_MARK: Final = "\x1a"
"""Ctrl-Z, which programs of MS-DOS put at the end of a text."""

_Lines = list[tuple[int, str]]

COMPLETE_FIELDS: Final = 7
"""First fields of a daily file that hold a reading: day, site, name, parameter, unit, value, hours averaged."""


def read_fields(path: Path, layout: Layout, *, culprit: str) -> tuple[pd.DataFrame, SourceLocation]:
    """Every record as text in contract names, empty values null; the index is the line number minus one.

    Accepted are pipes before and behind a record, blank lines, quotes, any line end, a byte-order mark, and UTF-8,
    UTF-16 or ISO-8859-1, each line by itself. Repaired, and noted, are a record wrapped over lines, a pipe within free
    text, and a daily value whose line was cut behind it. Other lines with another number of fields are set aside.
    Raises BadPayload when these are too many, and for a file beyond the limits of ``limits``.
    """
    origin = SourceLocation(culprit, "line", 1, layout.fields)
    numbers, rows = [], []
    for lines in _records(text_lines(_content(path, culprit)), layout):
        for number, values in _readable(lines, layout, origin):
            numbers.append(number - 1)
            rows.append([value.strip() or None for value in values])
    frame = pd.DataFrame(rows, columns=list(layout.fields), index=pd.Index(numbers, dtype="int64"), dtype=object)
    origin.check_share(frame.index.union(pd.Index(list(origin.found), dtype="int64")))
    return frame, origin


def check_layout(path: Path, layout: Layout, *, culprit: str) -> None:
    """Raises SourceUnavailable for an empty file, a web page, and any other file without a record of ``layout``;
    BadPayload for one beyond the limits of ``limits``."""
    content = _content(path, culprit)
    problem = None
    if not content.strip():
        problem = "the file is empty; it is being written"
    elif looks_like_html(content):
        problem = "a web page came instead of the file"
    elif not any(
        _fields(" ".join(text for _, text in lines), layout) for lines in _records(text_lines(content), layout)
    ):
        problem = f"no line has the {len(layout.fields)} fields of {layout.file_name}"
    if problem is not None:
        raise SourceUnavailable(culprit, problem, fix="Wait until the file is complete, or check the URL")


def _content(path: Path, culprit: str) -> bytes:
    with path.open("rb") as file:
        content = file.read(MAX_AIRNOW_BYTES + 1)
    found = None
    if len(content) > MAX_AIRNOW_BYTES:
        found = f"more than {megabytes(MAX_AIRNOW_BYTES)}"
    elif max(content.count(b"\n"), content.count(b"\r")) > MAX_AIRNOW_LINES:
        found = f"more than {MAX_AIRNOW_LINES:,} lines"
    if found is not None:
        problem = f"holds {found}, several times what the largest of AirNow's files has"
        raise BadPayload(culprit, problem, fix="Check AIRWATCH_AIRNOW_URL")
    return content


def text_lines(content: bytes) -> _Lines:
    """Number and text of every line that is not blank; each is decoded by itself, so one bad byte costs one line."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        content = content.decode("utf-16", errors="replace").encode()
    lines = (decode(line).replace(_END_OF_FILE_MARK, "") for line in re.split(rb"\r\n|\n|\r", content))
    return [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def _records(lines: _Lines, layout: Layout) -> Iterator[_Lines]:
    """The lines of each record: its first, and those that follow it while fields are missing and no day begins one."""
    pending: _Lines = []
    pipes = 0
    for number, text in lines:
        if pending and (_STARTS_WITH_DAY.match(text) or pipes >= len(layout.fields) - 1):
            yield pending
            pending, pipes = [], 0
        pending.append((number, text))
        pipes += text.count("|")
    if pending:
        yield pending


def _readable(lines: _Lines, layout: Layout, origin: SourceLocation) -> Iterator[tuple[int, list[str]]]:
    """Number and values of the record in ``lines``; one that is unreadable is set aside, line by line."""
    first = lines[0][0]
    for joint in (" ", "") if len(lines) > 1 else ("",):
        whole = joint.join(text for _, text in lines)
        if (values := _fields(whole, layout)) is not None and (len(lines) == 1 or _is_plausible(values, layout)):
            if len(lines) > 1 and not layout.may_wrap:
                origin.note(first - 1, _repaired(f"joined {len(lines)} lines of one record", whole))
            elif whole.strip("|").count("|") > len(layout.fields) - 1:
                origin.note(first - 1, _repaired("a pipe belongs to the text of a field", whole))
            yield first, values
            return
    for number, text in lines:
        if (values := _cut_reading(text, layout)) is not None:
            origin.note(number - 1, _repaired("the line is cut behind its value", text))
            yield number, values
        else:
            origin.note(number - 1, _set_aside(text, layout))


def _fields(line: str, layout: Layout) -> list[str] | None:
    """The values of a line; None when there is no doubtless way to read its fields."""
    wanted = len(layout.fields)
    values = line.split("|")
    while len(values) > wanted and not values[0].strip():
        values = values[1:]
    if len(values) > wanted and not values[-1].strip():
        values = values[:-1]
    if len(values) > wanted and '"' in line:
        try:
            values = next(csv.reader([line], delimiter="|"), values)
        except csv.Error:  # a field longer than any text of AirNow's
            return None
    if len(values) == wanted:
        return [_unquoted(value) for value in values]
    if len(values) < wanted:
        return None
    surplus = len(values) - wanted
    places = [list(layout.fields).index(name) for name in layout.free_text]
    ways = [[*values[:at], "|".join(values[at : at + surplus + 1]), *values[at + surplus + 1 :]] for at in places]
    plausible = [way for way in ways if _is_plausible(way, layout)]
    known = [[value for at, value in enumerate(way) if at not in places] for way in plausible]
    return plausible[0] if len(list(groupby(known))) == 1 else None


def _is_plausible(values: list[str], layout: Layout) -> bool:
    """Whether the values of the layout's coded fields look like codes and numbers."""
    named = zip(layout.fields, values, strict=True)
    return all(layout.patterns[name].fullmatch(value.strip()) for name, value in named if name in layout.patterns)


def _cut_reading(line: str, layout: Layout) -> list[str] | None:
    """The values of a US site's daily PM2.5 whose line ends behind the value, the missing ones empty; else None."""
    values = line.split("|")
    if "short_id" not in layout.fields or not COMPLETE_FIELDS < len(values) < len(layout.fields):
        return None
    values = [*values[:COMPLETE_FIELDS], *[""] * (len(layout.fields) - COMPLETE_FIELDS)]
    named = dict(zip(layout.fields, values, strict=True))
    is_reading = folded(named["parameter"]) in PM25_DAY_NAMES and _US_SITE.fullmatch(named["short_id"].strip())
    patterns = {name: pattern for name, pattern in layout.patterns.items() if name != "airnow_id"}
    is_plausible = all(pattern.fullmatch(named[name].strip()) for name, pattern in patterns.items())
    return values if is_reading and is_plausible else None


def _repaired(reason: str, line: str) -> Rejection:
    return Rejection(reason, line[:MAX_SHOWN_CHARACTERS], is_repaired=True)


def _set_aside(line: str, layout: Layout) -> Rejection:
    """The record of a line with another number of fields; its site only where the line may be about PM2.5."""
    values = [value.strip() for value in line.split("|")]
    reason = f"expected {len(layout.fields)} fields, {len(values)} found"
    site = next((match.group(1) for value in values if (match := _US_SITE.fullmatch(value))), None)
    is_other = len(values) > 4 and folded(values[3]) not in PM25_DAY_NAMES and "pm2" not in folded(line)
    day = pd.to_datetime(values[0].strip('"'), format=DAY_FORMAT, errors="coerce")
    site = None if is_other else site
    return Rejection(reason, line[:MAX_SHOWN_CHARACTERS], site_id=site, day=None if pd.isna(day) else day)


def _unquoted(value: str) -> str:
    text = value.strip()
    return text[1:-1].replace('""', '"') if len(text) > 1 and text[0] == text[-1] == '"' else value
