"""Weather is asked for sites that may have readings, with what was published by the time of issue."""

import pandas as pd
import pytest

from airwatch_dagster.orchestration.weather import sites
from airwatch_dagster.orchestration.weather.sites import published_by, published_early_by, weather_sites
from airwatch_dagster_tests.builders import monitors

DAY = pd.Timestamp("2021-07-04")


def test_each_site_in_and_around_the_area_is_asked_for_once() -> None:
    listed = monitors(
        {"site_id": "550790026", "latitude": 43.06, "longitude": -87.91, "is_context": True},
        {},
        {"poc": 2},
    )

    assert weather_sites(listed, DAY).to_dict("records") == [
        {"site_id": "170319001", "latitude": 41.9, "longitude": -87.6},
        {"site_id": "550790026", "latitude": 43.06, "longitude": -87.91},
    ]


@pytest.mark.parametrize(
    ("change", "is_asked"),
    [
        ({"open_date": DAY}, True),
        ({"open_date": DAY + pd.Timedelta(days=1)}, False),
        ({"open_date": pd.NaT}, True),
        ({"last_sample_date": DAY - pd.Timedelta(days=730)}, True),
        ({"last_sample_date": DAY - pd.Timedelta(days=731)}, False),
        ({"parameter_code": "88502", "method_code": "810"}, False),
    ],
)
def test_sites_that_are_not_open_or_have_only_filters_are_left_out(change: dict[str, object], is_asked: bool) -> None:
    assert (len(weather_sites(monitors(change), DAY)) == 1) is is_asked


def test_weather_must_be_published_by_the_time_of_issue_or_by_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRWATCH_ISSUE_TIME", "")
    monkeypatch.setattr(sites, "utc_now", lambda: pd.Timestamp("2021-07-05 12:00"))

    assert published_by(DAY - pd.Timedelta(days=1)) == pd.Timestamp("2021-07-04 18:30")
    assert published_by(DAY) == pd.Timestamp("2021-07-05 12:00")
    monkeypatch.setenv("AIRWATCH_ISSUE_TIME", "00:00")
    assert published_by(DAY) == pd.Timestamp("2021-07-05 00:00")


@pytest.mark.parametrize(
    ("now", "issue_time", "until"),
    [
        ("2021-07-05 11:50", "18:30", "2021-07-05 11:50"),
        ("2021-07-05 14:00", "18:30", "2021-07-05 12:00"),
        ("2026-11-30 00:00", "18:30", "2021-07-05 12:00"),
        ("2021-07-05 14:00", "00:00", "2021-07-05 00:00"),
    ],
)
def test_for_the_early_issue_weather_must_be_published_by_noon(
    now: str, issue_time: str, until: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRWATCH_ISSUE_TIME", issue_time)
    monkeypatch.setattr(sites, "utc_now", lambda: pd.Timestamp(now))

    assert published_early_by(DAY) == pd.Timestamp(until)
