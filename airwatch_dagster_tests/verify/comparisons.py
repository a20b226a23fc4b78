"""Served forecasts and the frames they are compared with; a test adds what it is about."""

from typing import Any

import pandas as pd

from airwatch_dagster.schemas import CONTRACTS
from airwatch_dagster.schemas.columns import BASELINES
from airwatch_dagster.verify.compared_cases import compared_cases
from airwatch_dagster_tests.builders import candidate_scores, forecast_scores, site_days

NOTHING = {
    "candidates": CONTRACTS["candidate_scores"].empty(),
    "site_days": CONTRACTS["site_days"].empty(),
    "agency_forecasts": CONTRACTS["agency_forecasts"].empty(),
    "others": CONTRACTS["other_forecasts"].empty(),
}
"""Nothing to compare with."""

CASE = ("site_id", "issue_date", "target_date", "horizon_days", "pm25_observed_ugm3")


def cases(scores: pd.DataFrame, **given: pd.DataFrame) -> pd.DataFrame:
    return compared_cases(scores, **{**NOTHING, **given})


def next_day(day: str, forecast: float, observed: float, **change: Any) -> dict[str, Any]:
    """A change of the standard score: a forecast for ``day`` issued on the day before."""
    target = pd.Timestamp(day)
    dates = {"issue_date": target - pd.Timedelta(days=1), "target_date": target}
    return {**dates, "pm25_ugm3": forecast, "pm25_observed_ugm3": observed, **change}


def served(*forecasts: dict[str, Any]) -> pd.DataFrame:
    return forecast_scores(*forecasts)


def candidates_of(scores: pd.DataFrame, families: tuple[str, ...] = BASELINES, *, pm25_ugm3: float) -> pd.DataFrame:
    """The same forecast of every family for all cases of the scores."""
    rows = [{**row, "pm25_ugm3": pm25_ugm3} for row in scores[list(CASE)].to_dict("records")]
    return candidate_scores(*({**row, "model_family": family} for family in families for row in rows))


def observed_days(scores: pd.DataFrame) -> pd.DataFrame:
    """Valid site-days with the observed values of the scores."""
    truth = scores.drop_duplicates(["site_id", "target_date"])
    return site_days(
        *(
            {"site_id": row.site_id, "date_local": row.target_date, "pm25_ugm3": row.pm25_observed_ugm3}
            for row in truth.itertuples()
        )
    )
