"""Tables of text, as Markdown, and the numbers in their cells."""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from airwatch_dagster.schemas.columns import TOMORROW

UNDEFINED: Final = "–"
"""Cell of a number that is undefined or unknown."""

SIGNED: Final = "+z.2f"
"""Format of a skill or a bias: two decimals with a sign, and zero as +0.00."""


MAX_LABEL_LETTERS: Final = 24
"""Letters of a site's name in a table or plot."""


@dataclass(frozen=True)
class TextTable:
    """Headings and cells; ``**`` around a cell makes it bold in Markdown."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """Each as long as ``header``."""

    def __str__(self) -> str:
        return table(self.header, self.rows)

    def plain_rows(self) -> list[dict[str, str]]:
        """Heading → cell of each row, without the marks of Markdown."""
        return [dict(zip(self.header, map(as_written, row), strict=True)) for row in self.rows]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table with one line per row; every row has as many cells as ``header``."""
    lines = [f"| {' | '.join(cells)} |" for cells in (header, *rows)]
    return "\n".join([lines[0], "|---" * len(header) + "|", *lines[1:]])


def number(value: float | None, form: str = ".2f") -> str:
    """The number in a format of Python's; a dash for None and NaN."""
    return UNDEFINED if value is None or pd.isna(value) else f"{value:{form}}"


def numbers(values: Iterable[float | None], form: str = ".2f") -> str:
    """Numbers side by side in one cell, such as those of 1, 2 and 3 days ahead; a dash for none at all."""
    return " / ".join(number(value, form) for value in values) or UNDEFINED


def counted(count: int, what: str) -> str:
    """``1 site``, ``1,200 sites``."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


_MARKUP: Final = re.compile(r"([\\`*\[\]~|$]|(?<!\w)_|_(?!\w))")
"""Characters that mean something amid a line of Markdown, as Dagster's UI and MLflow's read it. Sources: CommonMark and
GitHub Flavored Markdown; $ begins a formula in some readers."""

_TAGS: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def escaped(text: str) -> str:
    """``text`` that Markdown shows as it is, on one line: a name of EPA's can hold anything."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()).translate(_TAGS))


def as_written(cell: str) -> str:
    """A cell without the marks of Markdown, and the characters of ``escaped`` as they were."""
    text = re.sub(r"(?<!\\)[*_]+$|^[*_]+", "", cell)
    return html.unescape(re.sub(r"\\(.)", r"\1", text))


def label(name: str) -> str:
    """A name short enough for a cell or an axis, without the sign that ends a cell."""
    text = name.replace("|", "/")
    return text if len(text) <= MAX_LABEL_LETTERS else f"{text[: MAX_LABEL_LETTERS - 1]}…"


def unbroken(cell: str) -> str:
    """The cell with signs that a browser keeps on one line: a number stays with its unit and its range."""
    return cell.replace(" ", "\u00a0").replace("–", "\u2060–\u2060")


def lead_name(lead: int) -> str:
    """``1 day``, ``**2 days (tomorrow)**``, ``3 days``: the heading of a line, in bold for the main lead."""
    return f"**{told_lead(lead)}**" if lead == TOMORROW else told_lead(lead)


def told_lead(lead: int) -> str:
    """``1 day``, ``2 days (tomorrow)``, ``3 days``."""
    return f"{counted(lead, 'day')}{' (tomorrow)' if lead == TOMORROW else ''}"


def ahead(lead: int) -> str:
    """``1 day ahead``, ``2 days ahead``."""
    return f"{counted(lead, 'day')} ahead"
