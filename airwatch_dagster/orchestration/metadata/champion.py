"""Each month's champion as the UI and MLflow show it: numbers that chart over months, a table and a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import dagster as dg
import pandas as pd

from airwatch_dagster.figures.champion_table import decision_table, lead_skills, usg_days, worst_region
from airwatch_dagster.figures.style import embedded
from airwatch_dagster.fit.champion.decision import Decision
from airwatch_dagster.orchestration.metadata.tables import PartitionMetadata
from airwatch_dagster.schemas.columns import HORIZONS_DAYS

MLFLOW_FOLDER: Final = "champions"
"""Where a Dagster run's MLflow run keeps a file of each kind per month."""


@dataclass(frozen=True)
class ShownDecision:
    """A month's champion, why it serves, and what was compared for it."""

    month: str
    champion: str | None
    reason: str
    compared_days: int
    decision: Decision | None
    """None in rows that were stored before decisions were recorded."""
    table: str | None
    plot: bytes | None
    """PNG; None when nothing was compared."""


def shown_decisions(champions: pd.DataFrame) -> list[ShownDecision]:
    """Of each month in rows of ``champion_model``: the newest decision, told with the evidence there was."""
    months = champions.groupby(champions["month"].dt.strftime("%Y-%m"), sort=True)
    return [_shown(str(month), rows) for month, rows in months]


def champion_figures(shown: Sequence[ShownDecision]) -> PartitionMetadata:
    """Per month: who serves and why, its skill and the runner-up's, the table and the picture of the decision."""
    return {one.month: {"champion": one.champion or "nobody", "why": one.reason, **_evidence(one)} for one in shown}


def log_decisions(mlflow: Any, shown: Sequence[ShownDecision]) -> None:
    """The same in MLflow's active run: ``champions/2021-07.json``, ``.md`` and ``.png``, all months in one go, and
    ``champions.json`` with each month's reason."""
    mlflow.log_dict({one.month: one.reason for one in shown}, "champions.json")
    with TemporaryDirectory() as folder:
        for one in shown:
            stem = Path(folder) / one.month
            if one.decision is not None:
                stem.with_suffix(".json").write_text(one.decision.to_json())
                stem.with_suffix(".md").write_text(f"{one.reason}\n\n{one.table}\n")
            if one.plot is not None:
                stem.with_suffix(".png").write_bytes(one.plot)
        mlflow.log_artifacts(folder, MLFLOW_FOLDER)


def _shown(month: str, rows: pd.DataFrame) -> ShownDecision:
    newest, champion = rows.iloc[0], rows["model_family"].iloc[0]
    champion = None if pd.isna(champion) else str(champion)
    chosen = rows.dropna(subset=["comparison"])
    if chosen.empty:
        return ShownDecision(month, champion, newest["reason"], int(newest["compared_days"]), None, None, None)
    decision, days = Decision.from_json(chosen["comparison"].iloc[0]), int(chosen["compared_days"].iloc[0])
    table = decision_table(decision, champion=champion)
    return ShownDecision(
        month, champion, newest["reason"], days, decision, table, _plot(month, champion, decision, days)
    )


def _plot(month: str, champion: str | None, decision: Decision, days: int) -> bytes | None:
    from airwatch_dagster.figures.champion import decision_plot

    if not decision.parts:
        return None
    title = f"Champion of {pd.Timestamp(month):%B %Y}: {champion or 'nobody'}, on {days} days of forecasts and truth"
    return decision_plot(decision, champion=champion, title=title)


def _evidence(one: ShownDecision) -> dict[str, Any]:
    if one.decision is None:
        return {}
    plot = {} if one.plot is None else {"decision": dg.MetadataValue.md(embedded("decision", one.plot))}
    return {**_numbers(one, one.decision), "families": dg.MetadataValue.md(str(one.table)), **plot}


def _numbers(one: ShownDecision, decision: Decision) -> dict[str, float]:
    """Skills that are known, under names that stay, so that Dagster draws them over months."""
    skills = {verdict.model_family: verdict.skill for verdict in decision.verdicts if verdict.skill is not None}
    if one.champion not in skills:
        return {"compared_days": one.compared_days}
    champion = str(one.champion)
    leads = zip(HORIZONS_DAYS, lead_skills(decision, champion), strict=True)
    region, usg = worst_region(decision, champion), usg_days(decision)
    others = [skill for family, skill in skills.items() if family != champion]
    known = {
        "skill_over_damped": skills[champion],
        **{f"skill_{lead}d": skill for lead, skill in leads},
        "skill_worst_region": region.skill[champion] if region else None,
        "skill_usg_days": usg.skill[champion] if usg else None,
        "runner_up_skill": max(others, default=None),
        "compared_days": one.compared_days,
    }
    return {name: value for name, value in known.items() if value is not None}
