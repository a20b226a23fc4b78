"""What the tests of incidents share."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from airwatch_dagster_tests.orchestration.incidents.watched import Watched


@pytest.fixture
def watched(tmp_path: Path, no_channel: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("AIRWATCH_STORAGE", str(tmp_path / "tables"))
    with dg.DagsterInstance.ephemeral() as instance:
        yield Watched(instance, tmp_path)
