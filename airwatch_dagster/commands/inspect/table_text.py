"""Rows of a table for people: names of sites, one decimal, percentages, nothing that a screen has no room for."""

from typing import Final

import pandas as pd

from airwatch_dagster.clean.aqi import truncated_to_tenths
from airwatch_dagster.commands.wording import probability_text
from airwatch_dagster.schemas import TableSpec

NOTHING: Final = "–"
"""What stands for a null."""

DECIMALS: Final = {"latitude": 4, "longitude": 4, "brier_9_0": 3, "brier_35_4": 3}
"""Decimals of columns that need more than one in µg/m³, km or percent, or than two without a unit."""

UNITS_OF_TENTHS: Final = ("_ugm3", "_km", "_pct", "_percent", "_c", "_ms", "_m", "_mm", "_days")
"""Ends of column names whose values are shown with one decimal."""


def rows_text(frame: pd.DataFrame, *, names: dict[str, str], width: int | None = None) -> str:
    """The rows as aligned text, with the site's name beside its id; columns beyond ``width`` characters are left out.

    PM2.5 is truncated to 0.1 µg/m³ as EPA does for the AQI; probabilities are percentages.
    """
    shown = pd.DataFrame({str(name): _column(frame[name]) for name in frame.columns}, index=frame.index)
    if "site_id" in frame and names and "site_name" not in frame:
        named = frame["site_id"].map(names).fillna(NOTHING)
        shown.insert(list(shown.columns).index("site_id") + 1, "site", named)
    elif "site_name" in frame and names:
        shown["site_name"] = frame["site_id"].map(names).fillna(NOTHING)
    hidden: list[str] = []
    while width and len(shown.columns) > 1 and len(str(shown.to_string(index=False)).split("\n")[0]) > width:
        hidden.insert(0, str(shown.columns[-1]))
        shown = shown.iloc[:, :-1]
    text = str(shown.to_string(index=False))
    return f"{text}\n… and {len(hidden)} more columns: {', '.join(hidden)}" if hidden else text


def meanings_text(spec: TableSpec) -> str:
    """A line for each column of the table: its name and what it means."""
    return "\n".join(f"  {name:<28} {column.description}" for name, column in spec.schema.columns.items())


def _column(values: pd.Series) -> pd.Series:
    """The values as text."""
    name = str(values.name)
    if pd.api.types.is_datetime64_any_dtype(values):
        form = "%Y-%m-%d" if (values.dropna() == values.dropna().dt.normalize()).all() else "%Y-%m-%d %H:%M"
        return values.dt.strftime(form).astype(object).where(values.notna(), NOTHING)
    if not pd.api.types.is_float_dtype(values):
        return values.astype(object).where(values.notna(), NOTHING)
    if name.startswith("pm25_"):
        values = truncated_to_tenths(values)
    return values.map(lambda value: NOTHING if pd.isna(value) else _number(float(value), name)).astype(object)


def _number(value: float, name: str) -> str:
    if name.startswith("probability_"):
        return probability_text(value)
    decimals = DECIMALS.get(name, 1 if name.endswith(UNITS_OF_TENTHS) else 2)
    return f"{value:.{decimals}f}"
