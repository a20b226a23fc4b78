"""Pages stored in a folder that a server shows."""

from pathlib import Path

import pytest

from airwatch_dagster.orchestration.pages import Pages
from airwatch_dagster.storage.tables import TableStorage


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pages:
    monkeypatch.setenv("AIRWATCH_SITE_URL", "http://air.example/")
    return Pages(TableStorage.open(str(tmp_path)))
