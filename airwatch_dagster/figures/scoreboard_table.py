"""A scoreboard as tables."""

from typing import Final

import pandas as pd

from airwatch_dagster.figures.markdown import TextTable, escaped, number
from airwatch_dagster.verify.verdict import display_name, saved_text

HEADER: Final = ("Forecaster", "Cases", "RMSE, µg/m³", "Category", "Missed", "False", "AirWatch saves")

SCOREBOARD_NOTE: Final = (
    "Forecasters are compared on the cases that all of a comparison have; AirWatch has a line in each. Category: share "
    "of AQI categories forecast. Missed and False: days above an AQI of 100 that were not forecast, or were forecast "
    "and not observed. AirWatch saves: share of the forecaster's mean squared error, with its 90 % interval over weeks."
)


def scoreboard_table(rows: pd.DataFrame, *, horizon_days: int) -> TextTable:
    """A line per comparison and forecaster of one lead, of all cases together; ``rows`` have the columns of
    ``scoreboard``, of one span."""
    chosen = rows[(rows["group_kind"] == "all") & (rows["horizon_days"] == horizon_days)]
    return TextTable(
        HEADER,
        tuple(
            (
                escaped(display_name(row["forecaster"])),
                f"{row['cases']:,}",
                number(row["rmse_ugm3"]),
                number(row["category_accuracy"], ".0%"),
                str(row["misses"]),
                str(row["false_alarms"]),
                saved_text(row),
            )
            for row in chosen.to_dict("records")
        ),
    )
