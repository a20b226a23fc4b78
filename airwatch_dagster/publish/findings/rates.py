"""How often findings are wrong, and what they find, as a page says it: from real months that were replayed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from airwatch_dagster.publish.page.language import NO_BREAK

ANY: Final = "any"
"""The rule of the replay that stands for all rules together."""

NATION: Final = "nation"
STATE: Final = "state"
METROPOLITAN: Final = "metropolitan area"

HEADER: Final = ("Fault", "Cases", "Found", "Cause named rightly", "Days until found")


@dataclass(frozen=True)
class Rates:
    """What a page says of its own errors."""

    sentences: Sequence[str]
    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def scale_of(area: str) -> str:
    """The scale of the replay that an area is nearest to: ``us`` is a nation, ``state:17`` a state."""
    if area == "us":
        return NATION
    return STATE if "state:" in area or "," in area else METROPOLITAN


def rates_of(area: str, *, undisturbed: pd.DataFrame, faults: pd.DataFrame) -> Rates | None:
    """The rates of areas of this size, from both tables of the replay; None for one that was not replayed."""
    scale = scale_of(area)
    months = undisturbed[(undisturbed["scale"] == scale) & (undisturbed["rule"] == ANY)]
    if not months["area_months"].sum():
        return None
    injected = faults[faults["scale"] == scale].to_dict("records")
    return Rates(
        sentences=_sentences(months, scale),
        caption=f"What is found of {len(injected)} faults that were put into such months",
        header=HEADER,
        rows=[_row({str(name): value for name, value in row.items()}) for row in injected],
    )


def _sentences(months: pd.DataFrame, scale: str) -> list[str]:
    alarms, count = int(months["alarm_months"].sum()), int(months["area_months"].sum())
    shares = months["alarm_months"] / months["area_months"]
    worst = months.loc[shares.idxmax()]
    smoke = int(months["smoke_months"].sum())
    where = "of the nation" if scale == NATION else f"of a {scale}"
    first = f"{count:,} real months {where}, in which nothing was known to be wrong, were judged in the same way: "
    first += f"{alarms:,} had a false alarm{_one_in(count, alarms)}."
    if alarms:
        first += f" The most were in {worst['season']}{_one_in(int(worst['area_months']), int(worst['alarm_months']))}."
    return [first, *([f"{smoke:,} months of smoke are not among them."] if smoke else [])]


def _one_in(count: int, alarms: int) -> str:
    return f", one in {count / alarms:,.0f}" if alarms else ""


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    def percent(value: float) -> str:
        return "–" if pd.isna(value) else f"{value:.0%}".replace("%", f"{NO_BREAK}%")

    days = "–" if pd.isna(row["median_days"]) else f"{row['median_days']:.0f}"
    return (str(row["fault"]), f"{row['cases']:,}", percent(row["found_share"]), percent(row["cause_share"]), days)
