"""Which time a pull is stamped with, and what other clocks say."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from airwatch_dagster.acquire.http import source_clock
from airwatch_dagster.acquire.pulls import Pull
from airwatch_dagster.orchestration.ingest import stamps
from airwatch_dagster.orchestration.ingest.stamps import refuse_future_versions, stamp_of
from airwatch_dagster_tests.builders import raw_readings

SEEN = pd.Timestamp("2026-11-01 08:00")
ONE = pd.Timedelta(microseconds=1)


def pull(**options: object) -> Pull:
    return Pull(raw_readings(), lambda history: pd.Series(True, index=history.index), **options)  # type: ignore[arg-type]


def history(seen_at: pd.Timestamp) -> pd.DataFrame:
    return raw_readings({"first_seen_at": seen_at})


def test_a_pull_after_one_of_a_machine_whose_clock_is_seconds_ahead_comes_right_after_it() -> None:
    ahead = SEEN + pd.Timedelta(seconds=20)

    assert stamp_of(pull(seen_at=SEEN), history(ahead), is_given=False) == ahead + ONE
    assert stamp_of(pull(seen_at=SEEN), history(SEEN), is_given=False) == SEEN + ONE


@pytest.mark.parametrize("before", [SEEN - ONE, SEEN + pd.Timedelta(hours=1)])
def test_otherwise_a_pull_keeps_its_time(before: pd.Timestamp) -> None:
    assert stamp_of(pull(seen_at=SEEN), history(before), is_given=False) == SEEN


def test_a_time_that_a_person_gave_and_that_of_a_cached_response_stay() -> None:
    ahead = history(SEEN + pd.Timedelta(seconds=20))

    assert stamp_of(pull(seen_at=SEEN), ahead, is_given=True) == SEEN
    assert stamp_of(pull(seen_at=SEEN, is_cached=True), ahead, is_given=False) == SEEN


def test_versions_of_a_clock_that_is_seconds_ahead_are_not_of_the_future() -> None:
    refuse_future_versions(history(SEEN + pd.Timedelta(seconds=20)), SEEN)
    assert pd.Timedelta(seconds=20) < stamps.CLOCK_TOLERANCE


def test_the_source_is_heard_by_the_date_of_its_newest_response(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_clock, "_HEARD", [])
    assert source_clock.last_answer() is None

    source_clock.heard("Sun, 29 Nov 2026 22:00:00 GMT")
    for unreadable in (None, "", "yesterday", "Sun, 29 Nov 2099 22:00:00 -0000"):
        source_clock.heard(unreadable)

    answer = source_clock.last_answer()
    assert answer is not None
    assert timedelta(0) <= answer - datetime(2026, 11, 29, 22, tzinfo=UTC) < timedelta(minutes=1)
