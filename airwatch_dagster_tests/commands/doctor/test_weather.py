"""Doctor asks the source of weather once, and says for how many sites it can speak; what is wrong stops no run."""

import re
from pathlib import Path

import pytest

from airwatch_dagster.commands.doctor.findings import Finding
from airwatch_dagster.commands.doctor.weather import checks
from airwatch_dagster.orchestration.growth import NBM_YEAR_MB, STATE_YEAR_MB, state_year_mb
from airwatch_dagster_tests.builders import monitors
from airwatch_dagster_tests.installations import Installation
from airwatch_dagster_tests.stub_servers import Answer, answering


def weather_of(installation: Installation) -> Finding:
    with installation.activated():
        [check] = checks()
        [finding] = check.find()
        return finding


def with_monitors(folder: Path, **settings: str) -> Installation:
    installation = Installation.at(folder, **settings)
    far = {"site_id": "150012017", "state_code": "15", "latitude": 25.0, "longitude": -170.0}
    installation.tables.write("monitors", {None: monitors({}, far)})
    return installation


@pytest.mark.parametrize(
    ("source", "finds"),
    [
        ("nbm", "newest bulletin of 20[0-9-]+ [0-9]{2} UTC; 1 of 2 sites have an airport within 100 km"),
        ("nws", r"\d+ bulletins of the last day; 1 of 2 sites have one of its cities within 100 km"),
    ],
)
def test_the_practice_servers_weather_is_found_with_its_reach(source: str, finds: str, tmp_path: Path) -> None:
    found = weather_of(with_monitors(tmp_path, AIRWATCH_WEATHER_SOURCE=source))

    assert found.level == "ok"
    assert found.says.startswith(f"{source} at the practice server: ")
    assert re.search(finds, found.says), found.says


def test_a_server_that_does_not_serve_is_a_warning_with_what_follows(tmp_path: Path) -> None:
    def down(path: str) -> Answer:
        return 503, b"", {}

    with answering(down) as address:
        with_password = address.replace("://", "://me:pa55word-1@")
        found = weather_of(with_monitors(tmp_path, AIRWATCH_WEATHER_SOURCE="nbm", AIRWATCH_NBM_URL=with_password))

    assert (found.level, found.run) == ("warning", "airwatch doctor")
    assert f"nbm at {address} does not serve: the server responded with status 503" in found.says
    assert "a backfill of them asks again" in found.says
    assert "pa55word-1" not in found.says


def test_an_archive_without_a_recent_bulletin_is_a_warning(tmp_path: Path) -> None:
    def empty(path: str) -> Answer:
        return 404, b"", {}

    with answering(empty) as address:
        found = weather_of(with_monitors(tmp_path, AIRWATCH_WEATHER_SOURCE="nbm", AIRWATCH_NBM_URL=address))

    assert found.level == "warning"
    assert "has nothing of the last day" in found.says


def test_open_meteo_says_whether_a_key_is_set_and_never_shows_it(tmp_path: Path) -> None:
    def nothing(path: str) -> Answer:
        return 503, b"", {}

    with answering(nothing) as address:
        settings = {"AIRWATCH_WEATHER_SOURCE": "open-meteo", "AIRWATCH_OPEN_METEO_URL": f"{address}/previous-runs"}
        installation = Installation.at(tmp_path, AIRWATCH_OPEN_METEO_KEY="secret-key", **settings)
        found = weather_of(installation)

    assert found.level == "ok"
    assert "no monitor list is stored yet" in found.says
    assert found.says.endswith("; with a key")
    assert "secret-key" not in found.says


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"AIRWATCH_SOURCE": "live", "AIRWATCH_WEATHER_SOURCE": "nbm"}, NBM_YEAR_MB),
        ({"AIRWATCH_SOURCE": "live", "AIRWATCH_WEATHER_SOURCE": "nws"}, 0.0),
        ({"AIRWATCH_SOURCE": "practice", "AIRWATCH_WEATHER_SOURCE": "nbm"}, 0.0),
        ({"AIRWATCH_SOURCE": "airdata"}, 0.0),
    ],
)
def test_the_disk_needs_room_for_bulletins_of_the_nbm(values: dict[str, str], expected: float, tmp_path: Path) -> None:
    with Installation.at(tmp_path, **values).activated():
        assert state_year_mb() == STATE_YEAR_MB + expected
