"""What a scoreboard says in sentences: whom AirWatch beats, by how much, and whether beyond noise."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from airwatch_dagster.schemas.columns import TOMORROW
from airwatch_dagster.schemas.forecasters import AGENCIES, AIRWATCH, EARLY_ISSUE, NEAREST_SITE

DISPLAY_NAMES: Final = {
    AIRWATCH: "AirWatch",
    NEAREST_SITE: "the nearest site",
    AGENCIES: "the agencies",
    EARLY_ISSUE: "its own early issue",
}
"""Forecaster → how it reads in a sentence; others read as their names, without underscores."""


def verdict(rows: pd.DataFrame, *, horizon_days: int) -> str:
    """One sentence per comparison of a lead: the squared error AirWatch saves or loses against each other forecaster.

    ``rows`` have the columns of ``scoreboard``, of one span. A difference counts as real when 0 lies outside its 90 %
    interval. A sentence says so when nothing can be compared.
    """
    chosen = rows[(rows["group_kind"] == "all") & (rows["horizon_days"] == horizon_days)]
    tomorrow = " (tomorrow)" if horizon_days == TOMORROW else ""
    lead = f"{horizon_days} day{'s' if horizon_days > 1 else ''} ahead{tomorrow}"
    sentences = [
        _sentence(lead, compared.to_dict("records")) for _, compared in chosen.groupby("comparison", sort=False)
    ]
    return " ".join(sentences) or f"Nothing can be compared {lead}."


def is_better_beyond_noise(row: Mapping[Any, Any]) -> bool | None:
    """Whether AirWatch is better (true) or worse (false) than the row's forecaster; None when neither is certain."""
    if row["airwatch_skill_lower"] > 0:
        return True
    return False if row["airwatch_skill_upper"] < 0 else None


def display_name(forecaster: str) -> str:
    """The forecaster as it reads in a sentence: damped persistence."""
    return DISPLAY_NAMES.get(forecaster, forecaster.replace("_", " "))


def saved_text(row: Mapping[Any, Any]) -> str:
    """``24 % (18 to 29 %)``: the error AirWatch saves, with its interval where there is one; empty without a value."""
    if pd.isna(row["airwatch_skill"]):
        return ""
    ends = [row["airwatch_skill_lower"], row["airwatch_skill_upper"]]
    interval = "" if pd.isna(ends).any() else f" ({100 * ends[0]:z.0f} to {100 * ends[1]:z.0f} %)"
    return f"{100 * row['airwatch_skill']:z.0f} %{interval}"


def _sentence(lead: str, rows: list[dict[Any, Any]]) -> str:
    first = rows[0]
    what = "area" if any(row["forecaster"] == AGENCIES for row in rows) else "site"
    where = f"{_counted(first['cases'], f'{what}-day')} of {_counted(first['places'], what)}"
    parts = [_part(row) for row in rows if row["forecaster"] != AIRWATCH]
    return f"{lead.capitalize()}, by squared error on {where}, AirWatch was {', '.join(parts)}."


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' if count > 1 else ''}"


def _part(row: Mapping[Any, Any]) -> str:
    name = display_name(row["forecaster"])
    if pd.isna(row["airwatch_skill"]):
        return f"not comparable with {name}, which gave no concentrations or made no error"
    if pd.isna(row["airwatch_skill_lower"]):
        return f"{_percent(row['airwatch_skill'])} {name}, on too few weeks to tell it from noise"
    is_better = is_better_beyond_noise(row)
    if is_better is None:
        ends = f"{100 * row['airwatch_skill_lower']:z.0f} to {100 * row['airwatch_skill_upper']:z.0f} %"
        return f"neither better nor worse than {name} beyond noise ({ends})"
    lower, upper = sorted(abs(100 * row[f"airwatch_skill_{end}"]) for end in ("lower", "upper"))
    return f"{_percent(row['airwatch_skill'])} {name} ({lower:.0f} to {upper:.0f} %)"


def _percent(skill: float) -> str:
    return f"{100 * abs(skill):.0f} % {'better' if skill >= 0 else 'worse'} than"
