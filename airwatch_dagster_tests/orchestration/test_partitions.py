"""When a day begins to exist, and that days, months and the clock agree on it."""

from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from dagster._core.test_utils import freeze_time

from airwatch_dagster.orchestration import resources
from airwatch_dagster.orchestration.partitions import DAYS, DETECTION_DAYS, MONTHS, newest_day, running_day

MOMENTS = [
    (datetime(2021, 6, 2, 0, 30, tzinfo=UTC), "2021-05-31", "2021-06"),
    (datetime(2021, 6, 1, 9, 59, tzinfo=UTC), "2021-05-30", "2021-05"),
    (datetime(2021, 6, 1, 10, 1, tzinfo=UTC), "2021-05-31", "2021-06"),
    (datetime(2021, 6, 1, 18, 30, tzinfo=UTC), "2021-05-31", "2021-06"),
]
"""A moment, the newest day that is over in Hawaii, and the month under way there."""


@pytest.mark.parametrize(("moment", "day", "month"), MOMENTS)
def test_a_day_exists_once_it_is_over_in_all_states(moment: datetime, day: str, month: str) -> None:
    with freeze_time(moment):
        assert DAYS.get_last_partition_key() == day
        assert MONTHS.get_last_partition_key() == month

    naive = pd.Timestamp(moment).tz_convert(None)
    assert newest_day(naive) == newest_day(pd.Timestamp(moment)) == pd.Timestamp(day)


@pytest.mark.parametrize(("moment", "day", "month"), MOMENTS)
def test_today_is_the_day_after_the_newest_one(
    moment: datetime, day: str, month: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    naive = pd.Timestamp(moment).tz_convert(None)
    monkeypatch.setattr(resources, "utc_now", lambda: naive)
    monkeypatch.delenv("AIRWATCH_PRACTICE_TODAY", raising=False)

    assert pd.Timestamp(resources.today()) - pd.Timedelta(days=1) == pd.Timestamp(day)
    assert running_day(naive) == resources.today()


def test_the_sources_and_the_practice_server_take_the_same_day_for_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "utc_now", lambda: pd.Timestamp("2021-06-01 09:59"))
    monkeypatch.delenv("AIRWATCH_PRACTICE_TODAY", raising=False)

    with resources.practice_server(resources.Settings.from_environment()) as server:
        assert server.today == resources.today() == date(2021, 5, 31)


def test_revisions_are_detected_on_days_of_utc_today_included() -> None:
    with freeze_time(datetime(2021, 6, 1, 0, 30, tzinfo=UTC)):
        assert DETECTION_DAYS.get_last_partition_key() == "2021-06-01"


def test_keys_are_the_days_and_months_of_before() -> None:
    with freeze_time(datetime(2021, 6, 2, 12, tzinfo=UTC)):
        days = pd.date_range("2009-01-01", "2021-06-01").strftime("%Y-%m-%d")
        assert list(DAYS.get_partition_keys()) == list(days)
        assert list(MONTHS.get_partition_keys()) == [
            str(month) for month in pd.period_range("2009-01", "2021-06", freq="M")
        ]


@pytest.mark.parametrize(
    ("downstream", "key", "upstream", "first", "last"),
    [
        (MONTHS, "2021-02", DAYS, "2021-02-01", "2021-02-28"),
        (DAYS, "2021-02-28", MONTHS, "2021-02", "2021-02"),
        (DAYS, "2021-03-01", MONTHS, "2021-03", "2021-03"),
    ],
)
def test_a_month_spans_its_days_and_no_other(downstream: Any, key: str, upstream: Any, first: str, last: str) -> None:
    mapping = dg.TimeWindowPartitionMapping()
    with freeze_time(datetime(2021, 6, 2, 12, tzinfo=UTC)):
        read = mapping.get_upstream_mapped_partitions_result_for_partitions(
            downstream.empty_subset().with_partition_keys([key]), downstream, upstream
        )
        keys = list(read.partitions_subset.get_partition_keys())

    assert (keys[0], keys[-1]) == (first, last)
