"""A scoreboard as a short Markdown table."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from airwatch_dagster.figures.markdown import number, table
from airwatch_dagster.verify.verdict import display_name, saved_text

MAX_CHARACTERS: Final = 950
"""Length that Dagster still shows without a click, with some room: its limit is 1,000."""

HEADER: Final = ("Forecaster", "Cases", "RMSE, µg/m³", "Category", "Missed", "False", "AirWatch saves")


def short_scoreboard(rows: pd.DataFrame, *, horizon_days: int) -> str:
    """Markdown: a line per forecaster of one lead, of all cases together: errors, share of AQI categories forecast,
    missed and falsely forecast days above an AQI of 100, and the squared error that AirWatch saves.

    ``rows`` have the columns of ``scoreboard``, of one span. AirWatch has a line in every comparison, since the cases
    differ. Lines that would make the text longer than ``MAX_CHARACTERS`` are counted instead.
    """
    chosen = rows[(rows["group_kind"] == "all") & (rows["horizon_days"] == horizon_days)]
    lines = [
        (
            display_name(row["forecaster"]),
            f"{row['cases']:,}",
            number(row["rmse_ugm3"]),
            number(row["category_accuracy"], ".0%"),
            str(row["misses"]),
            str(row["false_alarms"]),
            saved_text(row),
        )
        for row in chosen.to_dict("records")
    ]
    shown = len(lines)
    while len(text := _text(lines[:shown], left_out=len(lines) - shown)) > MAX_CHARACTERS:
        shown -= 1
    return text


def _text(lines: Sequence[tuple[str, ...]], *, left_out: int) -> str:
    return table(HEADER, lines) + (f"\n\n{left_out} more in the table." if left_out else "")
