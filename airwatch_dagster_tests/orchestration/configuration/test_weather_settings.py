"""The source of weather follows from the readings until one is chosen; combinations that cannot work are refused."""

import pytest

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.configuration.settings import Settings, settings_reference


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for one in settings_reference():
        monkeypatch.delenv(one.name, raising=False)


def settings_with(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return Settings.from_environment()


@pytest.mark.parametrize(
    ("source", "weather", "expected"),
    [
        ("live", "", "nbm"),
        ("practice", "", "nbm"),
        ("airdata", "", "none"),
        ("aqs", "", "none"),
        ("live", "./weather", "files"),
        ("airdata", "s3://bucket/weather", "files"),
    ],
)
def test_by_default_weather_goes_with_the_readings(
    source: str, weather: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings_with(monkeypatch, AIRWATCH_SOURCE=source, AIRWATCH_WEATHER=weather).weather_source == expected


def test_a_chosen_source_wins_over_files_and_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = {"AIRWATCH_WEATHER": "./weather", "AIRWATCH_WEATHER_SOURCE": "none"}

    assert settings_with(monkeypatch, AIRWATCH_SOURCE="live", **chosen).weather_source == "none"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"AIRWATCH_WEATHER_SOURCE": "files"}, "^AIRWATCH_WEATHER_SOURCE: 'files' is set without AIRWATCH_WEATHER"),
        (
            {"AIRWATCH_WEATHER_SOURCE": "nam"},
            "'nam' is not a valid source of weather. Use one of none, files, nbm, nws",
        ),
        (
            {"AIRWATCH_SOURCE": "practice", "AIRWATCH_WEATHER_SOURCE": "open-meteo"},
            "'open-meteo' would be real weather over air that is simulated. Use nbm or nws",
        ),
        (
            {
                "AIRWATCH_WEATHER_SOURCE": "open-meteo",
                "AIRWATCH_OPEN_METEO_URL": "https://historical-forecast-api.open-meteo.com/v1/forecast",
            },
            "^AIRWATCH_OPEN_METEO_URL: .* is refused: it stitches the first hours of every run together",
        ),
        (
            {
                "AIRWATCH_WEATHER_SOURCE": "open-meteo",
                "AIRWATCH_OPEN_METEO_URL": "https://customer-previous-runs-api.open-meteo.com/v1/forecast",
            },
            "is for customers, and no key is set",
        ),
        ({"AIRWATCH_NBM_URL": "ftp://nbm"}, "^AIRWATCH_NBM_URL: 'ftp://nbm' has the scheme ftp"),
    ],
)
def test_what_cannot_work_is_named_with_what_does(
    values: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        settings_with(monkeypatch, **{"AIRWATCH_SOURCE": "live", **values})


@pytest.mark.parametrize(
    ("url", "interface"),
    [
        ("", "previous-runs"),
        ("https://single-runs-api.open-meteo.com/v1/forecast", "single-runs"),
        ("http://mirror/previous-runs", "previous-runs"),
    ],
)
def test_the_address_of_open_meteo_says_which_of_its_interfaces_is_asked(
    url: str, interface: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {"AIRWATCH_SOURCE": "live", "AIRWATCH_WEATHER_SOURCE": "open-meteo", "AIRWATCH_OPEN_METEO_URL": url}

    assert settings_with(monkeypatch, **chosen).open_meteo_interface == interface
