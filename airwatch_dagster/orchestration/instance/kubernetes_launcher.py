"""Dagster's launcher for Kubernetes, where commands execute runs too. Configured in deploy/helm/values.yaml."""

from typing import Any

import dagster as dg
from dagster._core.launcher.base import CheckRunHealthResult
from dagster_k8s import K8sRunLauncher

from airwatch_dagster.orchestration.instance.heartbeats import Heartbeats, is_of_command


class WatchedK8sRunLauncher(K8sRunLauncher):
    """As upstream; a run that a command executes has no pod of its own, and is alive while the command writes its
    heartbeat."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._heartbeats = Heartbeats()

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """As upstream for the runs that it launched."""
        return self._heartbeats.health(run) if is_of_command(run) else super().check_run_worker_health(run)
