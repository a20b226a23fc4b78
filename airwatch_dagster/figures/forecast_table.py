"""The forecasts issued on a day as a sentence and a short table, worst site first."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.figures.markdown import TextTable, counted, escaped, label, unbroken
from airwatch_dagster.schemas.columns import AQI_CATEGORIES
from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS

NOTABLE_UGM3: Final = 35.4
"""Limit whose chance of being exceeded is shown: the top of Moderate, above which air quality alerts begin."""

MAX_ROWS: Final = 10
"""Sites in the table: as many as Dagster's UI shows of a Markdown table without a click."""


def headline(forecasts: pd.DataFrame, names: Mapping[str, str]) -> str:
    """One sentence in Markdown on one target day: categories, the worst site, its chance of a bad day.

    ``forecasts`` are rows of ``predictions`` of one issue and target day, at least one; ``names`` are names of sites.
    """
    counts = forecasts["aqi_category"].value_counts()
    categories = [name for name in reversed(AQI_CATEGORIES) if name in counts]
    sites = len(forecasts)
    if len(categories) == 1:
        said = f"{categories[0]} at {'the only site' if sites == 1 else f'all {sites:,} sites'}"
    else:
        said = ", ".join(f"{name} at {counts[name]:,}" for name in categories) + f" of {sites:,} sites"
    worst = worst_first(forecasts).iloc[0]
    chance = _percent(worst[PROBABILITY_COLUMNS[NOTABLE_UGM3]])
    return (
        f"{worst['target_date']:%A, %-d %B %Y}: {said}. Highest: {escaped(_name(worst, names))}, AQI {worst['aqi']} "
        f"({_truncated(worst['pm25_ugm3'])} µg/m³; chance above {NOTABLE_UGM3} µg/m³: {chance})."
    )


def worst_sites_table(forecasts: pd.DataFrame, names: Mapping[str, str]) -> TextTable:
    """A line for each of the worst sites: name, AQI, category, 90 % interval (µg/m³), chance above 35.4 µg/m³."""
    rows = [
        (
            escaped(label(_name(row, names))),
            str(row["aqi"]),
            row["aqi_category"],
            unbroken(f"{row['pm25_lower_ugm3']:.1f}–{row['pm25_upper_ugm3']:.1f}"),
            unbroken(_percent(row[PROBABILITY_COLUMNS[NOTABLE_UGM3]])),
        )
        for row in worst_first(forecasts).head(MAX_ROWS).to_dict("records")
    ]
    if (more := len(forecasts) - MAX_ROWS) > 0:
        rows.append((f"and {counted(more, 'site')} below", "", "", "", ""))
    day = forecasts["target_date"].iloc[0]
    return TextTable((f"Site, {day:%-d %b}", "AQI", "Category", "90 % interval", f"Above {NOTABLE_UGM3}"), tuple(rows))


def worst_first(forecasts: pd.DataFrame) -> pd.DataFrame:
    """The rows by AQI, then by value, highest first."""
    sites, values = forecasts["site_id"].to_numpy(str), -forecasts["pm25_ugm3"].to_numpy(float)
    return forecasts.iloc[np.lexsort((sites, values, -forecasts["aqi"].to_numpy(float)))]


def _name(row: Mapping[Any, Any] | pd.Series, names: Mapping[str, str]) -> str:
    site = str(row["site_id"])
    return names.get(site, f"Site {site}")


def _truncated(pm25_ugm3: float) -> str:
    """One decimal, cut off as EPA does before the AQI: shown value and AQI agree."""
    return f"{int(round(pm25_ugm3 * 10, 6)) / 10:.1f}"


def _percent(probability: float) -> str:
    return "< 1 %" if probability < 0.005 else f"{100 * probability:.0f} %"
