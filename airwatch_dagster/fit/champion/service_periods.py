"""Service periods: the issue days on which each decision on the champion is in force.

Forecasts issued before an override keep their champion.
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd


def service_periods(champions: pd.DataFrame) -> pd.DataFrame:
    """One row per period of issue days under one decision, in order, in the columns of ``champion_model``.

    ``serves_from`` is the first day of the period and ``serves_until`` (added) the last. An override is in force from
    its own ``serves_from`` to the next override or the end of its month. The choice by evidence is in force before the
    first override, even if it was recomputed later. A decision that was replaced before its first day has no row.
    ``champions`` are rows of ``champion_model`` in any order.
    """
    months = champions.groupby("month")
    found = [period for _, decisions in months for period in reversed([*_latest_first(decisions)])]
    return pd.DataFrame(found, columns=[*champions.columns, "serves_until"])


def newest_first(champions: pd.DataFrame) -> pd.DataFrame:
    """The decisions of each month in the order of ``champion_model``: overrides, newest first, then the choice by
    evidence. A month's first row is in force on its last day."""
    ranked = champions.assign(is_override=champions["decided_by"] == "person")
    ordered = ranked.sort_values(["month", "is_override", "decided_at"], ascending=[True, False, False], kind="stable")
    return ordered.drop(columns="is_override").reset_index(drop=True)


def _latest_first(decisions: pd.DataFrame) -> Iterator[dict[str, Any]]:
    until = decisions["month"].iloc[0] + pd.offsets.MonthEnd(0)
    for row in newest_first(decisions).to_dict("records"):
        first = row["month"] if pd.isna(row["serves_from"]) else row["serves_from"]
        if first <= until:
            yield {**{str(name): value for name, value in row.items()}, "serves_from": first, "serves_until": until}
            until = first - pd.Timedelta(days=1)
