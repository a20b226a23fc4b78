"""Settings are read from the environment in one place, checked when read, described, and never show a secret."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.alerts.settings import AlertSettings
from airwatch_dagster.orchestration.configuration.environment import prepare_environment, secret_values
from airwatch_dagster.orchestration.configuration.setting_fields import SettingReference
from airwatch_dagster.orchestration.configuration.settings import Settings, settings_reference, storage_root
from airwatch_dagster.orchestration.resources import aqs_limiter

ROOT = Path(__file__).parents[3]
NAMES = [one.name for one in settings_reference()]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*NAMES, "DAGSTER_HOME", "DAGSTER_WEBSERVER_URL", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def settings_with(monkeypatch: pytest.MonkeyPatch, values: Mapping[str, str]) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return Settings.from_environment()


def test_by_default_simulated_air_over_chicago_is_read(tmp_path: Path) -> None:
    settings = Settings.from_environment()

    assert (settings.source, settings.area, settings.context_km) == ("practice", "cbsa:16980", 800.0)
    assert (settings.storage, settings.state) == ("./data", tmp_path / ".airwatch")
    assert settings.mlflow_tracking_uri == f"sqlite:///{tmp_path / '.airwatch' / 'mlflow.db'}"
    assert settings.airdata_url == "https://aqs.epa.gov/aqsweb/airdata"
    assert settings.airnow_url == "https://files.airnowtech.org/airnow"
    assert settings.airnow_api_url == "https://www.airnowapi.org/aq"
    assert settings.aqs_url == "https://aqs.epa.gov/data/api"
    assert (settings.aqs_interval_s, settings.search_minutes) == (6.0, 0.0)
    assert settings.rate_limit_dir.expanduser() == tmp_path / "home" / ".local" / "state" / "airwatch"
    assert settings.site_url == "http://127.0.0.1:3001"
    assert (settings.smtp_port, settings.smtp_from, settings.smtp_starttls) == (587, "airwatch@localhost", True)
    unset = {
        "ui_url",
        "mlflow_ui_url",
        "alert_webhook_url",
        "alert_email_to",
        "smtp_host",
        "smtp_user",
    }
    unset |= {"smtp_password", "practice_today", "aqs_email", "aqs_key", "airnow_key", "weather", "other_forecasts"}
    unset |= {"air_rules", "heartbeat_url", "first_day", "nbm_url", "nws_url", "open_meteo_url", "open_meteo_key"}
    assert settings.weather_source == "nbm"
    assert {name for name, value in settings if value is None} == unset


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_value_counts_as_unset(monkeypatch: pytest.MonkeyPatch, blank: str) -> None:
    expected = Settings.from_environment()

    assert settings_with(monkeypatch, dict.fromkeys(NAMES, blank)) == expected


def test_every_setting_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    values = {
        "AIRWATCH_SOURCE": "aqs",
        "AIRWATCH_AREA": "state:17",
        "AIRWATCH_PARAMETERS": "88101",
        "AIRWATCH_CONTEXT_KM": "120.5",
        "AIRWATCH_STORAGE": "s3://bucket/prefix",
        "AIRWATCH_WEATHER": "s3://bucket/weather",
        "AIRWATCH_ISSUE_TIME": "12:00",
        "AIRWATCH_WEATHER_SOURCE": "open-meteo",
        "AIRWATCH_NBM_URL": "file:///nbm",
        "AIRWATCH_NWS_URL": "http://nws",
        "AIRWATCH_OPEN_METEO_URL": "http://weather/single-runs",
        "AIRWATCH_OPEN_METEO_KEY": "open-meteo-key",
        "AIRWATCH_OTHER_FORECASTS": "s3://bucket/others",
        "AIRWATCH_STATE": "state",
        "EPA_AQS_EMAIL": "you@example.org",
        "EPA_AQS_API_KEY": "key",
        "AIRNOW_API_KEY": "airnow-key",
        "MLFLOW_TRACKING_URI": "http://mlflow:5000",
        "AIRWATCH_PRACTICE_TODAY": "2021-06-01",
        "AIRWATCH_SEARCH_MINUTES": "2.5",
        "AIRWATCH_RETRAIN": "no",
        "AIRWATCH_AIRDATA_URL": "file:///mirror",
        "AIRWATCH_AIRNOW_URL": "http://airnow",
        "AIRWATCH_AIRNOW_API_URL": "http://airnow-api",
        "AIRWATCH_ACCEPT_LOST_LINES": "yes",
        "AIRWATCH_AQS_URL": "http://aqs",
        "AIRWATCH_AQS_INTERVAL_S": "0.1",
        "AIRWATCH_RATE_LIMIT_DIR": "/limits",
        "AIRWATCH_UI_URL": "http://dagster",
        "AIRWATCH_SITE_URL": "http://site",
        "AIRWATCH_FIRST_DAY": "2021-01-01",
        "AIRWATCH_MLFLOW_UI_URL": "http://mlflow",
        "AIRWATCH_ALERT_WEBHOOK_URL": "http://hook",
        "AIRWATCH_HEARTBEAT_URL": "http://beats",
        "AIRWATCH_AIR_RULES": "/rules/air.toml",
        "AIRWATCH_ALERT_EMAIL_TO": "a@b.c",
        "AIRWATCH_SMTP_HOST": "mail",
        "AIRWATCH_SMTP_PORT": "25",
        "AIRWATCH_SMTP_USER": "user",
        "AIRWATCH_SMTP_PASSWORD": "password",
        "AIRWATCH_SMTP_FROM": "d@e.f",
        "AIRWATCH_SMTP_STARTTLS": "no",
    }
    defaults = Settings.from_environment()
    settings = settings_with(monkeypatch, values)

    assert set(values) == set(NAMES)
    assert [name for name, value in settings if value == getattr(defaults, name)] == []
    assert (settings.context_km, settings.aqs_interval_s, settings.search_minutes) == (120.5, 0.1, 2.5)
    assert (settings.state, settings.practice_today) == (tmp_path / "state", date(2021, 6, 1))
    assert (settings.smtp_port, settings.smtp_starttls) == (25, False)
    assert settings.aqs_key is not None
    assert settings.aqs_key.get_secret_value() == "key"
    assert storage_root() == "s3://bucket/prefix"


def test_the_aqs_api_is_read_for_the_area_alone_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings_with(monkeypatch, {"AIRWATCH_SOURCE": "aqs"}).context_km == 0.0


def test_settings_in_a_log_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {one.name: f"secret-{number}" for number, one in enumerate(settings_reference()) if one.is_secret}
    settings = settings_with(monkeypatch, secrets)

    shown = f"{settings!r} {settings} {settings.model_dump()} {AlertSettings.from_environment()!r}"

    assert set(secrets) == {
        *("EPA_AQS_EMAIL", "EPA_AQS_API_KEY", "AIRNOW_API_KEY", "AIRWATCH_OPEN_METEO_KEY"),
        *("AIRWATCH_ALERT_WEBHOOK_URL", "AIRWATCH_HEARTBEAT_URL", "AIRWATCH_SMTP_PASSWORD"),
    }
    assert set(secret_values()) >= set(secrets.values())
    assert "secret-" not in shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AIRWATCH_SOURCE", "EPA"),
        ("AIRWATCH_CONTEXT_KM", "-1"),
        ("AIRWATCH_CONTEXT_KM", "far"),
        ("AIRWATCH_CONTEXT_KM", "nan"),
        ("AIRWATCH_CONTEXT_KM", "20001"),
        ("AIRWATCH_PRACTICE_TODAY", "1 June"),
        ("AIRWATCH_PRACTICE_TODAY", "1622505600"),
        ("AIRWATCH_SEARCH_MINUTES", "an hour"),
        ("AIRWATCH_SEARCH_MINUTES", "-1"),
        ("AIRWATCH_AQS_INTERVAL_S", "often"),
        ("AIRWATCH_SMTP_PORT", "smtp"),
        ("AIRWATCH_SMTP_PORT", "70000"),
        ("AIRWATCH_SMTP_STARTTLS", "maybe"),
    ],
)
def test_a_value_that_is_not_valid_is_named_with_what_is_allowed(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = next(one for one in settings_reference() if one.name == name)

    with pytest.raises(ConfigurationError, match=f"^{name}: '{value}' is not a valid {described.noun}") as caught:
        settings_with(monkeypatch, {name: value})
    assert described.allowed in caught.value.fix


@pytest.mark.parametrize(
    ("value", "parameters"),
    [("88101", ("88101",)), ("88502, 88101", ("88101", "88502")), ("", ("88101", "88502"))],
)
def test_parameters_are_read_in_their_order(
    value: str, parameters: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings_with(monkeypatch, {"AIRWATCH_PARAMETERS": value}).parameters == parameters


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("44201", "names 44201, which is not a parameter of daily PM2.5"),
        ("88101,pm25", "names pm25, which is not a parameter of daily PM2.5"),
        ("88101,", "names nothing after a comma"),
        ("88502", "leaves out 88101, which counts before 88502 at every site"),
    ],
)
def test_other_parameters_are_refused_with_what_is_allowed(
    value: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match=f"^AIRWATCH_PARAMETERS: '{value}' {problem}") as caught:
        settings_with(monkeypatch, {"AIRWATCH_PARAMETERS": value})
    assert "88101, or 88101,88502" in caught.value.fix


def test_epa_is_never_called_faster_than_it_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="AQS_INTERVAL_S: '1' is not an interval EPA allows") as caught:
        settings_with(monkeypatch, {"AIRWATCH_AQS_INTERVAL_S": "1"})
    assert "from 6 to 3600" in caught.value.fix
    assert settings_with(monkeypatch, {"AIRWATCH_AQS_URL": "http://127.0.0.1:8123"}).aqs_interval_s == 1.0


def test_mail_without_a_server_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="Set AIRWATCH_SMTP_HOST too"):
        settings_with(monkeypatch, {"AIRWATCH_ALERT_EMAIL_TO": "duty@example.org", "AIRWATCH_SMTP_HOST": " "})


def test_alerts_and_tables_are_read_whatever_is_wrong_with_other_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError):
        settings_with(monkeypatch, {"AIRWATCH_SOURCE": "epa", "AIRWATCH_SMTP_HOST": "mail"})

    assert AlertSettings.from_environment().smtp_host == "mail"
    assert storage_root() == "./data"


def test_the_environment_wins_over_defaults_when_a_process_is_prepared(
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


@pytest.mark.parametrize("one", settings_reference(), ids=lambda one: one.name)
def test_the_example_file_shows_every_setting_with_its_default(one: SettingReference) -> None:
    [shown] = re.findall(rf"^#{one.name}=(.*)$", (ROOT / ".env.example").read_text(), flags=re.MULTILINE)

    assert shown in ("", one.default) or one.default.startswith(f"{shown},")


LIMITED = """
import sys
from airwatch_dagster.orchestration.alerts.settings import AlertSettings
from airwatch_dagster.orchestration.resources import aqs_limiter
from airwatch_dagster.orchestration.configuration.settings import Settings

print("waits", flush=True)
with aqs_limiter(Settings.from_environment()).acquire():
    print("runs", flush=True)
"""


@pytest.mark.slow
def test_processes_with_different_temporary_folders_share_the_spacing_of_requests(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "mine"))
    settings = settings_with(monkeypatch, {"AIRWATCH_AQS_URL": "http://127.0.0.1:9", "AIRWATCH_AQS_INTERVAL_S": "0"})
    other = {**os.environ, "TMPDIR": str(tmp_path / "other"), "PYTHONPATH": str(ROOT)}

    with aqs_limiter(settings).acquire():
        process = subprocess.Popen([sys.executable, "-c", LIMITED], env=other, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "waits\n"
        time.sleep(0.3)
        assert process.poll() is None
    assert process.communicate(timeout=30)[0] == "runs\n"
    assert process.returncode == 0
    assert settings.rate_limit_dir.expanduser().stat().st_mode & 0o777 == 0o700


def test_a_folder_for_the_spacing_that_cannot_be_created_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    for folder in (f"{tmp_path}/file/limits", "~no-such-user/limits"):
        settings = settings_with(monkeypatch, {"AIRWATCH_RATE_LIMIT_DIR": folder})

        with pytest.raises(ConfigurationError, match=rf"^AIRWATCH_RATE_LIMIT_DIR: {folder} cannot be created"):
            aqs_limiter(settings)
