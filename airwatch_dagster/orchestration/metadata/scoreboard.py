"""A month's scoreboard in Dagster's metadata: a sentence per comparison, a short table, and numbers that chart."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import dagster as dg
import pandas as pd

from airwatch_dagster.figures.scoreboard_table import short_scoreboard
from airwatch_dagster.orchestration.metadata.tables import PartitionMetadata
from airwatch_dagster.schemas.columns import HORIZONS_DAYS, REFERENCE_FAMILY
from airwatch_dagster.schemas.forecasters import AIRWATCH, BASELINES_COMPARISON, NEAREST_SITE
from airwatch_dagster.verify.verdict import verdict

CHARTED: Final = (REFERENCE_FAMILY, "persistence", NEAREST_SITE)
"""Forecasters whose squared error saved by AirWatch is charted over months, by lead."""


def scoreboard_metadata(table: pd.DataFrame, *, months: Sequence[pd.Timestamp]) -> PartitionMetadata:
    """Per month: the verdict and a table of the shortest lead, and at most 12 numbers; a month without comparisons has
    the verdict alone. ``table`` holds rows of ``scoreboard``."""
    of_month = dict(list(table.groupby("month")))
    lead = min(HORIZONS_DAYS)
    return {
        f"{month:%Y-%m}": {
            "verdict": verdict(of_month.get(month, table[:0]), horizon_days=lead),
            **(_numbers(of_month[month], lead) if month in of_month else {}),
        }
        for month in months
    }


def _numbers(rows: pd.DataFrame, lead: int) -> Mapping[str, Any]:
    """The short table, and ``saved_from_persistence_1d``, …, ``category_accuracy_1d``, … where they are defined."""
    own = rows[(rows["group_kind"] == "all") & (rows["comparison"] == BASELINES_COMPARISON)]
    names = {AIRWATCH: ("category_accuracy", "category_accuracy")}
    names |= {name: (f"saved_from_{name}", "airwatch_skill") for name in CHARTED}
    charted = {
        f"{names[row['forecaster']][0]}_{row['horizon_days']}d": row[names[row["forecaster"]][1]]
        for row in own.to_dict("records")
        if row["forecaster"] in names
    }
    return {
        "scoreboard": dg.MetadataValue.md(short_scoreboard(rows, horizon_days=lead)),
        **{name: round(float(value), 4) for name, value in charted.items() if pd.notna(value)},
    }
