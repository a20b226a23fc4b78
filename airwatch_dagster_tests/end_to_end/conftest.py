"""Installations that the tests of this folder look at: one with every table filled, and one that forecasts by what it
learned."""

import pytest

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
def filled(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Backfilled once; tests only read it."""
    installation = Installation.at(tmp_path_factory.mktemp("filled"))
    installation.done("backfill", FIRST, LAST)
    return installation


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Everything before ``MADE_FROM`` is known; nothing of it is made by what the tests look at."""
    installation = Installation.at(tmp_path_factory.mktemp("past") / "start")
    with installation.entered():
        store_past(installation.tables, published())
    return installation


@pytest.fixture(scope="session")
def at_once(start: Installation) -> Installation:
    """Five weeks of true readings, each table made in one run."""
    installation = copy_of(start, "at-once")
    store_readings(installation.tables, published())
    backfill(installation, MADE_FROM, MADE_UNTIL, *MADE)
    return installation
