"""Installations that the tests of this folder share: one with every table filled, one with learned models."""

from pathlib import Path

import pytest

from airwatch_dagster_tests.built_once import built_once
from airwatch_dagster_tests.end_to_end.small_history import (
    COMPUTED_TABLES,
    FIRST_COMPUTED,
    LAST_COMPUTED,
    backfill,
    copy_of,
    store_history,
    store_readings,
    true_readings,
)
from airwatch_dagster_tests.installations import Installation

FIRST, LAST = "2021-03-18", "2021-05-31"
"""75 days: April is trained for, but has no examples before it; May has a champion."""


@pytest.fixture(scope="session")
def backfilled(run_folder: Path) -> Installation:
    """Backfilled once in a test run; tests only read it."""
    return Installation(
        built_once(run_folder / "backfilled", lambda folder: Installation.at(folder).run("backfill", FIRST, LAST))
    )


@pytest.fixture(scope="session")
def before_backfill(run_folder: Path) -> Installation:
    """Every table up to the day before ``FIRST_COMPUTED``, which no test recomputes."""

    def build(folder: Path) -> None:
        installation = Installation.at(folder)
        with installation.activated():
            store_history(installation.tables, true_readings())

    return Installation(built_once(run_folder / "before-backfill", build))


@pytest.fixture(scope="session")
def one_backfill(run_folder: Path, before_backfill: Installation) -> Installation:
    """Five weeks of true readings; one run computes each table."""

    def build(folder: Path) -> None:
        installation = copy_of(before_backfill, folder.name)
        store_readings(installation.tables, true_readings())
        backfill(installation, FIRST_COMPUTED, LAST_COMPUTED, *COMPUTED_TABLES)

    return Installation(built_once(run_folder / "one-backfill", build))
