"""The forecasts issued on a day as a sentence and a table."""

from typing import Any

import pandas as pd

from airwatch_dagster.figures.forecast_table import MAX_ROWS, DayForecast, day_forecasts, headline, worst_sites_table
from airwatch_dagster.figures.markdown import unbroken

NAMES = {"170310001": "Lakefront", "170310002": "Steel | Works"}
ROW: dict[str, Any] = {
    "site_id": "170310001",
    "issue_date": pd.Timestamp("2021-07-04"),
    "target_date": pd.Timestamp("2021-07-05"),
    "horizon_days": 1,
    "pm25_ugm3": 8.17,
    "pm25_lower_ugm3": 3.04,
    "pm25_upper_ugm3": 14.96,
    "aqi": 45,
    "aqi_category": "Good",
    "probability_above_35_4": 0.0049,
}
WORSE = {
    "site_id": "170310002",
    "pm25_ugm3": 40.0,
    "aqi": 112,
    "aqi_category": "Unhealthy for Sensitive Groups",
    "probability_above_35_4": 0.617,
}


def forecasts(*changes: dict[str, Any]) -> DayForecast:
    (day,) = day_forecasts(pd.DataFrame([ROW | change for change in changes])).values()
    return day


def test_each_issue_and_lead_has_its_own_sites() -> None:
    later = {"issue_date": pd.Timestamp("2021-07-05"), "target_date": pd.Timestamp("2021-07-07"), "horizon_days": 2}
    rows = pd.DataFrame([ROW, ROW | WORSE, ROW | WORSE | later, ROW | later | {"horizon_days": 1}])

    found = day_forecasts(rows)

    first, second = pd.Timestamp("2021-07-04"), later["issue_date"]
    assert {key: day.sites for key, day in found.items()} == {(first, 1): 2, (second, 2): 1, (second, 1): 1}
    assert [row["aqi"] for row in found[first, 1].worst] == [112, 45]
    assert dict(found[second, 2].sites_by_category) == {"Unhealthy for Sensitive Groups": 1}
    assert found[second, 2].target_date == later["target_date"]


def test_the_headline_says_when_what_where_and_with_what_chance() -> None:
    assert headline(forecasts({}, WORSE), NAMES) == (
        "Monday, 5 July 2021: Unhealthy for Sensitive Groups at 1, Good at 1 of 2 sites. Highest: Steel \\| Works, AQI "
        "112 (40.0 µg/m³; chance above 35.4 µg/m³: 62 %)."
    )


def test_sites_of_one_category_are_counted_together() -> None:
    both = headline(forecasts({}, {"site_id": "170310002"}), NAMES)
    assert "Good at all 2 sites" in both
    assert "chance above 35.4 µg/m³: < 1 %" in both
    assert "Good at the only site" in headline(forecasts({}), NAMES)


def test_the_value_is_cut_off_as_the_aqi_is_computed() -> None:
    assert "AQI 45 (8.1 µg/m³" in headline(forecasts({}), NAMES)
    assert "(9.1 µg/m³" in headline(forecasts({"pm25_ugm3": 9.1}), NAMES), "9.1 is stored as a little less"


def test_the_table_has_the_worst_site_first_with_its_name_interval_and_chance() -> None:
    table = worst_sites_table(forecasts({}, WORSE), NAMES)

    assert table.rows == (
        ("Steel / Works", "112", "Unhealthy for Sensitive Groups", unbroken("3.0–15.0"), unbroken("62 %")),
        ("Lakefront", "45", "Good", unbroken("3.0–15.0"), unbroken("< 1 %")),
    )


def test_of_many_sites_the_worst_are_shown_at_once_and_the_others_counted() -> None:
    many = [WORSE | {"site_id": f"17031{number:04d}", "aqi": 101 + number} for number in range(30)]
    names = {row["site_id"]: "A Name of Twenty-Eight Letters"[:28] for row in many}

    table = worst_sites_table(forecasts(*many), names)

    assert [row[1] for row in table.rows] == [str(130 - number) for number in range(MAX_ROWS)] + [""]
    assert table.rows[-1][0] == "and 20 sites below"
    assert len(str(table)) < 1000
