from collections.abc import Callable

import pandas as pd
import pytest

from airwatch_dagster.acquire.airnow.archive import AirNowArchive
from airwatch_dagster.acquire.readings import READING_COLUMNS
from airwatch_dagster.errors import BadPayload, SourceUnavailable
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
        "latitude": 35.356615, "longitude": -119.062613, "cbsa_code": "12540", "source": "airnow",
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
    assert archive.forecasts(DAY).records["reporting_area"].tolist() == ["Cañon\x85 City"]


@pytest.mark.parametrize("foreign", [CANADA, DHAKA, changed("840060290014", "484060290014")])
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


def test_the_county_gives_the_statistical_area_of_listed_and_unlisted_sites(day_of: Day) -> None:
    row = day_of(LINE, CHICAGO, site_locations=site_locations(cbsa_code="99999"))
    assert row["cbsa_code"].tolist() == ["12540", "16980"]
    assert row["latitude"].tolist() == [35.356615, 41.670992]


def test_the_list_gives_the_statistical_area_of_an_unknown_county(day_of: Day) -> None:
    line = changed("060290014", "069990014")
    assert day_of(line)["cbsa_code"].tolist() == [None]
    listed = site_locations(site_id="069990014")
    assert day_of(line, site_locations=listed)["cbsa_code"].tolist() == ["12540"]


def test_a_rural_site_has_no_statistical_area(day_of: Day) -> None:
    assert day_of(changed("060290014", "060030014"))["cbsa_code"].tolist() == [None]


def test_a_site_without_a_position_gets_the_known_one(day_of: Day) -> None:
    readings = day_of(changed("|35.356615|-119.062613|", "|||"), site_locations=site_locations())
    assert readings[["latitude", "longitude"]].to_numpy().tolist() == [[35.35, -119.06]]


@pytest.mark.parametrize("position", ["0.000000|0.000000", "-999|-999", "35.36|119.06", "36.36|-119.06", "35.36|91.5°"])
def test_an_impossible_or_distant_position_is_replaced_by_the_known_one(
    archive: AirNowArchive, server: FakeServer, position: str
) -> None:
    line = changed("35.356615|-119.062613", position)
    server.will_send(DAILY, Reply(lines(line, CHICAGO)))
    day = archive.daily(DAY, site_locations=site_locations())
    assert day.readings[["latitude", "longitude"]].to_numpy().tolist() == [[35.35, -119.06], [41.670992, -87.732457]]
    assert (day.repaired_positions, day.sites_without_location) == (1, 0)


def test_an_impossible_position_of_an_unknown_site_is_no_position(archive: AirNowArchive, server: FakeServer) -> None:
    server.will_send(DAILY, Reply(lines(changed("35.356615|-119.062613", "0.000000|0.000000"), CHICAGO)))
    day = archive.daily(DAY)
    assert day.readings["state_code"].tolist() == ["17"]
    assert day.rejected["site_id"].tolist() == ["060290014"]
    assert (day.repaired_positions, day.sites_without_location) == (0, 0)


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


@pytest.mark.parametrize("spelling", ["PM2.5-24HR", "pm2.5-24hr", "PM2.5-24 hr", "PM25-24hr", "PM2.5_24HR"])
def test_the_parameter_is_read_in_any_case_and_punctuation(day_of: Day, spelling: str) -> None:
    assert day_of(changed("PM2.5-24hr", spelling))["arithmetic_mean"].tolist() == [4.5]


def test_pm25_of_a_day_under_an_unknown_name_is_an_error_that_names_it(day_of: Day) -> None:
    with pytest.raises(BadPayload, match=r"no PM2\.5-24hr line, but lines of 'PM2\.5 mean of 24'"):
        day_of(changed("PM2.5-24hr", "PM2.5 mean of 24"))


def test_an_unknown_name_in_one_line_sets_it_aside(archive: AirNowArchive, server: FakeServer) -> None:
    server.will_send(DAILY, Reply(lines(LINE, changed("PM2.5-24hr", "PM2.5 mean of 24", CHICAGO))))

    day = archive.daily(DAY)

    assert day.readings["site_number"].tolist() == ["0014"]
    assert day.rejected[["column_name", "value"]].to_numpy().tolist() == [["Parameter", "PM2.5 mean of 24"]]
    assert day.rejected["site_id"].tolist() == ["170310001"]


@pytest.mark.parametrize("none", ["N/A", "n/a", "NA", "null", "NaN"])
def test_words_for_a_missing_number_are_missing_numbers(archive: AirNowArchive, server: FakeServer, none: str) -> None:
    server.will_send(DAILY, Reply(lines(changed("|4.5|", f"|{none}|"), changed("|34|0|", f"|{none}|{none}|", CHICAGO))))

    day = archive.daily(DAY)

    assert day.readings["arithmetic_mean"].tolist() == [8.1]
    assert day.readings["aqi"].isna().all()
    assert day.sites_without_value == 1
    assert day.rejected.empty


@pytest.mark.parametrize("written", ["060290014", "840060290014"])
@pytest.mark.parametrize("short", ["060290014", ""])
def test_a_us_site_is_known_with_and_without_the_country_in_its_id(day_of: Day, written: str, short: str) -> None:
    line = changed("|840060290014", f"|{written}", changed("|060290014|", f"|{short}|"))

    assert day_of(line)["site_number"].tolist() == ["0014"]


def test_the_short_id_counts_where_the_full_one_is_missing(day_of: Day) -> None:
    assert day_of(changed("|840060290014", "|"))["site_number"].tolist() == ["0014"]


def test_tribal_mobile_and_foreign_sites_are_left_out_and_named_or_counted(
    archive: AirNowArchive, server: FakeServer
) -> None:
    tribal = changed("060290014", "TT5630013", LINE)
    mobile = changed("060290014", "MMIL80001", LINE)
    server.will_send(DAILY, Reply(lines(LINE, tribal, tribal, mobile, CANADA, DHAKA)))

    day = archive.daily(DAY)

    assert day.readings["site_number"].tolist() == ["0014"]
    assert day.tribal_sites == ("TT5630013",)
    assert day.mobile_sites == ("MMIL80001",)
    assert day.foreign_sites == 2
    assert day.lines == 6


DAMAGED = {
    "no number": (changed("|8.1|", "|8,1|", CHICAGO), "Value", "8,1", "a number"),
    "no AQI": (changed("|34|", "|3x|", CHICAGO), "AQI", "3x", "a whole number"),
    "no position": (changed("41.670992", "41.6°", CHICAGO), "Latitude", "41.6°", "a position in the site's part"),
    "an impossible position": (changed("41.670992", "99.9", CHICAGO), "Latitude", "99.9", "a position in the site's"),
    "an impossible value": (changed("|8.1|", "|81000|", CHICAGO), "Value", "81000.0", "a value"),
    "no day": (changed("01/09/23", "13/09/23", CHICAGO), "ValidDate", "13/09/23", "a date as 01/31/23"),
    "no date at all": (changed("01/09/23", "", CHICAGO), "ValidDate", None, "a date as 01/31/23"),
    "another unit": (changed("UG/M3", "PPB", CHICAGO), "Units", "PPB", "UG/M3"),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_line_with_an_unreadable_value_is_set_aside_and_the_others_are_read(
    archive: AirNowArchive, server: FakeServer, what: str
) -> None:
    line, column, value, expected = DAMAGED[what]
    server.will_send(DAILY, Reply(lines(LINE, "", line)))

    day = archive.daily(DAY)

    assert day.readings["site_number"].tolist() == ["0014"]
    [rejected] = day.rejected.to_dict("records")
    assert rejected["file"] == "AirNow daily_data_v2.dat of 2023-01-09"
    assert (rejected["line_number"], rejected["is_repaired"]) == (3, False)
    assert (rejected["column_name"], rejected["value"]) == (column, value)
    assert expected in rejected["reason"]
    assert (rejected["site_id"], rejected["date_local"]) == ("170310001", pd.Timestamp("2023-01-09"))


def test_a_file_in_which_no_line_of_pm25_can_be_read_is_an_error_with_the_first_of_them(day_of: Day) -> None:
    with pytest.raises(BadPayload, match=r"2 of 2 lines cannot be read, such as line 1: Value is '4,5'"):
        day_of(changed("|4.5|", "|4,5|"), changed("|8.1|", "|8,1|", CHICAGO))


def test_two_values_of_one_site_are_both_set_aside(archive: AirNowArchive, server: FakeServer) -> None:
    server.will_send(DAILY, Reply(lines(LINE, changed("|4.5|", "|4.6|"), CHICAGO)))

    day = archive.daily(DAY)

    assert day.readings["site_number"].tolist() == ["0001"]
    assert day.rejected["value"].tolist() == ["4.5", "4.6"]
    assert day.rejected["site_id"].tolist() == ["060290014", "060290014"]


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
    "a cut line": (areas_line()[:40], None, "expected 17 fields, 8 found"),
    "no date": (areas_line(valid="02/30/23"), "ValidDate", "a date as 01/31/23"),
    "an unknown type": (areas_line(type="X"), "RecordType", "O or F or Y"),
    "no word for primary": (areas_line(primary=""), "Primary", "Y or N"),
    "an odd action day": (areas_line(action="Maybe"), "ActionDay", "Yes or No"),
    "no AQI": (areas_line(aqi="high"), "AQI", "a whole number"),
    "an AQI that no 64 bits hold": (areas_line(aqi="1e300"), "AQI", "a whole number"),
    "no area": (areas_line(area=""), "ReportingArea", "a value"),
}


@pytest.mark.parametrize("what", DAMAGED_FORECASTS)
def test_an_unreadable_forecast_is_set_aside_and_the_others_are_read(
    archive: AirNowArchive, server: FakeServer, what: str
) -> None:
    line, column, expected = DAMAGED_FORECASTS[what]
    server.will_send(AREAS, Reply(lines(areas_line(), line, areas_line(area="Fresno"))))

    read = archive.forecasts(DAY)

    assert read.records["reporting_area"].tolist() == ["Bakersfield", "Fresno"]
    [rejected] = read.rejected.to_dict("records")
    assert (rejected["line_number"], rejected["column_name"]) == (2, column)
    assert expected in rejected["reason"]
    assert rejected["date_local"] == pd.Timestamp("2023-01-09")
