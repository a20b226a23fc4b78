"""Numbers of each partition in Dagster's metadata."""

from collections.abc import Callable

import pandas as pd
import pytest

from airwatch_dagster.orchestration.metadata.tables import (
    drift_report_metadata,
    forecast_scores_metadata,
    predictions_metadata,
    site_days_metadata,
)
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests import builders


def scores(*rows: tuple[str, float, bool]) -> pd.DataFrame:
    """Scores from target day, error (µg/m³) and is_covered; the interval is 8 to 14, the observed value 10 µg/m³."""
    frame = pd.DataFrame(rows, columns=["target_date", "error_ugm3", "is_covered"])
    frame = frame.assign(target_date=pd.to_datetime(frame["target_date"]), abs_error_ugm3=frame["error_ugm3"].abs())
    return frame.assign(pm25_observed_ugm3=10.0, pm25_lower_ugm3=8.0, pm25_upper_ugm3=14.0)


def test_each_day_gets_its_own_errors_and_coverage() -> None:
    metadata = forecast_scores_metadata(
        scores(("2021-07-04", 3.0, True), ("2021-07-04", -1.0, False), ("2021-07-05", 2.0, True))
    )

    interval = {"mean_width_ugm3": 6.0, "pinball_ugm3": 0.15}
    assert metadata["2021-07-04"] == pytest.approx(
        {"rmse_ugm3": 2.236, "mae_ugm3": 2.0, "bias_ugm3": 1.0, "coverage": 0.5, **interval}
    )
    assert metadata["2021-07-05"] == {"rmse_ugm3": 2.0, "mae_ugm3": 2.0, "bias_ugm3": 2.0, "coverage": 1.0, **interval}
    assert list(metadata) == ["2021-07-04", "2021-07-05"]


def test_each_day_has_the_width_and_pinball_loss_of_its_own_intervals() -> None:
    frame = scores(("2021-07-04", 3.0, True), ("2021-07-05", 2.0, False))

    metadata = forecast_scores_metadata(frame.assign(pm25_lower_ugm3=[9.0, 12.0], pm25_upper_ugm3=[11.0, 30.0]))

    assert [metadata[day]["mean_width_ugm3"] for day in metadata] == [2.0, 18.0]
    assert [metadata[day]["pinball_ugm3"] for day in metadata] == [0.05, 1.45]


def test_days_without_scores_have_no_metadata() -> None:
    assert forecast_scores_metadata(TABLES["forecast_scores"].empty()) == {}


def test_the_pm25_of_a_day_is_of_its_valid_sites() -> None:
    frame = builders.site_days(
        {"site_id": "170310001", "pm25_ugm3": 4.0},
        {"site_id": "170310002", "pm25_ugm3": 8.0},
        {"site_id": "170310003", "pm25_ugm3": 99.0, "is_valid": False},
    )

    assert site_days_metadata(frame) == {
        "2021-07-04": {"valid_sites": 2.0, "mean_pm25_ugm3": 6.0, "highest_pm25_ugm3": 8.0}
    }


def test_an_issue_day_has_its_mean_forecast_and_highest_aqi() -> None:
    frame = pd.DataFrame(
        {
            "issue_date": pd.Timestamp("2021-07-04"),
            "site_id": ["170310001", "170310001", "170310002"],
            "pm25_ugm3": [4.0, 6.0, 14.0],
            "aqi": [22, 33, 61],
        }
    )

    assert predictions_metadata(frame) == {"2021-07-04": {"sites": 2.0, "mean_pm25_ugm3": 8.0, "highest_aqi": 61.0}}


def test_a_month_has_its_number_of_drifted_features_and_the_path_of_its_report() -> None:
    frame = pd.DataFrame(
        {
            "month": pd.Timestamp("2021-05-01"),
            "is_drifted": [True, False, True],
            "report_uri": "/tables/reports/drift_report-2021-05.html",
        }
    )

    metadata = drift_report_metadata(frame)["2021-05"]

    assert metadata["drifted_features"] == 2.0
    assert metadata["report"].value == "/tables/reports/drift_report-2021-05.html"


@pytest.mark.parametrize(
    ("metadata_of", "table"),
    [
        (site_days_metadata, "site_days"),
        (predictions_metadata, "predictions"),
        (drift_report_metadata, "drift_report"),
    ],
)
def test_empty_tables_have_no_metadata(metadata_of: Callable[[pd.DataFrame], object], table: str) -> None:
    assert metadata_of(TABLES[table].empty()) == {}
