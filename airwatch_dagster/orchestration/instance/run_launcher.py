"""Dagster's default run launcher, which can tell a run whose process is gone. Configured in both dagster.yaml.

Upstream starts each run as a process of the code server and never looks again: after a restart of the server its runs
stay STARTED, and hold their pools, until their maximum run time has passed.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import dagster as dg
import grpc
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import ConfigurableClassData, deserialize_value

from airwatch_dagster.orchestration.instance.run_locks import FOLDER, RunLock

GRACE_S: Final = 10.0
"""Seconds for which a run may seem to have no process: between its start and its lock, its end and its last event."""

UNLOCKED_S: Final = 20.0
"""Seconds for which a run that has started may be known to its code server and hold no lock. Upstream's server forgets
the runs whose process has ended by a thread, and that thread ends for good when PostgreSQL does not answer it."""

START_S: Final = 30.0
"""Seconds after its launch by which a run's process holds its lock, or is known to its code server."""

ANSWER_S: Final = 10
"""Seconds to wait for the code server's answer; one that is only busy takes longer, and its runs are alive."""


class WatchedRunLauncher(DefaultRunLauncher):
    """As upstream, and run monitoring fails a run whose process is gone: at its second look, GRACE_S after the first.

    A run is alive while its process holds its lock, or while the code server that started it knows it, which counts for
    UNLOCKED_S. So a run that outlives its server is left alone, and one that ended with its server is reported, also
    when the server is back.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(inst_data)
        self._locks = Path(base_dir, FOLDER)
        self._unlocked_since: dict[str, float] = {}

    @classmethod
    def config_type(cls) -> Any:
        """The folder of AirWatch's state, which holds the locks."""
        return {"base_dir": dg.StringSource}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]
    ) -> "WatchedRunLauncher":
        """The launcher that dagster.yaml configures."""
        return cls(inst_data=inst_data, **config_value)

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Run monitoring asks."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """RUNNING, or NOT_FOUND and why: for a run that has had no lock for GRACE_S seconds and that no code server
        knows, and for one that has had none for UNLOCKED_S."""
        if self._has_process(run):
            self._unlocked_since.pop(run.run_id, None)
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        now = time.monotonic()
        unlocked_s = now - self._unlocked_since.setdefault(run.run_id, now)
        reason = self.why_gone(run)
        if reason is None and unlocked_s >= UNLOCKED_S and run.status == dg.DagsterRunStatus.STARTED:
            reason = f"The run's process has held no lock for {unlocked_s:.0f} s, although its code server lists it"
        if reason is None or unlocked_s < GRACE_S:
            return CheckRunHealthResult(WorkerStatus.RUNNING, reason)
        del self._unlocked_since[run.run_id]
        (self._locks / run.run_id).unlink(missing_ok=True)
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, reason)

    def why_gone(self, run: dg.DagsterRun) -> str | None:
        """Why the run has no process now; None for one that has, and for runs that this launcher did not start."""
        if self._has_process(run):
            return None
        if RunLock(self._locks, run.run_id).is_abandoned:
            return "The run's process ended before the run did"
        client: DagsterGrpcClient | None = self._get_grpc_client_for_termination(run.run_id)  # type: ignore[no-untyped-call]
        return None if client is None else _why_unknown(client, run.run_id)

    def _has_process(self, run: dg.DagsterRun) -> bool:
        """Whether the run's process holds its lock, or another launcher, which knows, started it."""
        return GRPC_INFO_TAG not in run.tags or RunLock(self._locks, run.run_id).is_held


def report_if_not_started(instance: dg.DagsterInstance, record: dg.RunRecord, *, now: float) -> bool:
    """Whether the run was launched START_S seconds ago and has no process; then the run is reported as failed.

    Run monitoring looks only at runs that have started, and gives the others five minutes.
    """
    launcher, run = instance.run_launcher, record.dagster_run
    if not isinstance(launcher, WatchedRunLauncher) or now - record.update_timestamp.timestamp() < START_S:
        return False
    reason = launcher.why_gone(run)
    if reason is not None:
        instance.report_run_failed(run, f"{reason}, before the run had started")
    return reason is not None


def _why_unknown(client: DagsterGrpcClient, run_id: str) -> str | None:
    where = f"The code server at {client.host}:{client.port}" if client.port else "The code server"
    try:
        answer = client.can_cancel_execution(CanCancelExecutionRequest(run_id=run_id), timeout=ANSWER_S)
    except DagsterUserCodeUnreachableError as error:
        cause = error.__cause__
        is_busy = isinstance(cause, grpc.RpcError) and cause.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        return None if is_busy else f"{where} is gone, and the run's process with it"
    if deserialize_value(answer, CanCancelExecutionResult).can_cancel:
        return None
    return f"{where} was restarted, and the run's process ended with it"
