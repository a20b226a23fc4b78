"""Ingestion that is disturbed, killed and resumed ends as if nothing had happened: drills of a few months."""

import pytest

from airwatch_dagster.practice.faults.faults import DEFAULT_KINDS, FAULT_KINDS
from airwatch_dagster_tests.drills.plans import Drill, Kill, Scenario
from airwatch_dagster_tests.drills.runner import DrillRunner

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

DAYS = ("04-01", "06-15")
"""Two and a half months, the latter half of which is restated."""

API = Scenario("aqs", "cbsa:37900", 2021, "restated", DAYS)
FILES = Scenario("airdata", "cbsa:37900", 2021, "restated", DAYS)
FILES_ONCE = Scenario("airdata", "cbsa:37900", 2021, "nothing", DAYS)

DRILLS = {
    "API, killed while it fetches what was restated": Drill(
        1, API, 0.4, FAULT_KINDS, 3, 0.1, (Kill(0, 0.2, "work"), Kill(1, 0.3, "clock"))
    ),
    "files, killed while it writes what was restated": Drill(
        2, FILES, 0.3, FAULT_KINDS, 3, 0.1, (Kill(1, 0.5, "work"),)
    ),
    "files, killed time and again": Drill(
        3, FILES_ONCE, 0.3, DEFAULT_KINDS, 6, 0.1, (Kill(0, 0.3, "work"), Kill(0, 0.45, "work"), Kill(0, 0.5, "work"))
    ),
}


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> DrillRunner:
    return DrillRunner(tmp_path_factory.mktemp("drills"))


@pytest.mark.parametrize("drill", DRILLS.values(), ids=DRILLS)
def test_nothing_is_lost_or_doubled(runner: DrillRunner, drill: Drill) -> None:
    outcome = runner.run(drill)

    assert outcome.problems == []
    assert (outcome.difference.lost, outcome.difference.doubled) == (0, 0)
    assert outcome.rows > 0
    assert outcome.kills.total() + outcome.failures.total() > 0
