"""Skill and errors of model families as tables."""

from typing import Final

import pandas as pd

from airwatch_dagster.figures.markdown import SIGNED, TextTable, ahead, number, told_lead
from airwatch_dagster.fit.champion.guard_rails import display_name
from airwatch_dagster.schemas.columns import LEADS_FOR_PEOPLE

MEASURES: Final = {"skill": "Skill", "rmse_ugm3": "RMSE, µg/m³", "mae_ugm3": "MAE, µg/m³", "bias_ugm3": "Bias, µg/m³"}
"""Column of the scores → its heading."""

ERRORS: Final = {name: heading for name, heading in MEASURES.items() if name != "skill"}


def skill_table(by_lead: pd.DataFrame) -> TextTable:
    """A line per family, most skilful first, a column per lead, tomorrow first; the best of each lead in bold, a dash
    where null.

    ``by_lead`` has a row per family and lead: model_family, horizon_days and the columns of ``MEASURES``.
    """
    wide = by_lead.pivot(index="model_family", columns="horizon_days", values="skill").astype(float)
    wide = wide.loc[wide.mean(axis="columns").sort_values(ascending=False, kind="stable").index]
    leads = [lead for lead in LEADS_FOR_PEOPLE if lead in wide]
    rows = zip(*(_bold_best(wide[lead].tolist()) for lead in leads), strict=True)
    families = [display_name(str(family)) for family in wide.index]
    cells = tuple((family, *row) for family, row in zip(families, rows, strict=True))
    return TextTable(("Family", *(told_lead(lead) for lead in leads)), cells)


def _bold_best(skills: list[float]) -> list[str]:
    best = max(skills, key=lambda skill: -1e9 if pd.isna(skill) else skill)
    return [_bold(number(skill, SIGNED), skill == best) for skill in skills]


def error_tables(by_lead: pd.DataFrame) -> dict[str, TextTable]:
    """``errors 2 days ahead``, which is tomorrow, and so on → a line per family, smallest RMSE first and in bold."""
    of_lead = dict(list(by_lead.groupby("horizon_days")))
    return {
        f"errors {ahead(lead)}": _error_table(of_lead[lead].sort_values("rmse_ugm3", kind="stable"))
        for lead in LEADS_FOR_PEOPLE
        if lead in of_lead
    }


def _error_table(by_family: pd.DataFrame) -> TextTable:
    best = by_family["rmse_ugm3"].min()
    rows = [
        (
            display_name(row["model_family"]),
            _bold(number(row["rmse_ugm3"]), row["rmse_ugm3"] == best),
            number(row["mae_ugm3"]),
            number(row["bias_ugm3"], SIGNED),
        )
        for row in by_family.to_dict("records")
    ]
    return TextTable(("Family", *ERRORS.values()), tuple(rows))


def _bold(cell: str, is_best: bool) -> str:
    return f"**{cell}**" if is_best else cell
