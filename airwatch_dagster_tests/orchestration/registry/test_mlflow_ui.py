"""MLflow's UI on the configured store, and the description of its experiment."""

from pathlib import Path

import pytest

from airwatch_dagster.orchestration.registry import mlflow_ui as module
from airwatch_dagster.orchestration.registry.mlflow_ui import DESCRIPTION, experiment_description, main, ui_command


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """The programs that would replace the process."""
    for name in ("AIRWATCH_UI_URL", "DAGSTER_WEBSERVER_URL", "AIRWATCH_MLFLOW_UI_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////state/mlflow.db")
    programs: list[list[str]] = []
    monkeypatch.setattr(module, "prepare_environment", lambda: tmp_path)
    monkeypatch.setattr(module.os, "execv", lambda _, command: programs.append(command))
    return programs


def test_a_database_is_opened_on_the_port(started: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    main("5123")

    [command] = started
    assert command == ui_command("5123")
    assert command[1:] == ["ui", "--backend-store-uri", "sqlite:////state/mlflow.db", "--port", "5123"]
    assert capsys.readouterr().out == "MLflow UI: http://127.0.0.1:5123   (Ctrl-C stops it)\n"


def test_a_server_has_its_ui_already(
    started: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:hunter2@mlflow:5000")
    main()

    assert started == []
    assert capsys.readouterr().out == "MLflow UI: http://mlflow:5000\n"


def test_a_setting_that_is_not_valid_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_MLFLOW_UI_URL", "mlflow")
    with pytest.raises(SystemExit, match="Error: AIRWATCH_MLFLOW_UI_URL: 'mlflow' has no scheme"):
        main()


def test_the_experiment_says_what_it_holds_and_links_dagster(monkeypatch: pytest.MonkeyPatch) -> None:
    assert experiment_description(None) == DESCRIPTION
    assert "`airwatch_pm25`" in DESCRIPTION
    monkeypatch.setenv("AIRWATCH_UI_URL", "http://me:hunter2@dagster.example/")
    linked = f"{DESCRIPTION}\n\n[Dagster UI](http://dagster.example)"
    assert [experiment_description(known) for known in (None, DESCRIPTION)] == [linked, linked]


def test_a_description_that_says_as_much_or_that_a_person_wrote_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    assert experiment_description(f"{DESCRIPTION}\n\n[Dagster UI](http://dagster.example)") is None
    monkeypatch.setenv("AIRWATCH_UI_URL", "http://dagster.example")
    assert experiment_description(f"{DESCRIPTION}\n\n[Dagster UI](http://dagster.example)") is None
    assert experiment_description("Ours. Do not touch.") is None
