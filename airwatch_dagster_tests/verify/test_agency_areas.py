"""Agencies' forecasts of reporting areas against the highest value of their sites."""

import gzip
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.acquire.airnow.readers import read_forecasts
from airwatch_dagster.clean.aqi import AQI_2012, pm25_aqi
from airwatch_dagster.verify.agency_areas import area_cases, area_forecasts, relevant_records, sites_of_areas
from airwatch_dagster_tests.builders import agency_forecasts, forecast_scores, site_days

MONDAY, TUESDAY, WEDNESDAY = (pd.Timestamp(f"2021-07-{day:02d}") for day in (5, 6, 7))
OWN, SECOND = {"site_id": "170319001"}, {"site_id": "170319002", "latitude": 41.95}
GARY: dict[str, Any] = {"reporting_area": "Gary", "state": "IN", "latitude": 41.6, "longitude": -87.3}


def test_a_forecast_is_paired_with_the_airwatch_forecast_published_on_the_same_day() -> None:
    """What an agency says on Monday for Wednesday stands beside AirWatch's of Sunday's readings, 3 days ahead."""
    records = agency_forecasts(*({"target_date": day} for day in (MONDAY, TUESDAY, WEDNESDAY)))

    found = area_forecasts(records)

    assert found["horizon_days"].tolist() == [1, 2, 3]
    assert set(found["issue_date"]) == {pd.Timestamp("2021-07-04")}


def test_longer_leads_observations_and_other_pollutants_are_left_out() -> None:
    too_far = {"target_date": pd.Timestamp("2021-07-08")}
    others = ({"record_type": "O"}, {"record_type": "Y"}, {"parameter": "OZONE"}, {"state": None})

    assert len(area_forecasts(agency_forecasts(too_far, *others))) == 0
    assert len(area_forecasts(agency_forecasts(too_far, *others, {}))) == 1


def test_the_first_copy_of_a_forecast_counts() -> None:
    records = agency_forecasts(
        {"archived_on": TUESDAY, "target_date": WEDNESDAY, "agency_aqi": 160},
        {"archived_on": MONDAY, "target_date": WEDNESDAY, "agency_aqi": 60},
    )

    assert area_forecasts(records)["agency_aqi"].tolist() == [60]


def test_a_copy_archived_after_its_target_day_is_no_forecast() -> None:
    assert len(area_forecasts(agency_forecasts({"archived_on": TUESDAY}))) == 0
    assert len(area_forecasts(agency_forecasts({"archived_on": MONDAY}))) == 1


def test_the_category_is_that_of_the_aqi_and_else_the_one_issued() -> None:
    records = agency_forecasts(
        {"agency_aqi": 101, "agency_category": "Moderate"},
        {**GARY, "agency_aqi": None, "agency_category": "Moderate"},
        {"reporting_area": "Elsewhere", "agency_aqi": None, "agency_category": "Unavailable"},
    )

    assert area_forecasts(records).set_index("reporting_area")["agency_category"].to_dict() == {
        "Chicago": "Unhealthy for Sensitive Groups",
        "Gary": "Moderate",
    }


def test_a_site_belongs_to_the_nearest_area_within_50_km() -> None:
    ozone_only = {**GARY, "parameter": "OZONE"}
    records = agency_forecasts({}, ozone_only)
    sites = site_days(
        OWN,
        {"site_id": "180890001", "latitude": 41.61, "longitude": -87.31},
        {"site_id": "170990001", "latitude": 41.3, "longitude": -89.0},
    )

    found = sites_of_areas(records, site_days=sites).set_index("site_id")["reporting_area"].to_dict()

    assert found == {"170319001": "Chicago", "180890001": "Gary"}


def test_an_area_is_judged_by_its_highest_site_on_both_sides() -> None:
    scores = forecast_scores({**OWN, "pm25_ugm3": 9.0}, {"site_id": "170319002", "pm25_ugm3": 14.0})
    days = site_days({**OWN, "pm25_ugm3": 20.0}, {**SECOND, "pm25_ugm3": 11.0})
    days = days.assign(date_local=MONDAY)

    [case] = area_cases(scores, site_days=days, records=agency_forecasts({"agency_aqi": 60})).to_dict("records")

    assert (case["place"], case["site_id"]) == ("Chicago, IL", "170319001")
    assert (case["airwatch_ugm3"], case["observed_ugm3"]) == (14.0, 20.0)
    assert pm25_aqi(pd.Series([case["agency_ugm3"]]), table=AQI_2012).tolist() == [60]


def test_an_area_with_an_observed_site_that_airwatch_did_not_forecast_is_left_out() -> None:
    days = site_days({**OWN, "date_local": MONDAY}, {**SECOND, "date_local": MONDAY})

    assert len(area_cases(forecast_scores(OWN), site_days=days, records=agency_forecasts())) == 0
    invalid = days.assign(is_valid=[True, False])
    assert len(area_cases(forecast_scores(OWN), site_days=invalid, records=agency_forecasts())) == 1


@pytest.mark.parametrize(
    ("issued", "categories", "agency_ugm3"),
    [("2024-05-05", ("Good", "Good"), 12.0), ("2024-05-06", ("Moderate", "Good"), 9.0)],
)
def test_categories_are_those_of_the_aqi_table_in_force(
    issued: str, categories: tuple[str, str], agency_ugm3: float
) -> None:
    """10 µg/m³ was Good until 5 May 2024; an AQI of 50 was 12.0 µg/m³ then, and is 9.0 since."""
    day = pd.Timestamp(issued)
    dates = {"issue_date": day - pd.Timedelta(days=1), "target_date": day}
    records = agency_forecasts({"archived_on": day, "issue_date": day, "target_date": day})
    scores = forecast_scores({**OWN, **dates, "pm25_ugm3": 8.0})

    found = area_cases(scores, site_days=site_days({"date_local": day, "pm25_ugm3": 10.0}), records=records)

    [case] = found.to_dict("records")
    assert (case["observed_category"], case["airwatch_category"]) == categories
    assert (case["agency_category"], case["agency_ugm3"]) == ("Good", agency_ugm3)


def test_without_records_or_sites_there_are_no_cases() -> None:
    days = site_days({"date_local": MONDAY})

    assert len(area_cases(forecast_scores(OWN), site_days=days, records=agency_forecasts().head(0))) == 0
    assert len(area_cases(forecast_scores(OWN), site_days=days.head(0), records=agency_forecasts())) == 0


@pytest.fixture(scope="module")
def smoke(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The agencies' records of 8 June 2023, with smoke over the east, as the last file of the day has them."""
    packed = real_data / "airnow_reportingarea_2023-06-08" / "reportingarea-1686259293.dat.gz"
    if not packed.is_file():
        pytest.skip(f"{packed} is not there")
    path = tmp_path_factory.mktemp("airnow") / "reportingarea.dat"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    return read_forecasts(path, date(2023, 6, 8), culprit="AirNow").records


def test_the_smoke_day_has_forecasts_of_over_four_hundred_areas(smoke: pd.DataFrame) -> None:
    found = area_forecasts(smoke)

    assert len(found) > 1000
    assert found.drop_duplicates(["reporting_area", "state"]).shape[0] > 400
    new_york = found[(found["reporting_area"] == "New York City Region") & (found["agency_aqi"].notna())]
    assert new_york.set_index("horizon_days")["agency_aqi"].to_dict() == {1: 170, 2: 120}
    chicago = found[found["reporting_area"] == "Chicago"]
    assert chicago["horizon_days"].tolist() == [1, 2, 3]
    assert set(chicago["agency_category"]) == {"Moderate"}
    assert chicago["agency_aqi"].isna().all()


def test_the_comparison_of_the_smoke_day_needs_less_than_half_of_its_records(smoke: pd.DataFrame) -> None:
    reduced = relevant_records(smoke)

    assert len(reduced) < len(smoke) / 2
    pd.testing.assert_frame_equal(
        area_forecasts(reduced).reset_index(drop=True), area_forecasts(smoke).reset_index(drop=True)
    )
    everywhere = smoke[smoke["state"].notna()].drop_duplicates(["reporting_area", "state"])
    places = everywhere[["latitude", "longitude"]].reset_index(drop=True)
    sites = site_days(*({"site_id": f"17{n:07d}", **place} for n, place in enumerate(places.to_dict("records"))))
    by_area = [sites_of_areas(records, site_days=sites)["reporting_area"].tolist() for records in (reduced, smoke)]
    assert by_area[0] == by_area[1]


def test_new_york_on_the_smoke_day_is_scored_by_its_worst_site(smoke: pd.DataFrame) -> None:
    """Observed 195.7 µg/m³ on the day the agency forecast an AQI of 170: both Unhealthy or worse."""
    day = pd.Timestamp("2023-06-08")
    sites = {"360050110": (40.82, -73.90), "360610135": (40.82, -73.95)}
    days = site_days(
        *(
            {"site_id": site, "date_local": day, "latitude": latitude, "longitude": longitude, "pm25_ugm3": value}
            for (site, (latitude, longitude)), value in zip(sites.items(), (195.7, 120.0), strict=True)
        )
    )
    scores = forecast_scores(
        *({"site_id": site, "issue_date": pd.Timestamp("2023-06-07"), "target_date": day} for site in sites)
    )

    [case] = area_cases(scores, site_days=days, records=smoke).to_dict("records")

    assert case["place"] == "New York City Region, NY"
    assert case["observed_ugm3"] == 195.7
    assert (case["agency_category"], case["observed_category"]) == ("Unhealthy", "Very Unhealthy")
    assert pm25_aqi(pd.Series([case["agency_ugm3"]]), table=AQI_2012).tolist() == [170]
