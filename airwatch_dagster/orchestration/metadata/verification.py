"""A month's verification in Dagster's metadata: a summary, numbers that chart over months, tables and a plot."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import dagster as dg
import pandas as pd

from airwatch_dagster.figures.style import embedded_png
from airwatch_dagster.figures.verification_table import (
    RELIABILITY_NOTE,
    reliability_by_limit,
    reliability_table,
    scores_by_group,
    scores_by_lead,
    summary,
)
from airwatch_dagster.orchestration.metadata.tables import PartitionMetadata

CHARTED: Final = {
    "skill_over_damped": "skill_{lead}d",
    "rmse_ugm3": "rmse_{lead}d_ugm3",
    "mae_ugm3": "mae_{lead}d_ugm3",
    "bias_ugm3": "bias_{lead}d_ugm3",
    "coverage": "coverage_{lead}d",
    "mean_width_ugm3": "mean_width_{lead}d_ugm3",
    "pinball_ugm3": "pinball_{lead}d_ugm3",
    "brier_9_0": "brier_9_0_{lead}d",
    "brier_35_4": "brier_35_4_{lead}d",
}
"""Column of ``verification`` → its metadata name by lead."""


def verification_metadata(
    table: pd.DataFrame, scores: pd.DataFrame, *, months: Sequence[pd.Timestamp]
) -> PartitionMetadata:
    """Per month: a summary, numbers, tables and a reliability diagram; a month without scores has the summary alone.

    ``table`` holds rows of ``verification``, ``scores`` the ``forecast_scores`` they are computed from.
    """
    verified = dict(list(table.groupby("month")))
    scored = dict(list(scores.groupby(scores["target_date"].dt.to_period("M"))))
    return {
        f"{month:%Y-%m}": _of_month(month, verified[month], scored[month.to_period("M")])
        if month in verified
        else {"summary": f"No forecast of {month:%B %Y} has an observed value."}
        for month in months
    }


def _of_month(month: pd.Timestamp, rows: pd.DataFrame, scores: pd.DataFrame) -> dict[str, Any]:
    by_lead = rows[rows["group_kind"] == "all"].to_dict("records")
    shortest = rows[rows["horizon_days"] == rows["horizon_days"].min()].to_dict("records")
    return {
        "summary": summary(month, by_lead[0], families=sorted(scores["model_family"].unique())),
        "by_lead": dg.MetadataValue.md(scores_by_lead(by_lead)),
        "by_group": dg.MetadataValue.md(scores_by_group(shortest)),
        "reliability": dg.MetadataValue.md(_reliability(month, scores)),
        **_charted(by_lead),
    }


def _reliability(month: pd.Timestamp, scores: pd.DataFrame) -> str:
    from airwatch_dagster.figures.reliability import reliability_plot

    tables = reliability_by_limit(scores)
    plot = embedded_png("reliability", reliability_plot(tables, title=f"Reliability diagram, {month:%B %Y}"))
    return "\n\n".join(
        [plot, *(reliability_table(limit, by_lead) for limit, by_lead in tables.items()), RELIABILITY_NOTE]
    )


def _charted(by_lead: Sequence[Mapping[Any, Any]]) -> dict[str, float]:
    """``skill_1d``, ``rmse_2d_ugm3``, …: every measure that is defined."""
    return {
        name.format(lead=row["horizon_days"]): round(float(row[measure]), 4)
        for row in by_lead
        for measure, name in CHARTED.items()
        if pd.notna(row[measure])
    }
