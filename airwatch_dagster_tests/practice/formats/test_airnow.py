"""AirNow's files."""

from datetime import date, timedelta

import numpy as np
import pytest

from airwatch_dagster.practice.formats.airnow import (
    AREAS,
    area_list,
    daily_data,
    daily_data_before_v2,
    historical_forecasts,
    reporting_areas,
    unreviewed_ugm3,
)
from airwatch_dagster.practice.world.network import MONITORS, SITES
from airwatch_dagster.practice.world.published import published_year


def lines_of(content: bytes) -> list[list[str]]:
    return [line.split("|") for line in content.decode("iso-8859-1").splitlines()]


def test_a_line_has_airnows_thirteen_columns() -> None:
    lines = lines_of(daily_data(date(2023, 6, 9), seed=1))
    assert {len(line) for line in lines} == {13}
    lakefront = next(line for line in lines if line[1] == "170319001")
    assert lakefront[:2] == ["06/09/23", "170319001"]
    assert lakefront[2:5] == ["Practice Lakefront", "PM2.5-24hr", "UG/M3"]
    assert lakefront[6:8] == ["24", "Practice Air Agency"]
    assert lakefront[10:] == ["41.875700", "-87.624300", "840170319001"]
    assert len(lakefront[5].split(".")[1]) == 1


def test_only_continuous_sites_report() -> None:
    names = {line[2] for line in lines_of(daily_data(date(2023, 6, 9), seed=1))}
    assert "Practice Riverwalk" not in names
    assert "Practice Rivière" in names


def test_values_are_close_to_the_final_ones_but_biased() -> None:
    differences = []
    final = published_year(2023, seed=1, today=date(2025, 1, 1)).set_index(["monitor", "date_local"])["hours_mean_ugm3"]
    elgin = next(i for i, site in enumerate(SITES) if site.name == "Practice Fox Valley")
    monitor = next(i for i, (site, _) in enumerate(MONITORS) if site is SITES[elgin])
    for ordinal in range(365):
        day = date(2023, 1, 1) + timedelta(days=ordinal)
        value = unreviewed_ugm3(day, seed=1)[elgin]
        if not np.isnan(value) and (monitor, day.isoformat()) in final.index:
            differences.append(value - final[monitor, day.isoformat()])
    assert len(differences) > 300
    assert np.mean(differences) == pytest.approx(0.5, abs=0.25)
    assert 1.2 < np.mean(np.abs(differences)) < 1.8


def test_aqi_and_category_match_the_value() -> None:
    for day in (date(2023, 1, 9), date(2023, 7, 20)):
        for line in lines_of(daily_data(day, seed=1)):
            limits = (9.0, 35.4, 55.4, 125.4, 225.4)
            assert int(line[9]) == sum(float(line[5]) > limit for limit in limits)
            assert (int(line[8]) <= 50) == (float(line[5]) <= 9.0)


def test_the_older_file_has_the_first_eight_columns_of_the_same_readings() -> None:
    lines = lines_of(daily_data(date(2023, 6, 9), seed=1))
    older = daily_data_before_v2(date(2023, 6, 9), seed=1)
    assert lines_of(older) == [line[:8] for line in lines]
    assert older.startswith(b"06/09/23|170319001|Practice Lakefront|PM2.5-24hr|UG/M3|")
    assert older.splitlines()[0].endswith(b"|24|Practice Air Agency")


def test_agencies_have_forecasts_of_their_areas() -> None:
    lines = lines_of(reporting_areas(date(2023, 6, 9), seed=1))
    assert {len(line) for line in lines} == {17}
    chicago = [line for line in lines if line[7] == "Chicago"]
    assert [line[:6] for line in chicago] == [
        ["06/09/23", "06/08/23", "", "CST", "-1", "Y"],
        ["06/09/23", "06/09/23", "", "CST", "0", "F"],
        ["06/09/23", "06/10/23", "", "CST", "1", "F"],
    ]
    assert {tuple(line[8:9] + line[11:12]) for line in chicago} == {("IL", "PM2.5")}


def test_the_list_of_areas_names_those_of_the_forecasts_with_their_codes_and_positions() -> None:
    listed = [line.split("|") for line in area_list().decode().splitlines()]
    forecast = {(line[7], line[8], *line[9:11]) for line in lines_of(reporting_areas(date(2023, 6, 9), seed=1))}

    assert {len(line) for line in listed} == {14}
    assert area_list().count(b"\r\n") == len(listed)
    assert {(line[0], line[1], line[3], line[4]) for line in listed if line[2] == "US"} == forecast
    assert [line[9] for line in listed if line[2] == "US"] == list(AREAS)


def test_the_service_has_the_forecasts_of_the_files() -> None:
    written = {
        (line[0], line[1], int(line[12]), line[13])
        for day in (date(2023, 6, 8), date(2023, 6, 9), date(2023, 6, 10))
        for line in lines_of(reporting_areas(day, seed=1))
        if (line[7], line[5], line[1]) == ("Chicago", "F", "06/09/23")
    }
    code = next(area.code for area in AREAS.values() if area.name == "Chicago")
    day, today = date(2023, 6, 9), date(2023, 12, 1)
    rows = historical_forecasts(code, day, day, today=today, seed=1)

    dates = [(date.fromisoformat(row["dateIssue"]), date.fromisoformat(row["dateValid"])) for row in rows]
    assert {
        (f"{issued:%m/%d/%y}", f"{valid:%m/%d/%y}", row["aqi"], row["categoryName"])
        for (issued, valid), row in zip(dates, rows, strict=True)
    } == written
    assert len(rows) == 2
    assert {(row["reportingArea"], row["reportingAreaCode"], row["stateCode"]) for row in rows} == {
        ("Chicago", code, "IL")
    }
    assert historical_forecasts("zz999", day, day, today=today, seed=1) == []
    assert historical_forecasts(code, today, today + timedelta(days=9), today=today - timedelta(days=2), seed=1) == []


def test_forecasts_reach_into_the_next_year() -> None:
    assert len(lines_of(reporting_areas(date(2022, 12, 31), seed=1))) == 45
