"""What the charts over partitions show, and what they say in words."""

from collections.abc import Callable

import pandas as pd
import pytest

from airwatch_dagster.orchestration.metadata.tables import (
    air_figures,
    drift_figures,
    forecast_figures,
    score_figures,
)
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests import builders


def scores(*rows: tuple[str, float, bool]) -> pd.DataFrame:
    """Target day, error in µg/m³, and whether the interval held, which is 8 to 14 µg/m³; 10 µg/m³ came true."""
    frame = pd.DataFrame(rows, columns=["target_date", "error_ugm3", "is_covered"])
    frame = frame.assign(target_date=pd.to_datetime(frame["target_date"]), abs_error_ugm3=frame["error_ugm3"].abs())
    return frame.assign(pm25_observed_ugm3=10.0, pm25_lower_ugm3=8.0, pm25_upper_ugm3=14.0)


def test_each_day_gets_its_own_errors_and_coverage() -> None:
    figures = score_figures(scores(("2021-07-04", 3.0, True), ("2021-07-04", -1.0, False), ("2021-07-05", 2.0, True)))

    worth = {"mean_width_ugm3": 6.0, "pinball_ugm3": 0.15}
    assert figures["2021-07-04"] == pytest.approx(
        {"rmse_ugm3": 2.236, "mae_ugm3": 2.0, "bias_ugm3": 1.0, "coverage": 0.5, **worth}
    )
    assert figures["2021-07-05"] == {"rmse_ugm3": 2.0, "mae_ugm3": 2.0, "bias_ugm3": 2.0, "coverage": 1.0, **worth}
    assert list(figures) == ["2021-07-04", "2021-07-05"]


def test_the_worth_of_a_days_intervals_is_its_own() -> None:
    met = scores(("2021-07-04", 3.0, True), ("2021-07-05", 2.0, False))

    figures = score_figures(met.assign(pm25_lower_ugm3=[9.0, 12.0], pm25_upper_ugm3=[11.0, 30.0]))

    assert [figures[day]["mean_width_ugm3"] for day in figures] == [2.0, 18.0]
    assert [figures[day]["pinball_ugm3"] for day in figures] == [0.05, 1.45]


def test_days_on_which_no_forecast_came_due_have_no_figures() -> None:
    assert score_figures(TABLES["forecast_scores"].empty()) == {}


def test_the_air_of_a_day_is_that_of_its_valid_sites() -> None:
    frame = builders.site_days(
        {"site_id": "170310001", "pm25_ugm3": 4.0},
        {"site_id": "170310002", "pm25_ugm3": 8.0},
        {"site_id": "170310003", "pm25_ugm3": 99.0, "is_valid": False},
    )

    assert air_figures(frame) == {"2021-07-04": {"valid_sites": 2.0, "mean_pm25_ugm3": 6.0, "highest_pm25_ugm3": 8.0}}


def test_the_forecast_of_a_day_is_told_by_its_mean_and_worst() -> None:
    frame = pd.DataFrame(
        {
            "issue_date": pd.Timestamp("2021-07-04"),
            "site_id": ["170310001", "170310001", "170310002"],
            "pm25_ugm3": [4.0, 6.0, 14.0],
            "aqi": [22, 33, 61],
        }
    )

    assert forecast_figures(frame) == {"2021-07-04": {"sites": 2.0, "mean_pm25_ugm3": 8.0, "highest_aqi": 61.0}}


def test_a_month_counts_its_drifted_features_and_links_their_page() -> None:
    frame = pd.DataFrame(
        {
            "month": pd.Timestamp("2021-05-01"),
            "is_drifted": [True, False, True],
            "report_uri": "/tables/reports/drift_report-2021-05.html",
        }
    )

    figures = drift_figures(frame)["2021-05"]

    assert figures["drifted_features"] == 2.0
    assert figures["report"].value == "/tables/reports/drift_report-2021-05.html"


@pytest.mark.parametrize(
    ("figures_of", "table"),
    [
        (air_figures, "site_days"),
        (forecast_figures, "predictions"),
        (drift_figures, "drift_report"),
    ],
)
def test_empty_tables_have_no_figures(figures_of: Callable[[pd.DataFrame], object], table: str) -> None:
    assert figures_of(TABLES[table].empty()) == {}
