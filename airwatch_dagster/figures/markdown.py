"""Markdown tables and the numbers in their cells."""

from collections.abc import Iterable, Sequence
from typing import Final

import pandas as pd

UNDEFINED: Final = "–"
"""Cell of a number that is undefined or unknown."""

SIGNED: Final = "+z.2f"
"""Format of a skill or a bias: two decimals with a sign, and zero as +0.00."""


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
