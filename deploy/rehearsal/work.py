"""What runs do while something dies: kinds of work, the history they need, and who dies."""

import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from deploy.rehearsal.compose import REPOSITORY
from deploy.rehearsal.dagster_api import DagsterApi
from deploy.rehearsal.processes import Broken, Process, holders
from deploy.rehearsal.stack import Stack

FIRST: Final = "2021-03-01"
"""First day of history: the families that need no learning are fitted, logged, chosen and loaded as all are."""

MONTH: Final = {"dagster/asset_partition_range_start": "2021-05-01", "dagster/asset_partition_range_end": "2021-05-31"}
"""Tags of a run over a month of days."""

HISTORY_WITHIN_S: Final = 600.0

WORKER_WITHIN_S: Final = 60.0
"""Seconds to wait for the process of a run that is queued or starts."""


@dataclass(frozen=True)
class Work:
    """A run that Dagster's webserver is asked for."""

    assets: tuple[str, ...]
    tags: Mapping[str, str]
    outputs: tuple[str, ...]
    """What is removed before, so that the run has it to write."""


WORK: Final[Mapping[str, Work]] = {
    "readings": Work(("raw_readings", "site_days"), MONTH, ("raw_readings/2021-05", "site_days/2021-05")),
    "training": Work(
        ("trained_models", "champion_model"),
        {"dagster/partition": "2021-06"},
        ("trained_models/2021-06", "champion_model/2021-06"),
    ),
    "forecast": Work(
        ("features", "predictions", "forecast_scores"),
        MONTH,
        ("features/2021-05", "predictions/2021-05", "forecast_scores/2021-05"),
    ),
}
"""EPA's readings and days' means of a month; the seven model families of a month, and the champion among them, which
are logged to MLflow; a month's forecasts by a champion that MLflow stores."""

KILLED: Final = ("worker", "restart", "daemon", "code", "mlflow", "storage", "postgres", "webserver")
"""Who dies. ``worker`` is the process of the run alone; ``restart`` is what `docker compose restart code` does."""


def kill(stack: Stack, name: str, *, run_id: str) -> None:
    """One of ``KILLED`` dies while the run works."""
    match name:
        case "worker":
            _kill_worker(stack, run_id)
        case "restart":
            stack.stop("code")
            stack.start("code")
        case _:
            stack.kill(name)


def fill_history(stack: Stack) -> float:
    """Fill three months as `docker compose exec code airwatch backfill` does; returns the seconds. Raises Broken."""
    began = time.monotonic()
    environment, log = stack.environment("code"), stack.folder / "logs" / "backfill.log"
    command = ("airwatch", "backfill", FIRST, "yesterday")
    process = Process.start(command, environment=environment, log=log, cwd=REPOSITORY)
    if not process.wait(HISTORY_WITHIN_S) or process.exit_code:
        process.kill_family()
        raise Broken(f"{' '.join(command)} ended with {process.exit_code}", log)
    return time.monotonic() - began


def launch(api: DagsterApi, kind: str) -> str:
    """Ask for the run; returns its id."""
    return api.launch_assets(list(WORK[kind].assets), WORK[kind].tags)


def worker_of(stack: Stack, run_id: str) -> list[int]:
    """The process that executes the run: it has the run's lock open."""
    return holders(stack.folder / "state" / "run-locks" / run_id)


def _kill_worker(stack: Stack, run_id: str) -> None:
    """The run's process dies alone, as soon as it is there; nothing happens to a run that has ended."""
    deadline = time.monotonic() + WORKER_WITHIN_S
    while not worker_of(stack, run_id) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid in worker_of(stack, run_id):
        Process(pid, stack.log("code")).send(signal.SIGKILL)
