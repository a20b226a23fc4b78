"""The forecasts issued for a day as a sentence and a short table, worst site first."""

from collections.abc import Mapping
from dataclasses import dataclass
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

_SHOWN: Final = [
    *("issue_date", "horizon_days", "target_date", "site_id", "aqi", "aqi_category"),
    *("pm25_ugm3", "pm25_lower_ugm3", "pm25_upper_ugm3", PROBABILITY_COLUMNS[NOTABLE_UGM3]),
]
"""Columns that sentence and table show or sort by."""


@dataclass(frozen=True)
class DayForecast:
    """What one issue says of one target day."""

    target_date: pd.Timestamp
    worst: tuple[Mapping[Any, Any], ...]
    """Rows of ``predictions`` with the highest AQI, highest first, at most ``MAX_ROWS``; at least one."""
    sites_by_category: Mapping[str, int]
    """AQI category → its sites, of all sites, worst category first."""

    @property
    def sites(self) -> int:
        """Forecast sites."""
        return sum(self.sites_by_category.values())


def day_forecasts(forecasts: pd.DataFrame) -> dict[tuple[pd.Timestamp, int], DayForecast]:
    """Issue date and days ahead → its forecasts, of rows of ``predictions`` of any number of issues.

    Every row is sorted and counted once: a frame for each day and lead would cost more than its forecasts.
    """
    days = ["issue_date", "horizon_days"]
    counts = pd.crosstab([forecasts[name] for name in days], forecasts["aqi_category"]).to_dict("index")
    categories = list(reversed(AQI_CATEGORIES))
    worst = _worst_first(forecasts[_SHOWN]).groupby(days, sort=False).head(MAX_ROWS).to_dict("records")
    found: dict[tuple[pd.Timestamp, int], list[Mapping[Any, Any]]] = {}
    for row in worst:
        found.setdefault((row["issue_date"], row["horizon_days"]), []).append(row)
    return {
        key: DayForecast(
            rows[0]["target_date"],
            tuple(rows),
            {name: counts[key][name] for name in categories if counts[key].get(name)},
        )
        for key, rows in found.items()
    }


def headline(day: DayForecast, names: Mapping[str, str]) -> str:
    """One sentence in Markdown: categories, the worst site, its chance of a bad day. ``names`` are names of sites."""
    sites, counts = day.sites, day.sites_by_category
    if len(counts) == 1:
        said = f"{next(iter(counts))} at {'the only site' if sites == 1 else f'all {sites:,} sites'}"
    else:
        said = ", ".join(f"{name} at {count:,}" for name, count in counts.items()) + f" of {sites:,} sites"
    worst = day.worst[0]
    chance = _percent(worst[PROBABILITY_COLUMNS[NOTABLE_UGM3]])
    return (
        f"{day.target_date:%A, %-d %B %Y}: {said}. Highest: {escaped(_name(worst, names))}, AQI {worst['aqi']} "
        f"({_truncated(worst['pm25_ugm3'])} µg/m³; chance above {NOTABLE_UGM3} µg/m³: {chance})."
    )


def worst_sites_table(day: DayForecast, names: Mapping[str, str]) -> TextTable:
    """A line for each of the worst sites: name, AQI, category, 90 % interval (µg/m³), chance above 35.4 µg/m³."""
    rows = [
        (
            escaped(label(_name(row, names))),
            str(row["aqi"]),
            row["aqi_category"],
            unbroken(f"{row['pm25_lower_ugm3']:.1f}–{row['pm25_upper_ugm3']:.1f}"),
            unbroken(_percent(row[PROBABILITY_COLUMNS[NOTABLE_UGM3]])),
        )
        for row in day.worst
    ]
    if (more := day.sites - len(rows)) > 0:
        rows.append((f"and {counted(more, 'site')} below", "", "", "", ""))
    header = (f"Site, {day.target_date:%-d %b}", "AQI", "Category", "90 % interval", f"Above {NOTABLE_UGM3}")
    return TextTable(header, tuple(rows))


def _worst_first(forecasts: pd.DataFrame) -> pd.DataFrame:
    """The rows by AQI, then by value, highest first."""
    sites, values = forecasts["site_id"].to_numpy(str), -forecasts["pm25_ugm3"].to_numpy(float)
    return forecasts.iloc[np.lexsort((sites, values, -forecasts["aqi"].to_numpy(float)))]


def _name(row: Mapping[Any, Any], names: Mapping[str, str]) -> str:
    site = str(row["site_id"])
    return names.get(site, f"Site {site}")


def _truncated(pm25_ugm3: float) -> str:
    """One decimal, cut off as EPA does before the AQI: shown value and AQI agree."""
    return f"{int(round(pm25_ugm3 * 10, 6)) / 10:.1f}"


def _percent(probability: float) -> str:
    return "< 1 %" if probability < 0.005 else f"{100 * probability:.0f} %"
