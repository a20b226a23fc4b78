"""Installations that the tests of this folder look at: one with every table filled, and one that forecasts by what it
learned."""

from pathlib import Path

import pytest

from airwatch_dagster_tests.built_once import built_once
from airwatch_dagster_tests.end_to_end.small_history import (
    MADE,
    MADE_FROM,
    MADE_UNTIL,
    backfill,
    copy_of,
    published,
    store_past,
    store_readings,
)
from airwatch_dagster_tests.installations import Installation

FIRST, LAST = "2021-03-18", "2021-05-31"
"""75 days: April is trained for but has no examples to learn from in time, May has a champion."""


@pytest.fixture(scope="session")
def filled(run_folder: Path) -> Installation:
    """Backfilled once in a test run; tests only read it."""
    return Installation(
        built_once(run_folder / "filled", lambda folder: Installation.at(folder).done("backfill", FIRST, LAST))
    )


@pytest.fixture(scope="session")
def start(run_folder: Path) -> Installation:
    """Everything before ``MADE_FROM`` is known; nothing of it is made by what the tests look at."""

    def build(folder: Path) -> None:
        installation = Installation.at(folder)
        with installation.entered():
            store_past(installation.tables, published())

    return Installation(built_once(run_folder / "start", build))


@pytest.fixture(scope="session")
def at_once(run_folder: Path, start: Installation) -> Installation:
    """Five weeks of true readings, each table made in one run."""

    def build(folder: Path) -> None:
        installation = copy_of(start, folder.name)
        store_readings(installation.tables, published())
        backfill(installation, MADE_FROM, MADE_UNTIL, *MADE)

    return Installation(built_once(run_folder / "at-once", build))
