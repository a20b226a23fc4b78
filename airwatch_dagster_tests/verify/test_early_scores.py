"""The early and the daily issue are compared on the forecasts that both made, by one observed value."""

import pytest

from airwatch_dagster.orchestration.metadata.tables import early_scores_metadata
from airwatch_dagster.verify.early_scores import compared_issues
from airwatch_dagster.verify.scoreboard import scoreboard_rows
from airwatch_dagster_tests.verify.comparisons import cases, next_day, observed_days, served

DAILY = served(next_day("2021-07-05", 12.0, 10.0), next_day("2021-07-06", 9.0, 10.0), next_day("2021-07-07", 5.0, 5.0))
EARLY = served(next_day("2021-07-05", 14.0, 11.0), next_day("2021-07-06", 10.0, 10.0))
"""By the value that `forecast_scores` has: errors of 4 and 0 µg/m³ against the daily issue's 2 and −1."""


def test_both_issues_are_measured_on_common_forecasts_against_the_same_observation() -> None:
    both = compared_issues(EARLY, DAILY)

    assert both["target_date"].dt.day.tolist() == [5, 6]
    assert both["early_abs_error"].tolist() == [4.0, 0.0]
    assert both["daily_abs_error"].tolist() == [2.0, 1.0]
    assert both["early_squared"].tolist() == [16.0, 0.0]
    assert compared_issues(EARLY.head(0), DAILY).empty


def test_each_day_shows_what_the_daily_issue_gains() -> None:
    found = early_scores_metadata(EARLY, DAILY)

    assert found["2021-07-05"] == {
        "compared forecasts": 1,
        "mean absolute error, early issue (µg/m³)": 4.0,
        "mean absolute error, daily issue (µg/m³)": 2.0,
        "squared error saved by the daily issue (share)": 0.75,
    }
    assert "squared error saved by the daily issue (share)" not in found["2021-07-06"]
    assert early_scores_metadata(EARLY.head(0), DAILY) == {}


def test_the_scoreboard_has_the_early_issue_as_a_forecaster_of_its_own() -> None:
    days = observed_days(DAILY)
    rows = scoreboard_rows(cases(DAILY, site_days=days, early=EARLY))

    own = rows[(rows["comparison"] == "early_issue") & (rows["group_kind"] == "all")].set_index("forecaster")
    assert own["cases"].tolist() == [2, 2]
    assert own["mae_ugm3"].to_dict() == {"airwatch": 1.5, "early_issue": 2.0}
    assert own.loc["early_issue", "airwatch_skill"] == pytest.approx(1 - 5 / 16)
    assert "early_issue" not in set(cases(DAILY, site_days=days, early=EARLY.head(0))["comparison"])
