"""AirNow's list of reporting areas, and which of them is a site's."""

from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.acquire.airnow.archive import AirNowArchive
from airwatch_dagster.acquire.airnow.areas import nearest_areas
from airwatch_dagster.errors import BadPayload, SourceRefused, SourceUnavailable
from airwatch_dagster_tests.acquire.airnow.historical.samples import area_line
from airwatch_dagster_tests.acquire.fake_server import FakeServer, Reply

LIST = "/airnow/today/reportingarea_metadata.dat"
CHICAGO = area_line("Chicago", "IL", "il001", "41.8800", "-87.6300")
PEORIA = area_line("Peoria", "IL", "il002", "40.69", "-89.59")
MONTERREY = area_line("Monterrey", "NL", "mx002", "25.67", "-100.31", "MX")


def sent(server: FakeServer, *lines: str) -> None:
    server.will_send(LIST, Reply("".join(f"{line}\r\n" for line in lines).encode()))


def test_the_areas_of_the_us_have_codes_and_positions(
    archive: AirNowArchive, server: FakeServer, tmp_path: Path
) -> None:
    sent(server, PEORIA, MONTERREY, MONTERREY, CHICAGO.replace("il001", "IL001"))
    found = archive.reporting_areas()

    assert found.areas.to_numpy().tolist() == [
        ["il001", "Chicago", "IL", 41.88, -87.63],
        ["il002", "Peoria", "IL", 40.69, -89.59],
    ]
    assert found.rejected.empty
    assert (tmp_path / "airnow" / "today" / "reportingarea_metadata.dat").is_file()


def test_areas_of_one_name_in_two_states_are_two(archive: AirNowArchive, server: FakeServer) -> None:
    sent(server, PEORIA, area_line("Peoria", "AZ", "az007", "33.58", "-112.24"))

    assert archive.reporting_areas().areas[["area_code", "state"]].to_numpy().tolist() == [
        ["az007", "AZ"],
        ["il002", "IL"],
    ]


@pytest.mark.parametrize(
    ("line", "column", "value"),
    [
        (area_line("Peoria", "IL", "", "40.69", "-89.59"), "Area code", None),
        (area_line("", "IL", "il002", "40.69", "-89.59"), "Name", None),
        (area_line("Peoria", "IL", "il002", "north", "-89.59"), "Latitude", "north"),
        (area_line("Peoria", "IL", "il002", "90.69", "-89.59"), "Latitude", "90.69"),
        (PEORIA.removesuffix("|50 miles"), None, PEORIA.removesuffix("|50 miles")),
    ],
)
def test_a_line_that_cannot_be_read_is_set_aside(
    archive: AirNowArchive, server: FakeServer, line: str, column: str | None, value: str | None
) -> None:
    sent(server, CHICAGO, line)
    found = archive.reporting_areas()

    assert found.areas["area_code"].tolist() == ["il001"]
    assert found.rejected[["line_number", "column_name", "value"]].to_numpy().tolist() == [[2, column, value]]


def test_an_area_without_a_position_is_left_out(archive: AirNowArchive, server: FakeServer) -> None:
    sent(server, CHICAGO, area_line("Peoria", "IL", "il002", "", ""))
    found = archive.reporting_areas()

    assert (len(found.areas), len(found.rejected)) == (1, 0)


def test_a_list_of_another_form_is_an_error(archive: AirNowArchive, server: FakeServer) -> None:
    sent(server, *(area_line(f"City {n}", "IL", f"il{n:03}", "north", "west") for n in range(9)))
    with pytest.raises(BadPayload, match=r"AirNow reportingarea_metadata\.dat: 9 of 9 lines cannot be read"):
        archive.reporting_areas()
    sent(server, "Chicago|IL|US")
    with pytest.raises(SourceUnavailable, match="no line has the 14 fields"):
        archive.reporting_areas()
    server.will_send(LIST, Reply(status=404))
    with pytest.raises(
        SourceRefused, match=r"today/reportingarea_metadata\.dat: .*no such file.* a mirror needs this file too"
    ):
        archive.reporting_areas()


def test_a_site_belongs_to_the_nearest_area_within_50_km() -> None:
    areas = pd.DataFrame({"latitude": [40.0, 40.5], "longitude": [-90.0, -90.0]})
    sites = pd.DataFrame({"latitude": [40.1, 40.26, 40.94, 40.96], "longitude": [-90.0] * 4})

    assert nearest_areas(sites, areas).tolist() == [0, 1, 1, -1]
    assert nearest_areas(sites, areas[:0]).tolist() == [-1] * 4
    assert nearest_areas(sites[:0], areas).tolist() == []
