"""A month's verification in Dagster's metadata: a summary, tables, a plot, and a few numbers that chart over months."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from airwatch_dagster.figures.markdown import ahead
from airwatch_dagster.figures.reliability import reliability_plot
from airwatch_dagster.figures.verification_table import (
    EXCEEDANCE_NOTE,
    GROUPS_NOTE,
    RELIABILITY_NOTE,
    SCORES_NOTE,
    error_table,
    exceedance_table,
    group_names,
    interval_table,
    lead_names,
    reliability_by_limit,
    reliability_table,
    summary,
)
from airwatch_dagster.orchestration.metadata.decay import Judged, judged_metadata
from airwatch_dagster.orchestration.metadata.tables import PartitionMetadata
from airwatch_dagster.orchestration.pages import Pages, shown

CHARTED: Final = {
    "skill_over_damped": "skill {ahead}",
    "rmse_ugm3": "RMSE {ahead} (µg/m³)",
}
"""Column of ``verification`` → its name in charts, for every lead."""

CHARTED_SHORTEST: Final = {
    "bias_ugm3": "bias {ahead} (µg/m³)",
    "coverage": "inside the 90 % interval {ahead} (share)",
    "brier_9_0": "Brier score above 9.0 {ahead}",
    "brier_35_4": "Brier score above 35.4 {ahead}",
}
"""The same for the shortest lead alone."""


def verification_metadata(
    table: pd.DataFrame, scores: pd.DataFrame, *, judged: Judged, months: Sequence[pd.Timestamp], pages: Pages
) -> PartitionMetadata:
    """Per month: a summary of tomorrow's forecasts, tables, a reliability diagram and numbers; a month without scores
    has the summary alone.

    ``table`` holds rows of ``verification``, ``scores`` the ``forecast_scores`` they are computed from, ``judged`` what
    their last weeks were judged.
    """
    verified = dict(list(table.groupby("month")))
    scored = dict(list(scores.groupby(scores["target_date"].dt.to_period("M"))))
    return {
        f"{month:%Y-%m}": {
            **_of_month(month, verified[month], scored[month.to_period("M")], pages),
            **judged_metadata(judged.get(month, ())),
        }
        if month in verified
        else {"summary": f"No forecast of {month:%B %Y} has an observed value."}
        for month in months
    }


def _of_month(month: pd.Timestamp, rows: pd.DataFrame, scores: pd.DataFrame, pages: Pages) -> dict[str, Any]:
    by_lead = rows[rows["group_kind"] == "all"].to_dict("records")
    leads = lead_names(by_lead)
    main = next(iter(leads.values()))
    groups = group_names(rows[rows["horizon_days"] == main["horizon_days"]].to_dict("records"))
    return {
        "summary": summary(month, main, families=sorted(scores["model_family"].unique())),
        "scores by lead": shown(error_table("Lead", leads)),
        "intervals and probabilities by lead": shown(interval_table("Lead", leads)),
        "exceedances by lead": shown(exceedance_table("Lead", leads)),
        "about scores": f"{SCORES_NOTE} {EXCEEDANCE_NOTE}",
        "scores by group": shown(error_table("Group", groups)),
        "about groups": GROUPS_NOTE,
        **_reliability(month, scores, pages),
        **_charted(by_lead),
    }


def _reliability(month: pd.Timestamp, scores: pd.DataFrame, pages: Pages) -> dict[str, Any]:
    tables = reliability_by_limit(scores)
    title = f"Reliability diagram, {month:%B %Y}"
    shown_plot = pages.plot(
        f"verification/{month:%Y-%m}-reliability", reliability_plot(tables, title=title), title=title
    )
    by_limit = {
        f"probabilities above {limit} µg/m³": shown(reliability_table(by_lead["all"]))
        for limit, by_lead in tables.items()
    }
    return {"reliability": shown_plot, **by_limit, "about reliability": RELIABILITY_NOTE}


def _charted(by_lead: Sequence[Mapping[Any, Any]]) -> dict[str, float]:
    """``skill 1 day ahead``, ``RMSE 2 days ahead (µg/m³)``, …: every measure that is defined."""
    named = [(row, CHARTED) for row in by_lead] + [(row, CHARTED_SHORTEST) for row in by_lead[:1]]
    return {
        name.format(ahead=ahead(row["horizon_days"])): round(float(row[measure]), 4)
        for row, names in named
        for measure, name in names.items()
        if pd.notna(row[measure])
    }
