"""MLflow's runs within the run of a Dagster run: one for each fitted model, and for each search."""

import contextlib
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from airwatch_dagster.orchestration.registry.mlflow_client import end_failed_run, runs_of_dagster_run
from airwatch_dagster.orchestration.registry.tracking import mlflow_errors
from airwatch_dagster.orchestration.registry.transactions import one_transaction

_INHERITED: Final = ("mlflow.user", "mlflow.source", "project")
"""Begins of the tags that a nested run has from its parent; MLflow's ``start_run`` finds them out for each run anew."""


@contextlib.contextmanager
def nested_run(mlflow: Any, *, name: str, tags: Mapping[str, str]) -> Iterator[Any]:
    """A nested MLflow run with these tags and those of the Dagster run, FAILED when the body raises.

    It is not MLflow's active run: the body logs by its ID, in one transaction where ``one_transaction`` has one, so
    that a FAILED run has nothing of a model. Errors of MLflow become AirWatch's (see ``mlflow_errors``).
    """
    client = mlflow.tracking_client
    with mlflow_errors(mlflow.tracking_uri):
        parent = mlflow.active_run()
        of_parent = {key: text for key, text in parent.data.tags.items() if key.startswith(_INHERITED)}
        own = {**tags, **runs_of_dagster_run(mlflow.dagster_run_id), "mlflow.parentRunId": parent.info.run_id}
        run = client.create_run(parent.info.experiment_id, run_name=name, tags={**of_parent, **own})
        try:
            with one_transaction(client):
                yield run
                client.set_terminated(run.info.run_id)
        except BaseException:
            end_failed_run(partial(client.set_terminated, run.info.run_id))
            raise
