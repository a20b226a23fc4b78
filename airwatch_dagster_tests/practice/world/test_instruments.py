"""Readings of practice monitors: schedules, gaps, bias, restated pairs."""

from datetime import date

import numpy as np
import pytest

from airwatch_dagster.practice.world.air import air_of_year
from airwatch_dagster.practice.world.instruments import instrument_year, is_on_schedule
from airwatch_dagster.practice.world.network import MONITORS, SITES


def number_of(name: str, poc: int) -> int:
    return next(i for i, (site, monitor) in enumerate(MONITORS) if site.name == name and monitor.poc == poc)


def ratio_to_air(name: str, poc: int, first: date, last: date) -> float:
    """Median reading over truth of one monitor between two days of one year."""
    number, year = number_of(name, poc), instrument_year(first.year, seed=1)
    rows = (year.days >= first.toordinal()) & (year.days <= last.toordinal())
    site = [site.name for site in SITES].index(name)
    return float(np.nanmedian(year.mean_ugm3[rows, number] / air_of_year(first.year, seed=1)[rows, site]))


def test_samplers_follow_the_national_calendar() -> None:
    days = np.arange(date(2012, 1, 1).toordinal(), date(2012, 1, 14).toordinal())
    sampled = [date.fromordinal(int(day)).day for day in days[is_on_schedule("1-in-3", days)]]
    assert sampled == [1, 4, 7, 10, 13]
    assert [date.fromordinal(int(day)).day for day in days[is_on_schedule("1-in-6", days)]] == [4, 10]


def test_filters_have_readings_only_on_their_days() -> None:
    year = instrument_year(2022, seed=1)
    taken = np.flatnonzero(year.hours[:, number_of("Practice Lakefront", 1)])
    assert set(np.diff(taken) % 3) == {0}
    assert 103 < len(taken) <= 122


def test_a_one_in_six_filter_samples_together_with_the_one_in_three_ones() -> None:
    year = instrument_year(2022, seed=1)
    sixth = year.hours[:, number_of("Practice Limestone", 1)] > 0
    third = is_on_schedule("1-in-3", year.days)
    assert 45 < sixth.sum() <= 61
    assert not (sixth & ~third).any()


def test_hourly_monitors_miss_a_few_days_and_some_hours() -> None:
    hours = instrument_year(2022, seed=1).hours[:, [i for i, (_, m) in enumerate(MONITORS) if m.schedule == "hourly"]]
    running = hours[:, (hours > 0).mean(axis=0) > 0.5]
    assert 0.01 < (running == 0).mean() < 0.12
    assert 0.005 < ((running > 0) & (running < 18)).mean() < 0.03
    assert (running == 24).mean() > 0.75


def test_readings_exist_exactly_where_observations_do() -> None:
    year = instrument_year(2022, seed=1)
    assert (np.isnan(year.mean_ugm3) == (year.hours == 0)).all()


def test_a_long_outage_leaves_no_readings() -> None:
    year = instrument_year(2025, seed=1)
    rows = (year.days >= date(2025, 9, 15).toordinal()) & (year.days <= date(2025, 11, 20).toordinal())
    assert year.hours[rows, number_of("Practice Dunes", 3)].sum() == 0
    assert year.hours[~rows, number_of("Practice Dunes", 3)].astype(bool).mean() > 0.85


def test_sites_open_and_close() -> None:
    assert instrument_year(2020, seed=1).hours[:, number_of("Practice Harbor", 3)].sum() == 0
    assert instrument_year(2021, seed=1).hours[:, number_of("Practice Harbor", 3)].sum() > 7000
    assert instrument_year(2022, seed=1).hours[:, number_of("Practice Foundry", 3)].sum() > 7000
    assert instrument_year(2023, seed=1).hours[:, number_of("Practice Foundry", 3)].sum() == 0


def test_there_are_no_readings_before_the_first_day() -> None:
    assert instrument_year(2014, seed=1).hours.sum() == 0


def test_the_new_instrument_reads_higher_from_its_first_day_on() -> None:
    number = number_of("Practice Lakefront", 3)
    year = instrument_year(2021, seed=1)
    assert year.method_codes[180, number] == "170"
    assert year.method_codes[181, number] == "236"
    assert date.fromordinal(int(year.days[181])) == date(2021, 7, 1)
    before = ratio_to_air("Practice Lakefront", 3, date(2021, 1, 1), date(2021, 6, 30))
    after = ratio_to_air("Practice Lakefront", 3, date(2021, 7, 1), date(2021, 12, 31))
    assert before == pytest.approx(1.03, abs=0.03)
    assert after == pytest.approx(1.20, abs=0.03)


def test_a_restated_pair_is_one_instrument_twice() -> None:
    year = instrument_year(2024, seed=1)
    original, corrected = number_of("Practice Lakefront", 3), number_of("Practice Lakefront", 23)
    assert set(year.method_codes[:, original]) == {"236"}
    assert set(year.method_codes[:, corrected]) == {"736"}
    assert (year.hours[:, original] == year.hours[:, corrected]).all()
    both = year.hours[:, original] > 0
    assert year.mean_ugm3[both, corrected] == pytest.approx(0.83 * year.mean_ugm3[both, original])
    assert instrument_year(2022, seed=1).hours[:, corrected].sum() == 0


def test_readings_of_clean_air_are_sometimes_negative() -> None:
    readings = np.concatenate([instrument_year(y, seed=1).mean_ugm3.ravel() for y in range(2018, 2024)])
    readings = readings[~np.isnan(readings)]
    assert 0.0005 < (readings < 0).mean() < 0.01
    assert readings.min() >= -7.0
