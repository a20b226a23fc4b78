"""Links between Dagster and MLflow: a URL where the UI's address is known, otherwise a command; never a password."""

import pandas as pd
import pytest

from airwatch_dagster.orchestration.registry.links import cross_links, dagster_run_url, mlflow_models

MODELS = pd.DataFrame(
    {
        "month": pd.to_datetime(["2021-04-01", "2021-05-01", "2021-05-01"]),
        "model_family": ["ridge", "ridge", "catboost"],
        "model_version": [None, "4", "5"],
        "mlflow_run_id": [None, "aaa", "bbb"],
    }
)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AIRWATCH_UI_URL", "DAGSTER_WEBSERVER_URL", "AIRWATCH_MLFLOW_UI_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////state/mlflow.db")


def test_a_dagster_run_has_a_url_where_the_address_of_the_ui_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert dagster_run_url("r1") is None
    monkeypatch.setenv("AIRWATCH_UI_URL", "http://127.0.0.1:3000/")
    assert dagster_run_url("r1") == "http://127.0.0.1:3000/runs/r1"


def test_models_in_a_database_come_with_the_command_that_opens_the_ui() -> None:
    assert str(mlflow_models(MODELS[1:]).value).splitlines() == [
        "| family | version | MLflow run |",
        "|---|---|---|",
        "| ridge | 4 | aaa |",
        "| catboost | 5 | bbb |",
        "",
        "Open with `mlflow ui --backend-store-uri sqlite:////state/mlflow.db`",
    ]


@pytest.mark.parametrize(
    ("tracking", "ui"),
    [
        ("http://127.0.0.1:5000", ""),
        ("http://me:hunter2@127.0.0.1:5000/", ""),
        ("http://mlflow:5000", "http://127.0.0.1:5000"),
    ],
    ids=["a server", "a server with a password", "a server that a browser reaches by another name"],
)
def test_models_on_a_server_are_links(monkeypatch: pytest.MonkeyPatch, tracking: str, ui: str) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking)
    monkeypatch.setenv("AIRWATCH_MLFLOW_UI_URL", ui)

    [*_, row] = str(mlflow_models(MODELS[1:2]).value).splitlines()

    assert row == "| ridge | [4](http://127.0.0.1:5000/#/models/airwatch_pm25/versions/4) |"


def test_links_are_added_to_the_metadata_of_a_month() -> None:
    found = cross_links(MODELS, {"2021-05": {"why": "best of all"}})

    assert list(found) == ["2021-04", "2021-05"]
    assert found["2021-05"]["why"] == "best of all"
    assert "| catboost | 5 | bbb |" in str(found["2021-05"]["MLflow models"].value)
    assert "ridge" not in str(found["2021-04"]["MLflow models"].value), "no version was fitted"
