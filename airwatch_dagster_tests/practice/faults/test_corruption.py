"""Corrupt responses as a client receives them."""

import io
import json
import threading
import time
import zipfile
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from airwatch_dagster.practice.faults.faults import (
    FaultKind,
    ScriptedFaults,
)
from airwatch_dagster.practice.server.server import PracticeServer
from airwatch_dagster_tests.practice.faults.requests_to_server import (
    AIRNOW,
    API,
    FILES,
    LIST,
    MONITORS,
    TODAY,
    ZIP,
    ask,
)

Responses = tuple[requests.Response, requests.Response]


def faulty_then_correct(kind: FaultKind, target: str = API) -> Responses:
    """Two responses to one request: the first with a fault, the second without."""
    with PracticeServer(today=TODAY, seed=1, faults=ScriptedFaults([kind], retry_after_seconds=7)) as server:
        return ask(server.url + target), ask(server.url + target)


def is_unchanged(kind: FaultKind, target: str) -> bool:
    first, second = faulty_then_correct(kind, target)
    return (first.status_code, first.content, first.headers.get("ETag")) == (
        second.status_code,
        second.content,
        second.headers.get("ETag"),
    )


def in_order(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(row) for row in rows)


@pytest.mark.parametrize("target", [API, *FILES])
def test_a_server_error_is_a_500_and_transient(target: str) -> None:
    first, second = faulty_then_correct("server_error", target)
    assert (first.status_code, second.status_code) == (500, 200)
    assert first.text == "Internal Server Error\n"


@pytest.mark.parametrize(("kind", "status"), [("maintenance_page", 503), ("html_page", 200)])
@pytest.mark.parametrize("target", [API, *FILES])
def test_a_page_comes_instead_of_data(kind: str, status: int, target: str) -> None:
    first, second = faulty_then_correct(kind, target)
    assert first.status_code == status
    assert first.headers["Content-Type"].startswith("text/html")
    assert first.text.startswith("<!DOCTYPE html>")
    assert not second.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("target", [API, *FILES])
def test_a_throttled_response_has_a_retry_after_header(target: str) -> None:
    first, _ = faulty_then_correct("throttled", target)
    assert (first.status_code, first.headers["Retry-After"]) == (429, "7")


@pytest.mark.parametrize("target", [API, *FILES])
def test_a_hanging_server_is_silent_and_then_closes_the_connection(target: str) -> None:
    lines: list[str] = []
    faults = ScriptedFaults(["hang"], hang_seconds=0.1)
    with PracticeServer(today=TODAY, seed=1, faults=faults, log=lines.append) as server:
        started = time.monotonic()
        with pytest.raises(requests.ConnectionError):
            ask(server.url + target)
        assert 0.1 <= time.monotonic() - started < 5.0
        assert ask(server.url + target).status_code == 200
    assert [line.split()[0] for line in lines] == ["-", "200"]


def test_a_client_with_a_shorter_timeout_gives_up_on_a_hanging_server() -> None:
    faults = ScriptedFaults(["hang"], hang_seconds=60.0)
    with PracticeServer(today=TODAY, seed=1, faults=faults) as server, pytest.raises(requests.ReadTimeout):
        ask(server.url + AIRNOW, timeout=0.2)


def test_closing_does_not_wait_for_a_hanging_response() -> None:
    requested = threading.Event()
    faults = ScriptedFaults(["hang"], hang_seconds=60.0)
    with ThreadPoolExecutor(1) as client:
        with PracticeServer(today=TODAY, seed=1, faults=faults, log=lambda line: requested.set()) as server:
            response = client.submit(ask, server.url + AIRNOW)
            assert requested.wait(5.0)
            started = time.monotonic()
        with pytest.raises(requests.ConnectionError):
            response.result(timeout=5.0)
    assert time.monotonic() - started < 2.0


@pytest.mark.parametrize("target", [API, *FILES])
def test_a_cut_connection_announces_more_than_it_sends(target: str) -> None:
    with PracticeServer(today=TODAY, seed=1, faults=ScriptedFaults(["cut_connection"])) as server:
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
            ask(server.url + target)
        assert ask(server.url + target).status_code == 200


def test_truncated_json_is_announced_as_long_as_it_is() -> None:
    first, second = faulty_then_correct("truncated_json")
    assert first.status_code == 200
    assert int(first.headers["Content-Length"]) == len(first.content)
    assert first.content == second.content[: len(second.content) // 2]
    with pytest.raises(requests.JSONDecodeError):
        first.json()


def test_a_wrong_envelope_is_json_without_header_and_data() -> None:
    first, _ = faulty_then_correct("wrong_envelope")
    assert (first.status_code, list(first.json())) == (200, ["message"])


@pytest.mark.parametrize("target", [API, MONITORS])
def test_duplicated_rows_are_counted_in_the_header(target: str) -> None:
    first, second = (response.json() for response in faulty_then_correct("duplicate_rows", target))
    assert first["Header"][0]["rows"] == len(first["Data"]) > len(second["Data"])
    assert set(in_order(first["Data"])) == set(in_order(second["Data"]))
    assert max(Counter(in_order(first["Data"])).values()) == 2
    assert list(first["Header"][0]) == list(second["Header"][0])


@pytest.mark.parametrize("target", [API, MONITORS])
def test_shuffled_rows_are_the_same_in_another_order(target: str) -> None:
    first, second = (response.json() for response in faulty_then_correct("shuffled_rows", target))
    assert first["Data"] != second["Data"]
    assert in_order(first["Data"]) == in_order(second["Data"])
    assert first["Header"] == second["Header"]


@pytest.mark.parametrize(
    ("kind", "lost", "found"),
    [("renamed_column", "arithmetic_mean", {"sample_mean"}), ("missing_column", "date_local", set())],
)
def test_a_needed_column_is_gone_from_every_row(kind: str, lost: str, found: set[str]) -> None:
    first, second = (response.json()["Data"] for response in faulty_then_correct(kind))
    assert len(first) == len(second)
    for corrupt, correct in zip(first, second, strict=True):
        assert set(correct) - set(corrupt) == {lost}
        assert set(corrupt) - set(correct) == found
        assert [corrupt[name] for name in found] == [correct[lost] for _ in found]


def test_an_expired_key_is_refused_in_epas_envelope() -> None:
    first, _ = faulty_then_correct("expired_key")
    with PracticeServer(today=TODAY, seed=1) as server:
        refused = ask(server.url + API.replace("practice", "guess"))
    assert (first.status_code, refused.status_code) == (400, 400)
    assert first.json()["Header"][0] | {"url": ""} == refused.json()["Header"][0] | {"url": ""}
    assert first.json()["Data"] == []


@pytest.mark.parametrize("target", [ZIP, "/airdata/aqs_monitors.zip"])
def test_a_file_replaced_midway_is_a_damaged_zip(target: str) -> None:
    first, second = faulty_then_correct("recut_file", target)
    assert first.status_code == 200
    assert int(first.headers["Content-Length"]) == len(first.content)
    assert first.content[:1000] == second.content[:1000]
    with pytest.raises((zipfile.BadZipFile, zlib.error, EOFError)), zipfile.ZipFile(io.BytesIO(first.content)) as file:
        file.read(file.namelist()[0])


def test_the_validators_of_a_file_replaced_midway_do_not_lead_to_304() -> None:
    first, second = faulty_then_correct("recut_file", ZIP)
    assert first.headers["ETag"] != second.headers["ETag"]
    with PracticeServer(today=TODAY, seed=1) as server:
        for header, validator in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
            repeated = ask(server.url + ZIP, **{header: first.headers[validator]})
            assert (repeated.status_code, repeated.content) == (200, second.content)


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
def test_a_kind_that_does_not_apply_to_a_request_has_no_effect(kind: str, target: str) -> None:
    assert is_unchanged(kind, target)


@pytest.mark.parametrize("kind", ["duplicate_rows", "shuffled_rows", "renamed_column", "missing_column"])
def test_a_response_without_rows_stays_unchanged(kind: str) -> None:
    assert is_unchanged(kind, API.replace("16980", "99999"))


@pytest.mark.parametrize("kind", ["cut_connection", "duplicate_rows", "truncated_json", "expired_key"])
def test_a_refusal_stays_unchanged(kind: str) -> None:
    assert is_unchanged(kind, API.replace("practice", "guess"))


def test_a_304_is_neither_cut_nor_replaced() -> None:
    faults = ScriptedFaults([None, "cut_connection", "recut_file"])
    with PracticeServer(today=TODAY, seed=1, faults=faults) as server:
        tag = ask(server.url + ZIP).headers["ETag"]
        assert [ask(server.url + ZIP, **{"If-None-Match": tag}).status_code for _ in range(2)] == [304, 304]


def test_a_persistent_connection_survives_a_transient_fault() -> None:
    faults = ScriptedFaults(["server_error", None, "cut_connection"])
    with PracticeServer(today=TODAY, seed=1, faults=faults) as server, requests.Session() as session:
        session.trust_env = False
        assert [session.get(server.url + AIRNOW, timeout=5).status_code for _ in range(2)] == [500, 200]
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            session.get(server.url + AIRNOW, timeout=5)
        assert session.get(server.url + AIRNOW, timeout=5).status_code == 200
