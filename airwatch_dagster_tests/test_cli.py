"""The command line: its commands, its errors, and help that loads nothing heavy."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from airwatch_dagster.cli import main
from airwatch_dagster_tests.installations import Installation

COMMANDS = sorted(main.commands)


def test_the_commands_are_those_that_are_documented() -> None:
    assert set(COMMANDS) == {
        *("areas", "backfill", "bulletin", "demo", "doctor", "explain", "export", "import", "inspect", "models"),
        *("ack", "incidents", "silence"),
        *("backup", "practice-server", "purge", "repair", "restore", "serve-site", "status"),
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_has_a_help_text(command: str) -> None:
    result = CliRunner().invoke(main, [command, "--help"])

    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: main {command} ")
    described = main.commands[command]
    assert described.help
    for parameter in described.params:
        assert not isinstance(parameter, click.Option) or parameter.help


@pytest.mark.parametrize("group", [[], ["models"]], ids=str)
def test_the_list_of_commands_has_a_line_for_each_and_cuts_none(group: list[str]) -> None:
    output = CliRunner().invoke(main, [*group, "--help"], terminal_width=80).output
    listed = output.partition("Commands:\n")[2].splitlines()
    commands = main.commands if not group else main.commands[group[0]].commands  # type: ignore[attr-defined]

    assert [line.split()[0] for line in listed] == sorted(commands)
    for name, command in commands.items():
        assert command.short_help, name
        assert len(command.short_help) <= 60, name
        assert command.short_help in output, name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["backfill", "2021-05-01"], "Missing argument 'LAST'"),
        (["backfill", "2021-05-01", "May"], "Invalid value for 'LAST': 'May' does not match the format '%Y-%m-%d'"),
        (["backfill", "2021-02-30", "2021-03-01"], "Invalid value for 'FIRST': '2021-02-30'"),
        (["explain", "2021-05-01"], "Missing argument 'SITE'"),
        (["predict"], "No such command 'predict'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistyped_command_is_a_usage_error(tmp_path: Path, arguments: list[str], message: str) -> None:
    result = Installation.at(tmp_path).airwatch(*arguments)

    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["backfill", "2021-05-01", "2021-05-02", "--tables", "site_days,forecasts"],
            "--tables: there is no table 'forecasts'. Did you mean forecast_scores?",
        ),
        (
            ["backfill", "2008-12-31", "2009-01-02"],
            "backfill: 2008-12-31…2009-01-02 is outside 2009-01-01…",
        ),
        (["inspect", "site_dys"], "inspect: there is no table 'site_dys'. Did you mean site_days?"),
        (["inspect", "site_days", "2021-05-01"], "site_days: 1 of 1 partition not stored in "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_known_error_is_one_line_and_exit_code_1(tmp_path: Path, arguments: list[str], message: str) -> None:
    result = Installation.at(tmp_path).airwatch(*arguments)

    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {message}")
    assert ("Retrying" in result.output) is ("not stored" in message)  # what is stored is no mistyped argument
    assert result.output.count("\n") == 1


def test_an_unknown_error_keeps_its_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr("airwatch_dagster.commands.inspect.inspection.inspect_table", broken)

    result = Installation.at(tmp_path).airwatch("inspect", "site_days")

    assert isinstance(result.exception, ZeroDivisionError)


def test_no_help_text_loads_dagster_or_pandas(tmp_path: Path) -> None:
    """All in one process, which takes as long as a single one."""
    shown = (
        "import sys; from airwatch_dagster.cli import main\n"
        f"for command in {[[], *([command] for command in COMMANDS)]!r}:\n"
        "    main([*command, '--help'], standalone_mode=False)\n"
        "    print(command, sorted({'dagster', 'pandas', 'mlflow'} & set(sys.modules)))"
    )
    environment = {**os.environ, "AIRWATCH_STATE": str(tmp_path)}

    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True, env=environment)

    loaded = [line.partition("] ")[2] for line in done.stdout.splitlines() if line.startswith("[")]
    assert loaded == ["[]"] * (1 + len(COMMANDS))
    assert done.stdout.count("Usage: ") == 1 + len(COMMANDS)


def test_the_version_is_the_packages() -> None:
    result = CliRunner().invoke(main, ["--version"])

    assert "0.1.0" in result.output or "not installed" in str(result.exception)


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        (
            "--fault-kinds",
            "server_error,tantrum",
            "--fault-kinds: 'tantrum' is not a fault kind. Choose from server_error, ",
        ),
        (
            "--restate",
            "2021-09-01:2021-01-01",
            "--restate: '2021-09-01:2021-01-01' is not a valid restatement. Write ON:FIRST:",
        ),
        (
            "--restate",
            "soon:2021-01-01:2021-03-31:0.8",
            "--restate: 'soon:2021-01-01:2021-03-31:0.8' is not a valid restatement",
        ),
    ],
)
def test_the_practice_server_rejects_unknown_faults_and_restatements(
    tmp_path: Path, option: str, value: str, sentence: str
) -> None:
    result = Installation.at(tmp_path).airwatch("practice-server", "--port", "0", "--faults", "1", option, value)

    assert result.exit_code == 1
    assert sentence in result.output
