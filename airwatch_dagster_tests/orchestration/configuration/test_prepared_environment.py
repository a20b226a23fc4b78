"""What a process of `airwatch` or of `make dev` starts with: ``.env``, defaults, absolute paths, the state folder."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.configuration import environment
from airwatch_dagster.orchestration.configuration.environment import prepare_environment
from airwatch_dagster.orchestration.configuration.settings import Settings, settings_reference
from airwatch_dagster_tests.installations import REPOSITORY

NAMES = [one.name for one in settings_reference()]
SHOWN = ("AIRWATCH_STATE", "AIRWATCH_STORAGE", "AIRWATCH_AREA", "DAGSTER_HOME", "MLFLOW_TRACKING_URI")


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An installation's folder; the process runs in another one and has no settings."""
    others = (
        "DAGSTER_HOME",
        "AWS_CONFIG_FILE",
        "REQUESTS_CA_BUNDLE",
        "DAGSTER_EVENT_BATCH_SIZE",
        "OPENBLAS_NUM_THREADS",
    )
    for name in (*NAMES, *others):
        monkeypatch.setenv(name, "")  # so that what the test sets is removed again
        monkeypatch.delenv(name)
    (tmp_path / "home").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setattr(environment, "installation", lambda: tmp_path / "home")
    return tmp_path / "home"


def test_a_relative_path_starts_at_the_folder_of_the_file_or_of_the_shell_that_sets_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["AIRWATCH_STATE=./mine", "AIRWATCH_STORAGE=tables", "AIRWATCH_WEATHER=s3://bucket/weather"]
    lines += ["AIRWATCH_RATE_LIMIT_DIR=~/limits", "MLFLOW_TRACKING_URI=sqlite:///mine/mlflow.db", "AWS_CONFIG_FILE=aws"]
    lines += ["AIRWATCH_OTHER_FORECASTS=others"]
    (home / ".env").write_text("\n".join(lines))
    monkeypatch.setenv("AIRWATCH_STORAGE", "here")

    prepare_environment()

    found = Settings.from_environment()
    assert found.state == home / "mine"
    assert found.storage == str(home.parent / "elsewhere" / "here")
    assert (found.weather, str(found.rate_limit_dir)) == ("s3://bucket/weather", "~/limits")
    assert found.mlflow_tracking_uri == f"sqlite:///{home / 'mine' / 'mlflow.db'}"
    assert os.environ["AWS_CONFIG_FILE"] == str(home / "aws")
    assert found.other_forecasts == str(home / "others")


def test_a_blank_folder_counts_as_unset(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".env").write_text("AIRWATCH_STATE=\nDAGSTER_HOME=''\n")
    monkeypatch.setenv("AIRWATCH_STORAGE", " ")

    assert prepare_environment() == home
    assert Settings.from_environment().state == home / ".airwatch"
    assert os.environ["AIRWATCH_STORAGE"] == str(home / "data")


def test_a_line_that_readers_take_differently_stops_the_command(home: Path) -> None:
    (home / ".env").write_text("AIRWATCH_AREA=us\nAIRWATCH_SMTP_PASSWORD=pa$hunter2\n")

    with pytest.raises(ConfigurationError, match=r"\.env, line 2 \(AIRWATCH_SMTP_PASSWORD\): has a \$ that") as caught:
        prepare_environment()

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("place", ["/proc/none", "{file}", "{file}/state"])
def test_a_state_folder_that_cannot_be_created_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (home / "file").touch()
    monkeypatch.setenv("AIRWATCH_STATE", place.format(file=home / "file"))

    with pytest.raises(ConfigurationError, match=r"^AIRWATCH_STATE: .* cannot be written \(.*Set it to a folder"):
        prepare_environment()


def test_variables_that_the_environment_overrides_are_known(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / ".env").write_text("AIRWATCH_AREA=us\nAIRWATCH_SOURCE=airdata\nAIRWATCH_STORAGE=tables\n")
    monkeypatch.setenv("AIRWATCH_AREA", "state:17")

    prepare_environment()

    assert environment.overridden() == ["AIRWATCH_AREA"]


LINES = """
export AIRWATCH_STATE='./mine' # state
AIRWATCH_STORAGE="tables"
AIRWATCH_AREA=cbsa:1
AIRWATCH_AREA = us   # the last one counts
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of AirWatch with a ``.env`` of its own."""
    folder = tmp_path_factory.mktemp("copy") / "check out"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "airwatch_dagster", folder / "airwatch_dagster", ignore=ignored)
    for name in ("Makefile", "dagster.yaml", "workspace.yaml", "requirements.txt", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, folder)
    (folder / ".env").write_text(LINES)
    return folder


def run(checkout: Path, *command: str, **variables: str) -> str:
    """The output of a command in the copy, with no setting in the environment but ``variables``."""
    names = {*NAMES, "DAGSTER_HOME", "MAKEFLAGS", "MAKELEVEL", "OPENBLAS_NUM_THREADS"}
    environment = {name: value for name, value in os.environ.items() if name not in names}
    environment |= {"PYTHONPATH": str(checkout), "DAGSTER_DISABLE_TELEMETRY": "1", **variables}
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def with_settings(checkout: Path, **variables: str) -> dict[str, str]:
    show = (
        f"import json, os; print(json.dumps({{n: os.environ.get(n) for n in {SHOWN!r}}} | {{'folder': os.getcwd()}}))"
    )
    module = "airwatch_dagster.commands.with_settings"
    return json.loads(run(checkout, sys.executable, "-m", module, "python", "-c", show, **variables))


def test_linear_algebra_has_one_thread_unless_the_environment_says_more(checkout: Path) -> None:
    show = "import numpy, threadpoolctl; print([one['num_threads'] for one in threadpoolctl.threadpool_info()])"
    module = "airwatch_dagster.commands.with_settings"
    assert run(checkout, sys.executable, "-m", module, "python", "-c", show).strip() == "[1]"

    show = "echo $OPENBLAS_NUM_THREADS"
    given = run(checkout, sys.executable, "-m", module, "sh", "-c", show, OPENBLAS_NUM_THREADS="2")
    assert given.strip() == "2"


def test_dagster_starts_with_the_settings_of_airwatch_where_no_other_reader_finds_the_file(checkout: Path) -> None:
    assert with_settings(checkout) == {
        "AIRWATCH_STATE": str(checkout / "mine"),
        "AIRWATCH_STORAGE": str(checkout / "tables"),
        "AIRWATCH_AREA": "us",
        "DAGSTER_HOME": str(checkout),
        "MLFLOW_TRACKING_URI": None,
        "folder": str(checkout / "mine"),
    }


def test_the_environment_wins_over_the_file_for_dagster_too(checkout: Path) -> None:
    found = with_settings(checkout, AIRWATCH_AREA="state:17", AIRWATCH_STATE="other")

    assert (found["AIRWATCH_AREA"], found["AIRWATCH_STATE"]) == ("state:17", str(checkout / "other"))


def test_a_program_that_does_not_start_says_why(checkout: Path) -> None:
    (checkout / "in the way").touch()

    with pytest.raises(subprocess.CalledProcessError) as caught:
        with_settings(checkout, AIRWATCH_STATE="in the way")

    assert caught.value.stderr.startswith("Error: AIRWATCH_STATE: ")


def test_make_reads_no_setting_itself_and_starts_dagster_with_those_of_airwatch(checkout: Path) -> None:
    recipe = run(checkout, "make", "--dry-run", "--assume-old=.venv/runtime.stamp", "dev", PORT="3456")

    started = [line for line in recipe.splitlines() if re.search(r"\bdagster (dev|instance)\b", line)]
    assert len(started) == 2
    assert all(".venv/bin/python -m airwatch_dagster.commands.with_settings dagster" in line for line in started)
    assert "DAGSTER_WEBSERVER_URL:-http://127.0.0.1:3456" in recipe, "alerts link to the UI that is started"
    assert f'--workspace "{checkout}/workspace.yaml"' in started[1]
    code = [line for line in (REPOSITORY / "Makefile").read_text().splitlines() if not line.startswith("#")]
    assert [line for line in code if re.search(r"\.env\b|AIRWATCH_STATE|AIRWATCH_AREA", line)] == []
