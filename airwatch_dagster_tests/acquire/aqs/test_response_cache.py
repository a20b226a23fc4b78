import gzip
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests

from airwatch_dagster.acquire.aqs.client import AqsClient
from airwatch_dagster.acquire.aqs.geographies import ByState
from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter
from airwatch_dagster.acquire.aqs.request_plan import DailyRequest
from airwatch_dagster.acquire.aqs.response_cache import ResponseCache
from airwatch_dagster_tests.acquire.wire import API_ROW as ROW
from airwatch_dagster_tests.acquire.wire import FakeServer, Reply, envelope

SERVICE, PARAMS = "dailyData/byState", {"param": "88101", "bdate": "20210101", "edate": "20211231", "state": "17"}
MAY, JUNE = pd.Timestamp("2022-05-01 12:00:00.123456"), pd.Timestamp("2022-06-01 12:00:00.654321")
OTHER = ROW | {"poc": 2}


@pytest.fixture
def archive(tmp_path: Path) -> ResponseCache:
    return ResponseCache(tmp_path / "answers")


def keep(archive: ResponseCache, *rows: dict[str, Any], at: pd.Timestamp = MAY) -> Any:
    return archive.put(SERVICE, PARAMS, rows, fetched_at=at)


def test_an_answer_is_kept_with_its_rows_its_moment_and_its_fingerprint(archive: ResponseCache) -> None:
    kept = keep(archive, ROW, OTHER)
    assert archive.get(SERVICE, PARAMS) == kept
    assert kept.seen_at == MAY
    assert sorted(row["poc"] for row in kept.rows) == [1, 2]


def test_an_answer_without_rows_is_an_answer(archive: ResponseCache) -> None:
    keep(archive)
    kept = archive.get(SERVICE, PARAMS)
    assert kept is not None
    assert kept.rows == ()


@pytest.mark.parametrize(
    "rows", [[OTHER, ROW], [ROW, OTHER, ROW], [dict(reversed(ROW.items())), OTHER]], ids=["order", "repeats", "fields"]
)
def test_order_and_exact_repeats_change_neither_fingerprint_nor_bytes(
    archive: ResponseCache, rows: list[dict[str, Any]]
) -> None:
    first = keep(archive, ROW, OTHER)
    before = first.path.read_bytes()
    again = keep(archive, *rows)
    assert again.fingerprint == first.fingerprint
    assert again.path.read_bytes() == before


def test_another_value_is_another_fingerprint(archive: ResponseCache) -> None:
    assert keep(archive, ROW).fingerprint != keep(archive, ROW | {"arithmetic_mean": 8.6}).fingerprint


def test_the_answer_before_is_replaced_and_each_request_has_its_own_file(archive: ResponseCache) -> None:
    keep(archive, ROW)
    keep(archive, OTHER, at=JUNE)
    archive.put(SERVICE, PARAMS | {"state": "18"}, [], fetched_at=MAY)
    kept = archive.get(SERVICE, PARAMS)
    assert kept is not None
    assert (kept.rows, kept.seen_at) == ((OTHER,), JUNE)
    assert len(list(kept.path.parent.iterdir())) == 2


def test_a_request_that_is_too_long_for_a_file_name_still_has_its_own(archive: ResponseCache) -> None:
    long = {f"parameter{number}": "x" * 20 for number in range(20)}
    archive.put(SERVICE, long | {"z": "1"}, [ROW], fetched_at=MAY)
    archive.put(SERVICE, long | {"z": "2"}, [OTHER], fetched_at=MAY)
    kept = archive.get(SERVICE, long | {"z": "1"})
    assert kept is not None
    assert kept.rows == (ROW,)
    assert len(kept.path.name) < 255


def test_a_year_of_rows_is_kept_in_a_tenth_of_its_size(archive: ResponseCache) -> None:
    rows = [ROW | {"poc": poc} for poc in range(500)]
    kept = keep(archive, *rows)
    assert kept.path.stat().st_size * 10 < len(envelope(rows))
    assert gzip.decompress(kept.path.read_bytes()).count(b"\n") == 501


def test_neither_envelope_nor_credentials_are_kept(
    archive: ResponseCache, server: FakeServer, session: requests.Session, tmp_path: Path
) -> None:
    server.will_send(f"/{SERVICE}", Reply(envelope([ROW])), Reply(envelope([ROW], request_time="later")))
    client = AqsClient(
        server.url,
        email="someone@example.org",
        key="sesame-42",
        limiter=RateLimiter(tmp_path / "turn", interval_s=0.0, pause_s=0.0),
        session=session,
        cache=archive,
        clock=lambda: 0.0,
    )
    request = DailyRequest(ByState("17"), pd.Timestamp("2021-01-01").date(), pd.Timestamp("2021-12-31").date())
    answers = [client.daily(request, not_before=JUNE) for _ in range(2)]
    assert len(server.asked) == 2
    written = [(path.name + str(gzip.decompress(path.read_bytes()))) for path in (tmp_path / "answers").iterdir()]
    assert len(written) == 1
    assert not [word for word in ("someone", "example.org", "sesame", "request_time", "later") if word in written[0]]
    assert len({answer.cached.fingerprint for answer in answers if answer.cached}) == 1


@pytest.mark.parametrize("finished", [False, True])
def test_a_failing_write_leaves_the_answer_before_as_it_was(
    archive: ResponseCache, monkeypatch: pytest.MonkeyPatch, finished: bool
) -> None:
    before = keep(archive, ROW)
    archive.mark_complete([before], seen_at=JUNE)
    if finished:
        archive.mark_stored([before])

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(OSError, match="no space"):
            keep(archive, OTHER, at=JUNE)
    kept = archive.get(SERVICE, PARAMS, include_stored=True)
    assert kept is not None
    assert (kept.rows, kept.seen_at) == ((ROW,), JUNE)
    assert (archive.get(SERVICE, PARAMS) is None) == finished
    assert not list(before.path.parent.glob("*.part")) + list(before.path.parent.glob(".*.part"))


def packed(text: str) -> bytes:
    return gzip.compress(text.encode())


DAMAGES = {
    "cut": lambda content: content[: len(content) // 2],
    "flipped": lambda content: content[:30] + bytes(255 - byte for byte in content[30:60]) + content[60:],
    "empty": lambda content: b"",
    "no gzip": lambda content: b"<html></html>",
    "nothing inside": lambda content: packed(""),
    "no description": lambda content: packed("[1]\n"),
    "a word too little": lambda content: packed('{"rows":0}\n'),
    "another value": lambda content: packed(gzip.decompress(content).decode().replace("8.5", "9.5")),
    "no moment": lambda content: packed(gzip.decompress(content).decode().replace(MAY.isoformat(), "")),
    "not text": lambda content: gzip.compress(b"\xff\xfe\n"),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("complete", [False, True])
def test_a_damaged_file_is_no_answer(archive: ResponseCache, damage: str, complete: bool) -> None:
    kept = keep(archive, ROW)
    if complete and damage != "no moment":
        archive.mark_complete([kept], seen_at=JUNE)
    kept.path.write_bytes(DAMAGES[damage](kept.path.read_bytes()))
    assert archive.get(SERVICE, PARAMS) is None
    assert archive.get(SERVICE, PARAMS, include_stored=True) is None
    assert keep(archive, ROW) == archive.get(SERVICE, PARAMS)


def test_a_finished_answer_is_given_to_those_only_who_want_it(archive: ResponseCache) -> None:
    kept = keep(archive, ROW)
    archive.mark_stored([kept])
    assert archive.get(SERVICE, PARAMS) is None
    assert archive.get(SERVICE, PARAMS, include_stored=True) == kept


def test_a_newer_answer_is_unfinished_again(archive: ResponseCache) -> None:
    before = keep(archive, ROW)
    archive.mark_complete([before], seen_at=MAY)
    archive.mark_stored([before])
    newer = keep(archive, ROW, at=JUNE)
    assert archive.get(SERVICE, PARAMS) == newer
    assert newer.seen_at == JUNE


def test_finishing_an_answer_that_was_replaced_does_not_finish_its_successor(archive: ResponseCache) -> None:
    before = keep(archive, ROW)
    newer = keep(archive, OTHER, at=JUNE)
    archive.mark_stored([before])
    assert archive.get(SERVICE, PARAMS) == newer


def test_the_answers_of_one_pull_share_its_moment_to_the_microsecond(archive: ResponseCache) -> None:
    one = archive.put(SERVICE, PARAMS | {"state": "17"}, [ROW], fetched_at=MAY)
    other = archive.put(SERVICE, PARAMS | {"state": "18"}, [OTHER], fetched_at=JUNE)
    archive.mark_complete([one, other], seen_at=JUNE)
    moments = [archive.get(SERVICE, PARAMS | {"state": state}) for state in ("17", "18")]
    assert [kept.seen_at for kept in moments if kept] == [pd.Timestamp("2022-06-01 12:00:00.654321")] * 2


@pytest.mark.parametrize(
    ("not_before", "is_cached"), [(None, True), (MAY, True), (MAY + pd.Timedelta("1us"), False), (JUNE, False)]
)
def test_an_answer_from_before_a_moment_does_not_count(
    archive: ResponseCache, not_before: pd.Timestamp | None, is_cached: bool
) -> None:
    keep(archive, ROW)
    assert (archive.get(SERVICE, PARAMS, not_before=not_before) is not None) == is_cached
    assert (archive.get(SERVICE, PARAMS, not_before=not_before, include_stored=True) is not None) == is_cached


def test_the_moment_that_counts_is_the_pulls(archive: ResponseCache) -> None:
    archive.mark_complete([keep(archive, ROW)], seen_at=JUNE)
    assert archive.get(SERVICE, PARAMS, not_before=JUNE) is not None
