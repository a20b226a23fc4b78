import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests

from airwatch_dagster.acquire.airdata.archive import AirDataArchive
from airwatch_dagster.acquire.aqs.client import AqsClient
from airwatch_dagster.acquire.aqs.rate_limiter import RateLimiter
from airwatch_dagster.acquire.aqs.response_cache import ResponseCache
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.pulls import Pull, PullRequest, Scope
from airwatch_dagster.acquire.sources.airdata import AirDataSource
from airwatch_dagster.acquire.sources.aqs import AqsSource
from airwatch_dagster.acquire.versions import merge_pull
from airwatch_dagster.clean.monitor_days import monitor_days
from airwatch_dagster.errors import BadPayload, SourceRefused, SourceUnavailable
from airwatch_dagster.practice.faults.faults import FaultKind, ScriptedFaults
from airwatch_dagster.practice.http import Request
from airwatch_dagster.practice.server.server import PracticeServer
from airwatch_dagster.schemas import TABLES
from airwatch_dagster_tests.acquire.wire import API_ROW, FakeServer, Reply, envelope, mirror
from airwatch_dagster_tests.builders import MONITOR_ROW, RAW_ROW, table_of

RAW = TABLES["raw_readings"]
THREE_STATES = Area.parse("state:19,state:29,state:31")
TWO_DAYS = (date(2021, 3, 1), date(2021, 3, 2))
YEAR = (date(2021, 1, 1), date(2021, 12, 31))
IOWA, MISSOURI, NEBRASKA = "19", "29", "31"
SEEN = pd.Timestamp("2021-11-01")


class Watched:
    """Scripted faults that remember which states' readings were asked for."""

    def __init__(self, *kinds: FaultKind | None) -> None:
        self._faults = ScriptedFaults(kinds, path_prefix="/data/api/dailyData")
        self.hang_seconds, self.retry_after_seconds = 0.0, 0
        self.states: list[str] = []

    def fault_for(self, request: Request) -> FaultKind | None:
        if request.path.startswith("/data/api/dailyData"):
            self.states.append(request.query["state"])
        return self._faults.fault_for(request)

    def asked(self) -> list[str]:
        """The states since the last time."""
        asked, self.states = self.states, []
        return asked


@dataclass
class Clock:
    """Moves by a second, and a microsecond, whenever it is read."""

    now: float = field(default_factory=lambda: datetime(2022, 1, 1).timestamp())

    def __call__(self) -> float:
        self.now += 1.000001
        return self.now


Open = Callable[..., AqsSource]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source(session: requests.Session, tmp_path: Path, clock: Clock) -> Open:
    """A source over the answers kept in one folder, as every run opens its own."""

    def opened(url: str, area: Area = THREE_STATES, *, key: str = "practice", **options: Any) -> AqsSource:
        client = AqsClient(
            url,
            email="a@b.c",
            key=key,
            limiter=RateLimiter(tmp_path / "turn", interval_s=0.0, pause_s=0.0),
            session=session,
            cache=ResponseCache(tmp_path / "answers"),
            clock=clock,
            sleep=lambda seconds: None,
        )
        return AqsSource(client, area, date(2022, 1, 1), **options)

    return opened


def served(*kinds: FaultKind | None) -> tuple[PracticeServer, Watched]:
    faults = Watched(*kinds)
    return PracticeServer(today=date(2022, 1, 1), faults=faults), faults


def merged(history: pd.DataFrame, pull: Pull, seen_at: pd.Timestamp | None = None) -> pd.DataFrame:
    moment = seen_at or pull.seen_at
    assert moment is not None
    result = merge_pull(history, pull.rows, seen_at=moment, in_scope=pull.in_scope)
    RAW.schema.validate(result)
    return result


def current(history: pd.DataFrame) -> pd.DataFrame:
    return history[history["superseded_at"].isna()]


SERVER_ERRORS: tuple[FaultKind, ...] = ("server_error",) * 4


def test_a_pull_that_failed_at_the_second_request_asks_only_for_the_missing_two(source: Open) -> None:
    server, faults = served(None, *SERVER_ERRORS)
    with server:
        with pytest.raises(SourceUnavailable):
            source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
        assert faults.asked() == [IOWA, *[MISSOURI] * 4]
        pull = source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
    assert faults.asked() == [MISSOURI, NEBRASKA]
    assert sorted(pull.rows["state_code"].unique()) == [IOWA, MISSOURI, NEBRASKA]
    assert pull.counts == {"requests": 3}


def test_a_pull_that_was_not_stored_is_the_very_same_pull_again(source: Open) -> None:
    server, faults = served()
    with server:
        first = source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
        faults.asked()
        again = source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
    assert faults.asked() == []
    assert again.seen_at == first.seen_at
    assert again.seen_at is not None
    assert again.seen_at.microsecond > 0
    pd.testing.assert_frame_equal(again.rows, first.rows)
    history = merged(RAW.empty(), first)
    pd.testing.assert_frame_equal(merged(history, again), history)


def test_all_days_of_a_whole_years_look_share_its_answers(source: Open) -> None:
    server, faults = served()
    year = (date(TWO_DAYS[0].year, 1, 1), date(TWO_DAYS[0].year, 12, 31))
    with server:
        whole = source(server.aqs_url).pull(PullRequest(*year, is_recheck=True))
        assert len(faults.asked()) > 0
        part = source(server.aqs_url).pull(PullRequest(*TWO_DAYS, is_recheck=True))
        part.mark_stored()
        source(server.aqs_url).pull(PullRequest(TWO_DAYS[1], TWO_DAYS[1], is_recheck=True))
    assert faults.asked() == []
    assert part.seen_at == whole.seen_at
    expected = whole.rows[whole.rows["date_local"].between(*map(pd.Timestamp, TWO_DAYS))].reset_index(drop=True)
    pd.testing.assert_frame_equal(part.rows, expected)


def test_an_answer_that_waited_for_more_than_a_week_is_asked_for_anew(source: Open, clock: Clock) -> None:
    server, faults = served()
    with server:
        source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
        asked = len(faults.asked())
        clock.now += 6.9 * 86_400
        source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
        assert faults.asked() == []
        clock.now += 0.2 * 86_400
        source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
        assert len(faults.asked()) == asked


def test_a_pull_that_was_stored_is_asked_for_anew(source: Open) -> None:
    server, faults = served()
    with server:
        first = source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
        first.mark_stored()
        faults.asked()
        again = source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
    assert faults.asked() == [IOWA, MISSOURI, NEBRASKA]
    assert first.seen_at is not None
    assert again.seen_at is not None
    assert again.seen_at > first.seen_at


@pytest.mark.parametrize(("later", "asked"), [("0us", []), ("1us", [IOWA, MISSOURI, NEBRASKA])])
def test_an_answer_from_before_the_newest_version_of_history_is_not_used(
    source: Open, later: str, asked: list[str]
) -> None:
    server, faults = served()
    with server:
        history = merged(RAW.empty(), source(server.aqs_url).pull(PullRequest(*TWO_DAYS)))
        faults.asked()
        history["first_seen_at"] += pd.Timedelta(later)
        source(server.aqs_url).pull(PullRequest(*TWO_DAYS, history=history))
    assert faults.asked() == asked


def test_a_second_look_takes_answers_of_the_first_also_when_they_were_stored_but_no_older_ones(
    source: Open,
) -> None:
    server, faults = served()
    with server:
        look = source(server.aqs_url).pull(PullRequest(*TWO_DAYS, is_recheck=True))
        look.mark_stored()
        assert look.seen_at is not None
        faults.asked()
        source(server.aqs_url).pull(PullRequest(*TWO_DAYS, is_recheck=True, cached_after=look.seen_at))
        assert faults.asked() == []
        source(server.aqs_url).pull(
            PullRequest(*TWO_DAYS, is_recheck=True, cached_after=look.seen_at + pd.Timedelta("1us"))
        )
    assert faults.asked() == [IOWA, MISSOURI, NEBRASKA]


@pytest.mark.parametrize("fault", ["renamed_column", "missing_column"])
def test_a_garbled_answer_is_not_kept(source: Open, fault: FaultKind) -> None:
    server, faults = served(None, fault)
    with server:
        with pytest.raises(BadPayload, match="no field"):
            source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
        faults.asked()
        source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
    assert faults.asked() == [MISSOURI, NEBRASKA]


@pytest.mark.parametrize("fault", ["duplicate_rows", "shuffled_rows"])
def test_repeated_and_shuffled_rows_are_the_same_pull(source: Open, fault: FaultKind, tmp_path: Path) -> None:
    server, _ = served(None, fault)
    with server:
        one = source(server.aqs_url, Area.parse("state:19")).pull(PullRequest(*TWO_DAYS))
        one.mark_stored()
        other = source(server.aqs_url, Area.parse("state:19")).pull(PullRequest(*TWO_DAYS))
    pd.testing.assert_frame_equal(other.rows, one.rows)


def test_after_the_key_was_renewed_only_the_rest_is_asked_for(source: Open) -> None:
    server, faults = served(None, "expired_key")
    with server:
        with pytest.raises(SourceRefused, match="EPA_AQS_API_KEY") as raised:
            source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
        assert not raised.value.retry_helps
        assert faults.asked() == [IOWA, MISSOURI]
        with pytest.raises(SourceRefused):
            source(server.aqs_url, key="old").pull(PullRequest(*TWO_DAYS))
        assert faults.asked() == [MISSOURI]
        source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
    assert faults.asked() == [MISSOURI, NEBRASKA]


def test_a_damaged_answer_is_asked_for_again(source: Open, tmp_path: Path) -> None:
    server, faults = served()
    with server:
        first = source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
        faults.asked()
        (of_iowa,) = (tmp_path / "answers").glob("*state=19.jsonl.gz")
        of_iowa.write_bytes(of_iowa.read_bytes()[:-40])
        again = source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
    assert faults.asked() == [IOWA]
    pd.testing.assert_frame_equal(again.rows, first.rows)


def test_what_changed_between_two_overlapping_answers_is_taken_from_the_later(source: Open, server: FakeServer) -> None:
    revised = API_ROW | {"arithmetic_mean": 9.5}
    server.will_send("/dailyData/byCBSA", Reply(envelope([API_ROW])))
    server.will_send("/dailyData/byState", Reply(envelope([revised, revised | {"poc": 2}])))
    pull = source(server.url, Area.parse("cbsa:16980,state:17")).pull(PullRequest(*YEAR))
    assert pull.rows["arithmetic_mean"].tolist() == [9.5, 9.5]
    assert pull.rows["poc"].tolist() == [1, 2]


def test_what_a_pull_will_cost_leaves_out_what_is_kept(source: Open) -> None:
    monitors = table_of("monitors", MONITOR_ROW, {"state_code": IOWA}, {"state_code": MISSOURI, "poc": 2})
    server, _ = served(None, *SERVER_ERRORS)
    with server:
        before = source(server.aqs_url).cost(*TWO_DAYS, monitors=monitors)
        with pytest.raises(SourceUnavailable):
            source(server.aqs_url).pull(PullRequest(*TWO_DAYS))
        after = source(server.aqs_url).cost(*TWO_DAYS, monitors=monitors)
    assert (before.calls, before.rows, before.cached_calls) == (3, 40, 0)
    assert (after.calls, after.rows, after.cached_calls) == (2, 20, 1)


def test_too_many_rows_are_asked_for_in_parts(source: Open) -> None:
    monitors = table_of("monitors", MONITOR_ROW, {"state_code": NEBRASKA})
    server, faults = served()
    with server:
        opened = source(server.aqs_url, Area.parse("state:31"), known_monitors=monitors, max_rows=10)
        assert opened.cost(*TWO_DAYS).rows == 20
        rows = opened.pull(PullRequest(*TWO_DAYS)).rows
    assert faults.asked() == [NEBRASKA, NEBRASKA]
    assert rows["date_local"].nunique() == 2


INTERVAL_S = 0.15
TOLERANCE_S = 0.005
"""The limiter writes milliseconds."""


def limited(url: str, folder: Path, session: requests.Session) -> AqsClient:
    # Resting as long as the interval keeps a request's way to a busy server out of what the server measures.
    limiter = RateLimiter(folder / "turn", interval_s=INTERVAL_S, pause_s=INTERVAL_S)
    return AqsClient(
        url, email="a@b.c", key="practice", limiter=limiter, session=session, backoff_scale=0.0, jitter=lambda: 1.0
    )


def starts_at(server: FakeServer, *replies: Reply) -> list[float]:
    """Lets the server answer, and collects when it was asked."""
    starts: list[float] = []

    def noting(reply: Reply) -> Callable[[Any], Reply]:
        def answer(headers: Any) -> Reply:
            starts.append(time.monotonic())
            return reply

        return answer

    server.will_send("/dailyData/byState", *(noting(reply) for reply in replies))
    return starts


def spacings(starts: Sequence[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(starts)]


def test_requests_start_no_closer_than_allowed_repetitions_included(
    server: FakeServer, session: requests.Session, tmp_path: Path
) -> None:
    busy = Reply(b"", 429, {"Retry-After": "0"})
    starts = starts_at(server, busy, Reply(b"", 502), Reply(b"<html>"), Reply(envelope([])), Reply(envelope([])))
    AqsSource(limited(server.url, tmp_path, session), Area.parse("state:17,state:18"), date(2022, 1, 1)).pull(
        PullRequest(*YEAR)
    )
    assert len(starts) == 5
    assert min(spacings(starts)) >= INTERVAL_S - TOLERANCE_S


def _ask_thrice(url: str, folder: Path) -> None:
    with requests.Session() as session:
        AqsSource(limited(url, folder, session), THREE_STATES, date(2022, 1, 1)).pull(PullRequest(*YEAR))


def test_two_processes_asking_at_once_share_one_turn(server: FakeServer, tmp_path: Path) -> None:
    starts = starts_at(server, Reply(b"", 502), Reply(envelope([])))
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_ask_thrice, args=(server.url, tmp_path)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(starts) == 7
    assert min(spacings(starts)) >= INTERVAL_S - TOLERANCE_S


API_DAY = API_ROW | {"date_local": "2021-07-04"}


def changed_rows(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    """A changed monitor-day as the API states it: a row for each form of each standard."""
    standards = [f"PM25 {form} {year}" for year in (2006, 2012, 1997, 2024) for form in ("24-hour", "Annual")]
    return [API_DAY | {"pollutant_standard": standard} | change for change in changes for standard in standards]


@pytest.fixture
def history(tmp_path: Path) -> pd.DataFrame:
    """Of the bulk file: two monitors of one site on two days, and an AirNow row of another site."""
    other = {"POC": "3", "Sample Duration": "24-HR BLK AVG", "Event Type": "Included"}
    daily = [{}, other, {"Date Local": "2021-07-05"}, other | {"Date Local": "2021-07-05"}]
    address = mirror(tmp_path / "mirror", daily={2021: daily}, monitors=[{}])
    bulk = AirDataSource(AirDataArchive(address, download_dir=tmp_path / "downloads"), Area.parse("cbsa:16980"), 0.0)
    return merged(RAW.empty(), bulk.pull(PullRequest(*YEAR)), SEEN)


def told(source: AqsSource, history: pd.DataFrame) -> Pull:
    return source.changes(PullRequest.of_year(2021, history=history), since=date(2021, 11, 1), until=date(2021, 11, 8))


def values(history: pd.DataFrame) -> list[tuple[int, int, float, str]]:
    days = monitor_days(history)
    return [(row.poc, row.date_local.day, row.pm25_ugm3, row.source) for row in days.itertuples()]


def test_a_changed_monitor_day_has_the_apis_value_and_the_others_stay(
    source: Open, server: FakeServer, history: pd.DataFrame
) -> None:
    server.will_send("/dailyData/byCBSA", Reply(envelope(changed_rows({"arithmetic_mean": 5.5}))))
    pull = told(source(server.url, Area.parse("cbsa:16980")), history)
    after = merged(history, pull)
    assert values(history) == [
        (1, 4, 8.5, "airdata"),
        (1, 5, 8.5, "airdata"),
        (3, 4, 8.5, "airdata"),
        (3, 5, 8.5, "airdata"),
    ]
    assert values(after) == [(1, 4, 5.5, "aqs"), (1, 5, 8.5, "airdata"), (3, 4, 8.5, "airdata"), (3, 5, 8.5, "airdata")]
    superseded = after[after["superseded_at"].notna()]
    assert superseded[["poc", "arithmetic_mean", "source"]].to_numpy().tolist() == [[1, 8.5, "airdata"]]
    assert superseded["superseded_at"].tolist() == [pull.seen_at]


def test_a_second_identical_look_adds_nothing(source: Open, server: FakeServer, history: pd.DataFrame) -> None:
    server.will_send("/dailyData/byCBSA", Reply(envelope(changed_rows({"arithmetic_mean": 5.5}))))
    opened = source(server.url, Area.parse("cbsa:16980"))
    pull = told(opened, history)
    after = merged(history, pull)
    pd.testing.assert_frame_equal(merged(after, pull), after)
    assert len(server.asked) == 1
    later = told(opened, after.assign(first_seen_at=after["first_seen_at"] + pd.Timedelta("1us")))
    assert len(server.asked) == 2
    pd.testing.assert_frame_equal(merged(after, later), after)


def test_changes_are_asked_for_in_their_window_and_none_are_no_versions(
    source: Open, server: FakeServer, history: pd.DataFrame
) -> None:
    server.will_send("/dailyData/byCBSA", Reply(envelope([])))
    pull = told(source(server.url, Area.parse("cbsa:16980")), history)
    (asked,) = server.asked
    for word in ("param=88101&", "bdate=20210101", "edate=20211231", "cbdate=20211101", "cedate=20211108"):
        assert word in asked
    assert len(pull.rows) == 0
    assert not pull.in_scope(history).any()
    pd.testing.assert_frame_equal(merged(history, pull), history)


def test_a_day_that_was_touched_without_another_value_is_no_news(
    source: Open, server: FakeServer, history: pd.DataFrame
) -> None:
    of_monitor_3 = {"poc": 3, "sample_duration": "24-HR BLK AVG", "event_type": "Events Included"}
    server.will_send("/dailyData/byCBSA", Reply(envelope(changed_rows({}, of_monitor_3 | {"arithmetic_mean": 9.5}))))
    pull = told(source(server.url, Area.parse("cbsa:16980")), history)
    assert pull.rows["poc"].unique().tolist() == [3]
    after = merged(history, pull)
    assert [(poc, day, value) for poc, day, value, _ in values(after)] == [
        (1, 4, 8.5), (1, 5, 8.5), (3, 4, 9.5), (3, 5, 8.5)
    ]  # fmt: skip


def test_a_record_that_moved_to_the_other_parameter_is_recognised_when_its_year_is_looked_at_again(
    source: Open, server: FakeServer, history: pd.DataFrame
) -> None:
    other = {"parameter_code": "88502", "pollutant_standard": None}
    stays, moved, stranger = {"poc": 1}, {"poc": 3, **other}, {"poc": 9, **other}
    server.will_send("/dailyData/byCBSA", Reply(envelope([API_DAY | change for change in (stays, moved, stranger)])))
    opened = source(server.url, Area.parse("cbsa:16980"))
    pull = opened.pull(PullRequest(*YEAR, history=history, is_recheck=True))
    assert "param=88101%2C88502" in server.asked[0]
    after = merged(history, pull)
    found = [(row.poc, row.parameter_code, row.date_local.day) for row in current(after).itertuples()]
    assert found == [(1, "88101", 4), (3, "88502", 4)]
    assert monitor_days(after, parameter="88502")["pm25_ugm3"].tolist() == [8.5]
    again = opened.pull(PullRequest(*YEAR, history=after, is_recheck=True))
    pd.testing.assert_frame_equal(merged(after, again), after)


def test_a_record_that_moved_back_is_gone_from_the_other_parameter(source: Open, server: FakeServer) -> None:
    moved = {"parameter_code": "88502", "site_number": "0001", "pollutant_standard": None, "first_seen_at": SEEN}
    history = table_of("raw_readings", RAW_ROW, moved)
    server.will_send("/dailyData/byCBSA", Reply(envelope([API_DAY])))
    after = merged(
        history, source(server.url, Area.parse("cbsa:16980")).pull(PullRequest(*YEAR, history=history, is_recheck=True))
    )
    assert current(after)["parameter_code"].tolist() == ["88101"]


def test_rows_outside_the_area_are_left_out_of_what_changed(source: Open, server: FakeServer) -> None:
    elsewhere = changed_rows({"county_code": "001", "cbsa_code": "39500"}, {"county_code": "143", "cbsa_code": "37900"})
    server.will_send("/dailyData/byState", Reply(envelope(elsewhere)))
    pull = told(source(server.url, Area.parse("cbsa:37900,cbsa:40420")), RAW.empty())
    assert pull.rows["county_code"].unique().tolist() == ["143"]


def test_a_changed_days_value_supersedes_airnows_of_the_site(source: Open, server: FakeServer) -> None:
    provisional = table_of("raw_readings", RAW_ROW, {**AIRNOW, "site_number": "0001", "first_seen_at": SEEN})
    server.will_send("/dailyData/byCBSA", Reply(envelope(changed_rows({"poc": 3}))))
    after = merged(provisional, told(source(server.url, Area.parse("cbsa:16980")), provisional))
    assert values(after) == [(3, 4, 8.5, "aqs")]
    assert after.loc[after["source"] == "airnow", "superseded_at"].notna().all()


AIRNOW = {
    "source": "airnow", "poc": 0, "sample_duration": "24-HR BLK AVG", "pollutant_standard": None, "event_type": None,
    "date_of_last_change": pd.NaT,
}  # fmt: skip
CHICAGO = Scope(Area.parse("cbsa:16980"), *YEAR)


def spoken_for(scope: Scope, *changes: dict[str, Any]) -> list[bool]:
    return [bool(is_in) for is_in in scope(table_of("raw_readings", RAW_ROW, *changes))]


def published(*changes: dict[str, Any]) -> Scope:
    return replace(CHICAGO, rows=table_of("raw_readings", RAW_ROW, *changes))


def test_a_whole_pull_speaks_for_its_days_and_its_area() -> None:
    days = [{"date_local": pd.Timestamp(day)} for day in ("2020-12-31", "2021-01-01", "2021-12-31", "2022-01-01")]
    assert spoken_for(CHICAGO, *days) == [False, True, True, False]


def test_it_speaks_for_no_other_parameter_unless_it_asked_for_it() -> None:
    assert spoken_for(CHICAGO, {"parameter_code": "88502"}) == [False]
    assert spoken_for(replace(CHICAGO, parameters=("88101", "88502")), {"parameter_code": "88502"}, {}) == [True, True]


def test_sites_out_of_reach_are_never_spoken_for() -> None:
    milwaukee = {"state_code": "55", "cbsa_code": "33340", "latitude": 43.02, "longitude": -87.93}
    denver = {"state_code": "08", "cbsa_code": "19740", "latitude": 39.75, "longitude": -104.99}
    nowhere = {"site_number": "9003", "cbsa_code": None}
    assert spoken_for(CHICAGO, {}, milwaukee, denver, nowhere) == [True, False, False, False]
    near = replace(
        CHICAGO, context_km=200.0, area_sites={2021: pd.DataFrame({"latitude": [41.9], "longitude": [-87.6]})}
    )
    assert spoken_for(near, {}, milwaukee, denver) == [True, True, False]
    published_there = replace(near, rows=table_of("raw_readings", RAW_ROW, denver))
    assert spoken_for(published_there, AIRNOW | denver) == [False]


def test_airnows_rows_are_spoken_for_only_where_the_pull_has_rows_of_the_sites_day() -> None:
    scope = published({"poc": 3})
    assert spoken_for(scope, AIRNOW) == [True]
    assert spoken_for(scope, AIRNOW | {"date_local": pd.Timestamp("2021-07-05")}) == [False]
    assert spoken_for(scope, AIRNOW | {"site_number": "9002"}) == [False]
    assert spoken_for(CHICAGO, AIRNOW) == [False]
    assert spoken_for(published({"parameter_code": "88502"}), AIRNOW) == [False]


def test_airnows_row_survives_bulk_pulls_until_aqs_has_its_sites_day(tmp_path: Path) -> None:
    waiting = table_of(
        "raw_readings", RAW_ROW, AIRNOW | {"site_number": "0001", "first_seen_at": SEEN - pd.Timedelta("1D")}
    )

    def pulled(name: str, *daily: dict[str, str]) -> pd.DataFrame:
        address = mirror(tmp_path / name, daily={2021: daily}, monitors=[{}])
        archive = AirDataArchive(address, download_dir=tmp_path / "downloads" / name)
        return merged(waiting, AirDataSource(archive, Area.parse("cbsa:16980"), 0.0).pull(PullRequest(*YEAR)), SEEN)

    other_day, other_site = pulled("a", {"Date Local": "2021-07-05"}), pulled("b", {"Site Num": "0002"})
    assert current(other_day)["source"].tolist() == ["airnow", "airdata"]
    assert sorted(current(other_site)["source"]) == ["airdata", "airnow"]
    finalised = pulled("c", {"POC": "3"})
    assert current(finalised)["source"].tolist() == ["airdata"]
    assert finalised["source"].tolist() == ["airnow", "airdata"]


def test_a_whole_pull_of_the_api_supersedes_airnows_rows_of_published_days_only(
    source: Open, server: FakeServer
) -> None:
    later = {"date_local": pd.Timestamp("2021-07-05"), "site_number": "0001", "first_seen_at": SEEN}
    waiting = table_of(
        "raw_readings", RAW_ROW, AIRNOW | later, AIRNOW | later | {"date_local": pd.Timestamp("2021-07-04")}
    )
    server.will_send("/dailyData/byCBSA", Reply(envelope([API_DAY])))
    after = merged(waiting, source(server.url, Area.parse("cbsa:16980")).pull(PullRequest(*YEAR, history=waiting)))
    assert [(row.source, row.date_local.day) for row in current(after).itertuples()] == [("airnow", 5), ("aqs", 4)]
