"""Each month's champion in Dagster's metadata and in MLflow."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pandas as pd

from airwatch_dagster.figures.champion import decision_plot
from airwatch_dagster.figures.champion_table import PARTS_NOTE, decision_table, outcome_table, parts_table
from airwatch_dagster.figures.markdown import ahead
from airwatch_dagster.fit.champion.decision import Decision
from airwatch_dagster.fit.champion.guard_rails import display_name
from airwatch_dagster.orchestration.metadata.tables import PartitionMetadata
from airwatch_dagster.orchestration.pages import Pages, shown
from airwatch_dagster.orchestration.registry.tracking import mlflow_errors
from airwatch_dagster.schemas.columns import HORIZONS_DAYS

MLFLOW_FOLDER: Final = "champions"
"""Artifact folder of an MLflow run with the files of each month."""


def decision_plots(champions: pd.DataFrame) -> dict[str, bytes]:
    """Month → SVG of its decision, for each month in rows of ``champion_model`` with a comparison of families."""
    plots = {}
    for month, newest, decision, days in _by_month(champions):
        if decision is not None and decision.parts:
            champion = _champion(newest)
            name = "none" if champion is None else display_name(champion)
            title = f"Champion of {pd.Timestamp(month):%B %Y}: {name}, compared on {days} days"
            plots[month] = decision_plot(decision, champion=champion, title=title)
    return plots


def champion_model_metadata(champions: pd.DataFrame, plots: Mapping[str, bytes], *, pages: Pages) -> PartitionMetadata:
    """Per month: champion, reason, tables and plot of the decision, its skill and the runner-up's.

    ``champions`` are rows of ``champion_model``, newest decision first, ``plots`` its ``decision_plots``. Decisions of
    before comparisons were recorded have champion and reason only.
    """
    found: PartitionMetadata = {}
    for month, newest, decision, days in _by_month(champions):
        champion = _champion(newest)
        own: dict[str, Any] = {"champion": display_name(champion) if champion else "nobody", "why": newest["reason"]}
        if decision is not None:
            own["families"] = shown(outcome_table(decision, champion=champion))
            own["skill by lead and season"] = shown(parts_table(decision, champion=champion))
            own["about skill"] = PARTS_NOTE
        if month in plots:
            title = f"Decision of {pd.Timestamp(month):%B %Y}"
            own["decision"] = pages.plot(f"champion_model/{month}-decision", plots[month], title=title)
        if decision is not None:
            own |= _skills(decision, champion, days)
        found[month] = own
    return found


def log_decisions(mlflow: Any, champions: pd.DataFrame) -> dict[str, bytes]:
    """The plots of the decisions by month (SVG), logged to MLflow's active run beside their table and JSON.

    Artifacts: ``champions/2021-07.json``, ``.md`` and ``.svg`` of each month, and every reason in ``champions.json``.
    """
    reasons, plots = {}, decision_plots(champions)
    with TemporaryDirectory() as folder:
        for month, newest, decision, _ in _by_month(champions):
            reasons[month], stem = newest["reason"], Path(folder) / month
            if decision is not None:
                table = decision_table(decision, champion=_champion(newest))
                stem.with_suffix(".json").write_text(decision.to_json())
                stem.with_suffix(".md").write_text(f"{newest['reason']}\n\n{table}\n")
            if month in plots:
                stem.with_suffix(".svg").write_bytes(plots[month])
        with mlflow_errors(mlflow.tracking_uri):
            mlflow.log_dict(reasons, "champions.json")
            mlflow.log_artifacts(folder, MLFLOW_FOLDER)
    return plots


def _by_month(champions: pd.DataFrame) -> Iterator[tuple[str, pd.Series, Decision | None, int]]:
    """Month, its newest decision, the newest comparison of families, and the days compared in it."""
    for month, rows in champions.groupby(champions["month"].dt.strftime("%Y-%m"), sort=True):
        compared = rows.dropna(subset=["comparison"]).head(1)
        decision = None if compared.empty else Decision.from_json(compared["comparison"].iloc[0])
        days = int((rows if compared.empty else compared)["compared_days"].iloc[0])
        yield str(month), rows.iloc[0], decision, days


def _champion(newest: pd.Series) -> str | None:
    return None if pd.isna(newest["model_family"]) else str(newest["model_family"])


def _skills(decision: Decision, champion: str | None, days: int) -> dict[str, float]:
    """Known skills of the champion, and the best other family's, under names that chart over months."""
    skills = {verdict.model_family: verdict.skill for verdict in decision.verdicts if verdict.skill is not None}
    if champion not in skills:
        return {"compared days": days}
    family = str(champion)
    region, usg = decision.worst_region(family), decision.usg_days()
    known = {
        "champion's skill": skills[family],
        **{
            f"skill {ahead(lead)}": skill
            for lead, skill in zip(HORIZONS_DAYS, decision.lead_skills(family), strict=True)
        },
        "skill in the worst region": region.skill[family] if region else None,
        "skill on USG days": usg.skill[family] if usg else None,
        "runner-up's skill": max((skill for other, skill in skills.items() if other != family), default=None),
        "compared days": days,
    }
    return {name: value for name, value in known.items() if value is not None}
