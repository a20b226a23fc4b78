"""Which decision on the champion was in force on which issue days: forecasts issued before an order keep theirs."""

from collections.abc import Iterator
from typing import Any

import pandas as pd


def terms(champions: pd.DataFrame) -> pd.DataFrame:
    """One row per stretch of issue days under one decision, in order, in the columns of ``champion_model``.

    ``serves_from`` is the first day of the stretch, and ``serves_until`` (added) the last. A later order has the days
    from its own ``serves_from`` to the end of its month; the choice by evidence has those before any person's order,
    however late it was made anew. Decisions that were overtaken before they served a day have no row.
    """
    months = champions.groupby("month")
    found = [stretch for _, decisions in months for stretch in reversed([*_latest_first(decisions)])]
    return pd.DataFrame(found, columns=[*champions.columns, "serves_until"])


def newest_first(champions: pd.DataFrame) -> pd.DataFrame:
    """The decisions of each month as ``champion_model`` keeps them: orders, the newest first, then the choice by
    evidence; its first row is the one in force when the month ends."""
    ranked = champions.assign(is_order=champions["decided_by"] == "person")
    ordered = ranked.sort_values(["month", "is_order", "decided_at"], ascending=[True, False, False], kind="stable")
    return ordered.drop(columns="is_order").reset_index(drop=True)


def _latest_first(decisions: pd.DataFrame) -> Iterator[dict[str, Any]]:
    until = decisions["month"].iloc[0] + pd.offsets.MonthEnd(0)
    for row in newest_first(decisions).to_dict("records"):
        first = row["month"] if pd.isna(row["serves_from"]) else row["serves_from"]
        if first <= until:
            yield {**{str(name): value for name, value in row.items()}, "serves_from": first, "serves_until": until}
            until = first - pd.Timedelta(days=1)
