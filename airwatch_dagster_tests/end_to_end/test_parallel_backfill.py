"""A backfill with two runs at a time stores the same as one run after the other, and fails with the same message."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster_tests.installations import Installation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

DAYS = ("2021-04-29", "2021-05-02")
TABLES = ("raw_readings", "site_days", "coverage")


@pytest.fixture
def without_some_days(backfilled: Installation, tmp_path: Path) -> Installation:
    """A copy of the filled installation without some days."""
    shutil.copytree(backfilled.folder / "tables", tmp_path / "here" / "tables")
    for table in TABLES[:2]:
        for day in pd.date_range(*DAYS):
            (tmp_path / "here" / "tables" / table / f"{day:%Y-%m-%d}.parquet").unlink()
    for month in ("2021-04", "2021-05"):
        (tmp_path / "here" / "tables" / "coverage" / f"{month}.parquet").unlink()
    return Installation.at(tmp_path / "here")


def test_two_at_a_time_store_what_one_after_the_other_did(
    backfilled: Installation, without_some_days: Installation
) -> None:
    output = without_some_days.run("backfill", *DAYS, "--tables", ",".join(TABLES), "--processes", "2")

    assert "[  3/3]" in output
    lines = [line.split()[2] for line in output.splitlines() if line.startswith("  [")]
    assert lines == list(TABLES)
    for table in TABLES:
        keys = ["2021-04", "2021-05"] if table == "coverage" else [f"{day:%Y-%m-%d}" for day in pd.date_range(*DAYS)]
        made, expected = (one.tables.read(table, keys) for one in (without_some_days, backfilled))
        contents = [name for name in made if not name.endswith("_at")]
        assert len(made)
        pd.testing.assert_frame_equal(made[contents], expected[contents])


def test_a_failed_run_ends_the_backfill_with_its_own_message(without_some_days: Installation, tmp_path: Path) -> None:
    """Here: simulated air must not be mixed with real readings."""
    mirror = without_some_days.with_settings(
        AIRWATCH_SOURCE="airdata", AIRWATCH_AIRDATA_URL=f"file://{tmp_path}/nowhere"
    )

    failed = mirror.airwatch("backfill", *DAYS, "--tables", "raw_readings,site_days", "--processes", "2")

    assert failed.exit_code == 1
    error = failed.output.partition("Error: ")[2]
    assert error.startswith("raw_readings failed: ")
    assert "AIRWATCH_SOURCE to the source used so far. (Dagster run " in error
    assert not (without_some_days.folder / "tables" / "site_days" / f"{DAYS[0]}.parquet").exists()
