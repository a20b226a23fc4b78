"""Commands that are killed where they change state end, once they are started again, as if nothing had happened."""

import uuid
from collections.abc import Iterator

import pytest

from airwatch_dagster.practice.server.server import PracticeServer
from airwatch_dagster_tests.drills.attempts import warm_up
from airwatch_dagster_tests.drills.changes import KillOrder, Moment
from airwatch_dagster_tests.drills.kill_runner import KillDrill, KillRunner
from airwatch_dagster_tests.drills.kill_scenarios import RESTATEMENTS, SECOND_PULL, KillScenario, scenarios
from airwatch_dagster_tests.drills.stored import Place
from airwatch_dagster_tests.s3_servers import S3Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

IMPORT, TRAINING, PROMOTION = "import of a download", "month training, champion, forecast", "promotion of a champion"
API = "recheck of the API with versions"


@pytest.fixture(scope="module")
def known() -> Iterator[dict[str, KillScenario]]:
    with PracticeServer(today=SECOND_PULL, restatements=RESTATEMENTS) as server:
        yield {scenario.name: scenario for scenario in scenarios(server)}


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> KillRunner:
    warm_up()
    return KillRunner(tmp_path_factory.mktemp("drills"))


def order_of(runner: KillRunner, scenario: KillScenario, place: Place | None, change: str, moment: Moment) -> KillOrder:
    """The first change that the undisturbed command makes and that begins so."""
    changes = [str(one) for one in runner.undisturbed(scenario, place).changes]
    found = [one for one in changes if one.startswith(change)]
    assert found, f"{scenario.name} makes no change {change!r}, but {changes}"
    return KillOrder(found[0], moment)


@pytest.mark.parametrize(
    ("name", "change", "moment", "has_writer"),
    [
        ("readings to features", "rename tables/raw_readings/", "before", False),
        ("readings to features", "rename state/downloads/practice/daily", "after", False),
        (IMPORT, "commit runs.db: update runs STARTED", "before", False),
        (IMPORT, "write tables/.locks/raw_readings", "after", False),
        (IMPORT, "rename tables/raw_readings/", "after", False),
        (API, "rename state/downloads/aqs-HEX/dailyData", "before", False),
        ("repair", "rename tables/raw_readings/", "after", False),
        (TRAINING, "commit mlflow.db: insert datasets, insert inputs", "before", False),
        (TRAINING, "commit mlflow.db: insert inputs, insert input_tags, insert logged_models", "after", False),
        (PROMOTION, "commit mlflow.db: update registered_model_aliases", "after", False),
        ("backup", "write backup/tables/", "in the middle", False),
        ("restore", "rename state", "after", False),
    ],
)
def test_in_a_folder(
    runner: KillRunner, known: dict[str, KillScenario], name: str, change: str, moment: Moment, has_writer: bool
) -> None:
    order = order_of(runner, known[name], None, change, moment)

    outcome = runner.run(KillDrill(known[name], order, "folder", has_writer), None)

    assert outcome.was_killed
    assert outcome.problems == []


@pytest.mark.parametrize(
    ("change", "moment", "has_writer"),
    [("PUT raw_readings/", "in the middle", False), ("PUT raw_readings/", "after", False)],
)
def test_in_s3(
    runner: KillRunner,
    known: dict[str, KillScenario],
    moto_server: S3Server,
    change: str,
    moment: Moment,
    has_writer: bool,
) -> None:
    def place() -> Place:
        return Place(f"s3://{moto_server.bucket}/{uuid.uuid4().hex}", moto_server)

    order = order_of(runner, known[IMPORT], place(), change, moment)

    outcome = runner.run(KillDrill(known[IMPORT], order, "moto", has_writer), place())

    assert outcome.was_killed
    assert outcome.problems == []
