"""One installation with every table filled, which the tests of this folder look at."""

import pytest

from airwatch_dagster_tests.installations import Installation
from airwatch_dagster_tests.orchestration.conftest import moto_server as moto_server

FIRST, LAST = "2021-03-18", "2021-05-31"
"""75 days: April is trained for but has no examples to learn from in time, May has a champion."""


@pytest.fixture(scope="package")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Backfilled once; tests only read it."""
    installation = Installation.at(tmp_path_factory.mktemp("filled"))
    installation.done("backfill", FIRST, LAST)
    return installation
