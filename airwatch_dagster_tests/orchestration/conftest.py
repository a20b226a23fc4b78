"""Fixtures of the orchestration tests: MLflow's client, and channels of messages with local receivers."""

from collections.abc import Iterator
from typing import Any

import pytest

from airwatch_dagster.orchestration.registry.mlflow_client import configure_mlflow
from airwatch_dagster_tests.alert_receivers import Received, mail_receiver, webhook_receiver
from airwatch_dagster_tests.installations import Installation


@pytest.fixture
def registry(installation: Installation) -> Iterator[Any]:
    """A client of the MLflow of the module's installation, which mlflow itself points at."""
    import mlflow

    before = mlflow.get_tracking_uri()
    with installation.activated():
        configure_mlflow()
        yield mlflow.MlflowClient()
    mlflow.set_tracking_uri(before)


@pytest.fixture
def no_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AIRWATCH_ALERT_WEBHOOK_URL", "AIRWATCH_ALERT_EMAIL_TO", "AIRWATCH_UI_URL", "DAGSTER_WEBSERVER_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def webhook(no_channel: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Received]:
    with webhook_receiver() as received:
        monkeypatch.setenv("AIRWATCH_ALERT_WEBHOOK_URL", f"http://127.0.0.1:{received.port}/hooks/T0-secret-part")
        yield received


@pytest.fixture
def mail_server(no_channel: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Received]:
    with mail_receiver() as received:
        monkeypatch.setenv("AIRWATCH_ALERT_EMAIL_TO", "duty@example.org, second@example.org")
        monkeypatch.setenv("AIRWATCH_SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("AIRWATCH_SMTP_PORT", str(received.port))
        monkeypatch.setenv("AIRWATCH_SMTP_STARTTLS", "false")
        yield received
