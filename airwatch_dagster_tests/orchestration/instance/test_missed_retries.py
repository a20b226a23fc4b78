"""A retry that Dagster announced and forgot is looked at again."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster import DagsterEvent, DagsterEventType, EventLogEntry
from dagster._core.storage.tags import AUTO_RETRY_RUN_ID_TAG, PARENT_RUN_ID_TAG, WILL_RETRY_TAG
from dagster._core.test_utils import create_run_for_test, create_test_daemon_workspace_context
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster._daemon.auto_run_reexecution.event_log_consumer import EventLogConsumerDaemon

from airwatch_dagster.orchestration.instance.missed_retries import show_again
from airwatch_dagster_tests.installations import REPOSITORY

# Dagster 1.13.27, when its daemon has no cursor yet.
pytestmark = pytest.mark.filterwarnings("ignore:The 'warn' method is deprecated:DeprecationWarning")


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """The instance of dagster.yaml."""
    monkeypatch.setenv("AIRWATCH_STATE", str(tmp_path / "state"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "dagster.yaml").write_text((REPOSITORY / "dagster.yaml").read_text())
    with dg.DagsterInstance.from_config(str(tmp_path / "home")) as instance:
        yield instance


def look(instance: dg.DagsterInstance) -> None:
    """One look of Dagster's daemon for runs to retry."""
    with create_test_daemon_workspace_context(EmptyWorkspaceTarget(), instance) as context:
        list(EventLogConsumerDaemon().run_iteration(context))


def failure(run: dg.DagsterRun) -> EventLogEntry:
    event = DagsterEvent(event_type_value=DagsterEventType.RUN_FAILURE.value, job_name=run.job_name)
    moment = datetime.now(UTC).timestamp()
    return EventLogEntry(
        error_info=None, level=logging.ERROR, user_message="", run_id=run.run_id, timestamp=moment, dagster_event=event
    )


def crashed(instance: dg.DagsterInstance, **tags: str) -> dg.DagsterRun:
    """A run whose failure Dagster's daemon saw in the moment before the run's status and tag were stored."""
    run = create_run_for_test(instance, job_name="forecast_day", status=dg.DagsterRunStatus.STARTED)
    entry = failure(run)
    instance.event_log_storage.store_event(entry)
    look(instance)
    assert entry.dagster_event is not None
    instance.run_storage.handle_run_event(run.run_id, entry.dagster_event, datetime.now(UTC))
    instance.add_run_tags(run.run_id, {WILL_RETRY_TAG: "true", **tags})
    return run


def looked_at(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether the daemon tried to retry the run: it notes that this one, made by the test, has no code server."""
    entries = instance.all_logs(run.run_id, of_type=DagsterEventType.ENGINE_EVENT)
    return any("unable to retry the run" in str(entry.message) for entry in entries)


LATER = timedelta(seconds=90)


def test_a_missed_retry_is_looked_at_again(instance: dg.DagsterInstance) -> None:
    look(instance)
    run = crashed(instance)
    look(instance)
    assert not looked_at(instance, run)

    assert show_again(instance, now=datetime.now(UTC) + LATER) == [run.run_id]

    look(instance)
    assert looked_at(instance, run)
    assert show_again(instance, now=datetime.now(UTC) + LATER) == [], "once is enough"


@pytest.mark.parametrize("age", [timedelta(seconds=5), timedelta(hours=7)])
def test_a_failure_of_this_moment_and_one_of_long_ago_are_left_alone(
    instance: dg.DagsterInstance, age: timedelta
) -> None:
    look(instance)
    crashed(instance)

    assert show_again(instance, now=datetime.now(UTC) + age) == []


def test_a_run_that_was_retried_or_is_not_to_be_is_left_alone(instance: dg.DagsterInstance) -> None:
    look(instance)
    crashed(instance, **{AUTO_RETRY_RUN_ID_TAG: "another"})
    crashed(instance, **{WILL_RETRY_TAG: "false"})
    by_hand = crashed(instance)
    create_run_for_test(instance, job_name="forecast_day", tags={PARENT_RUN_ID_TAG: by_hand.run_id})

    assert show_again(instance, now=datetime.now(UTC) + LATER) == []
