"""Fixtures of the weather sources."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_weather(real_data: Path) -> Path:
    """A folder of genuine bulletins and observations, if this machine has one."""
    folder = real_data / "weather"
    if not folder.is_dir():
        pytest.skip(f"no genuine bulletins at {folder}")
    return folder
