"""A station's lines in an NBS bulletin: where each station begins, its hours, and the cells of its elements."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import pandas as pd

from airwatch_dagster.acquire.weather.months import MONTHS
from airwatch_dagster.acquire.weather.nbm.elements import ELEMENT_OF_NAME, ELEMENTS, NOT_GIVEN, Element

CELL: Final = 3
"""Characters of a column; values of three characters run together."""

BLANK: Final = " " * CELL
"""A column without a value."""

FIRST_CELL: Final = 4
"""Characters before the first column: the name of the line, which has three, and a blank."""

MAX_COLUMNS: Final = 48
"""Columns that a line may have; bulletins have had 21 and 23."""

_HEADER: Final = re.compile(
    r"\s*([A-Z0-9_]{3,8})\s+NBM\s+(?:V(\d+\.\d+)\s+)?NBS GUIDANCE\s+(\d{1,2})/(\d{1,2})/(\d{4})\s+(\d{4}) UTC"
)
_DAY_LABEL: Final = re.compile(r"/([A-Z]{3}) +(\d{1,2})(?!\d)")


class BadStation(Exception):
    """A station cannot be read: the number of its first bad line, the line, and why."""

    def __init__(self, line_number: int, line: str, reason: str, name: str | None = None) -> None:
        super().__init__(reason)
        self.line_number, self.line, self.reason, self.name = line_number, line, reason, name


@dataclass(frozen=True)
class Block:
    """The lines of one station, from its header on."""

    station_id: str | None
    """None where the header cannot be read."""
    first_line: int
    """Number of the header in the file, from 1."""
    lines: list[str]
    version: str | None = None
    run_at: pd.Timestamp | None = None
    """Start of the model run (UTC)."""


def blocks(lines: list[str]) -> Iterator[Block]:
    """Every station of the file; lines before the first are no station's.

    A station begins at a header that can be read, or at the line before a line of days (``DT``), so that a damaged
    header does not give its values to the station before. It ends where the next begins. Lines behind a blank one
    belong to it, unless they repeat its own: then they are those of a station whose beginning is lost.
    """
    starts: dict[int, re.Match[str] | None] = {}
    for number, line in enumerate(lines):
        if "NBS GUIDANCE" in line and (match := _HEADER.match(line)):
            starts[number] = match
        elif line[:5].lstrip().startswith("DT ") and number > 0:
            starts.setdefault(number - 1, None)
    for (start, header), end in zip(starts.items(), [*list(starts)[1:], len(lines)], strict=bool(starts)):
        cut = _orphaned_from(lines, start, end)
        yield _block(start + 1, header, lines[start:cut])
        if cut < end:
            yield Block(None, cut + 1, lines[cut:end])


def _orphaned_from(lines: list[str], start: int, end: int) -> int:
    """Where, behind a blank line, the lines of a station begin again; ``end`` without such."""
    names: set[str] = set()
    is_behind_blank, paragraph = False, end
    for number in range(start, end):
        line = lines[number]
        name = line.lstrip()[:CELL]
        if not name:
            is_behind_blank, paragraph = True, number + 1
        elif is_behind_blank and name in names:
            return paragraph
        elif name in _OWN_NAMES:
            names.add(name)
    return end


_OWN_NAMES: Final = frozenset(("UTC", "FHR", *ELEMENT_OF_NAME))


def _block(number: int, header: re.Match[str] | None, lines: list[str]) -> Block:
    if header is None:
        return Block(None, number, lines)
    station_id, version, month, day, year, hour = header.groups()
    try:
        run_at = pd.Timestamp(int(year), int(month), int(day), int(hour[:2]), int(hour[2:]))
    except ValueError:
        return Block(None, number, lines)
    return Block(station_id, number, lines, version, run_at)


@dataclass
class BlockReader:
    """Reads blocks; the hours of a file, which all its stations share, are understood once."""

    _hours: dict[tuple[str, ...], tuple[int, ...] | str] = field(default_factory=dict)

    def read(self, block: Block) -> tuple[tuple[int, ...], dict[str, list[float]]]:
        """Hours after the run of each column, and per element its value in each column, nan where none is given.

        Raises BadStation for a header, an hour, a line or a value that cannot be read, and for a station without
        values.
        """
        if block.station_id is None or block.run_at is None:
            raise BadStation(block.first_line, block.lines[0], "expected the header of a station")
        named: dict[str, tuple[int, str]] = {}
        base = next((len(one) - len(one.lstrip()) for one in block.lines if one.lstrip().startswith("UTC ")), 0)
        for number, line in enumerate(block.lines[1:], block.first_line + 1):
            name = line[base : base + CELL].strip()
            if name in named and (name in _OWN_NAMES or name == "DT"):
                raise BadStation(number, line, f"{name} occurs twice in station {block.station_id}", name)
            named[name] = (number, line[base:].rstrip())
        hours = self._hours_of(block, named)
        values = {
            ELEMENT_OF_NAME[name].key: self._cells(block, name, *named[name], len(hours))
            for name in named
            if name in ELEMENT_OF_NAME
        }
        if not any(value == value for cells in values.values() for value in cells):
            raise BadStation(block.first_line, block.lines[0], f"station {block.station_id} has no values")
        return hours, values

    def _hours_of(self, block: Block, named: dict[str, tuple[int, str]]) -> tuple[int, ...]:
        missing = [name for name in ("DT", "UTC", "FHR") if name not in named]
        if missing:
            reason = f"station {block.station_id} has no line {missing[0]}"
            raise BadStation(block.first_line, block.lines[0], reason)
        texts = tuple(named[name][1] for name in ("DT", "UTC", "FHR"))
        assert block.run_at is not None
        known = self._hours.setdefault((str(block.run_at), *texts), "")
        if known == "":
            known = self._hours[str(block.run_at), *texts] = _understood(block.run_at, *texts)
        if isinstance(known, str):
            number, line = named["FHR"]
            raise BadStation(number, line, f"{known} in station {block.station_id}", "FHR")
        return known

    def _cells(self, block: Block, name: str, number: int, line: str, columns: int) -> list[float]:
        """The values of a line. Raises BadStation for one that ends too early or late, and for what is not a value."""
        element, cells = ELEMENT_OF_NAME[name], line[FIRST_CELL:]
        known = _KNOWN_CELLS[element.key]
        filled = -(-len(cells) // CELL)
        if not filled or filled + element.every <= columns or len(cells) % CELL or filled > columns:
            reason = f"{name} of station {block.station_id} ends after {filled} of {columns} columns"
            raise BadStation(number, line, reason, name)
        texts = _TEXTS.findall(cells.ljust(CELL * columns))
        values = list(map(known.__getitem__, texts))
        if _REFUSED in values:
            bad = _number(texts[values.index(_REFUSED)])
            expected = f"expected {element.lowest} to {element.highest}"
            shown = "a text" if bad is None else f"{bad}"
            raise BadStation(number, line, f"{name} of station {block.station_id} has {shown}, {expected}", name)
        return values


class _CellValues(dict[str, float]):
    """Values of an element's cells, nan where none is given. Each is understood once; those that are refused are not
    remembered, so that damaged bulletins do not fill the memory."""

    def __init__(self, element: Element) -> None:
        super().__init__()
        self._element = element

    def __missing__(self, cell: str) -> float:
        number = _number(cell)
        if cell == BLANK or number in NOT_GIVEN:
            value = float("nan")
        else:
            is_possible = number is not None and self._element.lowest <= number <= self._element.highest
            if not is_possible or number is None:
                return _REFUSED
            value = float(number)
        self[cell] = value
        return value


_KNOWN_CELLS: Final = {element.key: _CellValues(element) for element in ELEMENTS}


def _number(cell: str) -> int | None:
    """The whole number in a cell; None for anything else."""
    text = cell.strip()
    is_number = text.lstrip("-").isdigit() and text.isascii() and text.count("-") <= 1
    return int(text) if is_number else None


_TEXTS: Final = re.compile("." * CELL, re.DOTALL)

_REFUSED: Final = float("-inf")
"""Stands for a cell without a whole number, or with one beyond the limits of its element."""


def _understood(run_at: pd.Timestamp, days: str, utc: str, hours: str) -> tuple[int, ...] | str:
    """Hours after the run of each column, or what is wrong with the three lines of times."""
    cells = [[line[at : at + CELL] for at in range(FIRST_CELL, len(line), CELL)] for line in (utc, hours)]
    if not all(cell.strip().isdigit() for line in cells for cell in line):
        return "expected hours after the run"
    utc_hours, after = ([int(cell) for cell in line] for line in cells)
    if not 0 < len(after) <= MAX_COLUMNS or len(after) != len(utc_hours):
        return f"{len(after)} hours after the run for {len(utc_hours)} columns"
    if any(later <= earlier for earlier, later in pairwise(after)):
        return "hours after the run do not increase"
    valid = [run_at + pd.Timedelta(hours=hour) for hour in after]
    if [one.hour for one in valid] != utc_hours:
        return "hours after the run and hours of the day do not agree"
    for label in _DAY_LABEL.finditer(days):
        column = max(0, (label.start() - FIRST_CELL) // CELL)
        if column < len(valid) and (MONTHS[valid[column].month - 1], valid[column].day) != (
            label.group(1),
            int(label.group(2)),
        ):
            return f"day {label.group(1)} {label.group(2)} and hours after the run do not agree"
    return tuple(after)
