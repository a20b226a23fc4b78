"""Sampling schedules are derived from a site's own readings."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.acquire.airdata.files import read_daily, read_monitors
from airwatch_dagster.clean.site_days import site_days
from airwatch_dagster.watch.sampling_schedules import sampling_schedules
from airwatch_dagster_tests.watch.builders import SITE, days, observed

DAILY = days("2021-05-01", "2021-07-31")

ONE_IN_THREE = days("2021-05-01", "2021-07-31", step=3)

ONE_IN_SIX = days("2021-05-04", "2021-07-31", step=6)

SEEN_AT = pd.Timestamp("2022-06-01")


def schedule_of(dates: Iterable[pd.Timestamp]) -> str:
    return str(sampling_schedules(observed(dates)).loc[SITE, "schedule"])


@pytest.mark.parametrize(("dates", "schedule"), [(DAILY, "daily"), (ONE_IN_THREE, "1-in-3"), (ONE_IN_SIX, "1-in-6")])
def test_readings_determine_the_schedule(dates: list[pd.Timestamp], schedule: str) -> None:
    assert schedule_of(dates) == schedule


def test_four_readings_are_too_few_for_a_schedule() -> None:
    assert schedule_of(ONE_IN_THREE[:5]) == "1-in-3"
    assert schedule_of(ONE_IN_THREE[:4]) == "unknown"


def test_samples_taken_a_day_late_do_not_change_the_schedule() -> None:
    late = [day + timedelta(days=number % 5 == 0) for number, day in enumerate(ONE_IN_THREE)]
    assert schedule_of(late) == "1-in-3"


def test_an_outage_does_not_make_a_daily_site_a_filter() -> None:
    assert schedule_of(days("2021-05-01", "2021-05-10") + days("2021-07-20", "2021-07-31")) == "daily"


def test_a_site_counts_by_its_most_frequent_sampler() -> None:
    assert schedule_of(sorted({*ONE_IN_SIX, *ONE_IN_THREE})) == "1-in-3"
    assert schedule_of(sorted({*DAILY, *ONE_IN_THREE})) == "daily"


def test_sampling_every_other_day_is_an_unknown_schedule() -> None:
    assert schedule_of(days("2021-05-01", "2021-07-31", step=2)) == "unknown"


@pytest.mark.slow
def test_genuine_filters_run_on_the_national_days(real_data: Path) -> None:
    """The Midwest of 2012: all 1-in-3 sites share one phase, all 1-in-6 sites another."""
    folder = real_data / "airdata"
    raw = read_daily(folder / "daily_88101_2012.zip", date(2012, 10, 1), date(2012, 12, 31), source="airdata").readings
    raw = raw.assign(first_seen_at=SEEN_AT, superseded_at=pd.NaT)
    schedules = sampling_schedules(site_days(raw, monitors=read_monitors(folder / "aqs_monitors.zip").monitors))
    assert schedules["schedule"].value_counts().to_dict() == {"1-in-3": 119, "daily": 71, "1-in-6": 17}
    assert schedules.groupby("schedule")["phase"].unique().map(list).to_dict() == {
        "1-in-3": [0],
        "1-in-6": [3],
        "daily": [0],
    }
