"""Runs that a command executes on a cluster: the command writes a heartbeat, and run monitoring looks for it.

Dagster's launchers for Kubernetes and ECS know the pods and tasks that they started. Run monitoring fails every other
run under way at its first look, those of `airwatch backfill` among them; see ``kubernetes_launcher`` and
``ecs_launcher``.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

import dagster as dg
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus

from airwatch_dagster.orchestration.instance.run_launcher import WatchedRunLauncher
from airwatch_dagster.orchestration.instance.run_locks import HOST

HEARTBEAT: Final = "airwatch/heartbeat"
"""Tag: when (UTC) the command that executes the run last wrote it."""

BEAT_S: Final = 30.0
"""Seconds between two heartbeats."""

LOST_S: Final = 300.0
"""Seconds without a new heartbeat after which the command is gone: a database in restart may take some."""

_LOG: Final = logging.getLogger(__name__)


class Heartbeats:
    """What the launcher of one daemon has seen of the heartbeats of commands.

    A heartbeat is compared with the one of before, by this process's own clock: no two clocks need to agree.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str | None, float]] = {}

    def health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """NOT_FOUND, and why, for a run whose heartbeat has not changed for LOST_S seconds; else RUNNING."""
        now, beat = time.monotonic(), run.tags.get(HEARTBEAT)
        last, since = self._seen.get(run.run_id, (None, now))
        if run.run_id not in self._seen or beat != last:
            self._forget_ended(now)
            self._seen[run.run_id] = beat, now
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        if now - since < LOST_S:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        del self._seen[run.run_id]
        reason = f"The command on {run.tags[HOST]} that executed the run has written no heartbeat for {LOST_S:.0f} s"
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, reason)

    def _forget_ended(self, now: float) -> None:
        """Nobody asks about runs that have ended."""
        self._seen = {run_id: one for run_id, one in self._seen.items() if now - one[1] < 2 * LOST_S}


def is_of_command(run: dg.DagsterRun) -> bool:
    """Whether a command executes the run: it names its machine, and no launcher was asked to start it.

    A run that the UI starts from a command's has a copy of its tags.
    """
    return HOST in run.tags and run.remote_job_origin is None


def needs_heartbeat(instance: dg.DagsterInstance) -> bool:
    """Whether run monitoring would miss a command's run: unless the instance watches the processes of its machine."""
    if not instance.is_persistent:
        return False
    launcher = instance.get_ref().run_launcher_data
    return launcher is not None and launcher.class_name != WatchedRunLauncher.__name__


def heartbeat_tag() -> dict[str, str]:
    """The tag, as of now."""
    return {HEARTBEAT: datetime.now(UTC).isoformat(timespec="seconds")}


@contextmanager
def beating(instance: dg.DagsterInstance, run_id: str, *, every_s: float = BEAT_S) -> Iterator[None]:
    """Within, the run's tag is renewed every ``every_s`` seconds, where run monitoring would miss the run otherwise."""
    if not needs_heartbeat(instance):
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=_beat, args=(instance, run_id, every_s, ended), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _beat(instance: dg.DagsterInstance, run_id: str, every_s: float, ended: threading.Event) -> None:
    while not ended.wait(every_s):
        try:
            instance.add_run_tags(run_id, heartbeat_tag())
        except Exception:  # noqa: BLE001 - the next one tries again; without any, run monitoring ends the run
            _LOG.warning("The heartbeat of run %s could not be written", run_id, exc_info=True)
