"""Rows of two sites around one issue day, from which bulletins are made."""

from dataclasses import replace
from typing import Any, Final

import pandas as pd

from airwatch_dagster.clean.aqi import aqi_category, pm25_aqi
from airwatch_dagster.publish.bulletin import bulletin_of
from airwatch_dagster.publish.content import Bulletin
from airwatch_dagster.publish.material import Material
from airwatch_dagster.schemas import CONTRACTS, TABLES
from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS
from airwatch_dagster.verify.scoring import score_forecasts
from airwatch_dagster_tests.builders import monitors, site_days

DAY: Final = pd.Timestamp("2021-07-10")
"""The issue date of the tests."""

LAKE, YARD = "170319001", "180899002"
"""Illinois and Indiana, 44 km apart."""

PLACES: Final[dict[str, dict[str, Any]]] = {
    LAKE: {"site_id": LAKE, "latitude": 41.9, "longitude": -87.6},
    YARD: {
        "site_id": YARD,
        "latitude": 41.6,
        "longitude": -87.3,
        "state_code": "18",
        "county_code": "089",
        "site_number": "9002",
    },
}


def days_ago(days: int) -> pd.Timestamp:
    """A day before the issue date."""
    return DAY - pd.Timedelta(days=days)


def readings(values: dict[tuple[str, int], float], **change: Any) -> pd.DataFrame:
    """Valid site-days: (site, days before the issue date) → µg/m³."""
    of_site = {
        site: {name: place[name] for name in ("site_id", "latitude", "longitude")} for site, place in PLACES.items()
    }
    rows = [
        {**of_site[site], "date_local": days_ago(ago), "pm25_ugm3": value, **change}
        for (site, ago), value in values.items()
    ]
    return site_days(*rows)


def forecasts(
    values: dict[tuple[str, int, int], float], *, above_35: float = 0.1, silent_days: int = 0
) -> pd.DataFrame:
    """Rows of predictions: (site, days before the issue date, horizon) → µg/m³, with an interval of ± 5."""
    rows = []
    for (site, ago, horizon), value in values.items():
        probabilities = dict.fromkeys(PROBABILITY_COLUMNS.values(), 0.0)
        probabilities |= {"probability_above_9_0": 0.5, "probability_above_35_4": above_35}
        rows.append(
            {
                "site_id": site,
                "issue_date": days_ago(ago),
                "target_date": days_ago(ago - horizon),
                "horizon_days": horizon,
                "pm25_ugm3": value,
                "pm25_lower_ugm3": max(0.0, value - 5.0),
                "pm25_upper_ugm3": value + 5.0,
                **probabilities,
                "days_since_observed": silent_days,
                "model_family": "ridge",
                "model_version": "7",
                "issued_at": days_ago(ago) + pd.Timedelta(hours=42, minutes=30),
            }
        )
    frame = pd.DataFrame(rows)
    aqi = pm25_aqi(frame["pm25_ugm3"])
    return frame.assign(aqi=aqi.astype("int64"), aqi_category=aqi_category(aqi))[TABLES["predictions"].column_names]


def material(predictions: pd.DataFrame, observed: pd.DataFrame, **others: pd.DataFrame) -> Material:
    """The rows of these forecasts and readings; every other table is empty unless it is given."""
    rows: dict[str, pd.DataFrame] = {
        name: TABLES[name].empty()
        for name in ("champion_model", "coverage", "revisions", "monitor_changes", "agency_forecasts")
    }
    scores = score_forecasts(predictions, site_days=observed, scored_at=DAY)
    listed = monitors(
        *({**place, "site_name": name} for place, name in zip(PLACES.values(), ("LAKE SHORE", None), strict=True))
    )
    supplied = CONTRACTS["other_forecasts"].empty()
    return replace(Material(predictions, observed, scores, listed, **rows, other_forecasts=supplied), **others)


def bulletin(rows: Material) -> Bulletin:
    """The bulletin of the issue day."""
    made = bulletin_of(
        rows,
        DAY,
        area="Chicago",
        made_at=pd.Timestamp("2021-07-11 12:00"),
        data_as_of=pd.Timestamp("2021-07-11 11:00"),
        is_simulated=False,
        version="0.1.0",
        links={},
    )
    assert made is not None
    return made
