"""Settings come from the environment, are checked when read, and never show a key."""

from datetime import date
from pathlib import Path

import pytest

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.home import prepare_environment
from airwatch_dagster.orchestration.settings import Settings, storage_root

NAMES = (
    *("AIRWATCH_SOURCE", "AIRWATCH_AREA", "AIRWATCH_CONTEXT_KM", "AIRWATCH_STORAGE", "AIRWATCH_STATE"),
    *("AIRWATCH_AIRDATA_URL", "AIRWATCH_AQS_URL", "AIRWATCH_PRACTICE_TODAY", "AIRWATCH_SEARCH_MINUTES"),
    *("EPA_AQS_EMAIL", "EPA_AQS_API_KEY", "MLFLOW_TRACKING_URI", "DAGSTER_HOME", "AIRWATCH_WEATHER"),
)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_any_setting_practice_air_over_chicago_is_read(tmp_path: Path) -> None:
    settings = Settings.from_environment()

    assert settings == Settings(
        source="practice",
        area="cbsa:16980",
        context_km=800.0,
        storage="./data",
        weather=None,
        state=tmp_path / ".airwatch",
        airdata_url="https://aqs.epa.gov/aqsweb/airdata",
        airnow_url="https://files.airnowtech.org/airnow",
        aqs_url="https://aqs.epa.gov/data/api",
        aqs_interval_s=6.0,
        aqs_email=None,
        aqs_key=None,
        mlflow_tracking_uri=f"sqlite:///{tmp_path / '.airwatch' / 'mlflow.db'}",
        search_minutes=0.0,
        practice_today=None,
    )


def test_an_empty_value_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = Settings.from_environment()
    for name in NAMES:
        monkeypatch.setenv(name, "")

    assert Settings.from_environment() == expected


def test_every_setting_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {
        "AIRWATCH_SOURCE": "aqs",
        "AIRWATCH_AREA": "state:17",
        "AIRWATCH_CONTEXT_KM": "120.5",
        "AIRWATCH_STORAGE": "s3://bucket/prefix",
        "AIRWATCH_WEATHER": "s3://bucket/weather",
        "AIRWATCH_STATE": "state",
        "EPA_AQS_EMAIL": "you@example.org",
        "EPA_AQS_API_KEY": "key",
        "MLFLOW_TRACKING_URI": "http://mlflow:5000",
        "AIRWATCH_PRACTICE_TODAY": "2021-06-01",
        "AIRWATCH_SEARCH_MINUTES": "2.5",
    }.items():
        monkeypatch.setenv(name, value)

    settings = Settings.from_environment()

    assert (settings.source, settings.area, settings.context_km) == ("aqs", "state:17", 120.5)
    assert (settings.storage, storage_root()) == ("s3://bucket/prefix", "s3://bucket/prefix")
    assert settings.weather == "s3://bucket/weather"
    assert settings.state == tmp_path / "state"
    assert (settings.aqs_email, settings.aqs_key) == ("you@example.org", "key")
    assert settings.mlflow_tracking_uri == "http://mlflow:5000"
    assert settings.practice_today == date(2021, 6, 1)
    assert settings.search_minutes == 2.5


def test_the_aqs_api_is_asked_for_the_area_alone_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_SOURCE", "aqs")

    assert Settings.from_environment().context_km == 0.0


def test_settings_in_a_log_show_neither_email_nor_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPA_AQS_EMAIL", "you@example.org")
    monkeypatch.setenv("EPA_AQS_API_KEY", "bluecat12")

    shown = f"{Settings.from_environment()!r} {Settings.from_environment()}"

    assert "you@example.org" not in shown
    assert "bluecat12" not in shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AIRWATCH_SOURCE", "EPA"),
        ("AIRWATCH_CONTEXT_KM", "-1"),
        ("AIRWATCH_CONTEXT_KM", "far"),
        ("AIRWATCH_CONTEXT_KM", "nan"),
        ("AIRWATCH_CONTEXT_KM", "20001"),
        ("AIRWATCH_PRACTICE_TODAY", "1 June"),
        ("AIRWATCH_SEARCH_MINUTES", "an hour"),
        ("AIRWATCH_SEARCH_MINUTES", "-1"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match=f"^{name}: '{value}' is no ") as caught:
        Settings.from_environment()
    assert caught.value.fix


def test_the_environment_wins_over_defaults_when_a_home_is_prepared(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "/elsewhere")
    monkeypatch.setenv("AIRWATCH_STATE", "kept here")
    monkeypatch.setenv("AIRWATCH_STORAGE", "s3://bucket")

    assert prepare_environment() == Path("/elsewhere")
    settings = Settings.from_environment()
    assert settings.state == tmp_path / "kept here"
    assert settings.state.is_dir()
    assert settings.storage == "s3://bucket"
