"""Rows of AirNow's historical forecasts become records of agency_forecasts, or are set aside."""

from datetime import date
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.acquire.airnow.historical.records import HistoricalRecords, read_rows
from airwatch_dagster.errors import BadPayload
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster_tests.acquire.airnow.historical.samples import CHICAGO, row

FIRST, LAST = date(2024, 3, 1), date(2024, 3, 31)
GOOD = [row(dateValid=f"2024-03-{day}") for day in range(10, 20)]


def read(*rows: Any) -> HistoricalRecords:
    return read_rows(rows, area=CHICAGO, first=FIRST, last=LAST, culprit="AirNow historical forecasts of il001")


def test_a_forecast_is_known_from_its_day_of_issue_at_the_position_of_its_area() -> None:
    [record] = validated("agency_forecasts", read(row()).records).to_dict("records")

    assert (record["archived_on"], record["issue_date"]) == (pd.Timestamp("2024-03-09"), pd.Timestamp("2024-03-09"))
    assert (record["target_date"], record["valid_time"]) == (pd.Timestamp("2024-03-10"), None)
    assert (record["reporting_area"], record["state"], record["parameter"]) == ("Chicago", "IL", "PM2.5")
    assert (record["record_type"], record["agency_aqi"], record["agency_category"]) == ("F", 65, "Moderate")
    assert (record["latitude"], record["longitude"]) == (41.88, -87.63)
    assert (record["is_primary"], record["is_action_day"], record["forecast_source"]) == (True, False, None)


def test_all_dates_of_issue_of_a_day_are_kept() -> None:
    rows = [row(dateIssue=f"2024-03-{day:02}", dateValid="2024-03-14", aqi=40 + day) for day in (14, 9, 13, 12)]
    records = read(*rows).records

    assert records["archived_on"].dt.day.tolist() == [9, 12, 13, 14]
    assert records["agency_aqi"].tolist() == [49, 52, 53, 54]


def test_an_aqi_of_minus_one_leaves_the_category_alone() -> None:
    [record] = read(row(aqi=-1, categoryNumber=3)).records.to_dict("records")

    assert record["agency_aqi"] is None
    assert record["agency_category"] == "Unhealthy for Sensitive Groups"


def test_an_unavailable_forecast_still_names_its_area() -> None:
    [record] = validated("agency_forecasts", read(row(aqi=-1, categoryNumber=7)).records).to_dict("records")

    assert (record["agency_aqi"], record["agency_category"]) == (None, None)


def test_the_pollutant_with_the_highest_aqi_or_category_is_primary() -> None:
    ozone, other_day = row(parameterName="OZONE", aqi=80), row(dateValid="2024-03-11", aqi=-1, categoryNumber=1)
    bad_day = row(dateValid="2024-03-11", parameterName="OZONE", aqi=-1, categoryNumber=4)
    records = read(row(), ozone, other_day, bad_day).records

    primary = records[records["is_primary"]]
    assert list(zip(primary["parameter"], primary["target_date"].dt.day, strict=True)) == [("OZONE", 10), ("OZONE", 11)]


def test_text_in_other_forms_is_read_and_unknown_fields_are_ignored() -> None:
    shouted = {name.upper(): value for name, value in row(actionDay="Yes", aqi="65", categoryNumber="2").items()}
    renamed = shouted | {"DATEISSUE": " 2024-03-09 ", "STATECODE": "il", "REPORTINGAREACODE": "IL001", "NEW": [1]}

    [record] = read(renamed).records.to_dict("records")
    assert (record["agency_aqi"], record["state"], record["is_action_day"]) == (65, "IL", True)


INVALID = {
    "no date of issue": ({"dateIssue": None}, "dateIssue", None),
    "a month 13": ({"dateIssue": "2024-13-01"}, "dateIssue", "2024-13-01"),
    "an American date": ({"dateValid": "03/10/2024"}, "dateValid", "03/10/2024"),
    "a date as a number": ({"dateValid": 20240310}, "dateValid", "20240310"),
    "a day before the range": ({"dateValid": "2024-02-29"}, "dateValid", "2024-02-29"),
    "a day after the range": ({"dateValid": "2024-04-01"}, "dateValid", "2024-04-01"),
    "another area": ({"reportingAreaCode": "il002"}, "reportingAreaCode", "il002"),
    "no area": ({"reportingAreaCode": None}, "reportingAreaCode", None),
    "no name": ({"reportingArea": "  "}, "reportingArea", None),
    "a state as a list": ({"stateCode": 17}, "stateCode", "17"),
    "an AQI in words": ({"aqi": "high"}, "aqi", "high"),
    "half an AQI": ({"aqi": 65.5}, "aqi", "65.5"),
    "an AQI beyond any": ({"aqi": 1e300}, "aqi", "1e+300"),
    "an AQI as an object": ({"aqi": {"value": 65}}, "aqi", "{'value': 65}"),
    "category 0": ({"categoryNumber": 0}, "categoryNumber", "0"),
    "category 8": ({"categoryNumber": 8}, "categoryNumber", "8"),
    "no category": ({"categoryNumber": None}, "categoryNumber", None),
    "perhaps an action day": ({"actionDay": "perhaps"}, "actionDay", "perhaps"),
    "no parameter": ({"parameterName": ""}, "parameterName", None),
}


@pytest.mark.parametrize("what", INVALID)
def test_a_row_with_an_invalid_value_is_set_aside_and_named(what: str) -> None:
    changes, column, value = INVALID[what]
    found = read(*GOOD, row(**changes))

    assert len(found.records) == len(GOOD)
    [line] = found.rejected.to_dict("records")
    assert (line["file"], line["line_number"]) == ("AirNow historical forecasts of il001", len(GOOD) + 1)
    assert (line["column_name"], line["value"]) == (column, value)
    expected = pd.NaT if column == "dateIssue" else pd.Timestamp("2024-03-09")
    assert line["date_local"] is expected or line["date_local"] == expected


def test_a_row_that_is_no_object_is_set_aside() -> None:
    found = read(*GOOD, "a row")

    assert len(found.records) == len(GOOD)
    assert found.rejected[["line_number", "reason", "value"]].to_numpy().tolist() == [
        [11, "expected an object", "a row"]
    ]


@pytest.mark.parametrize("rows", [[row(aqi="x")], [1, 2], [{}], [row(dateValid="2023-03-10")] * 8])
def test_a_response_without_a_readable_row_is_refused(rows: list[Any]) -> None:
    with pytest.raises(BadPayload, match=r"of il001: .* rows cannot be read, such as row 1.*report it to AirWatch"):
        read(*rows)


def test_no_rows_are_no_records() -> None:
    found = read()

    assert len(validated("agency_forecasts", found.records)) == len(found.rejected) == 0


def test_the_last_of_several_rows_with_one_key_counts() -> None:
    assert read(row(aqi=70), row(aqi=40, categoryNumber=1)).records["agency_aqi"].tolist() == [40]
