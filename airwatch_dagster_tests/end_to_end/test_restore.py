"""Backed up, destroyed, restored elsewhere, continued: the tables are those of an undisturbed installation."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from airwatch_dagster_tests.installations import REPOSITORY, Installation

NEXT = "2021-06-01"
"""The first day of a month: models are trained, a champion is chosen, and the old ones are loaded."""


@pytest.mark.slow
def test_after_a_restore_the_next_day_is_as_if_nothing_had_happened(backfilled: Installation, tmp_path: Path) -> None:
    tomorrow = {"AIRWATCH_PRACTICE_TODAY": "2021-06-02"}
    twin, lost = (copied(backfilled, tmp_path / name).with_settings(**tomorrow) for name in ("twin", "lost"))
    twin.run("backfill", NEXT, NEXT)

    lost.run("backup", str(tmp_path / "backup"))
    shutil.rmtree(lost.folder)
    place = tmp_path / "elsewhere"
    shutil.copytree(backfilled.folder / "home", place / "home")
    restored = Installation(place, tuple(tomorrow.items()))
    restored.run("restore", str(tmp_path / "backup"))
    output = restored.run("backfill", NEXT, NEXT)

    assert "raw_readings" in output
    assert twin.fingerprints().keys() == restored.fingerprints().keys()
    compare = [sys.executable, "benchmarks/compare_storages.py", twin.folder / "tables", place / "tables"]
    compared = subprocess.run(compare, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert compared.stdout.endswith("\nsame\n"), compared.stdout


def copied(installation: Installation, folder: Path) -> Installation:
    shutil.copytree(installation.folder, folder)
    return Installation(folder, installation.settings)
