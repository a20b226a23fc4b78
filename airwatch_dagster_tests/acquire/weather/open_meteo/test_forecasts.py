"""Sites have Open-Meteo's forecasts as they were known at a time, and nothing that was published later."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.acquire.weather.open_meteo.addresses import Interface
from airwatch_dagster.acquire.weather.open_meteo.call_budget import CallBudget
from airwatch_dagster.acquire.weather.open_meteo.client import OpenMeteoClient
from airwatch_dagster.acquire.weather.open_meteo.forecasts import PreviousRunsWeather, SingleRunsWeather
from airwatch_dagster.acquire.weather.open_meteo.models import MODELS
from airwatch_dagster.acquire.weather.source import WeatherSource
from airwatch_dagster.enrich.weather import checked_weather
from airwatch_dagster_tests.acquire.weather.open_meteo_samples import Clock, OpenMeteo, calm, error
from airwatch_dagster_tests.stub_servers import answering

SITES = pd.DataFrame(
    [
        {"site_id": "360010005", "latitude": 42.64, "longitude": -73.75},
        {"site_id": "360610135", "latitude": 40.82, "longitude": -73.95},
    ]
)
DAY = date(2024, 7, 4)
MIDNIGHT = pd.Timestamp("2024-07-05 00:00")


@contextmanager
def client(
    stub: OpenMeteo, folder: Path, interface: Interface = "previous-runs", now: str = "2024-12-01"
) -> Iterator[OpenMeteoClient]:
    clock = Clock.at(now)
    with (
        answering(stub) as url,
        OpenMeteoClient(
            interface,
            f"{url}/v1/forecast",
            cache_dir=folder / "answers",
            budget=CallBudget(folder / "budget", clock=clock, sleep=clock.sleep),
            clock=clock,
            sleep=clock.sleep,
        ) as opened,
    ):
        yield opened


def leads(variable: str, lead: int, at: pd.Timestamp, place: int) -> float | None:
    """Temperatures that tell how many days before they were forecast."""
    return float(lead) if variable == "temperature_2m" else calm(variable, lead, at, place)


def test_sites_have_four_days_in_the_contract(tmp_path: Path) -> None:
    with client(OpenMeteo(), tmp_path) as opened:
        source: WeatherSource = PreviousRunsWeather(opened)
        found = source.forecasts(DAY, SITES, published_by=MIDNIGHT)

    rows = checked_weather(found.rows)
    assert rows[["site_id", "horizon_days"]].to_numpy().tolist() == [
        [site, horizon] for site in SITES["site_id"] for horizon in range(4)
    ]
    assert rows["weather_model"].unique().tolist() == ["open-meteo gfs_global"]
    assert rows["is_issued_at_assumed"].all()
    assert rows["station_distance_km"].isna().all()
    assert rows["temperature_c"].tolist() == [20.0] * 8
    assert rows["precipitation_mm"].tolist() == pytest.approx([12.0] * 8)
    assert rows["wind_east_ms"].tolist() == pytest.approx([5.0] * 8)
    assert rows["boundary_layer_height_m"].isna().all()
    assert (rows["issued_at"] <= MIDNIGHT).all()
    assert found.rejected.empty
    assert found.notes == (
        "Weather data by Open-Meteo.com (https://open-meteo.com/), CC BY 4.0",
        "requests made: 2; what had been answered before was not asked again",
    )


def test_each_hour_is_as_the_newest_run_in_time_forecast_it(tmp_path: Path) -> None:
    with client(OpenMeteo(leads), tmp_path) as opened:
        rows = PreviousRunsWeather(opened).forecasts(DAY, SITES, published_by=MIDNIGHT).rows
    one = rows[rows["site_id"] == "360010005"].set_index("horizon_days")
    # Of 24 hours from 05:00 UTC on, 8 are up to 12:00 UTC and as of one day fewer than the other 16.
    assert one["temperature_c"].tolist() == pytest.approx(
        [1.0, (8 * 1 + 16 * 2) / 24, (8 * 2 + 16 * 3) / 24, (8 * 3 + 16 * 4) / 24]
    )
    assert one["temperature_min_c"].tolist() == [1.0, 1.0, 2.0, 3.0]
    assert one["issued_at"].tolist() == [pd.Timestamp("2024-07-04 17:00")] + [MIDNIGHT] * 3


def test_what_was_published_later_changes_nothing(tmp_path: Path) -> None:
    for name, by in (("midnight", MIDNIGHT), ("evening", pd.Timestamp("2024-07-05 18:30"))):
        # Runs from the time on, less interval and delay, forecast another world.
        def torn(variable: str, lead: int, at: pd.Timestamp, place: int, by: pd.Timestamp = by) -> float | None:
            is_later = at - pd.Timedelta(days=lead) + MODELS["gfs_global"].lag > by
            return -50.0 if variable == "temperature_2m" and is_later else calm(variable, lead, at, place)

        with client(OpenMeteo(torn), tmp_path / name) as opened:
            rows = PreviousRunsWeather(opened).forecasts(DAY, SITES, published_by=by).rows
        assert rows["temperature_c"].tolist() == [20.0] * 8
        assert rows["temperature_min_c"].tolist() == [20.0] * 8
        assert (rows["issued_at"] <= by).all()


def test_a_later_time_knows_a_newer_run(tmp_path: Path) -> None:
    with client(OpenMeteo(leads), tmp_path) as opened:
        source = PreviousRunsWeather(opened)
        early, late = (
            source.forecasts(DAY, SITES, published_by=by).rows["temperature_c"].to_numpy()
            for by in (MIDNIGHT, MIDNIGHT + pd.Timedelta(hours=18))
        )
    assert (late <= early).all()
    assert (late < early).sum() == 6


def test_values_of_the_current_run_are_never_asked_for(tmp_path: Path) -> None:
    stub = OpenMeteo()
    with client(stub, tmp_path) as opened:
        PreviousRunsWeather(opened).forecasts(DAY, SITES, published_by=pd.Timestamp("2024-07-20"))
    names = stub.asked[0]["hourly"].split(",")
    assert names == [f"{name}_previous_day1" for name in MODELS["gfs_global"].kept]


def test_a_backfill_asks_each_fortnight_once_even_if_it_is_resumed(tmp_path: Path) -> None:
    stub = OpenMeteo()
    days = [date.fromisoformat(day) for day in ["2024-07-01", "2024-07-02", "2024-07-15", "2024-07-16"]]
    by = {day: pd.Timestamp(day) + pd.Timedelta(days=1) for day in days}
    with client(stub, tmp_path) as opened:
        source = PreviousRunsWeather(opened)
        before = source.cost(days, SITES, published_by=by.__getitem__)
        first = [source.forecasts(day, SITES, published_by=by[day]) for day in days]
    assert (before.requests, before.cached_places) == (3, 0)
    assert before.calls == pytest.approx(3 * 2 * 2.4)
    assert len(stub.asked) == 3

    with client(stub, tmp_path, now="2025-01-01") as opened:
        source = PreviousRunsWeather(opened)
        after = source.cost(days, SITES, published_by=by.__getitem__)
        again = [source.forecasts(day, SITES, published_by=by[day]) for day in days]
    assert (after.requests, after.calls, after.cached_places) == (0, 0, 6)
    assert len(stub.asked) == 3
    for one, other in zip(first, again, strict=True):
        pd.testing.assert_frame_equal(one.rows, other.rows)
    assert again[0].notes[1] == "requests made: 0; what had been answered before was not asked again"


def test_other_sites_of_another_day_cost_only_what_is_new(tmp_path: Path) -> None:
    stub = OpenMeteo()
    with client(stub, tmp_path) as opened:
        source = PreviousRunsWeather(opened)
        source.forecasts(DAY, SITES[1:], published_by=MIDNIGHT)
        cost = source.cost([DAY], SITES, published_by=lambda _: MIDNIGHT)
        rows = source.forecasts(DAY, SITES, published_by=MIDNIGHT).rows
    assert (cost.requests, cost.calls, cost.cached_places) == (2, pytest.approx(4.8), 2)
    assert [asked["latitude"] for asked in stub.asked] == ["40.8200", "40.8200", "42.6400", "42.6400"]
    assert rows["site_id"].unique().tolist() == SITES["site_id"].tolist()


def test_a_day_that_is_forecast_now_is_asked_for_again_later(tmp_path: Path) -> None:
    stub = OpenMeteo()
    with client(stub, tmp_path, now="2024-07-05 00:00:01") as opened:
        source = PreviousRunsWeather(opened)
        source.forecasts(DAY, SITES, published_by=MIDNIGHT)
        source.forecasts(DAY, SITES, published_by=MIDNIGHT)
    assert [(one["start_date"], one["end_date"]) for one in stub.asked] == [("2024-07-03", "2024-07-08")]
    with client(stub, tmp_path, now="2024-07-05 18:30") as opened:
        PreviousRunsWeather(opened).forecasts(DAY, SITES, published_by=pd.Timestamp("2024-07-05 18:30"))
    assert len(stub.asked) == 2


def test_a_site_without_values_is_counted(tmp_path: Path) -> None:
    stub = OpenMeteo(lambda *asked: None if asked[3] == 1 else calm(*asked))
    with client(stub, tmp_path) as opened:
        found = PreviousRunsWeather(opened).forecasts(DAY, SITES, published_by=MIDNIGHT)
    assert found.rows["site_id"].unique().tolist() == ["360010005"]
    assert found.notes[-1] == "1 of 2 sites have no value of gfs_global"


def test_before_the_archive_begins_there_are_no_rows_and_a_note(tmp_path: Path) -> None:
    with client(OpenMeteo(lambda *asked: None), tmp_path) as opened:
        found = PreviousRunsWeather(opened).forecasts(DAY, SITES, published_by=MIDNIGHT)
    assert (len(found.rows), found.notes[-1]) == (0, "2 of 2 sites have no value of gfs_global")


def test_without_sites_nothing_is_asked(tmp_path: Path) -> None:
    stub = OpenMeteo()
    with client(stub, tmp_path) as opened:
        assert PreviousRunsWeather(opened).forecasts(DAY, SITES[:0], published_by=MIDNIGHT).rows.empty
    assert not stub.asked


def test_what_is_kept_of_a_model_is_what_is_asked(tmp_path: Path) -> None:
    with client(OpenMeteo(), tmp_path) as opened:
        nbm = PreviousRunsWeather(opened, MODELS["ncep_nbm_conus"])
        rows = nbm.forecasts(DAY, SITES, published_by=MIDNIGHT).rows
    assert rows["weather_model"].unique().tolist() == ["open-meteo ncep_nbm_conus"]
    assert rows["precipitation_probability_pct"].tolist() == [30.0] * 8


RUNS_DAY = date(2026, 7, 4)
RUNS_MIDNIGHT = pd.Timestamp("2026-07-05 00:00")


def test_single_runs_forecast_each_day_by_a_run_that_was_published(tmp_path: Path) -> None:
    stub = OpenMeteo()
    with client(stub, tmp_path, "single-runs", now="2026-08-01") as opened:
        source: WeatherSource = SingleRunsWeather(opened)
        found = source.forecasts(RUNS_DAY, SITES, published_by=RUNS_MIDNIGHT)

    rows = checked_weather(found.rows)
    one = rows[rows["site_id"] == "360010005"].set_index("horizon_days")
    assert one["issued_at"].tolist() == [pd.Timestamp("2026-07-04 06:00")] + [RUNS_MIDNIGHT] * 3
    assert rows["is_issued_at_assumed"].all()
    assert [asked["run"] for asked in stub.asked] == ["2026-07-04T00:00", "2026-07-04T18:00"]
    assert rows["boundary_layer_height_m"].tolist() == [800.0] * 8
    assert rows["ventilation_m2s"].isna().all()
    assert rows["temperature_max_c"].tolist() == [20.0] * 8


def test_a_run_a_nanosecond_too_late_is_not_used(tmp_path: Path) -> None:
    stub = OpenMeteo()
    with client(stub, tmp_path, "single-runs", now="2026-08-01") as opened:
        by = RUNS_MIDNIGHT - pd.Timedelta(1, "ns")
        rows = SingleRunsWeather(opened).forecasts(RUNS_DAY, SITES, published_by=by).rows
    assert [asked["run"] for asked in stub.asked] == ["2026-07-04T00:00", "2026-07-04T12:00"]
    assert rows["issued_at"].max() == pd.Timestamp("2026-07-04 18:00")


def test_a_run_that_is_missing_is_passed_over_with_a_note(tmp_path: Path) -> None:
    stub = OpenMeteo()
    stub.instead = lambda asked: (
        (400, error("The requested model run is not available"), {}) if asked["run"] == "2026-07-04T18:00" else None
    )
    with client(stub, tmp_path, "single-runs", now="2026-08-01") as opened:
        found = SingleRunsWeather(opened).forecasts(RUNS_DAY, SITES, published_by=RUNS_MIDNIGHT)
    assert found.rows["issued_at"].max() == pd.Timestamp("2026-07-04 18:00")
    assert "no run of 2026-07-04 18 UTC (The requested model run is not available)" in found.notes
    assert [asked["run"][-5:] for asked in stub.asked] == ["00:00", "18:00", "12:00"]


def test_without_any_run_there_are_no_rows_and_the_reason(tmp_path: Path) -> None:
    stub = OpenMeteo(instead=lambda asked: (400, error("The requested model run is not available"), {}))
    with client(stub, tmp_path, "single-runs") as opened:
        found = SingleRunsWeather(opened).forecasts(DAY, SITES, published_by=MIDNIGHT)
    assert found.rows.empty
    assert "no forecast 0 days ahead: no run that began by 2024-07-04 00 UTC" in found.notes


def test_single_runs_are_asked_once_and_their_cost_is_known(tmp_path: Path) -> None:
    stub = OpenMeteo()
    days = [date(2026, 7, 4), date(2026, 7, 5)]
    with client(stub, tmp_path, "single-runs", now="2026-08-01") as opened:
        source = SingleRunsWeather(opened)
        cost = source.cost(days, SITES, published_by=lambda day: pd.Timestamp(day) + pd.Timedelta(days=1))
        assert (cost.requests, cost.calls) == (4, 8.0)
        for _ in range(2):
            for day in days:
                source.forecasts(day, SITES, published_by=pd.Timestamp(day) + pd.Timedelta(days=1))
    assert len(stub.asked) == 4


def test_each_zone_has_runs_that_know_its_night(tmp_path: Path) -> None:
    zones = pd.DataFrame(
        [
            {"site_id": "720210010", "latitude": 18.42, "longitude": -66.12},  # Puerto Rico, 4 hours behind UTC
            {"site_id": "360010005", "latitude": 42.64, "longitude": -73.75},
            {"site_id": "660100001", "latitude": 13.47, "longitude": 144.79},  # Guam, 10 ahead
        ]
    )
    stub = OpenMeteo()
    with client(stub, tmp_path, "single-runs", now="2026-08-01") as opened:
        source = SingleRunsWeather(opened)
        cost = source.cost([RUNS_DAY], zones, published_by=lambda _: RUNS_MIDNIGHT)
        rows = source.forecasts(RUNS_DAY, zones, published_by=RUNS_MIDNIGHT).rows
    assert rows["temperature_min_c"].tolist() == [20.0] * 12
    assert rows["temperature_max_c"].tolist() == [20.0] * 12
    today = rows[rows["horizon_days"] == 0].set_index("site_id")["issued_at"]
    assert today["720210010"] == pd.Timestamp("2026-07-04 00:00")
    assert today["360010005"] == pd.Timestamp("2026-07-04 06:00")
    assert today["660100001"] == pd.Timestamp("2026-07-03 12:00")
    assert (cost.calls, cost.requests <= len(stub.asked)) == (7.0, True)
    assert sum(asked["latitude"].count(",") + 1 for asked in stub.asked) == 7


def test_many_sites_are_asked_in_parts(tmp_path: Path) -> None:
    many = pd.DataFrame(
        {
            "site_id": [f"3600{n:05}" for n in range(60)],
            "latitude": np.linspace(41, 44, 60),
            "longitude": np.full(60, -75.0),
        }
    )
    stub = OpenMeteo(lambda v, lead, at, place: float(place) / 10 if v == "temperature_2m" else None)
    with client(stub, tmp_path, "single-runs", now="2026-08-01") as opened:
        found = SingleRunsWeather(opened).forecasts(RUNS_DAY, many, published_by=RUNS_MIDNIGHT)
    tomorrow = found.rows[found.rows["horizon_days"] == 1]
    assert tomorrow["site_id"].tolist() == many["site_id"].tolist()
    assert tomorrow["temperature_c"].to_numpy() == pytest.approx([n % 50 / 10 for n in range(60)], abs=1e-6)
