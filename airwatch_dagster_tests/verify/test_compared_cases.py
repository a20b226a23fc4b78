"""Forecasters are compared on identical cases: only where all of them have a forecast and the day was observed."""

import pandas as pd
import pytest

from airwatch_dagster_tests.builders import other_forecasts, site_days
from airwatch_dagster_tests.verify.comparisons import candidates_of, cases, next_day, served

SCORES = served(*(next_day(f"2021-07-{day:02d}", 10.0, 12.0) for day in (5, 6, 7, 8)))
DAMPED = candidates_of(SCORES, ("damped_persistence",), pm25_ugm3=8.0)
CLIMATE = candidates_of(SCORES, ("climatology",), pm25_ugm3=7.0)


def days_of(found: pd.DataFrame, comparison: str = "baselines") -> dict[str, list[int]]:
    """Forecaster → days of July that it is compared on."""
    rows = found[found["comparison"] == comparison]
    return {str(name): own["target_date"].dt.day.tolist() for name, own in rows.groupby("forecaster", sort=False)}


def test_only_cases_that_every_forecaster_has_are_compared() -> None:
    baselines = pd.concat([DAMPED.iloc[[0, 1, 3]], CLIMATE.iloc[[1, 2, 3]]])

    assert days_of(cases(SCORES, candidates=baselines)) == {
        "airwatch": [6, 8],
        "damped_persistence": [6, 8],
        "climatology": [6, 8],
    }


def test_a_forecaster_without_any_forecast_leaves_the_cases_to_the_others() -> None:
    every_day = [5, 6, 7, 8]
    assert days_of(cases(SCORES, candidates=DAMPED)) == {"airwatch": every_day, "damped_persistence": every_day}


def test_forecasts_of_days_that_were_not_scored_do_not_count() -> None:
    assert days_of(cases(SCORES.head(1), candidates=DAMPED)) == {"airwatch": [5], "damped_persistence": [5]}


def test_learned_families_are_not_compared_beside_what_was_served() -> None:
    ridge = candidates_of(SCORES, ("ridge",), pm25_ugm3=9.0)

    assert set(days_of(cases(SCORES, candidates=pd.concat([DAMPED, ridge])))) == {"airwatch", "damped_persistence"}


def test_the_nearest_site_is_a_forecaster_of_the_baselines_comparison() -> None:
    neighbour = {"site_id": "170310002", "pm25_ugm3": 11.0, "date_local": pd.Timestamp("2021-07-04")}
    days = site_days({"date_local": pd.Timestamp("2021-07-05")}, neighbour)

    found = cases(SCORES, candidates=DAMPED, site_days=days)

    assert days_of(found) == {"airwatch": [5], "damped_persistence": [5], "nearest_site": [5]}
    assert found.set_index("forecaster")["pm25_ugm3"].to_dict() == {
        "airwatch": 10.0,
        "damped_persistence": 8.0,
        "nearest_site": 11.0,
    }


def test_a_supplied_forecaster_is_compared_with_airwatch_alone() -> None:
    dates = {"issue_date": pd.Timestamp("2021-07-05"), "target_date": pd.Timestamp("2021-07-06")}
    elsewhere = {"site_id": "170319999"}
    others = other_forecasts({"forecaster": "noaa", **dates}, {"forecaster": "county"}, {**elsewhere, **dates})

    found = cases(SCORES, candidates=DAMPED, others=others)

    assert days_of(found, "noaa") == {"airwatch": [6], "noaa": [6]}
    assert days_of(found, "county") == {"airwatch": [5], "county": [5]}
    assert days_of(found)["airwatch"] == [5, 6, 7, 8]


def test_a_supplied_interval_is_checked_against_the_observed_value() -> None:
    ends = [(4.0, 12.0), (4.0, 11.9), (None, None)]
    others = other_forecasts(
        *(
            {"forecaster": name, "pm25_lower_ugm3": lower, "pm25_upper_ugm3": upper}
            for name, (lower, upper) in zip("abc", ends, strict=True)
        )
    )

    found = cases(SCORES, others=others)

    covered = found[found["forecaster"] != "airwatch"].set_index("forecaster")["is_covered"].to_dict()
    assert covered == pytest.approx({"a": 1.0, "b": 0.0, "c": float("nan")}, nan_ok=True)


def test_within_a_comparison_all_forecasters_have_the_same_cases_in_the_same_order() -> None:
    shuffled = pd.concat([CLIMATE, DAMPED]).sample(frac=1.0, random_state=1)

    by_forecaster = [own for _, own in cases(SCORES.iloc[::-1], candidates=shuffled).groupby("forecaster")]

    assert len(by_forecaster) == 3
    for own in by_forecaster[1:]:
        for column in ("place", "target_date", "horizon_days", "pm25_observed_ugm3"):
            assert own[column].tolist() == by_forecaster[0][column].tolist()


def test_without_scores_or_without_anyone_to_compare_with_there_are_no_cases() -> None:
    assert len(cases(SCORES.head(0), candidates=DAMPED)) == 0
    assert len(cases(SCORES)) == 0
