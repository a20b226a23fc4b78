"""A backfill asks for fortnights, and knows before what that costs."""

from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.acquire.weather.open_meteo.request_plan import (
    HourlyRequest,
    cost_of,
    hours_needed,
    places_of_sites,
    spans_of,
)

DAY = date(2024, 7, 4)


def request(places: int = 1, variables: int = 6, days: int = 6, run: str | None = None) -> HourlyRequest:
    last = (pd.Timestamp(DAY) + pd.Timedelta(days=days - 1)).date()
    names = tuple(f"temperature_2m_previous_day{n}" for n in range(variables))
    return HourlyRequest(
        "gfs_global", ((40.71281, -74.0),) * places, names, DAY, last, pd.Timestamp(run) if run else None
    )


def utc_days(day: date) -> tuple[date, date]:
    needed = hours_needed(day)
    return needed[0].date(), needed[-1].date()


def test_a_request_names_everything_that_is_not_the_default() -> None:
    assert request(places=2, variables=1).params == {
        "latitude": "40.7128,40.7128",
        "longitude": "-74.0000,-74.0000",
        "hourly": "temperature_2m_previous_day0",
        "models": "gfs_global",
        "wind_speed_unit": "ms",
        "timezone": "GMT",
        "start_date": "2024-07-04",
        "end_date": "2024-07-09",
    }
    params = request(run="2026-07-04 18:00").params
    assert (params["run"], params["forecast_days"]) == ("2026-07-04T18:00", "6")
    assert "start_date" not in params


def test_calls_are_counted_as_the_price_list_counts_them() -> None:
    assert request(variables=6, days=6).calls == 1.0
    assert request(variables=10, days=14).calls == 1.0
    assert request(variables=15, days=14).calls == pytest.approx(1.5)
    assert request(variables=15, days=28).calls == pytest.approx(3.0)
    assert request(places=50, variables=24, days=14).calls == pytest.approx(120.0)


def test_a_cost_says_how_long_the_limits_make_it_take() -> None:
    small = cost_of(request(places=60, variables=24).alone(), cached=3)
    assert (small.requests, small.calls, small.seconds, small.cached_places) == (2, pytest.approx(144.0), 0.0, 3)
    year_of_a_thousand_sites = cost_of(request(variables=24, days=14).alone() * 1_000 * 27)
    assert year_of_a_thousand_sites.calls == pytest.approx(64_800.0)
    assert year_of_a_thousand_sites.seconds / 86_400 == pytest.approx(5.48)


def test_the_hours_of_every_zone_of_the_us_are_asked_for() -> None:
    needed = hours_needed(DAY)
    assert (needed[0], needed[-1]) == (pd.Timestamp("2024-07-03 09:00"), pd.Timestamp("2024-07-08 11:00"))
    assert len(needed) == 123


def test_fortnights_that_are_over_are_asked_whole_and_the_same_for_all_their_days() -> None:
    spans = [
        spans_of(*utc_days(day.date()), today=date(2024, 12, 1)) for day in pd.date_range("2024-07-01", periods=60)
    ]
    every = {span for some in spans for span in some}
    assert all((last - first).days == 13 for first, last in every)
    assert len(every) == 6
    for some, day in zip(spans, pd.date_range("2024-07-01", periods=60), strict=True):
        first, last = utc_days(day.date())
        assert some[0][0] <= first
        assert some[-1][1] >= last
        assert all((b[0] - a[1]).days == 1 for a, b in pairwise(some))


def test_of_the_days_that_are_not_over_only_those_needed_are_asked() -> None:
    first, last = utc_days(DAY)
    assert spans_of(first, last, today=DAY) == [(first, last)]
    assert spans_of(first, last, today=date(2024, 7, 8)) == [(first, last)]
    fortnight = (date(2024, 6, 20), date(2024, 7, 3))
    assert spans_of(first, last, today=date(2024, 7, 9)) == [fortnight, (DAY, last)]
    assert spans_of(first, last, today=date(2024, 7, 17)) == [fortnight, (DAY, last)]
    assert spans_of(first, last, today=date(2024, 7, 18)) == [fortnight, (DAY, date(2024, 7, 17))]


def test_places_are_asked_fifty_at_a_time_in_their_order() -> None:
    sites = pd.DataFrame({"latitude": np.arange(120) / 10, "longitude": -100.0})
    whole = request().of(places_of_sites(sites))
    assert [len(part.places) for part in whole.parts()] == [50, 50, 20]
    assert whole.parts()[1].places[0] == (5.0, -100.0)
    assert [place for part in whole.parts() for place in part.places] == list(whole.places)
    assert request().of(()).parts() == []


def test_halves_make_the_whole() -> None:
    whole = request(places=5)
    first, second = whole.halves()
    assert first.places + second.places == whole.places
    assert (first.hourly, first.first, first.run) == (whole.hourly, whole.first, whole.run)
