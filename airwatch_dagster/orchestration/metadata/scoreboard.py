"""A month's scoreboard in Dagster's metadata: a sentence per comparison, tables, and numbers that chart over months."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from airwatch_dagster.figures.markdown import ahead
from airwatch_dagster.figures.scoreboard_table import SCOREBOARD_NOTE, scoreboard_table
from airwatch_dagster.orchestration.metadata.tables import PartitionMetadata
from airwatch_dagster.orchestration.pages import shown
from airwatch_dagster.schemas.columns import LEADS_FOR_PEOPLE, REFERENCE_FAMILY, TOMORROW
from airwatch_dagster.schemas.forecasters import AIRWATCH, BASELINES_COMPARISON, NEAREST_SITE
from airwatch_dagster.verify.verdict import display_name, verdict

CHARTED: Final = {
    AIRWATCH: ("category_accuracy", "AQI category right {ahead} (share)"),
    **{
        forecaster: ("airwatch_skill", f"error saved over {display_name(forecaster)} {{ahead}} (share)")
        for forecaster in ("persistence", REFERENCE_FAMILY, NEAREST_SITE)
    },
}
"""Forecaster → the column of ``scoreboard`` that is charted for every lead, and its name."""


def scoreboard_metadata(table: pd.DataFrame, *, months: Sequence[pd.Timestamp]) -> PartitionMetadata:
    """Per month: the verdict of tomorrow, a table per lead, tomorrow first, and at most 12 numbers; a month without
    comparisons has the verdict alone. ``table`` holds rows of ``scoreboard``."""
    of_month = dict(list(table.groupby("month")))
    return {
        f"{month:%Y-%m}": {
            "verdict": verdict(of_month.get(month, table[:0]), horizon_days=TOMORROW),
            **(_of_month(of_month[month]) if month in of_month else {}),
        }
        for month in months
    }


def _of_month(rows: pd.DataFrame) -> Mapping[str, Any]:
    leads = [lead for lead in LEADS_FOR_PEOPLE if lead in set(rows["horizon_days"])]
    own = rows[(rows["group_kind"] == "all") & (rows["comparison"] == BASELINES_COMPARISON)]
    charted = {
        name.format(ahead=ahead(row["horizon_days"])): row[column]
        for row in own.to_dict("records")
        for column, name in [CHARTED.get(row["forecaster"], (None, ""))]
        if column is not None
    }
    return {
        **{f"scoreboard {ahead(lead)}": shown(scoreboard_table(rows, horizon_days=lead)) for lead in leads},
        "about the scoreboard": SCOREBOARD_NOTE,
        **{name: round(float(value), 4) for name, value in charted.items() if pd.notna(value)},
    }
