"""Persistence from readings is the persistence that candidate scores have."""

import numpy as np
import pandas as pd

from airwatch_dagster.enrich.features import build_features
from airwatch_dagster.verify.persistence import persistence_candidates
from airwatch_dagster.verify.scoreboard import scoreboard_of
from airwatch_dagster_tests.builders import forecast_scores, site_days
from airwatch_dagster_tests.simulated_air import simulated_site_days
from airwatch_dagster_tests.verify.comparisons import NOTHING

ISSUED = pd.Timestamp("2021-07-04")


def persistence(*days: dict[str, object]) -> list[float]:
    found: list[float] = persistence_candidates(forecast_scores(), site_days=site_days(*days))["pm25_ugm3"].tolist()
    return found


def test_the_newest_valid_value_up_to_the_issue_date_counts() -> None:
    before = {"date_local": pd.Timestamp("2021-07-02"), "pm25_ugm3": 5.0}
    invalid = {"date_local": ISSUED, "pm25_ugm3": 9.0, "is_valid": False}
    later = {"date_local": pd.Timestamp("2021-07-05"), "pm25_ugm3": 99.0}

    assert persistence(before, invalid, later) == [5.0]
    assert persistence(before, {"date_local": ISSUED, "pm25_ugm3": 7.0}, later) == [7.0]
    assert persistence({"date_local": ISSUED, "pm25_ugm3": -2.0}) == [0.0]


def test_a_value_older_than_four_weeks_or_of_another_site_does_not_count() -> None:
    assert persistence({"date_local": ISSUED - pd.Timedelta(days=27)}) == [8.0]
    assert persistence({"date_local": ISSUED - pd.Timedelta(days=28)}) == []
    assert persistence({"date_local": ISSUED, "site_id": "170310002"}) == []


def test_it_is_the_last_reading_that_models_are_given() -> None:
    days = simulated_site_days(sites=3, first="2021-05-01", days=65)
    days = days[np.random.default_rng(5).random(len(days)) < 0.4]
    issued = pd.date_range("2021-06-01", "2021-07-03")
    features = build_features(days, issue_dates=issued, area_site_ids=set(days["site_id"]))

    found = persistence_candidates(features.assign(horizon_days=2), site_days=days)

    both = features.merge(found, on=["site_id", "issue_date"])
    assert len(both) == len(features) > 50
    np.testing.assert_allclose(both["pm25_ugm3"], both["pm25_last_ugm3"].clip(lower=0.0), rtol=1e-6)


def test_the_last_days_are_compared_without_candidate_scores() -> None:
    scores = forecast_scores({"pm25_observed_ugm3": 10.0})
    near = {"site_id": "170310002", "date_local": ISSUED, "pm25_ugm3": 4.0, "latitude": 41.8}
    days = site_days({"date_local": ISSUED, "pm25_ugm3": 6.0}, near)

    given = {**NOTHING, "site_days": days, "candidates": persistence_candidates(scores, site_days=days)}
    rows = scoreboard_of(scores, **given)

    of_all = rows[rows["group_kind"] == "all"].set_index("forecaster")["rmse_ugm3"].to_dict()
    assert of_all == {"airwatch": 2.0, "persistence": 4.0, "nearest_site": 6.0}
