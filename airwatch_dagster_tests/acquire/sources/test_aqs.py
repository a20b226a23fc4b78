from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import requests

from airwatch_dagster.acquire.aqs.client import AqsClient
from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.pulls import PullRequest
from airwatch_dagster.acquire.sources.aqs import AqsSource
from airwatch_dagster.acquire.versions import merge_pull
from airwatch_dagster.errors import BadPayload, SourceRefused, SourceUnavailable
from airwatch_dagster.practice.faults.faults import FaultKind, ScriptedFaults
from airwatch_dagster.practice.http import Request
from airwatch_dagster.practice.server.server import PracticeServer
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.acquire.fake_server import FakeServer, Reply
from airwatch_dagster_tests.acquire.published_samples import API_MONITOR, API_ROW, envelope
from airwatch_dagster_tests.acquire.sources.conftest import Clock
from airwatch_dagster_tests.acquire.sources.histories import RAW, merged
from airwatch_dagster_tests.builders import MONITOR_ROW, table_of

THREE_STATES = Area.parse("state:19,state:29,state:31")
TWO_DAYS = (date(2021, 3, 1), date(2021, 3, 2))
YEAR = (date(2021, 1, 1), date(2021, 12, 31))
IOWA, MISSOURI, NEBRASKA = "19", "29", "31"
SEEN = pd.Timestamp("2021-11-01")


class Watched:
    """Scripted faults that record the states whose readings were requested."""

    def __init__(self, *kinds: FaultKind | None) -> None:
        self._faults = ScriptedFaults(kinds, path_prefix="/data/api/dailyData")
        self.hang_seconds, self.retry_after_seconds = 0.0, 0
        self.states: list[str] = []

    def fault_for(self, request: Request) -> FaultKind | None:
        if request.path.startswith("/data/api/dailyData"):
            self.states.append(request.query["state"])
        return self._faults.fault_for(request)

    def requested(self) -> list[str]:
        """The states since the last time."""
        requested, self.states = self.states, []
        return requested


Open = Callable[..., AqsSource]


def served(*kinds: FaultKind | None) -> tuple[PracticeServer, Watched]:
    faults = Watched(*kinds)
    return PracticeServer(today=date(2022, 1, 1), faults=faults), faults


SERVER_ERRORS: tuple[FaultKind, ...] = ("server_error",) * 4


def test_a_pull_that_failed_at_the_second_request_requests_only_the_missing_two(source: Open) -> None:
    server, faults = served(None, *SERVER_ERRORS)
    with server:
        with pytest.raises(SourceUnavailable):
            source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
        assert faults.requested() == [IOWA, *[MISSOURI] * 4]
        pull = source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
    assert faults.requested() == [MISSOURI, NEBRASKA]
    assert sorted(pull.rows["state_code"].unique()) == [IOWA, MISSOURI, NEBRASKA]
    assert pull.counts == {"requests": 3, "repaired_positions": 0}


def test_a_repeated_pull_that_was_not_stored_is_identical(source: Open) -> None:
    server, faults = served()
    with server:
        first = source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
        faults.requested()
        second = source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
    assert faults.requested() == []
    assert second.seen_at == first.seen_at
    assert second.seen_at is not None
    assert second.seen_at.microsecond > 0
    pd.testing.assert_frame_equal(second.rows, first.rows)
    history = merged(RAW.empty(), first)
    pd.testing.assert_frame_equal(merged(history, second), history)


@pytest.mark.slow
def test_all_days_of_a_full_year_recheck_share_its_responses(source: Open) -> None:
    server, faults = served()
    year = (date(TWO_DAYS[0].year, 1, 1), date(TWO_DAYS[0].year, 12, 31))
    with server:
        whole = source(server.aqs_url).pull(PullRequest(*year, is_recheck=True))
        assert len(faults.requested()) > 0
        part = source(server.aqs_url).pull(PullRequest(*TWO_DAYS, is_recheck=True))
        part.mark_stored()
        source(server.aqs_url).pull(PullRequest(TWO_DAYS[1], TWO_DAYS[1], is_recheck=True))
    assert faults.requested() == []
    assert part.seen_at == whole.seen_at
    expected = whole.rows[whole.rows["date_local"].between(*map(pd.Timestamp, TWO_DAYS))].reset_index(drop=True)
    pd.testing.assert_frame_equal(part.rows, expected)


def test_a_cached_response_expires_after_a_week(source: Open, clock: Clock) -> None:
    server, faults = served()
    with server:
        source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
        requested = len(faults.requested())
        clock.now += 6.9 * 86_400
        source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
        assert faults.requested() == []
        clock.now += 0.2 * 86_400
        source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
        assert len(faults.requested()) == requested


def test_a_stored_pull_makes_new_requests(source: Open) -> None:
    server, faults = served()
    with server:
        first = source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
        first.mark_stored()
        faults.requested()
        second = source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
    assert faults.requested() == [IOWA, MISSOURI, NEBRASKA]
    assert first.seen_at is not None
    assert second.seen_at is not None
    assert second.seen_at > first.seen_at


@pytest.mark.parametrize(("later", "requested"), [("0us", []), ("1us", [IOWA, MISSOURI, NEBRASKA])])
def test_a_response_older_than_the_newest_version_of_history_is_not_used(
    source: Open, later: str, requested: list[str]
) -> None:
    server, faults = served()
    with server:
        history = merged(RAW.empty(), source(server.aqs_url).pull(PullRequest(*TWO_DAYS)))
        faults.requested()
        history["first_seen_at"] += pd.Timedelta(later)
        source(server.aqs_url).pull(PullRequest(*TWO_DAYS, history=history))
    assert faults.requested() == requested


@pytest.mark.slow
def test_a_recheck_uses_stored_responses_but_none_older_than_its_limit(
    source: Open,
) -> None:
    server, faults = served()
    with server:
        recheck = source(server.aqs_url).pull(PullRequest(*TWO_DAYS, is_recheck=True))
        recheck.mark_stored()
        assert recheck.seen_at is not None
        faults.requested()
        source(server.aqs_url).pull(PullRequest(*TWO_DAYS, is_recheck=True, cached_after=recheck.seen_at))
        assert faults.requested() == []
        source(server.aqs_url).pull(
            PullRequest(*TWO_DAYS, is_recheck=True, cached_after=recheck.seen_at + pd.Timedelta("1us"))
        )
    assert faults.requested() == [IOWA, MISSOURI, NEBRASKA]


@pytest.mark.parametrize("fault", ["renamed_column", "missing_column"])
def test_a_malformed_response_is_not_cached(source: Open, fault: FaultKind) -> None:
    server, faults = served(None, fault)
    with server:
        with pytest.raises(BadPayload, match="no field"):
            source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
        faults.requested()
        source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
    assert faults.requested() == [MISSOURI, NEBRASKA]


@pytest.mark.parametrize("fault", ["duplicate_rows", "shuffled_rows"])
def test_repeated_and_shuffled_rows_give_the_same_pull(source: Open, fault: FaultKind, tmp_path: Path) -> None:
    server, _ = served(None, fault)
    with server:
        one = source(server.aqs_url, Area.parse("state:19")).pull(PullRequest(*TWO_DAYS))
        one.mark_stored()
        other = source(server.aqs_url, Area.parse("state:19")).pull(PullRequest(*TWO_DAYS))
    pd.testing.assert_frame_equal(other.rows, one.rows)


def test_after_a_new_key_only_the_missing_responses_are_requested(source: Open) -> None:
    server, faults = served(None, "expired_key")
    with server:
        with pytest.raises(SourceRefused, match="EPA_AQS_API_KEY") as raised:
            source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
        assert not raised.value.retry_helps
        assert faults.requested() == [IOWA, MISSOURI]
        with pytest.raises(SourceRefused):
            source(server.aqs_url, key="old").pull(PullRequest(*TWO_DAYS))
        assert faults.requested() == [MISSOURI]
        source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
    assert faults.requested() == [MISSOURI, NEBRASKA]


def test_a_damaged_cached_response_is_requested_from_the_api(source: Open, tmp_path: Path) -> None:
    server, faults = served()
    with server:
        first = source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
        faults.requested()
        (of_iowa,) = (tmp_path / "responses").glob("*state=19.jsonl.gz")
        of_iowa.write_bytes(of_iowa.read_bytes()[:-40])
        second = source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
    assert faults.requested() == [IOWA]
    pd.testing.assert_frame_equal(second.rows, first.rows)


def test_of_two_overlapping_responses_the_later_counts(source: Open, server: FakeServer) -> None:
    revised = API_ROW | {"arithmetic_mean": 9.5}
    server.will_send("/dailyData/byCBSA", Reply(envelope([API_ROW])))
    server.will_send("/dailyData/byState", Reply(envelope([revised, revised | {"poc": 2}])))
    pull = source(server.url, Area.parse("cbsa:16980,state:17")).pull(PullRequest(*YEAR))
    assert pull.rows["arithmetic_mean"].tolist() == [9.5, 9.5]
    assert pull.rows["poc"].tolist() == [1, 2]


@pytest.fixture
def plain_client(server: FakeServer, session: requests.Session, tmp_path: Path) -> AqsClient:
    limiter = RateLimiter(tmp_path / "turn", interval_s=0.0, pause_s=0.0)
    return AqsClient(server.url, email="a@b.c", key="sesame", limiter=limiter, session=session)


def test_each_part_of_the_area_is_requested_and_overlaps_count_once(
    plain_client: AqsClient, server: FakeServer
) -> None:
    other = API_ROW | {"county_code": "099", "cbsa_code": None}
    server.will_send("/dailyData/byCBSA", Reply(envelope([API_ROW])))
    server.will_send("/dailyData/byState", Reply(envelope([API_ROW, other])))
    server.will_send("/monitors/byCBSA", Reply(envelope([API_MONITOR])))
    server.will_send("/monitors/byState", Reply(envelope([API_MONITOR, API_MONITOR | {"poc": 2}])))
    source = AqsSource(plain_client, Area.parse("cbsa:16980,state:17"), date(2022, 1, 1))
    pull = source.pull(PullRequest(*YEAR))
    assert pull.rows["county_code"].tolist() == ["031", "099"]
    history = merge_pull(TABLES["raw_readings"].empty(), pull.rows, seen_at=SEEN, in_scope=pull.in_scope)
    assert pull.in_scope(history).all()
    assert not pull.in_scope(history.assign(state_code="55", cbsa_code=None)).any()
    listed = TABLES["monitors"].schema.validate(source.monitors().monitors)
    assert listed["poc"].tolist() == [1, 2]
    assert not listed["is_context"].any()
    assert len(source.file_list()) == 0


def test_a_pull_names_its_responses_and_the_rows_that_it_set_aside(plain_client: AqsClient, server: FakeServer) -> None:
    bad = API_ROW | {"poc": 2, "first_max_hour": 24}
    server.will_send("/dailyData/byCBSA", Reply(envelope([API_ROW, bad])))
    server.will_send("/dailyData/byState", Reply(envelope([bad | {"county_code": "099"}, API_ROW])))
    pull = AqsSource(plain_client, Area.parse("cbsa:16980,state:17"), date(2022, 1, 1)).pull(PullRequest(*YEAR))

    assert len(set(pull.files)) == 2
    assert pull.rejected[["line_number", "site_id"]].values.tolist() == [[2, "170310001"], [1, "170990001"]]
    assert set(pull.rejected["file"]) == set(pull.files)
    assert pull.rows["poc"].tolist() == [1]


@pytest.mark.slow
def test_the_whole_country_is_requested_state_by_state(plain_client: AqsClient, server: FakeServer) -> None:
    server.will_send("/dailyData/byState", Reply(envelope([], status="No data matched your selection")))
    assert len(AqsSource(plain_client, Area.parse("us"), date(2022, 1, 1)).pull(PullRequest(*YEAR)).rows) == 0
    assert len(server.requested) == 54


def test_the_kind_of_the_source_is_aqs(plain_client: AqsClient) -> None:
    assert AqsSource(plain_client, Area.parse("us"), date(2022, 1, 1)).kind == "aqs"


def test_the_cost_of_a_pull_excludes_cached_responses(source: Open) -> None:
    monitors = table_of("monitors", MONITOR_ROW, {"state_code": IOWA}, {"state_code": MISSOURI, "poc": 2})
    server, _ = served(None, *SERVER_ERRORS)
    with server:
        before = source(server.aqs_url).cost(*TWO_DAYS, monitors=monitors)
        with pytest.raises(SourceUnavailable):
            source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
        after = source(server.aqs_url).cost(*TWO_DAYS, monitors=monitors)
    assert (before.calls, before.rows, before.cached_calls) == (3, 40, 0)
    assert (after.calls, after.rows, after.cached_calls) == (2, 20, 1)


def test_too_many_rows_are_requested_in_parts(source: Open) -> None:
    monitors = table_of("monitors", MONITOR_ROW, {"state_code": NEBRASKA})
    server, faults = served()
    with server:
        opened = source(server.aqs_url, Area.parse("state:31"), known_monitors=monitors, max_rows=10)
        assert opened.cost(*TWO_DAYS).rows == 20
        rows = opened.pull(PullRequest(*TWO_DAYS)).rows
    assert faults.requested() == [NEBRASKA, NEBRASKA]
    assert rows["date_local"].nunique() == 2
