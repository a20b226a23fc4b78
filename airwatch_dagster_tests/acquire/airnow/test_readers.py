from collections.abc import Callable

import pandas as pd
import pytest

from airwatch_dagster.acquire.airnow.archive import AirNowArchive
from airwatch_dagster.acquire.readings import READING_COLUMNS
from airwatch_dagster.errors import AirWatchError, BadPayload, SourceUnavailable
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster_tests.acquire.airnow.samples import (
    AREAS,
    CANADA,
    CHICAGO,
    DAILY,
    DAY,
    DHAKA,
    LINE,
    OLD_DAILY,
    OLD_LINE,
    areas_line,
    changed,
    lines,
    site_locations,
)
from airwatch_dagster_tests.acquire.fake_server import FakeServer, Reply

Day = Callable[..., pd.DataFrame]


def test_a_line_has_contract_columns_and_dtypes(day_of: Day) -> None:
    readings = day_of(LINE)
    assert tuple(readings.columns) == READING_COLUMNS
    row = readings.iloc[0].to_dict()
    assert {name: value for name, value in row.items() if not pd.isna(value)} == {
        "state_code": "06", "county_code": "029", "site_number": "0014", "parameter_code": "88101", "poc": 0,
        "date_local": pd.Timestamp("2023-01-09"), "sample_duration": "24-HR BLK AVG",
        "units_of_measure": "Micrograms/cubic meter (LC)", "arithmetic_mean": 4.5, "aqi": 19,
        "latitude": 35.356615, "longitude": -119.062613, "source": "airnow",
    }  # fmt: skip
    versioned = readings.assign(first_seen_at=pd.Timestamp("2023-01-10 18:00"), superseded_at=pd.NaT)
    assert (validated("raw_readings", versioned).dtypes == TABLES["raw_readings"].empty().dtypes).all()


def test_each_site_is_one_row_and_rows_are_sorted(day_of: Day) -> None:
    readings = day_of(CHICAGO, LINE, CHICAGO)
    assert (readings["state_code"] + readings["county_code"] + readings["site_number"]).tolist() == [
        "060290014",
        "170310001",
    ]


def test_a_trailing_pipe_blank_lines_carriage_returns_and_a_byte_order_mark_are_accepted(
    archive: AirNowArchive, server: FakeServer
) -> None:
    content = b"\xef\xbb\xbf\r\n" + f"{LINE}|\r\n\r\n{CHICAGO}".encode()
    server.will_send(DAILY, Reply(content))
    assert archive.daily(DAY).readings["arithmetic_mean"].tolist() == [4.5, 8.1]


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1"])
def test_accents_are_read_in_either_encoding(archive: AirNowArchive, server: FakeServer, encoding: str) -> None:
    server.will_send(AREAS, Reply(areas_line(area="Cañon\x85 City").encode(encoding)))
    assert archive.forecasts(DAY)["reporting_area"].tolist() == ["Cañon\x85 City"]


@pytest.mark.parametrize(
    "foreign", [CANADA, DHAKA, changed("840060290014", "484060290014"), changed("|840060290014", "|")]
)
def test_a_site_outside_the_us_is_left_out(day_of: Day, foreign: str) -> None:
    assert day_of(foreign, CHICAGO)["site_number"].tolist() == ["0001"]


def test_malformed_lines_of_other_sites_and_parameters_are_ignored(day_of: Day) -> None:
    ozone = changed("PM2.5-24hr|UG/M3|4.5", "OZONE-8HR|PPB|n/a")
    earlier = changed("01/09/23", "01/08/23", changed("|4.5|", "|n/a|"))
    assert day_of(ozone, changed("|6.0|", "|n/a|", CANADA), earlier, CHICAGO)["arithmetic_mean"].tolist() == [8.1]


@pytest.mark.parametrize("none", ["", "-999", "-999.0"])
def test_a_site_without_a_value_has_no_reading(archive: AirNowArchive, server: FakeServer, none: str) -> None:
    server.will_send(DAILY, Reply(lines(changed("|4.5|", f"|{none}|"), CHICAGO)))
    day = archive.daily(DAY)
    assert day.readings["arithmetic_mean"].tolist() == [8.1]
    assert day.sites_without_value == 1


def test_a_day_on_which_no_site_has_a_value_has_no_readings(day_of: Day) -> None:
    readings = day_of(changed("|4.5|", "|-999|"))
    assert tuple(readings.columns) == READING_COLUMNS
    assert len(readings) == 0


def test_a_value_slightly_below_zero_is_read(day_of: Day) -> None:
    assert day_of(changed("|4.5|", "|-0.7|"))["arithmetic_mean"].tolist() == [-0.7]


@pytest.mark.parametrize("none", ["", "-999"])
def test_a_missing_aqi_is_null(day_of: Day, none: str) -> None:
    assert day_of(changed("|19|", f"|{none}|"))["aqi"].isna().all()


def test_the_statistical_area_comes_from_the_site_locations(day_of: Day) -> None:
    row = day_of(LINE, CHICAGO, site_locations=site_locations())
    assert row["cbsa_code"].tolist() == ["12540", None]
    assert row["latitude"].tolist() == [35.356615, 41.670992]


def test_a_rural_site_has_no_statistical_area(day_of: Day) -> None:
    assert day_of(LINE, site_locations=site_locations(cbsa_code=None))["cbsa_code"].tolist() == [None]


def test_a_site_without_a_position_gets_the_known_one(day_of: Day) -> None:
    readings = day_of(changed("|35.356615|-119.062613|", "|||"), site_locations=site_locations())
    assert readings[["latitude", "longitude"]].to_numpy().tolist() == [[35.35, -119.06]]


def test_sites_without_a_known_location_are_left_out_and_counted(archive: AirNowArchive, server: FakeServer) -> None:
    elsewhere = changed("060290014", "060290015", OLD_LINE)
    server.will_send(OLD_DAILY, Reply(lines(OLD_LINE, elsewhere, elsewhere)))
    day = archive.daily(DAY, site_locations=site_locations())
    assert day.readings["site_number"].tolist() == ["0014"]
    assert day.sites_without_location == 1
    assert archive.daily(DAY).sites_without_location == 2


@pytest.mark.parametrize("line", [changed("01/09/23", "01/08/23"), changed("PM2.5-24hr", "PM2.5"), CANADA])
def test_a_file_without_lines_of_the_day_is_unavailable_not_empty(day_of: Day, line: str) -> None:
    with pytest.raises(SourceUnavailable, match=r"no PM2\.5-24hr line of a US site for 2023-01-09"):
        day_of(line)


DAMAGED = {
    "too few fields": ("01/09/23|170310001|ALS", "line 3 has 3 fields instead of 13: '01/09/23|170310001|ALS'"),
    "too many fields": (changed("ALSIP", "AL|SIP", CHICAGO), "line 3 has 14 fields"),
    "no number": (changed("|8.1|", "|8,1|", CHICAGO), "line 3: Value is '8,1', expected a number"),
    "no AQI": (changed("|34|", "|3x|", CHICAGO), "line 3: AQI is '3x', expected a whole number"),
    "no position": (changed("41.670992", "41.6°", CHICAGO), "line 3: Latitude is '41.6°', expected a number"),
    "no day": (changed("01/09/23", "13/09/23", CHICAGO), "line 3: ValidDate is '13/09/23', expected a date"),
    "no date at all": (changed("01/09/23", "", CHICAGO), "line 3: ValidDate is None, expected a date"),
    "another unit": (changed("UG/M3", "PPB", CHICAGO), "line 3: Units is 'PPB', expected UG/M3"),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_malformed_line_is_named_with_its_field_and_value(day_of: Day, what: str) -> None:
    line, words = DAMAGED[what]
    with pytest.raises(BadPayload) as raised:
        day_of(LINE, "", line)
    assert str(raised.value).startswith(f"AirNow daily_data_v2.dat of 2023-01-09: {words}")


def test_two_values_of_one_site_are_refused(day_of: Day) -> None:
    with pytest.raises(BadPayload, match=r"site_number 0014.*arithmetic_mean is 4\.\d and 4\.\d"):
        day_of(LINE, changed("|4.5|", "|4.6|"))


def test_a_forecast_has_contract_columns_and_dtypes(forecasts_of: Day) -> None:
    forecasts = forecasts_of(areas_line())
    assert {name: value for name, value in forecasts.iloc[0].to_dict().items() if not pd.isna(value)} == {
        "archived_on": pd.Timestamp("2023-01-09"), "reporting_area": "Bakersfield", "state": "CA",
        "issue_date": pd.Timestamp("2023-01-09"), "target_date": pd.Timestamp("2023-01-10"), "record_type": "F",
        "parameter": "PM2.5", "is_primary": True, "latitude": 35.357, "longitude": -119.063, "agency_aqi": 65,
        "agency_category": "Moderate", "is_action_day": False, "forecast_source": "San Joaquin Valley APCD",
    }  # fmt: skip
    assert (forecasts.dtypes == TABLES["agency_forecasts"].empty().dtypes).all()
    pd.testing.assert_frame_equal(TABLES["agency_forecasts"].schema.validate(forecasts), forecasts)
    pd.testing.assert_frame_equal(validated("agency_forecasts", forecasts), forecasts)


def test_every_parameter_and_record_type_is_read_and_sorted_by_key(forecasts_of: Day) -> None:
    observed = areas_line(type="O", index="0", valid="01/09/23", time="14:00", primary="N", action="Yes")
    forecasts = forecasts_of(areas_line(parameter="OZONE"), areas_line(), observed)
    assert forecasts[["target_date", "valid_time", "record_type", "parameter"]].astype(str).to_numpy().tolist() == [
        ["2023-01-09", "14:00", "O", "PM2.5"],
        ["2023-01-10", "None", "F", "OZONE"],
        ["2023-01-10", "None", "F", "PM2.5"],
    ]
    assert forecasts["is_action_day"].tolist() == [True, False, False]
    assert forecasts["is_primary"].tolist() == [False, True, True]


@pytest.mark.parametrize("none", ["", "-999", "-1"])
def test_a_forecast_can_be_a_category_without_an_aqi(forecasts_of: Day, none: str) -> None:
    forecast = forecasts_of(areas_line(aqi=none)).iloc[0]
    assert pd.isna(forecast["agency_aqi"])
    assert forecast["agency_category"] == "Moderate"


def test_an_area_outside_the_us_has_no_state_and_one_without_a_position_is_left_out(forecasts_of: Day) -> None:
    toronto = areas_line(area="Toronto", state="", latitude="43.657", longitude="-79.388", source="")
    nowhere = areas_line(area="Nowhere", latitude="", longitude="")
    forecasts = validated("agency_forecasts", forecasts_of(toronto, nowhere))
    assert forecasts["reporting_area"].tolist() == ["Toronto"]
    assert forecasts[["state", "forecast_source"]].isna().all(axis=None)


def test_of_several_forecasts_with_one_key_the_last_counts(forecasts_of: Day) -> None:
    forecasts = forecasts_of(areas_line(aqi="70"), areas_line(), areas_line(), areas_line(area="Fresno"))
    assert forecasts["agency_aqi"].tolist() == [65, 65]
    assert forecasts["reporting_area"].tolist() == ["Bakersfield", "Fresno"]


def test_a_discussion_can_contain_line_breaks_quotes_and_commas(forecasts_of: Day) -> None:
    talkative = areas_line(discussion='Smoke, "heavy" at times.\r\n\r\nStay inside; <b>wear</b> a mask.\n')
    forecasts = forecasts_of(talkative, areas_line(area="Fresno"))
    assert forecasts["reporting_area"].tolist() == ["Bakersfield", "Fresno"]
    assert forecasts["forecast_source"].tolist() == ["San Joaquin Valley APCD"] * 2


DAMAGED_FORECASTS = {
    "a cut line": (areas_line()[:40], "line 2 has 8 fields instead of 17"),
    "no date": (areas_line(valid="02/30/23"), "line 2: ValidDate is '02/30/23', expected a date"),
    "an unknown type": (areas_line(type="X"), "line 2: RecordType is 'X', expected O or F or Y"),
    "no word for primary": (areas_line(primary=""), "line 2: Primary is None, expected Y or N"),
    "an odd action day": (areas_line(action="Maybe"), "line 2: ActionDay is 'Maybe', expected Yes or No"),
    "no AQI": (areas_line(aqi="high"), "line 2: AQI is 'high', expected a whole number"),
    "no area": (areas_line(area=""), "line 2: ReportingArea is None, expected a value"),
}


@pytest.mark.parametrize("what", DAMAGED_FORECASTS)
def test_a_malformed_forecast_is_named_with_its_field_and_value(forecasts_of: Day, what: str) -> None:
    line, words = DAMAGED_FORECASTS[what]
    with pytest.raises(AirWatchError) as raised:
        forecasts_of(areas_line(), line, areas_line(area="Fresno"))
    assert type(raised.value) is BadPayload
    assert str(raised.value).startswith(f"AirNow reportingarea.dat of 2023-01-09: {words}")
