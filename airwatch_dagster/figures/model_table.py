"""Skill and errors of model families as a Markdown table."""

from typing import Final

import pandas as pd

from airwatch_dagster.figures.markdown import SIGNED, numbers, table
from airwatch_dagster.fit.champion.guard_rails import display_name

MEASURES: Final = {"skill": "Skill", "rmse_ugm3": "RMSE, µg/m³", "mae_ugm3": "MAE, µg/m³", "bias_ugm3": "Bias, µg/m³"}
"""Column of the scores → its heading."""

SIGNED_MEASURES: Final = ("skill", "bias_ugm3")


def model_table(by_lead: pd.DataFrame) -> str:
    """Markdown: a line per family, in each cell the leads side by side, a dash where a measure is null.

    ``by_lead`` has a row per family and lead: model_family, horizon_days and the columns of ``MEASURES``.
    """
    leads = " / ".join(str(lead) for lead in sorted(by_lead["horizon_days"].unique()))
    header = ["Family", *(f"{heading} {leads} d" for heading in MEASURES.values())]
    families = by_lead.sort_values("horizon_days").groupby("model_family", sort=False)
    forms = {name: SIGNED if name in SIGNED_MEASURES else ".2f" for name in MEASURES}
    rows = [
        [display_name(str(family)), *(numbers(own[name], form) for name, form in forms.items())]
        for family, own in families
    ]
    return table(header, rows)
