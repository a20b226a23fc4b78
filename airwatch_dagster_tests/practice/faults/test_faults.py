"""Which requests get a fault: drawn from a seed, or scripted."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.practice.faults.faults import (
    DEFAULT_KINDS,
    FAULT_KINDS,
    FITTING_PATHS,
    FaultPlan,
    ScriptedFaults,
    fits,
)
from airwatch_dagster.practice.server.server import PracticeServer
from airwatch_dagster_tests.practice.faults.requests_to_server import (
    AIRNOW,
    API,
    TODAY,
    ZIP,
    ask,
    request_for,
    sequence,
)


def test_a_script_runs_once_and_on_its_paths_only() -> None:
    faults = ScriptedFaults(["server_error", None, "throttled"], path_prefix="/data/api/")
    with PracticeServer(today=TODAY, seed=1, faults=faults) as server:
        assert ask(server.url + AIRNOW).status_code == 200
        assert [ask(server.url + API).status_code for _ in range(5)] == [500, 200, 429, 200, 200]
        assert ask(server.url + AIRNOW).status_code == 200
    assert faults.counts == {"server_error": 1, "throttled": 1}


def test_a_scripted_kind_that_does_not_apply_is_used_up_and_not_counted() -> None:
    faults = ScriptedFaults(["recut_file", "server_error"])
    assert sequence(faults, times=3) == [None, "server_error", None]
    assert faults.counts == {"server_error": 1}


def test_the_same_seed_gives_the_same_faults() -> None:
    first, repeated, other = (sequence(FaultPlan(seed=seed)) for seed in (5, 5, 6))
    assert first == repeated != other


def test_the_fault_of_a_request_does_not_depend_on_other_requests() -> None:
    alone = sequence(FaultPlan(seed=5), bdate="20240101")
    plan = FaultPlan(seed=5)
    mixed = [
        [plan.fault_for(request_for("/data/api/dailyData/byCBSA", bdate=day)) for day in ("20230101", "20240101")]
        for _ in range(60)
    ]
    assert [pair[1] for pair in mixed] == alone
    assert [pair[0] for pair in mixed] != alone


def test_credentials_and_the_order_of_the_query_do_not_matter() -> None:
    plain = sequence(FaultPlan(seed=5), bdate="1", edate="2")
    assert sequence(FaultPlan(seed=5), edate="2", key="secret", bdate="1", email="a@b.c") == plain


def test_two_servers_with_equal_plans_have_the_same_faults() -> None:
    seen = []
    for _ in range(2):
        plan = FaultPlan(seed=3, share=0.5, kinds=("server_error", "throttled", "html_page"))
        with PracticeServer(today=TODAY, seed=1, faults=plan) as server:
            seen.append([ask(server.url + AIRNOW).content for _ in range(12)])
    assert seen[0] == seen[1]
    assert len(set(seen[0])) > 2


def test_about_the_requested_share_gets_a_fault() -> None:
    plan = FaultPlan(seed=1, share=0.3, max_in_a_row=100)
    kinds = [plan.fault_for(request_for("/data/api/dailyData/byCBSA", bdate=str(i))) for i in range(2000)]
    assert 0.27 < sum(kind is not None for kind in kinds) / 2000 < 0.33
    assert plan.counts == Counter(kind for kind in kinds if kind)
    assert set(plan.counts) == {kind for kind in DEFAULT_KINDS if kind != "recut_file"}


@pytest.mark.parametrize("most", [0, 1, 3])
def test_one_retry_more_than_max_in_a_row_succeeds(most: int) -> None:
    has_fault = [kind is not None for kind in sequence(FaultPlan(seed=1, share=1.0, max_in_a_row=most), times=12)]
    assert has_fault == [n % (most + 1) != most for n in range(12)]


def test_a_plan_is_thread_safe() -> None:
    plan = FaultPlan(seed=1, share=1.0, max_in_a_row=3)
    with ThreadPoolExecutor(8) as threads:
        kinds = list(threads.map(lambda _: plan.fault_for(request_for(AIRNOW)), range(400)))
    assert Counter(kind for kind in kinds if kind) == plan.counts
    assert sum(plan.counts.values()) == 300


@pytest.mark.parametrize(
    "target", ["/data/api/dailyData/byCBSA", "/data/api/list/states", "/aq/forecast/historical/", ZIP, AIRNOW]
)
def test_only_applicable_kinds_are_drawn(target: str) -> None:
    plan = FaultPlan(seed=1, share=1.0, max_in_a_row=1000, kinds=FAULT_KINDS)
    drawn = set(sequence(plan, target, times=400))
    assert drawn == {kind for kind in FAULT_KINDS if fits(kind, request_for(target))}


def test_a_request_without_applicable_kinds_gets_a_correct_response() -> None:
    assert sequence(FaultPlan(seed=1, share=1.0, kinds=("recut_file",)), AIRNOW, times=3) == [None] * 3


def test_the_default_kinds_are_those_that_a_client_can_retry() -> None:
    assert set(FAULT_KINDS) - set(DEFAULT_KINDS) == {
        "expired_key",
        "renamed_column",
        "missing_column",
        "truncated_bulletin",
    }
    assert set(FITTING_PATHS) == set(FAULT_KINDS)


@pytest.mark.parametrize(
    "wrong", [{"share": 1.5}, {"share": -0.1}, {"max_in_a_row": -1}, {"hang_seconds": -1.0}, {"kinds": ("sulking",)}]
)
def test_an_invalid_plan_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="practice server"):
        FaultPlan(seed=1, **wrong)


def test_an_unknown_kind_in_a_script_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'sulking'"):
        ScriptedFaults(["sulking"])
