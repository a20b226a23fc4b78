"""Numbers of each partition in Dagster's metadata."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.orchestration.metadata.tables import (
    coverage_metadata,
    drift_report_metadata,
    forecast_scores_metadata,
    predictions_metadata,
    site_days_metadata,
)
from airwatch_dagster.orchestration.pages import Pages
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests import builders

WIDTH, PINBALL = "width of the 90 % interval (µg/m³)", "pinball loss (µg/m³)"


def scores(*rows: tuple[str, float, bool]) -> pd.DataFrame:
    """Scores from target day, error (µg/m³) and is_covered; the interval is 8 to 14, the observed value 10 µg/m³."""
    frame = pd.DataFrame(rows, columns=["target_date", "error_ugm3", "is_covered"])
    frame = frame.assign(target_date=pd.to_datetime(frame["target_date"]), abs_error_ugm3=frame["error_ugm3"].abs())
    return frame.assign(pm25_observed_ugm3=10.0, pm25_lower_ugm3=8.0, pm25_upper_ugm3=14.0)


def test_each_day_gets_its_own_errors_and_coverage() -> None:
    metadata = forecast_scores_metadata(
        scores(("2021-07-04", 3.0, True), ("2021-07-04", -1.0, False), ("2021-07-05", 2.0, True))
    )

    names = ("RMSE (µg/m³)", "mean absolute error (µg/m³)", "bias (µg/m³)", "inside the 90 % interval (share)")
    interval = {WIDTH: 6.0, PINBALL: 0.15}
    first = dict(zip(names, (2.236, 2.0, 1.0, 0.5), strict=True))
    assert metadata["2021-07-04"] == pytest.approx({**first, **interval})
    assert metadata["2021-07-05"] == {**dict(zip(names, (2.0, 2.0, 2.0, 1.0), strict=True)), **interval}
    assert list(metadata) == ["2021-07-04", "2021-07-05"]


def test_each_day_has_the_width_and_pinball_loss_of_its_own_intervals() -> None:
    frame = scores(("2021-07-04", 3.0, True), ("2021-07-05", 2.0, False))

    metadata = forecast_scores_metadata(frame.assign(pm25_lower_ugm3=[9.0, 12.0], pm25_upper_ugm3=[11.0, 30.0]))

    assert [metadata[day][WIDTH] for day in metadata] == [2.0, 18.0]
    assert [metadata[day][PINBALL] for day in metadata] == [0.05, 1.45]


def test_days_without_scores_have_no_metadata() -> None:
    assert forecast_scores_metadata(TABLES["forecast_scores"].empty()) == {}


def test_the_pm25_of_a_day_is_of_its_valid_sites() -> None:
    frame = builders.site_days(
        {"site_id": "170310001", "pm25_ugm3": 4.0},
        {"site_id": "170310002", "pm25_ugm3": 8.0},
        {"site_id": "170310003", "pm25_ugm3": 99.0, "is_valid": False},
    )

    assert site_days_metadata(frame) == {
        "2021-07-04": {"valid sites": 2.0, "mean PM2.5 (µg/m³)": 6.0, "highest PM2.5 (µg/m³)": 8.0}
    }


FORECAST = {
    "issue_date": pd.Timestamp("2021-07-04"),
    "target_date": pd.Timestamp("2021-07-05"),
    "horizon_days": 1,
    "site_id": "170319001",
    "pm25_ugm3": 4.0,
    "pm25_lower_ugm3": 1.0,
    "pm25_upper_ugm3": 9.0,
    "aqi": 22,
    "aqi_category": "Good",
    "probability_above_35_4": 0.0,
}


def test_an_issue_day_says_its_forecast_and_shows_its_worst_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_SITE_URL", "http://air.example")
    later = {"target_date": pd.Timestamp("2021-07-06"), "horizon_days": 2, "pm25_ugm3": 20.0, "aqi": 71}
    frame = pd.DataFrame([FORECAST | later, FORECAST, FORECAST | {"site_id": "170319002", "aqi": 30}])

    own = predictions_metadata(frame, {"2021-07-04": {"sites with weather": 1}}, monitors=builders.monitors({}))

    assert list(own) == ["2021-07-04"]
    day = own["2021-07-04"]
    tomorrow, today = day["forecast"].value.splitlines()
    assert tomorrow.startswith("- Tuesday, 6 July 2021: Good at the only site.")
    assert today.startswith("- Monday, 5 July 2021: Good at all 2 sites.")
    assert day["worst sites tomorrow"].value.startswith("| Site, 6 Jul | AQI |")
    assert "| Lakefront | 71 | Good | 1.0" in day["worst sites tomorrow"].value
    numbers = {name: day[name] for name in ("sites", "mean PM2.5 (µg/m³)", "highest AQI", "sites with weather")}
    assert numbers == {"sites": 2.0, "mean PM2.5 (µg/m³)": 9.333, "highest AQI": 71.0, "sites with weather": 1}
    assert day["bulletin"].value == "http://air.example/2021-07-04.html"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://air.example", "http://air.example/reports/drift_report-2021-05.html"),
        (None, "s3://air/site/reports/drift_report-2021-05.html"),
    ],
    ids=["a link", "a path"],
)
def test_a_month_has_its_number_of_drifted_features_and_its_report(
    address: str | None, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRWATCH_STORAGE", "s3://air")
    monkeypatch.setenv("AIRWATCH_SITE_URL", address or "")
    uri = "s3://air/site/reports/drift_report-2021-05.html"
    frame = pd.DataFrame({"month": pd.Timestamp("2021-05-01"), "is_drifted": [True, False, True, False]})
    frame["not_judged"] = [None, None, None, "26 values of 3 days"]

    metadata = drift_report_metadata(frame, {"2021-05": uri})["2021-05"]

    assert (metadata["drifted features"], metadata["compared features"]) == (2.0, 3.0)
    assert metadata["report"].value == shown
    first_year = drift_report_metadata(frame[:0], {"2021-05": uri})["2021-05"]
    assert first_year == {"report": metadata["report"]}, "its page has the reason"


def test_a_month_of_coverage_has_counts_the_sites_with_gaps_and_a_plot(pages: Pages, tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {
            "site_id": "170319001",
            "date_local": pd.date_range("2021-07-01", periods=4),
            "status": ["observed", "observed", "missing", "not_scheduled"],
            "is_context": False,
            "cbsa_code": "16980",
            "state_code": "17",
        }
    )
    changes = TABLES["monitor_changes"].empty()
    silence = {"2021-07": {"forecast for silent site-days": "Not judged."}}

    own = coverage_metadata(rows, changes, monitors=builders.monitors({}), pages=pages, silence=silence)["2021-07"]

    assert own["forecast for silent site-days"] == "Not judged."
    assert "| Lakefront | 2 | 0 | 1 | 0 | 1 |" in own["sites with gaps"].value
    assert (own["observed of due (%)"], own["missing days"], own["not scheduled days"]) == (66.7, 1, 1)
    assert (tmp_path / "site/figures/coverage/2021-07-completeness.svg").exists()


@pytest.mark.parametrize(
    ("metadata_of", "table"),
    [
        (site_days_metadata, "site_days"),
        (lambda frame: predictions_metadata(frame, monitors=builders.monitors({})), "predictions"),
        (lambda frame: drift_report_metadata(frame, {}), "drift_report"),
    ],
)
def test_empty_tables_have_no_metadata(metadata_of: Callable[[pd.DataFrame], object], table: str) -> None:
    assert metadata_of(TABLES[table].empty()) == {}
