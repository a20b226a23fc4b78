from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import requests

from airwatch_dagster.acquire.addresses import AIRNOW_URL
from airwatch_dagster.acquire.airnow.archive import AirNowArchive
from airwatch_dagster.acquire.readings import READING_COLUMNS
from airwatch_dagster.errors import AirWatchError, BadPayload, ConfigurationError, SourceRefused, SourceUnavailable
from airwatch_dagster.practice.formats.airnow import daily_data
from airwatch_dagster.practice.server.server import PracticeServer
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster_tests.acquire.wire import FakeServer, Reply

DAY = date(2023, 1, 9)
FOLDER = "/airnow/2023/20230109"
DAILY = f"{FOLDER}/daily_data_v2.dat"
OLD_DAILY = f"{FOLDER}/daily_data.dat"
AREAS = f"{FOLDER}/reportingarea.dat"

LINE = (
    "01/09/23|060290014|Bakersfield - California Ave|PM2.5-24hr|UG/M3|4.5|24|California Air Resources Board|19|0"
    "|35.356615|-119.062613|840060290014"
)
CHICAGO = "01/09/23|170310001|ALSIP|PM2.5-24hr|UG/M3|8.1|24|Illinois EPA|34|0|41.670992|-87.732457|840170310001"
CANADA = "01/09/23|000060435|Toronto|PM2.5-24hr|UG/M3|6.0|24|Canada|25|0|43.657|-79.388|124000060435"
DHAKA = "01/09/23|DK1010001|Dhaka|PM2.5-24hr|UG/M3|250.1|24|State Dept|300|4|23.796374|90.424614|050DK1010001"
OLD_LINE = "01/09/23|060290014|Bakersfield - California Ave|PM2.5-24hr|UG/M3|4.5|24|California Air Resources Board"


def areas_line(**changes: str) -> str:
    """One record of reportingarea.dat."""
    values = {
        "issued": "01/09/23", "valid": "01/10/23", "time": "", "zone": "PST", "index": "1", "type": "F", "primary": "Y",
        "area": "Bakersfield", "state": "CA", "latitude": "35.3570", "longitude": "-119.0630", "parameter": "PM2.5",
        "aqi": "65", "category": "Moderate", "action": "No", "discussion": 'Fog, "light" winds; a=1&b=2',
        "source": "San Joaquin Valley APCD",
    }  # fmt: skip
    return "|".join((values | changes).values())


def lines(*written: str) -> bytes:
    return "".join(f"{line}\n" for line in written).encode("iso-8859-1")


def changed(old: str, new: str, line: str = LINE) -> str:
    assert old in line
    return line.replace(old, new)


def do_not_wait(seconds: float) -> None:
    """Time does not pass."""


@pytest.fixture
def archive(server: FakeServer, session: requests.Session, tmp_path: Path) -> AirNowArchive:
    url = f"{server.url}/airnow"
    return AirNowArchive(
        url, download_dir=tmp_path / "airnow", session=session, clock=lambda: 1_673_373_600.0, sleep=do_not_wait
    )


Day = Callable[..., pd.DataFrame]


@pytest.fixture
def day_of(archive: AirNowArchive, server: FakeServer) -> Day:
    """Readings of a day whose file has these lines."""

    def read(*written: str, site_locations: pd.DataFrame | None = None) -> pd.DataFrame:
        server.will_send(DAILY, Reply(lines(*written)))
        return archive.daily(DAY, site_locations=site_locations).readings

    return read


@pytest.fixture
def forecasts_of(archive: AirNowArchive, server: FakeServer) -> Day:
    """Forecasts of a day whose file has these lines."""

    def read(*written: str) -> pd.DataFrame:
        server.will_send(AREAS, Reply(lines(*written)))
        return archive.forecasts(DAY)

    return read


def site_locations(**changes: object) -> pd.DataFrame:
    """Where one site stands."""
    place = {"site_id": "060290014", "latitude": 35.35, "longitude": -119.06, "cbsa_code": "12540"}
    return pd.DataFrame([place | changes])


def test_the_archive_is_epas_own_unless_another_is_named(tmp_path: Path) -> None:
    assert AIRNOW_URL == "https://files.airnowtech.org/airnow"
    assert repr(AirNowArchive(download_dir=tmp_path)) == "AirNowArchive('https://files.airnowtech.org/airnow')"


def test_a_line_arrives_in_the_columns_and_types_of_the_contract(day_of: Day) -> None:
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


def test_sites_come_once_each_and_sorted(day_of: Day) -> None:
    readings = day_of(CHICAGO, LINE, CHICAGO)
    assert (readings["state_code"] + readings["county_code"] + readings["site_number"]).tolist() == [
        "060290014",
        "170310001",
    ]


def test_a_trailing_pipe_blank_lines_carriage_returns_and_a_mark_are_fine(
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


def test_damage_in_what_is_left_out_does_no_harm(day_of: Day) -> None:
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


def test_a_value_slightly_below_zero_is_kept(day_of: Day) -> None:
    assert day_of(changed("|4.5|", "|-0.7|"))["arithmetic_mean"].tolist() == [-0.7]


@pytest.mark.parametrize("none", ["", "-999"])
def test_an_aqi_that_airnow_does_not_have_is_null(day_of: Day, none: str) -> None:
    assert day_of(changed("|19|", f"|{none}|"))["aqi"].isna().all()


def test_the_statistical_area_comes_from_the_known_places(day_of: Day) -> None:
    row = day_of(LINE, CHICAGO, site_locations=site_locations())
    assert row["cbsa_code"].tolist() == ["12540", None]
    assert row["latitude"].tolist() == [35.356615, 41.670992]


def test_a_rural_site_has_no_statistical_area(day_of: Day) -> None:
    assert day_of(LINE, site_locations=site_locations(cbsa_code=None))["cbsa_code"].tolist() == [None]


def test_a_site_without_a_position_takes_the_known_one(day_of: Day) -> None:
    readings = day_of(changed("|35.356615|-119.062613|", "|||"), site_locations=site_locations())
    assert readings[["latitude", "longitude"]].to_numpy().tolist() == [[35.35, -119.06]]


def test_the_old_layout_is_read_where_the_new_one_is_missing(archive: AirNowArchive, server: FakeServer) -> None:
    toronto, tijuana = (changed("060290014", other, OLD_LINE) for other in ("000060435", "800020001"))
    server.will_send(OLD_DAILY, Reply(lines(OLD_LINE, toronto, tijuana, changed("060290014", "DK1010001", OLD_LINE))))
    day = archive.daily(DAY, site_locations=site_locations())
    row = day.readings.iloc[0]
    assert day.file_name == "daily_data.dat"
    assert len(day.readings) == 1
    assert (row["state_code"], row["arithmetic_mean"], row["latitude"], row["longitude"], row["cbsa_code"]) == (
        "06", 4.5, 35.35, -119.06, "12540",
    )  # fmt: skip
    assert pd.isna(row["aqi"])
    assert server.asked == [DAILY, OLD_DAILY]


def test_sites_that_nobody_can_place_are_left_out_and_counted(archive: AirNowArchive, server: FakeServer) -> None:
    elsewhere = changed("060290014", "060290015", OLD_LINE)
    server.will_send(OLD_DAILY, Reply(lines(OLD_LINE, elsewhere, elsewhere)))
    day = archive.daily(DAY, site_locations=site_locations())
    assert day.readings["site_number"].tolist() == ["0014"]
    assert day.sites_without_location == 1
    assert archive.daily(DAY).sites_without_location == 2


def test_a_day_without_any_file_is_refused_by_its_name(archive: AirNowArchive, server: FakeServer) -> None:
    with pytest.raises(SourceRefused, match=r"2023-01-09 .*no such file.*AIRWATCH_AIRNOW_URL") as raised:
        archive.daily(DAY)
    assert not raised.value.retry_helps
    assert server.asked == [DAILY, OLD_DAILY]
    with pytest.raises(SourceRefused, match="no file with forecasts of 2023-01-09"):
        archive.forecasts(DAY)


def test_an_unanswered_new_layout_does_not_mean_the_old_one(archive: AirNowArchive, server: FakeServer) -> None:
    server.will_send(DAILY, Reply(status=503))
    server.will_send(OLD_DAILY, Reply(lines(OLD_LINE)))
    with pytest.raises(SourceUnavailable, match="503"):
        archive.daily(DAY)
    assert OLD_DAILY not in server.asked


NO_FILES = {
    "an empty file": (b"", "being written"),
    "blank lines": (b"\n\n", "being written"),
    "a web page": (b"<!DOCTYPE html><html>|</html>", "web page"),
    "a plain excuse": (b"Service temporarily unavailable\n", "no line has the 13 fields"),
    "another layout": (lines(OLD_LINE), "no line has the 13 fields"),
}


@pytest.mark.parametrize("what", NO_FILES)
def test_what_is_no_such_file_is_asked_for_again_and_never_replaces_the_copy(
    archive: AirNowArchive, server: FakeServer, tmp_path: Path, what: str
) -> None:
    content, problem = NO_FILES[what]
    server.will_send(DAILY, Reply(lines(LINE)))
    archive.daily(DAY)
    server.will_send(DAILY, Reply(content))
    with pytest.raises(SourceUnavailable, match=problem):
        archive.daily(DAY)
    assert server.asked.count(DAILY) == 4
    assert (tmp_path / "airnow" / "20230109" / "daily_data_v2.dat").read_bytes() == lines(LINE)


def test_a_file_that_became_whole_meanwhile_is_read(archive: AirNowArchive, server: FakeServer) -> None:
    server.will_send(DAILY, Reply(b""), Reply(lines(LINE)))
    assert archive.daily(DAY).readings["arithmetic_mean"].tolist() == [4.5]


@pytest.mark.parametrize("line", [changed("01/09/23", "01/08/23"), changed("PM2.5-24hr", "PM2.5"), CANADA])
def test_a_file_that_says_nothing_of_the_day_yet_is_no_empty_day(day_of: Day, line: str) -> None:
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
def test_a_damaged_line_is_named_with_its_field_and_value(day_of: Day, what: str) -> None:
    line, words = DAMAGED[what]
    with pytest.raises(BadPayload) as raised:
        day_of(LINE, "", line)
    assert str(raised.value).startswith(f"AirNow daily_data_v2.dat of 2023-01-09: {words}")


def test_two_values_of_one_site_are_refused(day_of: Day) -> None:
    with pytest.raises(BadPayload, match=r"site_number 0014.*arithmetic_mean is 4\.\d and 4\.\d"):
        day_of(LINE, changed("|4.5|", "|4.6|"))


def test_an_unchanged_day_is_revalidated_and_not_sent_again(
    archive: AirNowArchive, server: FakeServer, tmp_path: Path
) -> None:
    sent: list[str] = []

    def current(headers: Mapping[str, str]) -> Reply:
        if headers.get("if-modified-since") == "Tue, 10 Jan 2023 18:00:00 GMT":
            return Reply(status=304)
        sent.append(DAILY)
        return Reply(lines(LINE), headers={"Last-Modified": "Tue, 10 Jan 2023 18:00:00 GMT"})

    server.will_send(DAILY, current)
    pd.testing.assert_frame_equal(archive.daily(DAY).readings, archive.daily(DAY).readings)
    assert sent == [DAILY]
    assert server.asked == [DAILY, DAILY]
    assert sorted(path.name for path in (tmp_path / "airnow" / "20230109").iterdir()) == [
        "daily_data_v2.dat",
        "daily_data_v2.dat.json",
    ]


def test_a_corrected_day_replaces_the_copy(day_of: Day) -> None:
    assert day_of(LINE)["arithmetic_mean"].tolist() == [4.5]
    assert day_of(changed("|4.5|", "|5.2|"))["arithmetic_mean"].tolist() == [5.2]


def test_a_folder_serves_as_an_archive(tmp_path: Path) -> None:
    folder = tmp_path / "mirror" / "2023" / "20230109"
    folder.mkdir(parents=True)
    (folder / "daily_data_v2.dat").write_bytes(lines(LINE))
    (folder / "reportingarea.dat").write_bytes(lines(areas_line()))
    archive = AirNowArchive((tmp_path / "mirror").as_uri(), download_dir=tmp_path / "downloads")
    assert archive.daily(DAY).readings["arithmetic_mean"].tolist() == [4.5]
    assert archive.forecasts(DAY)["agency_aqi"].tolist() == [65]
    with pytest.raises(SourceRefused, match="2023-01-10"):
        archive.daily(date(2023, 1, 10))


def test_an_address_that_is_no_archive_names_its_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="AIRWATCH_AIRNOW_URL"):
        AirNowArchive("ftp://host/airnow", download_dir=tmp_path)


def test_credentials_in_the_base_address_are_never_shown(
    server: FakeServer, session: requests.Session, tmp_path: Path
) -> None:
    address = server.url.replace("http://", "http://me:sesame-42@")
    archive = AirNowArchive(address, download_dir=tmp_path, session=session)
    with pytest.raises(SourceRefused) as raised:
        archive.daily(DAY)
    assert "sesame-42" not in f"{raised.value} {raised.value.__cause__} {archive!r} {archive._files!r}"


def test_a_forecast_arrives_in_the_columns_and_types_of_the_contract(forecasts_of: Day) -> None:
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


def test_every_parameter_and_record_type_is_kept_sorted_by_key(forecasts_of: Day) -> None:
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
def test_a_forecast_may_be_a_category_alone(forecasts_of: Day, none: str) -> None:
    forecast = forecasts_of(areas_line(aqi=none)).iloc[0]
    assert pd.isna(forecast["agency_aqi"])
    assert forecast["agency_category"] == "Moderate"


def test_an_area_outside_the_us_has_no_state_and_one_without_a_position_is_left_out(forecasts_of: Day) -> None:
    toronto = areas_line(area="Toronto", state="", latitude="43.657", longitude="-79.388", source="")
    nowhere = areas_line(area="Nowhere", latitude="", longitude="")
    forecasts = validated("agency_forecasts", forecasts_of(toronto, nowhere))
    assert forecasts["reporting_area"].tolist() == ["Toronto"]
    assert forecasts[["state", "forecast_source"]].isna().all(axis=None)


def test_repeats_collapse_and_the_last_of_several_forecasts_stands(forecasts_of: Day) -> None:
    forecasts = forecasts_of(areas_line(aqi="70"), areas_line(), areas_line(), areas_line(area="Fresno"))
    assert forecasts["agency_aqi"].tolist() == [65, 65]
    assert forecasts["reporting_area"].tolist() == ["Bakersfield", "Fresno"]


def test_a_discussion_may_hold_line_breaks_quotes_and_commas(forecasts_of: Day) -> None:
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
def test_a_damaged_forecast_is_named_with_its_field_and_value(forecasts_of: Day, what: str) -> None:
    line, words = DAMAGED_FORECASTS[what]
    with pytest.raises(AirWatchError) as raised:
        forecasts_of(areas_line(), line, areas_line(area="Fresno"))
    assert type(raised.value) is BadPayload
    assert str(raised.value).startswith(f"AirNow reportingarea.dat of 2023-01-09: {words}")


def test_the_practice_servers_day_is_read_whole_and_not_sent_twice(tmp_path: Path, session: requests.Session) -> None:
    day, statuses = date(2024, 5, 9), []
    session.hooks["response"].append(lambda answer, **_: statuses.append(answer.status_code))
    with PracticeServer(today=date(2024, 5, 10), seed=1) as practice:
        archive = AirNowArchive(practice.airnow_url, download_dir=tmp_path, session=session, sleep=do_not_wait)
        first, second, forecasts = archive.daily(day), archive.daily(day), archive.forecasts(day)
        with pytest.raises(SourceRefused, match="2024-05-10"):
            archive.daily(date(2024, 5, 10))
    written = sorted(line.split("|") for line in daily_data(day, seed=1).decode("iso-8859-1").splitlines())
    readings = first.readings
    ids = readings["state_code"] + readings["county_code"] + readings["site_number"]
    assert ids.tolist() == [line[1] for line in written]
    assert readings["arithmetic_mean"].tolist() == [float(line[5]) for line in written]
    assert readings["aqi"].tolist() == [int(line[8]) for line in written]
    assert (first.sites_without_location, first.sites_without_value) == (0, 0)
    pd.testing.assert_frame_equal(second.readings, readings)
    assert statuses == [200, 304, 200, 404, 404]
    assert len(validated("agency_forecasts", forecasts)) == len(forecasts) > 0
    assert set(forecasts["record_type"]) == {"Y", "F"}
