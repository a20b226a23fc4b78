"""The scoreboard's metrics, by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.schemas import TABLES
from airwatch_dagster.verify.scoreboard import by_month, scoreboard_events, scoreboard_of, scoreboard_rows
from airwatch_dagster_tests.builders import agency_forecasts, other_forecasts
from airwatch_dagster_tests.verify.comparisons import NOTHING, candidates_of, cases, next_day, observed_days, served

BAD = {"probability_above_9_0": 0.9, "probability_above_35_4": 0.5}
SCORES = served(
    next_day("2021-07-05", 40.0, 50.0, **BAD, pm25_upper_ugm3=60.0),
    next_day("2021-07-06", 20.0, 40.0, **BAD, pm25_upper_ugm3=30.0),
    next_day("2021-07-07", 36.0, 30.0, **BAD, pm25_upper_ugm3=60.0),
    next_day("2021-07-08", 8.0, 6.0, probability_above_9_0=0.1, probability_above_35_4=0.0),
)
"""A hit, a miss, a false alarm and a quiet day at 35.4; errors of −10, −20, +6 and +2 µg/m³."""

PERSISTENCE = candidates_of(SCORES, ("persistence",), pm25_ugm3=30.0)
"""Errors of −20, −10, 0 and +24 µg/m³: 1,076 against AirWatch's 540 (µg/m³)²."""

COMPARED = cases(SCORES, candidates=PERSISTENCE)


def row_of(rows: pd.DataFrame, forecaster: str, *, group: str = "all", lead: int = 1) -> dict[Any, Any]:
    chosen = rows[
        (rows["forecaster"] == forecaster) & (rows["group_name"] == group) & (rows["horizon_days"] == lead)
    ].to_dict("records")
    assert len(chosen) == 1
    return chosen[0]


def events_of_all(compared: pd.DataFrame) -> pd.DataFrame:
    """The rows of all cases together, by forecaster and limit."""
    events = scoreboard_events(compared)
    return events[events["group_kind"] == "all"].set_index(["forecaster", "limit_ugm3"])


def test_every_metric_follows_from_the_cases() -> None:
    assert row_of(scoreboard_rows(COMPARED), "airwatch") == pytest.approx(
        {
            "comparison": "baselines",
            "forecaster": "airwatch",
            "horizon_days": 1,
            "group_kind": "all",
            "group_name": "all",
            "cases": 4,
            "places": 1,
            "weeks": 1,
            "cases_with_value": 4,
            "rmse_ugm3": round(np.sqrt((100 + 400 + 36 + 4) / 4), 6),
            "mae_ugm3": (10 + 20 + 6 + 2) / 4,
            "bias_ugm3": (-10 - 20 + 6 + 2) / 4,
            "category_accuracy": 2 / 4,
            "hits": 1,
            "misses": 1,
            "false_alarms": 1,
            "miss_weighted_cost": (5 + 1) / 4,
            "cost_by_probability": 1 / 4,
            "mean_probability_9_0": 0.7,
            "observed_frequency_9_0": 0.75,
            "brier_9_0": 0.01,
            "reliability_9_0": 0.01,
            "mean_probability_35_4": 0.375,
            "observed_frequency_35_4": 0.5,
            "brier_35_4": 0.75 / 4,
            "reliability_35_4": round(3 / 4 * (0.5 - 2 / 3) ** 2, 6),
            "coverage": 3 / 4,
            "airwatch_skill": np.nan,
            "airwatch_skill_lower": np.nan,
            "airwatch_skill_upper": np.nan,
        },
        nan_ok=True,
    )


def test_a_forecaster_without_probabilities_and_intervals_has_none_of_their_metrics() -> None:
    row = row_of(scoreboard_rows(COMPARED), "persistence")

    undefined = {name for name, value in row.items() if pd.isna(value)}
    assert undefined == {
        *(
            f"{measure}_{limit}"
            for measure in ("mean_probability", "brier", "reliability")
            for limit in ("9_0", "35_4")
        ),
        *("coverage", "cost_by_probability", "airwatch_skill_lower", "airwatch_skill_upper"),
    }
    assert (row["hits"], row["misses"], row["false_alarms"]) == (0, 2, 0)
    assert row["airwatch_skill"] == pytest.approx(1 - 540 / 1076, abs=1e-6)


def test_a_category_is_that_of_the_truncated_concentration() -> None:
    just_above = served(next_day("2021-07-05", 9.04, 8.0), next_day("2021-07-06", 35.44, 35.5))

    row = row_of(scoreboard_rows(cases(just_above, candidates=candidates_of(just_above, pm25_ugm3=8.0))), "airwatch")

    assert (row["category_accuracy"], row["misses"]) == (0.5, 1)


def test_a_perfect_forecaster_leaves_the_saved_error_undefined() -> None:
    steady = served(next_day("2021-07-05", 10.0, 12.0), next_day("2021-07-06", 11.0, 12.0))

    row = row_of(scoreboard_rows(cases(steady, candidates=candidates_of(steady, pm25_ugm3=12.0))), "climatology")

    assert row["rmse_ugm3"] == 0.0
    assert np.isnan(row["airwatch_skill"])


def test_regions_and_leads_have_rows_of_their_own() -> None:
    both = served(
        next_day("2021-07-05", 10.0, 12.0),
        next_day("2021-07-05", 10.0, 20.0, site_id="060371103"),
        {"issue_date": pd.Timestamp("2021-07-03"), "horizon_days": 2, "pm25_observed_ugm3": 12.0},
    )

    rows = scoreboard_rows(cases(both, candidates=candidates_of(both, ("persistence",), pm25_ugm3=9.0)))

    airwatch = rows[rows["forecaster"] == "airwatch"]
    assert airwatch.groupby("horizon_days")["group_name"].apply(list).to_dict() == {
        1: ["all", "region 5", "region 9"],
        2: ["all", "region 5"],
    }
    assert row_of(rows, "airwatch", group="region 9")["bias_ugm3"] == -10.0
    assert (row_of(rows, "airwatch")["cases"], row_of(rows, "airwatch")["places"]) == (2, 2)


def test_events_are_counted_at_thirteen_limits() -> None:
    events = events_of_all(COMPARED)

    assert events.loc["airwatch"].index.tolist() == [5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65]
    assert events.loc[("airwatch", 35.0), ["hits", "misses", "false_alarms", "correct_negatives"]].tolist() == [1] * 4
    assert events.loc[("airwatch", 35.0), ["pod", "far", "csi", "peirce"]].tolist() == pytest.approx(
        [1 / 2, 1 / 2, 1 / 3, 1 / 2 - 1 / 2], abs=1e-6
    )
    assert events.loc[("airwatch", 25.0), ["pod", "far", "csi", "peirce"]].tolist() == pytest.approx(
        [2 / 3, 0, 2 / 3, 2 / 3], abs=1e-6
    )


def test_the_peirce_score_takes_the_false_alarms_from_the_detections() -> None:
    events = events_of_all(COMPARED)

    always = events.loc[("persistence", 25.0)]
    assert (always["hits"], always["false_alarms"], always["correct_negatives"]) == (3, 1, 0)
    assert (always["pod"], always["far"], always["peirce"]) == (1.0, 0.25, 0.0)


def test_ratios_without_a_denominator_are_null_not_zero() -> None:
    events = events_of_all(COMPARED)

    nobody = events.loc[("airwatch", 60.0)]
    assert nobody[["hits", "misses", "false_alarms", "correct_negatives"]].tolist() == [0, 0, 0, 4]
    assert nobody[["pod", "far", "csi", "peirce"]].isna().all()
    everyone = events.loc[("airwatch", 5.0)]
    assert (everyone["pod"], everyone["far"], everyone["csi"]) == (1.0, 0.0, 1.0)
    assert np.isnan(everyone["peirce"])


def test_tables_of_months_are_valid_and_a_month_has_its_own_days_only() -> None:
    months = served(next_day("2021-07-31", 10.0, 12.0), next_day("2021-08-01", 10.0, 20.0))
    compared = cases(months, candidates=candidates_of(months, pm25_ugm3=9.0))

    board = TABLES["scoreboard"].schema.validate(by_month(compared, table="scoreboard"))
    events = TABLES["scoreboard_events"].schema.validate(by_month(compared, table="scoreboard_events"))

    own = board[(board["forecaster"] == "airwatch") & (board["group_kind"] == "all")]
    assert own.set_index("month")["bias_ugm3"].to_dict() == {
        pd.Timestamp("2021-07-01"): -2.0,
        pd.Timestamp("2021-08-01"): -10.0,
    }
    assert len(events) == 13 * len(board)


@pytest.mark.parametrize("table", ["scoreboard", "scoreboard_events"])
def test_nothing_compared_is_an_empty_table(table: str) -> None:
    empty = by_month(cases(SCORES.head(0)), table=table)

    assert len(TABLES[table].schema.validate(empty)) == 0
    assert len(scoreboard_of(SCORES.head(0), **NOTHING)) == 0


def test_a_span_over_two_months_is_one_scoreboard() -> None:
    span = served(*(next_day(f"{day:%Y-%m-%d}", 10.0, 12.0) for day in pd.date_range("2021-06-20", periods=31)))
    given = {**NOTHING, "candidates": candidates_of(span, pm25_ugm3=8.0), "site_days": observed_days(span)}

    rows = scoreboard_of(span, **given)

    assert "month" not in rows
    assert row_of(rows, "airwatch")["cases"] == 31
    assert row_of(rows, "persistence")["airwatch_skill"] == 1 - 4 / 16


def test_agencies_are_compared_by_category_where_they_give_no_number() -> None:
    day = served(next_day("2021-07-05", 8.0, 20.0))
    by_category = agency_forecasts({"agency_aqi": None, "agency_category": "Moderate"})

    given = {"site_days": observed_days(day), "agency_forecasts": by_category}
    compared = cases(day, **given)

    rows = scoreboard_rows(compared)
    agency, airwatch = (row_of(rows, name) for name in ("agencies", "airwatch"))
    assert (agency["cases"], agency["cases_with_value"]) == (1, 0)
    assert (agency["category_accuracy"], airwatch["category_accuracy"]) == (1.0, 0.0)
    for row in (agency, airwatch):
        assert pd.isna([row[name] for name in ("rmse_ugm3", "mae_ugm3", "bias_ugm3", "airwatch_skill")]).all()
    assert len(scoreboard_events(compared)) == 0
    assert len(by_month(compared, table="scoreboard")) == len(rows)


def test_probabilities_of_some_cases_only_give_no_brier_score() -> None:
    chances = [0.2, None]
    others = other_forecasts(
        *(
            {"issue_date": row.issue_date, "target_date": row.target_date, "probability_above_35_4": chance}
            for row, chance in zip(SCORES.head(2).itertuples(), chances, strict=True)
        )
    )

    row = row_of(scoreboard_rows(cases(SCORES, others=others)).query("comparison == 'noaa'"), "noaa")

    assert row["cases"] == 2
    assert np.isnan(row["brier_35_4"])
