"""The configured source of weather is opened with its own folder of downloads, and shows no secret."""

import logging
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.acquire.weather.nbm.forecasts import NbmWeather
from airwatch_dagster.acquire.weather.nws.forecasts import NwsWeather
from airwatch_dagster.acquire.weather.open_meteo.forecasts import PreviousRunsWeather, SingleRunsWeather
from airwatch_dagster.orchestration.configuration.settings import Settings, settings_reference
from airwatch_dagster.orchestration.weather import resource
from airwatch_dagster.orchestration.weather.answers import answers_of
from airwatch_dagster.orchestration.weather.first_days import NBM_SINCE, PREVIOUS_RUNS_SINCE, first_day
from airwatch_dagster.orchestration.weather.resource import opened_weather
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests.builders import monitors
from airwatch_dagster_tests.orchestration.weather.fake_weather import weather_of
from airwatch_dagster_tests.stub_servers import Answer, answering

EMPTY = TABLES["weather_forecasts"].empty()


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for one in settings_reference():
        monkeypatch.delenv(one.name, raising=False)
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("AIRWATCH_RATE_LIMIT_DIR", str(tmp_path / "limits"))
    monkeypatch.setenv("AIRWATCH_SOURCE", "live")


def settings_with(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return Settings.from_environment()


@pytest.mark.parametrize(
    ("values", "kind", "address"),
    [
        ({"AIRWATCH_WEATHER_SOURCE": "nbm"}, NbmWeather, "https://noaa-nbm-grib2-pds.s3.amazonaws.com"),
        ({"AIRWATCH_WEATHER_SOURCE": "nbm", "AIRWATCH_NBM_URL": "file:///nbm"}, NbmWeather, "file:///nbm"),
        ({"AIRWATCH_WEATHER_SOURCE": "nws"}, NwsWeather, "https://mesonet.agron.iastate.edu/cgi-bin/afos"),
        (
            {"AIRWATCH_WEATHER_SOURCE": "open-meteo"},
            PreviousRunsWeather,
            "https://previous-runs-api.open-meteo.com/v1/forecast",
        ),
        (
            {"AIRWATCH_WEATHER_SOURCE": "open-meteo", "AIRWATCH_OPEN_METEO_KEY": "k"},
            PreviousRunsWeather,
            "https://customer-previous-runs-api.open-meteo.com/v1/forecast",
        ),
        (
            {
                "AIRWATCH_WEATHER_SOURCE": "open-meteo",
                "AIRWATCH_OPEN_METEO_URL": "https://single-runs-api.open-meteo.com/v1/forecast",
            },
            SingleRunsWeather,
            "https://single-runs-api.open-meteo.com/v1/forecast",
        ),
    ],
)
def test_each_source_is_opened_where_it_is(
    values: dict[str, str], kind: type, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened_weather(settings_with(monkeypatch, **values)) as weather:
        assert weather is not None
        assert isinstance(weather.source, kind)
        assert (weather.name, weather.address) == (values["AIRWATCH_WEATHER_SOURCE"], address)


def test_simulated_air_has_simulated_weather(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_with(monkeypatch, AIRWATCH_SOURCE="practice", AIRWATCH_PRACTICE_TODAY="2021-06-01")

    with opened_weather(settings) as weather:
        assert weather is not None
        assert weather.address.startswith("http://127.0.0.1:")
        found = answers_of(weather, pd.DatetimeIndex(["2021-05-30"]), monitors=monitors()).merged(EMPTY)

    assert found.frame["horizon_days"].tolist() == [0, 1, 2, 3]
    assert set(found.frame["weather_model"]) == {"NBM V0.0"}
    assert list((settings.state / "downloads" / "practice" / "nbm").glob("blend.*/*.gz"))


def test_files_of_the_users_are_copied_and_a_day_without_one_says_where_it_belongs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = TableStorage.open(str(tmp_path / "own"))
    own.write("weather_forecasts", {"2021-07-04": weather_of("2021-07-04", 1, 2).rows})
    settings = settings_with(monkeypatch, AIRWATCH_WEATHER=str(tmp_path / "own"))

    with opened_weather(settings) as weather:
        found = answers_of(weather, pd.date_range("2021-07-04", periods=2), monitors=TABLES["monitors"].empty()).merged(
            EMPTY
        )

    pd.testing.assert_frame_equal(found.frame, own.read("weather_forecasts", ["2021-07-04"]))
    [(day, lack)] = found.warnings["weather_is_complete"].items()
    assert day == "2021-07-05"
    assert lack.endswith(f"there is no file {own.uri('weather_forecasts', '2021-07-05')}")


def test_a_switched_off_source_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with opened_weather(settings_with(monkeypatch, AIRWATCH_WEATHER_SOURCE="none")) as weather:
        assert weather is None


def test_the_key_of_open_meteo_is_in_no_message_log_or_note(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    queries: list[str] = []

    def refuses(path: str) -> Answer:
        queries.append(path)
        return 400, b'{"error": true, "reason": "apikey=secret-key-7 is unknown"}', {}

    monkeypatch.setattr(resource, "CallBudget", None)
    key_file = tmp_path / "key"
    key_file.write_text("secret-key-7\n")
    with answering(refuses) as address, caplog.at_level(logging.DEBUG):
        chosen = {"AIRWATCH_WEATHER_SOURCE": "open-meteo", "AIRWATCH_OPEN_METEO_URL": f"{address}/previous-runs"}
        settings = settings_with(monkeypatch, AIRWATCH_OPEN_METEO_KEY_FILE=str(key_file), **chosen)
        with opened_weather(settings) as weather:
            result = answers_of(weather, pd.date_range("2021-07-04", periods=1), monitors=monitors()).merged(EMPTY)

    assert "apikey=secret-key-7" in queries[0]
    assert list(result.warnings["weather_is_complete"]) == ["2021-07-04"]
    shown = f"{settings!r} {weather!r} {result!r} {caplog.text}"
    assert "secret-key-7" not in shown


def test_the_plan_begins_where_an_archive_of_the_publisher_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert first_day(settings_with(monkeypatch)) == NBM_SINCE
    assert first_day(settings_with(monkeypatch, AIRWATCH_WEATHER_SOURCE="open-meteo")) == PREVIOUS_RUNS_SINCE
    assert first_day(settings_with(monkeypatch, AIRWATCH_WEATHER_SOURCE="nws")) is None
    mirror = {"AIRWATCH_WEATHER_SOURCE": "nbm", "AIRWATCH_NBM_URL": "file:///nbm"}
    assert first_day(settings_with(monkeypatch, **mirror)) is None


def test_simulated_weather_is_read_of_the_last_months(monkeypatch: pytest.MonkeyPatch) -> None:
    practice = {"AIRWATCH_SOURCE": "practice", "AIRWATCH_PRACTICE_TODAY": "2021-07-05"}

    monkeypatch.setattr("airwatch_dagster.orchestration.weather.first_days.today", lambda: date(2021, 7, 5))
    assert first_day(settings_with(monkeypatch, **practice)) == pd.Timestamp("2020-11-07")
    served = {"AIRWATCH_WEATHER_SOURCE": "nbm", "AIRWATCH_NBM_URL": "http://127.0.0.1:9/nbm"}
    assert first_day(settings_with(monkeypatch, **practice, **served)) is None
