"""Old runs go, and Dagster's UI shows of every asset what it showed before."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from airwatch_dagster.orchestration.retention.event_rows import bytes_of_run, event_log
from airwatch_dagster.orchestration.retention.runs import PAGE, FinishedRuns, RunEvents
from airwatch_dagster_tests.installations import Installation
from airwatch_dagster_tests.orchestration.retention.postgres import dagster_in_postgres
from airwatch_dagster_tests.orchestration.retention.shown_status import shown

pytestmark = pytest.mark.slow

DAYS = dg.DailyPartitionsDefinition("2021-01-01", end_date="2021-02-01")

SOON = datetime.now(UTC) + timedelta(days=1)
"""Everything is older than this."""


class Failing(dg.Config):
    fails: bool = False


@dg.asset(
    partitions_def=DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    check_specs=[dg.AssetCheckSpec("is_whole", asset="readings")],
)
def readings(
    context: dg.AssetExecutionContext, config: Failing
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:  # type: ignore[type-arg]
    """Built day by day, or over a range."""
    context.log.info("a line of the step")
    if config.fails:
        raise ValueError("no such day")
    yield dg.MaterializeResult()
    yield dg.AssetCheckResult(passed=True)


@dg.asset(name="champion_model")
def champion_model() -> None:
    """Each of its runs made a decision that `airwatch explain` may name."""


DEFINITIONS = dg.Definitions([readings, champion_model])


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with Installation.at(tmp_path).activated(), dg.DagsterInstance.get() as one:
        yield one


def purged_and_thinned(instance: dg.DagsterInstance) -> None:
    """Runs that go and runs that stay, in the storage of the instance; the UI shows the same before and after."""
    replaced, replaced_failure = built(instance, "2021-01-04"), built(instance, "2021-01-05", fails=True)
    of_three = built(instance, "2021-01-01", "2021-01-03")
    later = [built(instance, day) for day in ("2021-01-02", "2021-01-04", "2021-01-05")]
    failure = built(instance, "2021-01-03", fails=True)
    before = shown(DEFINITIONS, instance)
    size = bytes_of_run(event_log(instance), of_three)

    assert purged(FinishedRuns(instance)) == [replaced, replaced_failure]
    assert purged(RunEvents(instance)) == [of_three, *later, failure]

    assert shown(DEFINITIONS, instance) == before
    assert {run.run_id for run in instance.get_runs()} == {of_three, *later, failure}
    assert bytes_of_run(event_log(instance), of_three) < size
    assert RunEvents(instance).items(SOON) == []


def built(instance: dg.DagsterInstance, first: str, last: str | None = None, *, fails: bool = False) -> str:
    """Run the asset over these days; the id of the run."""
    span = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last or first}
    job = DEFINITIONS.resolve_implicit_job_def_def_for_assets([readings.key])
    assert job is not None
    result = job.execute_in_process(
        instance=instance,
        asset_selection=[readings.key],
        raise_on_error=False,
        run_config={
            "ops": {"readings": {"config": {"fails": fails}}},
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        },
        **({"tags": span} if last else {"partition_key": first}),
    )
    assert result.success != fails
    return result.run_id


def purged(kind: FinishedRuns | RunEvents) -> list[str]:
    items = kind.items(SOON)
    kind.remove(items)
    return [item.name for item in items]


def test_only_runs_without_the_newest_row_of_a_partition_go_and_the_ui_shows_the_same(
    instance: dg.DagsterInstance,
) -> None:
    purged_and_thinned(instance)


def test_the_same_holds_in_postgresql() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with dagster_in_postgres(port) as instance:
        purged_and_thinned(instance)


def test_deleting_any_run_that_stays_would_change_what_the_ui_shows(instance: dg.DagsterInstance) -> None:
    of_three, _ = built(instance, "2021-01-01", "2021-01-03"), built(instance, "2021-01-02")
    before = shown(DEFINITIONS, instance)

    instance.delete_run(of_three)

    after = shown(DEFINITIONS, instance)
    assert set(before["readings"]["by partition"]) == {"2021-01-01", "2021-01-02", "2021-01-03"}
    assert set(after["readings"]["by partition"]) == {"2021-01-02"}


def test_the_database_of_a_removed_run_and_its_checks_go_too(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    gone, stays = built(instance, "2021-01-01"), built(instance, "2021-01-01")

    purged(FinishedRuns(instance))

    databases = {path.name for path in (tmp_path / "state" / "events").iterdir()}
    assert not [name for name in databases if name.startswith(gone)]
    assert f"{stays}.db" in databases
    [key] = [spec.key for spec in readings.check_specs]
    history = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
    assert {one.run_id for one in history} == {stays}


def test_lines_of_steps_go_from_a_run_that_stays_and_what_it_built_and_why_it_failed_do_not(
    instance: dg.DagsterInstance,
) -> None:
    built_run, failed = built(instance, "2021-01-01", "2021-01-31"), built(instance, "2021-01-02", fails=True)
    before, runs = shown(DEFINITIONS, instance), instance.get_runs()
    size = bytes_of_run(event_log(instance), built_run)

    assert purged(FinishedRuns(instance)) == []
    assert purged(RunEvents(instance)) == [built_run, failed]

    assert shown(DEFINITIONS, instance) == before
    assert instance.get_runs() == runs
    kinds = {run: {one.dagster_event_type for one in instance.all_logs(run)} for run in (built_run, failed)}
    assert dg.DagsterEventType.ASSET_MATERIALIZATION in kinds[built_run]
    assert dg.DagsterEventType.ASSET_CHECK_EVALUATION in kinds[built_run]
    assert not kinds[built_run] & {None, dg.DagsterEventType.STEP_START, dg.DagsterEventType.ENGINE_EVENT}
    [why] = instance.all_logs(failed, of_type=dg.DagsterEventType.STEP_FAILURE)
    assert "no such day" in str(why)
    assert RunEvents(instance).items(SOON) == []
    assert bytes_of_run(event_log(instance), built_run) < size


def test_a_run_that_has_not_ended_a_young_one_and_one_that_decided_on_champions_stay(
    instance: dg.DagsterInstance,
) -> None:
    for _ in range(2):
        dg.materialize([champion_model], instance=instance)
    for status in (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING):
        create_run_for_test(instance, job_name="one", status=status)
    young = create_run_for_test(instance, job_name="one", status=dg.DagsterRunStatus.CANCELED)

    assert FinishedRuns(instance).items(datetime.now(UTC) - timedelta(days=1)) == []
    assert purged(FinishedRuns(instance)) == [young.run_id]


@pytest.mark.parametrize("kind", ["import", "undo"])
def test_the_record_of_imports_stays(instance: dg.DagsterInstance, kind: str) -> None:
    for tag in (kind, "other"):
        create_run_for_test(instance, job_name=tag, status=dg.DagsterRunStatus.SUCCESS, tags={"airwatch/kind": tag})

    purged(FinishedRuns(instance))

    assert [run.job_name for run in instance.get_runs()] == [kind]


def test_a_run_that_became_needed_since_it_was_listed_stays(instance: dg.DagsterInstance) -> None:
    old, new = built(instance, "2021-01-01"), built(instance, "2021-01-01")
    kind = FinishedRuns(instance)
    items = kind.items(SOON)

    instance.delete_run(new)
    kind.remove(items)

    assert [item.name for item in items] == [old]
    assert instance.has_run(old)


def test_a_removal_that_was_killed_is_listed_again_and_finished(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, _ = built(instance, "2021-01-01"), built(instance, "2021-01-01")
    with monkeypatch.context() as killed:
        killed.setattr(instance, "delete_run", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            purged(FinishedRuns(instance))
    assert instance.all_logs(old) == []

    assert purged(FinishedRuns(instance)) == [old]
    assert not instance.has_run(old)


def test_more_runs_than_a_page_are_listed(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airwatch_dagster.orchestration.retention.runs.PAGE", 2)
    assert PAGE > 2
    runs = [create_run_for_test(instance, job_name="one", status=dg.DagsterRunStatus.SUCCESS) for _ in range(5)]

    assert {item.name for item in FinishedRuns(instance).items(SOON)} == {run.run_id for run in runs}


def test_a_run_without_a_database_of_its_own_has_no_lines_and_gets_no_database(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    run_id = built(instance, "2021-01-01")
    instance.event_log_storage.dispose()
    for path in (tmp_path / "state" / "events").glob(f"{run_id}.db*"):
        path.unlink()

    assert RunEvents(instance).items(SOON) == []
    assert not (tmp_path / "state" / "events" / f"{run_id}.db").exists()
    assert event_log(instance) is instance.event_log_storage
