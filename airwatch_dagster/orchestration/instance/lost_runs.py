"""The end of runs whose process was killed, in Dagster and in MLflow: nothing else would ever end them."""

from pathlib import Path
from typing import Any, Final

import dagster as dg

from airwatch_dagster.orchestration.instance.run_locks import RunLock, report_if_lost

UNDER_WAY: Final = (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED)
"""States of a run that a command executes."""


def end_lost_runs(instance: dg.DagsterInstance, *, folder: Path) -> list[str]:
    """Ids of the runs of commands whose process was killed: they are reported as failed (see ``report_if_lost``).

    One that was killed before its run started too: Dagster lists it as not started, for ever. Locks in ``folder``
    that nobody holds go, unless their run may still be reported by another part of Dagster.
    """
    runs = instance.get_runs(dg.RunsFilter(statuses=UNDER_WAY))
    lost = [run.run_id for run in runs if report_if_lost(instance, run, folder=folder)]
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        run = instance.get_run_by_id(path.name)
        if run is None or run.is_finished:
            RunLock(folder, path.name).remove_abandoned()
    return lost


def end_mlflow_runs(instance: dg.DagsterInstance, client: Any, *, experiment: str) -> None:
    """End MLflow's runs of Dagster runs that have ended, since their process did not do it: as KILLED, or as FINISHED
    after a success whose end MLflow did not take.

    Those of a Dagster run that this instance does not know are another instance's.
    """
    found = client.get_experiment_by_name(experiment)
    if found is None:
        return
    for run in client.search_runs([found.experiment_id], filter_string="attributes.status = 'RUNNING'"):
        of_dagster = instance.get_run_by_id(run.data.tags.get("dagster_run_id", ""))
        if of_dagster is not None and of_dagster.is_finished:
            client.set_terminated(run.info.run_id, status="FINISHED" if of_dagster.is_success else "KILLED")
