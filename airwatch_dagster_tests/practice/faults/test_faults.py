"""How the server misbehaves, as a client sees it, and on which requests."""

import io
import json
import threading
import time
import zipfile
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
import requests

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.practice.faults.faults import (
    DEFAULT_KINDS,
    FAULT_KINDS,
    FITTING_PATHS,
    FaultKind,
    FaultPlan,
    Faults,
    ScriptedFaults,
    fits,
)
from airwatch_dagster.practice.http import Request
from airwatch_dagster.practice.server.server import PracticeServer

TODAY = date(2024, 5, 10)
API = "/data/api/dailyData/byCBSA?email=a@b.c&key=practice&param=88101&bdate=20240101&edate=20240102&cbsa=16980"
MONITORS = API.replace("dailyData", "monitors")
ZIP = "/airdata/daily_88101_2024.zip"
LIST = "/airdata/file_list.csv"
AIRNOW = "/airnow/2024/20240509/daily_data_v2.dat"
FILES = (ZIP, LIST, AIRNOW)

Answers = tuple[requests.Response, requests.Response]


def ask(url: str, timeout: float = 10.0, **headers: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, headers=headers, timeout=timeout)


def disturbed_then_proper(kind: FaultKind, target: str = API) -> Answers:
    """Two answers to one request: the first disturbed, the second left alone."""
    with PracticeServer(today=TODAY, seed=1, faults=ScriptedFaults([kind], retry_after_seconds=7)) as server:
        return ask(server.url + target), ask(server.url + target)


def untouched(kind: FaultKind, target: str) -> bool:
    first, second = disturbed_then_proper(kind, target)
    return (first.status_code, first.content, first.headers.get("ETag")) == (
        second.status_code,
        second.content,
        second.headers.get("ETag"),
    )


def request_for(target: str, **query: str) -> Request:
    return Request(target.partition("?")[0], query, {})


def sequence(plan: Faults, target: str = "/data/api/dailyData/byCBSA", times: int = 60, **query: str) -> list[Any]:
    return [plan.fault_for(request_for(target, **query)) for _ in range(times)]


def in_order(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(row) for row in rows)


@pytest.mark.parametrize("target", [API, *FILES])
def test_a_server_error_is_a_500_and_passes(target):
    first, second = disturbed_then_proper("server_error", target)
    assert (first.status_code, second.status_code) == (500, 200)
    assert first.text == "Internal Server Error\n"


@pytest.mark.parametrize(("kind", "status"), [("maintenance_page", 503), ("html_page", 200)])
@pytest.mark.parametrize("target", [API, *FILES])
def test_a_page_comes_instead_of_data(kind, status, target):
    first, second = disturbed_then_proper(kind, target)
    assert first.status_code == status
    assert first.headers["Content-Type"].startswith("text/html")
    assert first.text.startswith("<!DOCTYPE html>")
    assert not second.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("target", [API, *FILES])
def test_a_throttled_client_is_told_how_long_to_wait(target):
    first, _ = disturbed_then_proper("throttled", target)
    assert (first.status_code, first.headers["Retry-After"]) == (429, "7")


@pytest.mark.parametrize("target", [API, *FILES])
def test_a_hanging_server_is_silent_and_then_hangs_up(target):
    lines: list[str] = []
    faults = ScriptedFaults(["hang"], hang_seconds=0.1)
    with PracticeServer(today=TODAY, seed=1, faults=faults, log=lines.append) as server:
        started = time.monotonic()
        with pytest.raises(requests.ConnectionError):
            ask(server.url + target)
        assert 0.1 <= time.monotonic() - started < 5.0
        assert ask(server.url + target).status_code == 200
    assert [line.split()[0] for line in lines] == ["-", "200"]


def test_a_client_with_less_patience_gives_up_on_a_hanging_server():
    faults = ScriptedFaults(["hang"], hang_seconds=60.0)
    with PracticeServer(today=TODAY, seed=1, faults=faults) as server, pytest.raises(requests.ReadTimeout):
        ask(server.url + AIRNOW, timeout=0.2)


def test_closing_does_not_wait_for_a_hanging_answer():
    asked = threading.Event()
    faults = ScriptedFaults(["hang"], hang_seconds=60.0)
    with ThreadPoolExecutor(1) as client:
        with PracticeServer(today=TODAY, seed=1, faults=faults, log=lambda line: asked.set()) as server:
            answer = client.submit(ask, server.url + AIRNOW)
            assert asked.wait(5.0)
            started = time.monotonic()
        with pytest.raises(requests.ConnectionError):
            answer.result(timeout=5.0)
    assert time.monotonic() - started < 2.0


@pytest.mark.parametrize("target", [API, *FILES])
def test_a_cut_connection_announces_more_than_it_sends(target):
    with PracticeServer(today=TODAY, seed=1, faults=ScriptedFaults(["cut_connection"])) as server:
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
            ask(server.url + target)
        assert ask(server.url + target).status_code == 200


def test_truncated_json_is_announced_as_long_as_it_is():
    first, second = disturbed_then_proper("truncated_json")
    assert first.status_code == 200
    assert int(first.headers["Content-Length"]) == len(first.content)
    assert first.content == second.content[: len(second.content) // 2]
    with pytest.raises(requests.JSONDecodeError):
        first.json()


def test_a_wrong_envelope_is_json_without_header_and_data():
    first, _ = disturbed_then_proper("wrong_envelope")
    assert (first.status_code, list(first.json())) == (200, ["message"])


@pytest.mark.parametrize("target", [API, MONITORS])
def test_duplicated_rows_are_counted_as_sent(target):
    first, second = (answer.json() for answer in disturbed_then_proper("duplicate_rows", target))
    assert first["Header"][0]["rows"] == len(first["Data"]) > len(second["Data"])
    assert set(in_order(first["Data"])) == set(in_order(second["Data"]))
    assert max(Counter(in_order(first["Data"])).values()) == 2
    assert list(first["Header"][0]) == list(second["Header"][0])


@pytest.mark.parametrize("target", [API, MONITORS])
def test_shuffled_rows_are_the_same_in_another_order(target):
    first, second = (answer.json() for answer in disturbed_then_proper("shuffled_rows", target))
    assert first["Data"] != second["Data"]
    assert in_order(first["Data"]) == in_order(second["Data"])
    assert first["Header"] == second["Header"]


@pytest.mark.parametrize(
    ("kind", "lost", "found"),
    [("renamed_column", "arithmetic_mean", {"sample_mean"}), ("missing_column", "date_local", set())],
)
def test_a_needed_column_is_gone_from_every_row(kind, lost, found):
    first, second = (answer.json()["Data"] for answer in disturbed_then_proper(kind))
    assert len(first) == len(second)
    for damaged, proper in zip(first, second, strict=True):
        assert set(proper) - set(damaged) == {lost}
        assert set(damaged) - set(proper) == found
        assert [damaged[name] for name in found] == [proper[lost] for _ in found]


def test_an_expired_key_is_refused_in_epas_envelope():
    first, _ = disturbed_then_proper("expired_key")
    with PracticeServer(today=TODAY, seed=1) as server:
        refused = ask(server.url + API.replace("practice", "guess"))
    assert (first.status_code, refused.status_code) == (400, 400)
    assert first.json()["Header"][0] | {"url": ""} == refused.json()["Header"][0] | {"url": ""}
    assert first.json()["Data"] == []


@pytest.mark.parametrize("target", [ZIP, "/airdata/aqs_monitors.zip"])
def test_a_file_replaced_midway_is_a_damaged_zip(target):
    first, second = disturbed_then_proper("recut_file", target)
    assert first.status_code == 200
    assert int(first.headers["Content-Length"]) == len(first.content)
    assert first.content[:1000] == second.content[:1000]
    with pytest.raises((zipfile.BadZipFile, zlib.error, EOFError)), zipfile.ZipFile(io.BytesIO(first.content)) as file:
        file.read(file.namelist()[0])


def test_a_file_replaced_midway_has_validators_that_do_not_bring_304():
    first, second = disturbed_then_proper("recut_file", ZIP)
    assert first.headers["ETag"] != second.headers["ETag"]
    with PracticeServer(today=TODAY, seed=1) as server:
        for asked, validator in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
            again = ask(server.url + ZIP, **{asked: first.headers[validator]})
            assert (again.status_code, again.content) == (200, second.content)


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        *((kind, target) for kind in ("duplicate_rows", "missing_column", "expired_key") for target in FILES),
        *((kind, target) for kind in ("truncated_json", "wrong_envelope") for target in FILES),
        *(("recut_file", target) for target in (API, LIST, AIRNOW)),
        ("renamed_column", MONITORS),
        ("expired_key", "/data/api/metaData/isAvailable"),
    ],
)
def test_a_kind_that_does_not_fit_a_request_does_nothing(kind, target):
    assert untouched(kind, target)


@pytest.mark.parametrize("kind", ["duplicate_rows", "shuffled_rows", "renamed_column", "missing_column"])
def test_an_answer_without_rows_stays_as_it_is(kind):
    assert untouched(kind, API.replace("16980", "99999"))


@pytest.mark.parametrize("kind", ["cut_connection", "duplicate_rows", "truncated_json", "expired_key"])
def test_a_refusal_stays_as_it_is(kind):
    assert untouched(kind, API.replace("practice", "guess"))


def test_a_file_the_client_has_is_neither_cut_nor_replaced():
    faults = ScriptedFaults([None, "cut_connection", "recut_file"])
    with PracticeServer(today=TODAY, seed=1, faults=faults) as server:
        tag = ask(server.url + ZIP).headers["ETag"]
        assert [ask(server.url + ZIP, **{"If-None-Match": tag}).status_code for _ in range(2)] == [304, 304]


def test_a_kept_connection_serves_on_after_a_passing_fault():
    faults = ScriptedFaults(["server_error", None, "cut_connection"])
    with PracticeServer(today=TODAY, seed=1, faults=faults) as server, requests.Session() as session:
        session.trust_env = False
        assert [session.get(server.url + AIRNOW, timeout=5).status_code for _ in range(2)] == [500, 200]
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            session.get(server.url + AIRNOW, timeout=5)
        assert session.get(server.url + AIRNOW, timeout=5).status_code == 200


def test_a_script_is_played_once_on_its_paths_only():
    faults = ScriptedFaults(["server_error", None, "throttled"], path_prefix="/data/api/")
    with PracticeServer(today=TODAY, seed=1, faults=faults) as server:
        assert ask(server.url + AIRNOW).status_code == 200
        assert [ask(server.url + API).status_code for _ in range(5)] == [500, 200, 429, 200, 200]
        assert ask(server.url + AIRNOW).status_code == 200
    assert faults.counts == {"server_error": 1, "throttled": 1}


def test_a_scripted_kind_that_does_not_fit_is_used_up_and_not_counted():
    faults = ScriptedFaults(["recut_file", "server_error"])
    assert sequence(faults, times=3) == [None, "server_error", None]
    assert faults.counts == {"server_error": 1}


def test_the_same_seed_disturbs_the_same_requests_in_the_same_way():
    first, again, other = (sequence(FaultPlan(seed=seed)) for seed in (5, 5, 6))
    assert first == again != other


def test_what_happens_to_a_request_does_not_depend_on_others():
    alone = sequence(FaultPlan(seed=5), bdate="20240101")
    plan = FaultPlan(seed=5)
    mixed = [
        [plan.fault_for(request_for("/data/api/dailyData/byCBSA", bdate=day)) for day in ("20230101", "20240101")]
        for _ in range(60)
    ]
    assert [pair[1] for pair in mixed] == alone
    assert [pair[0] for pair in mixed] != alone


def test_credentials_and_the_order_of_the_query_do_not_matter():
    plain = sequence(FaultPlan(seed=5), bdate="1", edate="2")
    assert sequence(FaultPlan(seed=5), edate="2", key="secret", bdate="1", email="a@b.c") == plain


def test_two_servers_with_one_plan_misbehave_alike():
    seen = []
    for _ in range(2):
        plan = FaultPlan(seed=3, share=0.5, kinds=("server_error", "throttled", "html_page"))
        with PracticeServer(today=TODAY, seed=1, faults=plan) as server:
            seen.append([ask(server.url + AIRNOW).content for _ in range(12)])
    assert seen[0] == seen[1]
    assert len(set(seen[0])) > 2


def test_about_the_share_asked_for_is_disturbed():
    plan = FaultPlan(seed=1, share=0.3, max_in_a_row=100)
    disturbed = [plan.fault_for(request_for("/data/api/dailyData/byCBSA", bdate=str(i))) for i in range(2000)]
    assert 0.27 < sum(kind is not None for kind in disturbed) / 2000 < 0.33
    assert plan.counts == Counter(kind for kind in disturbed if kind)
    assert set(plan.counts) == {kind for kind in DEFAULT_KINDS if kind != "recut_file"}


@pytest.mark.parametrize("most", [0, 1, 3])
def test_a_client_that_repeats_once_more_than_the_most_in_a_row_gets_through(most):
    disturbed = [kind is not None for kind in sequence(FaultPlan(seed=1, share=1.0, max_in_a_row=most), times=12)]
    assert disturbed == [n % (most + 1) != most for n in range(12)]


def test_a_plan_may_be_asked_from_many_threads():
    plan = FaultPlan(seed=1, share=1.0, max_in_a_row=3)
    with ThreadPoolExecutor(8) as threads:
        kinds = list(threads.map(lambda _: plan.fault_for(request_for(AIRNOW)), range(400)))
    assert Counter(kind for kind in kinds if kind) == plan.counts
    assert sum(plan.counts.values()) == 300


@pytest.mark.parametrize("target", ["/data/api/dailyData/byCBSA", "/data/api/list/states", ZIP, AIRNOW])
def test_only_kinds_that_fit_are_drawn(target):
    plan = FaultPlan(seed=1, share=1.0, max_in_a_row=1000, kinds=FAULT_KINDS)
    drawn = set(sequence(plan, target, times=400))
    assert drawn == {kind for kind in FAULT_KINDS if fits(kind, request_for(target))}


def test_a_request_that_nothing_fits_is_answered_properly():
    assert sequence(FaultPlan(seed=1, share=1.0, kinds=("recut_file",)), AIRNOW, times=3) == [None] * 3


def test_the_usual_mix_leaves_out_what_a_client_must_report():
    assert set(FAULT_KINDS) - set(DEFAULT_KINDS) == {"expired_key", "renamed_column", "missing_column"}
    assert set(FITTING_PATHS) == set(FAULT_KINDS)


@pytest.mark.parametrize(
    "wrong", [{"share": 1.5}, {"share": -0.1}, {"max_in_a_row": -1}, {"hang_seconds": -1.0}, {"kinds": ("sulking",)}]
)
def test_an_impossible_plan_is_refused(wrong):
    with pytest.raises(ConfigurationError, match="practice server"):
        FaultPlan(seed=1, **wrong)


def test_an_unknown_kind_in_a_script_is_refused():
    with pytest.raises(ConfigurationError, match="'sulking' is no kind of fault"):
        ScriptedFaults(["sulking"])
