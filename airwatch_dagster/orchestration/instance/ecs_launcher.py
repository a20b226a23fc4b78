"""Dagster's launcher for Amazon ECS, where commands execute runs too. Configured in deploy/ecs/dagster.yaml."""

from typing import Any

import dagster as dg
from dagster._core.launcher.base import CheckRunHealthResult
from dagster_aws.ecs import EcsRunLauncher

from airwatch_dagster.orchestration.instance.heartbeats import Heartbeats, is_of_command


class WatchedEcsRunLauncher(EcsRunLauncher):  # type: ignore[misc]
    """As upstream; a run that a command executes has no task of its own, and is alive while the command writes its
    heartbeat."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._heartbeats = Heartbeats()

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """As upstream for the runs that it launched."""
        return self._heartbeats.health(run) if is_of_command(run) else super().check_run_worker_health(run)
