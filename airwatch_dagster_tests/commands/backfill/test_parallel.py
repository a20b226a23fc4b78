"""A backfill's runs, some at a time: none before what it reads, none lost, none wrong."""

import pickle
import subprocess
import sys
from multiprocessing import util
from pathlib import Path
from unittest.mock import patch

import pytest

from airwatch_dagster.collector import COLLECT_AFTER
from airwatch_dagster.commands.backfill import parallel
from airwatch_dagster.commands.backfill.parallel import Queue, Task, run_tasks
from airwatch_dagster.commands.backfill.planning import ORDER, Step
from airwatch_dagster.commands.backfill.worker import workers
from airwatch_dagster.definitions import defs
from airwatch_dagster.errors import RunFailed
from airwatch_dagster_tests.installations import Installation


def tasks(*tables: str) -> list[Task]:
    return [Task(table, Step(table, "2021", "2021", 1)) for table in tables]


def started(queue: Queue) -> list[int]:
    """All tasks that can run at the same time from now on."""
    return list(iter(queue.start, None))


def test_a_run_waits_for_the_earlier_ones_of_its_table_and_of_what_it_reads() -> None:
    queue = Queue(tasks(*("raw_readings", "site_days", "features") * 2), defs)
    assert started(queue) == [0]
    queue.finish(0)
    assert started(queue) == [3, 1]
    queue.finish(3)
    assert started(queue) == []
    queue.finish(1)
    assert started(queue) == [4, 2]


def test_a_later_task_of_an_upstream_table_is_not_waited_for() -> None:
    queue = Queue(tasks("site_days", "raw_readings"), defs)
    assert started(queue) == [1, 0]


def test_coverage_waits_for_the_monitor_changes_its_plots_show() -> None:
    queue = Queue([Task("monitor_changes"), *tasks("coverage")], defs)
    assert started(queue) == [0]
    queue.finish(0)
    assert started(queue) == [1]


def test_what_most_others_wait_for_starts_first() -> None:
    queue = Queue(tasks("coverage", "drift_report", "trained_models", "raw_readings"), defs)
    assert started(queue) == [3, 2, 1, 0]


def test_of_what_no_other_waits_for_bulletins_start_first_after_the_findings_that_they_link() -> None:
    queue = Queue(tasks("verification", "scoreboard", "bulletin", "monthly_findings", "forecast_scores"), defs)
    assert started(queue) == [4, 3, 2, 0, 1]


def test_of_those_that_write_to_mlflow_one_runs_at_a_time() -> None:
    queue = Queue(tasks("trained_models", "drift_report", "hyperparameters"), defs)
    assert started(queue) == [2, 1]
    queue.finish(1)
    assert started(queue) == []
    queue.finish(2)
    assert started(queue) == [0]


def test_of_those_that_share_a_pool_one_runs_at_a_time() -> None:
    queue = Queue(tasks("agency_forecasts", "raw_readings"), defs)
    assert started(queue) == [1]


def test_every_task_of_forty_years_runs_once_and_after_what_it_reads() -> None:
    years = tasks(*(table for _ in range(40) for table in ORDER))
    queue, order = Queue(years, defs), []
    while running := started(queue):
        order += running
        for number in running:
            queue.finish(number)
    assert sorted(order) == list(range(len(years)))


def test_the_error_of_a_failed_run_is_the_same_in_another_process() -> None:
    error = RunFailed("site_days", "nothing there", "1234")
    unpickled = pickle.loads(pickle.dumps(error))
    assert str(unpickled) == str(error) == "site_days failed: nothing there (Dagster run 1234)"
    with pytest.raises(RunFailed, match="nothing there"):
        raise unpickled


def test_a_worker_looks_seldom_for_unused_objects_from_before_it_imports_a_library() -> None:
    code = (
        "import airwatch_dagster.commands.backfill.worker as worker, gc, sys\n"
        "worker.end_worker_on_signals = lambda: print(gc.get_threshold())\n"
        "worker.parent_process = lambda: None\n"
        "print([name for name in ('dagster', 'pandas', 'sqlalchemy') if name in sys.modules])\n"
        "try: worker.begin()\n"
        "except AssertionError: pass\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", str(COLLECT_AFTER)]


def test_a_worker_imports_what_runs_need_before_it_has_one() -> None:
    with workers(2) as both:
        assert both.pool is not None
        modules = both.pool.submit(eval, "[*__import__('sys').modules]").result()
    assert {"airwatch_dagster.definitions", "sqlalchemy"} <= {*modules}


def test_without_a_task_dagsters_instance_is_not_opened() -> None:
    with workers(1) as this_process, patch.object(parallel, "opened_instance", side_effect=AssertionError):
        run_tasks([], workers=this_process, started=lambda _: None, done=lambda *_: None)


def test_one_process_and_a_plan_alone_start_no_worker() -> None:
    with workers(1) as alone, workers(2, only_plan=True) as planned:
        assert (alone.processes, planned.processes) == (1, 2)
        assert alone.pool is planned.pool is None


def test_a_worker_opens_one_instance_and_closes_it_when_it_ends(tmp_path: Path) -> None:
    with Installation.at(tmp_path).activated(), patch.object(util, "Finalize") as at_end:
        instance = parallel._instance()
        assert parallel._instance() is instance
    parallel._instance.cache_clear()
    instance.report_engine_event("written", job_name="job", run_id="run")
    assert list(tmp_path.rglob("run.db-wal"))

    (_, close), _ = at_end.call_args
    close()
    assert not list(tmp_path.rglob("*.db-wal"))
