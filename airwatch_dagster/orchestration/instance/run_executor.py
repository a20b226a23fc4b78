"""The executor of the runs that Dagster launches: steps in the run's process, which holds the run's lock meanwhile."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.executor.in_process import InProcessExecutor

from airwatch_dagster.orchestration.configuration.settings import StateSettings
from airwatch_dagster.orchestration.instance.run_locks import FOLDER, RunLock


class LockingExecutor(InProcessExecutor):
    """Dagster's executor in one process. Whoever shares the folder can tell whether the run's process lives."""

    def __init__(self, executor: InProcessExecutor, folder: Path) -> None:
        super().__init__(executor.retries, executor.step_dependency_config, executor.marker_to_close)
        self._folder = folder

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[dg.DagsterEvent]:
        """The events of the run; its lock is held from before the first until after the last."""
        lock = RunLock(self._folder, plan_context.run_id)
        lock.acquire()
        try:
            yield from super().execute(plan_context, execution_plan)
        finally:
            lock.release()


@dg.executor(name="in_process", config_schema=dg.in_process_executor.config_schema.as_field())
def locking_executor(context: dg.InitExecutorContext) -> LockingExecutor:
    """All steps in the run's process; configured like Dagster's in_process_executor."""
    create = dg.in_process_executor.executor_creation_fn
    assert create is not None
    executor = create(context)
    assert isinstance(executor, InProcessExecutor)
    return LockingExecutor(executor, StateSettings.from_environment().state / FOLDER)
