"""A backfill's runs, some at a time: none before what it reads, none lost, none wrong."""

import pickle

import pytest

from airwatch_dagster.commands.backfill.parallel import Task, _next, runs_before
from airwatch_dagster.commands.backfill.planning import Step
from airwatch_dagster.commands.backfill.runs import RunFailed
from airwatch_dagster.definitions import defs


def tasks(*tables: str) -> list[Task]:
    return [Task(table, Step(table, "2021", "2021", 1)) for table in tables]


YEARS = tasks("raw_readings", "site_days", "drift_report", "champion_model", "predictions") * 2


def test_a_run_waits_for_the_earlier_ones_of_its_table_and_of_what_it_reads() -> None:
    before = runs_before([*YEARS, Task("monitor_changes"), *tasks("coverage")], defs)
    assert before[:3] == [set(), {0}, set()]
    assert before[5:7] == [{0}, {0, 1, 5}]
    assert before[10] == {0, 5}
    assert before[11] == {1, 6, 10}


def test_a_champion_waits_for_the_forecasts_that_were_issued_before_it() -> None:
    assert runs_before(YEARS, defs)[8] == {3, 4}


def test_what_most_others_wait_for_begins_first() -> None:
    ready = tasks("coverage", "drift_report", "trained_models", "features")
    assert _next([0, 1, 2, 3], ready, busy=set()) == 3
    assert _next([0, 1, 2], ready, busy=set()) == 2
    assert _next([], ready, busy=set()) is None


def test_of_those_that_write_to_mlflow_one_runs_at_a_time() -> None:
    ready = tasks("trained_models", "drift_report", "champion_model")
    assert _next([0, 1, 2], ready, busy={"champion_model"}) == 1
    assert _next([2], ready, busy={"trained_models"}) is None
    assert _next([2], ready, busy={"coverage"}) == 2


def test_a_failed_run_is_told_by_another_process_in_the_same_words() -> None:
    error = RunFailed("site_days", "nothing there", "1234")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) == "site_days failed: nothing there (Dagster run 1234)"
    with pytest.raises(RunFailed, match="nothing there"):
        raise again
