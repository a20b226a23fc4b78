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
from airwatch_dagster_tests.acquire.fake_server import FakeServer, Reply
from airwatch_dagster_tests.acquire.published_samples import API_ROW as ROW
from airwatch_dagster_tests.acquire.published_samples import envelope

SERVICE, PARAMS = "dailyData/byState", {"param": "88101", "bdate": "20210101", "edate": "20211231", "state": "17"}
MAY, JUNE = pd.Timestamp("2022-05-01 12:00:00.123456"), pd.Timestamp("2022-06-01 12:00:00.654321")
OTHER = ROW | {"poc": 2}


@pytest.fixture
def archive(tmp_path: Path) -> ResponseCache:
    return ResponseCache(tmp_path / "responses")


def keep(archive: ResponseCache, *rows: dict[str, Any], at: pd.Timestamp = MAY) -> Any:
    return archive.put(SERVICE, PARAMS, rows, fetched_at=at)


def test_a_response_is_cached_with_its_rows_time_and_fingerprint(archive: ResponseCache) -> None:
    cached = keep(archive, ROW, OTHER)
    assert archive.get(SERVICE, PARAMS) == cached
    assert cached.seen_at == MAY
    assert sorted(row["poc"] for row in cached.rows) == [1, 2]


def test_a_response_without_rows_is_cached(archive: ResponseCache) -> None:
    keep(archive)
    cached = archive.get(SERVICE, PARAMS)
    assert cached is not None
    assert cached.rows == ()


@pytest.mark.parametrize(
    "rows", [[OTHER, ROW], [ROW, OTHER, ROW], [dict(reversed(ROW.items())), OTHER]], ids=["order", "repeats", "fields"]
)
def test_order_and_exact_repeats_change_neither_fingerprint_nor_bytes(
    archive: ResponseCache, rows: list[dict[str, Any]]
) -> None:
    first = keep(archive, ROW, OTHER)
    before = first.path.read_bytes()
    second = keep(archive, *rows)
    assert second.fingerprint == first.fingerprint
    assert second.path.read_bytes() == before


def test_another_value_is_another_fingerprint(archive: ResponseCache) -> None:
    assert keep(archive, ROW).fingerprint != keep(archive, ROW | {"arithmetic_mean": 8.6}).fingerprint


def test_the_newest_response_counts_and_each_request_has_its_own_file(archive: ResponseCache) -> None:
    keep(archive, ROW)
    keep(archive, OTHER, at=JUNE)
    archive.put(SERVICE, PARAMS | {"state": "18"}, [], fetched_at=MAY)
    cached = archive.get(SERVICE, PARAMS)
    assert cached is not None
    assert (cached.rows, cached.seen_at) == ((OTHER,), JUNE)
    assert len(list(cached.path.parent.iterdir())) == 2


def test_a_request_that_is_too_long_for_a_file_name_still_has_its_own(archive: ResponseCache) -> None:
    long = {f"parameter{number}": "x" * 20 for number in range(20)}
    archive.put(SERVICE, long | {"z": "1"}, [ROW], fetched_at=MAY)
    archive.put(SERVICE, long | {"z": "2"}, [OTHER], fetched_at=MAY)
    cached = archive.get(SERVICE, long | {"z": "1"})
    assert cached is not None
    assert cached.rows == (ROW,)
    assert len(cached.path.name) < 255


def test_a_year_of_rows_is_cached_in_a_tenth_of_its_size(archive: ResponseCache) -> None:
    rows = [ROW | {"poc": poc} for poc in range(500)]
    cached = keep(archive, *rows)
    assert cached.path.stat().st_size * 10 < len(envelope(rows))
    assert gzip.decompress(cached.path.read_bytes()).count(b"\n") == 501


def test_neither_envelope_nor_credentials_are_cached(
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
    responses = [client.daily(request, not_before=JUNE) for _ in range(2)]
    assert len(server.requested) == 2
    written = [(path.name + str(gzip.decompress(path.read_bytes()))) for path in (tmp_path / "responses").iterdir()]
    assert len(written) == 1
    assert not [word for word in ("someone", "example.org", "sesame", "request_time", "later") if word in written[0]]
    assert len({response.cached.fingerprint for response in responses if response.cached}) == 1


@pytest.mark.parametrize("stored", [False, True])
def test_a_failed_write_leaves_the_previous_response_unchanged(
    archive: ResponseCache, monkeypatch: pytest.MonkeyPatch, stored: bool
) -> None:
    before = keep(archive, ROW)
    archive.mark_complete([before], seen_at=JUNE)
    if stored:
        archive.mark_stored([before])

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(OSError, match="no space"):
            keep(archive, OTHER, at=JUNE)
    cached = archive.get(SERVICE, PARAMS, include_stored=True)
    assert cached is not None
    assert (cached.rows, cached.seen_at) == ((ROW,), JUNE)
    assert (archive.get(SERVICE, PARAMS) is None) == stored
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
    "no time": lambda content: packed(gzip.decompress(content).decode().replace(MAY.isoformat(), "")),
    "not text": lambda content: gzip.compress(b"\xff\xfe\n"),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("complete", [False, True])
def test_a_damaged_file_is_not_used(archive: ResponseCache, damage: str, complete: bool) -> None:
    cached = keep(archive, ROW)
    if complete and damage != "no time":
        archive.mark_complete([cached], seen_at=JUNE)
    cached.path.write_bytes(DAMAGES[damage](cached.path.read_bytes()))
    assert archive.get(SERVICE, PARAMS) is None
    assert archive.get(SERVICE, PARAMS, include_stored=True) is None
    assert keep(archive, ROW) == archive.get(SERVICE, PARAMS)


def test_a_stored_response_is_used_only_with_include_stored(archive: ResponseCache) -> None:
    cached = keep(archive, ROW)
    archive.mark_stored([cached])
    assert archive.get(SERVICE, PARAMS) is None
    assert archive.get(SERVICE, PARAMS, include_stored=True) == cached


def test_a_newer_response_is_pending(archive: ResponseCache) -> None:
    before = keep(archive, ROW)
    archive.mark_complete([before], seen_at=MAY)
    archive.mark_stored([before])
    newer = keep(archive, ROW, at=JUNE)
    assert archive.get(SERVICE, PARAMS) == newer
    assert newer.seen_at == JUNE


def test_marking_a_replaced_response_as_stored_does_not_mark_its_successor(archive: ResponseCache) -> None:
    before = keep(archive, ROW)
    newer = keep(archive, OTHER, at=JUNE)
    archive.mark_stored([before])
    assert archive.get(SERVICE, PARAMS) == newer


def test_the_responses_of_one_pull_share_its_time_to_the_microsecond(archive: ResponseCache) -> None:
    one = archive.put(SERVICE, PARAMS | {"state": "17"}, [ROW], fetched_at=MAY)
    other = archive.put(SERVICE, PARAMS | {"state": "18"}, [OTHER], fetched_at=JUNE)
    archive.mark_complete([one, other], seen_at=JUNE)
    change_times = [archive.get(SERVICE, PARAMS | {"state": state}) for state in ("17", "18")]
    assert [cached.seen_at for cached in change_times if cached] == [pd.Timestamp("2022-06-01 12:00:00.654321")] * 2


@pytest.mark.parametrize(
    ("not_before", "is_cached"), [(None, True), (MAY, True), (MAY + pd.Timedelta("1us"), False), (JUNE, False)]
)
def test_a_response_older_than_the_limit_is_not_used(
    archive: ResponseCache, not_before: pd.Timestamp | None, is_cached: bool
) -> None:
    keep(archive, ROW)
    assert (archive.get(SERVICE, PARAMS, not_before=not_before) is not None) == is_cached
    assert (archive.get(SERVICE, PARAMS, not_before=not_before, include_stored=True) is not None) == is_cached


def test_the_time_of_the_pull_counts(archive: ResponseCache) -> None:
    archive.mark_complete([keep(archive, ROW)], seen_at=JUNE)
    assert archive.get(SERVICE, PARAMS, not_before=JUNE) is not None
