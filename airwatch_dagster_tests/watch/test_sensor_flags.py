"""Sensor flags: what each test finds, what it leaves alone, smoke, missing data, and the same bits in any range."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.watch import SENSOR_TESTS
from airwatch_dagster.watch.sensors.flags import sensor_flags
from airwatch_dagster.watch.sensors.published import RAW_COLUMNS
from airwatch_dagster.watch.sensors.window import days_needed
from airwatch_dagster_tests.builders import raw_readings

DAY = pd.Timestamp("2021-07-04")
PAST = pd.date_range(DAY - pd.Timedelta(days=70), DAY)
ALL_DAYS = pd.date_range("2018-05-01", DAY)
SITES = [f"17031900{number}" for number in range(1, 8)]
OWN, NEIGHBOURS = SITES[0], SITES[1:]
NO_READINGS = TABLES["raw_readings"].empty()[list(RAW_COLUMNS)]


def air(days: pd.DatetimeIndex = ALL_DAYS, sites: Sequence[str] = SITES, *, seed: int = 3) -> pd.DataFrame:
    """PM2.5 of days × sites: one air that comes and goes, and each site's own small noise."""
    draw = np.random.default_rng(seed)
    shared = 2.2 + 0.5 * np.sin(np.arange(len(days)) / 4) + draw.normal(0, 0.15, len(days))
    values = np.exp(shared[:, None] + draw.normal(0, 0.1, (len(days), len(sites)))) - 1
    return pd.DataFrame(values.round(1), index=days, columns=list(sites))


def as_site_days(values: pd.DataFrame, *, invalid: Mapping[str, pd.Timestamp] | None = None) -> pd.DataFrame:
    """Rows of site_days, those columns that the tests read; a null is no row. Sites stand 10 km apart."""
    rows = values.rename_axis("date_local").reset_index().melt("date_local", var_name="site_id", value_name="pm25_ugm3")
    rows = rows.dropna(subset="pm25_ugm3").assign(is_valid=True, longitude=-87.6)
    rows["latitude"] = 41.0 + 0.09 * rows["site_id"].str[-1].astype(int)
    for site, day in (invalid or {}).items():
        rows.loc[(rows["site_id"] == site) & (rows["date_local"] == day), "is_valid"] = False
    return rows.sort_values(["date_local", "site_id"], ignore_index=True)


def flags(values: pd.DataFrame, *, raw: pd.DataFrame = NO_READINGS, **options: Any) -> pd.DataFrame:
    """Flags of DAY by test: rows of OWN."""
    found = sensor_flags(as_site_days(values, **options), days=pd.DatetimeIndex([DAY]), raw_readings=raw)
    return TABLES["sensor_flags"].schema.validate(found).query("site_id == @OWN").set_index("test")


def set_last(values: pd.DataFrame, *last: float, sites: Sequence[str] = (OWN,)) -> pd.DataFrame:
    changed = values.copy()
    changed.loc[changed.index[-len(last) :], list(sites)] = np.array(last)[:, None]
    return changed


def smoke(values: pd.DataFrame, factor: float, *, days: int = 3, sites: Sequence[str] = tuple(SITES)) -> pd.DataFrame:
    changed = values.copy()
    changed.loc[changed.index[-days:], list(sites)] *= factor
    return changed


def test_ordinary_air_passes_every_test() -> None:
    found = flags(air())

    assert list(found.index) == list(SENSOR_TESTS)
    assert set(found["flag"]) == {1}
    assert not found["is_shared"].any()


@pytest.mark.parametrize(("value", "flag"), [(-3.1, 3), (-10.1, 4), (-2.9, 1), (500.5, 3), (1000.1, 4)])
def test_gross_range_is_what_monitors_can_measure(value: float, flag: int) -> None:
    found = flags(set_last(air(), value)).loc["gross_range"]

    assert found["flag"] == flag
    assert (f"{value:.1f} µg/m³" in found["reason"]) == (flag > 1)


def test_a_thousand_that_a_neighbour_shares_is_smoke() -> None:
    found = flags(set_last(air(), 1100.0, sites=SITES[:2]))

    assert found.loc["gross_range", ["flag", "is_shared"]].tolist() == [1, True]
    assert "in the air" in found.loc["gross_range", "reason"]
    assert set(found.loc[["spike", "rate_of_change", "climatology"], "flag"]) == {1}


@pytest.mark.parametrize(("same", "flag"), [(2, 1), (3, 3), (4, 3), (5, 4), (6, 4)])
def test_equal_readings_in_a_row_are_a_flat_line(same: int, flag: int) -> None:
    found = flags(set_last(air(), *[6.3] * same)).loc["flat_line"]

    assert found["flag"] == flag
    assert found["statistic"] == min(same, 5)
    assert flag == 1 or "readings are all 6.3 µg/m³" in found["reason"]


def test_equal_readings_count_over_days_without_a_reading_but_not_over_weeks() -> None:
    values = set_last(air(), 6.3, 6.3, np.nan, np.nan, 6.3)
    assert flags(values).loc["flat_line", "flag"] == 3

    values = set_last(air(), 6.3, 6.3, *[np.nan] * 8, 6.3)
    assert flags(values).loc["flat_line", "flag"] == 1


def test_one_countys_feed_that_repeats_the_day_before_fails_at_once() -> None:
    """Where one of its four sites does not, the others may do by chance."""
    around = [*(f"17097000{number}" for number in range(1, 4)), *(f"18127000{number}" for number in range(4, 7))]
    values = air(sites=[*SITES[:4], *around])
    values.loc[DAY, SITES[:4]] = values.loc[DAY - pd.Timedelta(days=1), SITES[:4]]

    found = flags(values).loc["flat_line"]

    assert found["flag"] == 4
    assert found["reason"] == "4 of 4 sites of county 17031 have the reading of the day before: the feed repeats a day"
    values.loc[DAY, SITES[3]] += 1.0
    assert flags(values).loc["flat_line", "flag"] == 1


def test_a_feed_that_repeats_the_day_before_fails_at_once() -> None:
    values = air()
    values.iloc[-1] = values.iloc[-2]
    found = flags(values).loc["flat_line"]
    assert found["flag"] == 4
    assert found["reason"] == "7 of 7 sites have the reading of the day before: the feed repeats a day"

    values.loc[DAY, SITES[1:5]] += 1.0
    assert flags(values).loc["flat_line", "flag"] == 1


def test_hours_that_are_all_equal_fail_at_once() -> None:
    values = set_last(air(), 0.0)
    assert flags(values, raw=hours(mean=0.0, highest=0.0)).loc["flat_line", ["flag", "reason"]].tolist() == [
        4,
        "All hours of the day are 0.0 µg/m³",
    ]
    assert flags(values, raw=hours(mean=0.0, highest=0.0, count=17)).loc["flat_line", "flag"] == 1
    assert flags(values, raw=hours(mean=0.0, highest=0.3)).loc["flat_line", "flag"] == 1


def test_a_site_that_hardly_moves_while_its_neighbours_do_is_attenuated() -> None:
    values = air()
    assert flags(values).loc["attenuated_signal", "flag"] == 1
    days, middle = values.index[-14:], values[OWN].iloc[-14:].mean()

    for factor, flag in ((0.5, 1), (0.15, 3), (0.02, 4)):
        weak = values.copy()
        weak.loc[days, OWN] = middle + factor * (values.loc[days, OWN] - middle)
        assert flags(weak).loc["attenuated_signal", "flag"] == flag


def test_still_air_says_nothing_of_attenuation() -> None:
    values = air()
    values.iloc[-14:] = 9.0 + 0.1 * np.arange(14)[:, None]

    assert flags(values).loc["attenuated_signal", "flag"] == 2


@pytest.mark.parametrize(("increase", "flag"), [(20.0, 1), (30.0, 3), (240.0, 3), (270.0, 4)])
def test_a_rise_far_above_the_last_readings_is_a_spike(increase: float, flag: int) -> None:
    values = air()
    before = values[OWN].iloc[-4:-1].median()

    assert flags(set_last(values, before + increase)).loc["spike", "flag"] == flag


def test_a_spike_that_a_neighbour_shares_by_half_is_smoke() -> None:
    values = set_last(air(), values_at(air(), OWN) + 120.0)
    shared = set_last(values, values_at(air(), SITES[1]) + 70.0, sites=[SITES[1]])

    assert flags(shared).loc["spike", ["flag", "is_shared"]].tolist() == [1, True]


def values_at(values: pd.DataFrame, site: str) -> float:
    return float(values[site].iloc[-4:-1].median())


def test_one_hour_that_makes_up_the_day_is_a_spike_unless_a_neighbour_had_it() -> None:
    values = set_last(air(), 12.0)
    raw = hours(mean=12.0, highest=160.0)
    found = flags(values, raw=raw).loc["spike"]
    assert found["flag"] == 3
    assert found["reason"] == "One hour of 160 µg/m³ makes up 56% of the day"

    elsewhere = hours(mean=values.loc[DAY, SITES[1]], highest=90.0, site=SITES[1])
    assert flags(values, raw=pd.concat([raw, elsewhere])).loc["spike", "flag"] == 1
    assert flags(values, raw=hours(mean=12.0, highest=95.0)).loc["spike", "flag"] == 1


def test_a_step_beyond_the_habits_of_the_site_is_flagged_both_ways() -> None:
    values = air()
    assert flags(set_last(values, 20.0, 0.1)).loc["rate_of_change", "flag"] == 3
    up = flags(set_last(values, 0.1, 150.0)).loc["rate_of_change"]
    assert up["flag"] == 4
    assert up["reason"].startswith("+149.9 µg/m³ since the reading before")


def test_a_step_that_neighbours_make_is_weather() -> None:
    values = set_last(air(), 0.1, 150.0, sites=SITES)

    assert flags(values).loc["rate_of_change", ["flag", "is_shared"]].tolist() == [1, True]


@pytest.mark.parametrize(
    ("factor", "own_noise", "by_day", "readings"),
    [(3.0, 0.0, [3, 3, 4, 4, 4], "three"), (5.0, 0.2, [3, 3, 3, 3, 4], "five")],
)
def test_a_scaled_sensor_departs_from_its_neighbours_and_fails_on_the_third_day_or_a_noisy_one_on_the_fifth(
    factor: float, own_noise: float, by_day: list[int], readings: str
) -> None:
    values = air()
    values[OWN] *= np.exp(np.random.default_rng(1).normal(0, own_noise, len(values)))
    on_day = [
        flags(smoke(values, factor, days=days, sites=[OWN]).round(1)).loc["neighbour_residual"] for days in range(1, 6)
    ]

    assert [one["flag"] for one in on_day] == by_day
    first = on_day[by_day.index(4)]
    assert f"above what its neighbours say, on each of the last {readings} readings" in first["reason"]


def test_smoke_at_all_sites_or_at_one_neighbour_too_is_no_residual() -> None:
    everywhere = flags(smoke(air(), 6.0)).loc["neighbour_residual"]
    assert (everywhere["flag"], everywhere["is_shared"]) == (1, False)

    plume = flags(smoke(air(), 6.0, sites=SITES[:2])).loc["neighbour_residual"]
    assert (plume["flag"], plume["is_shared"]) == (1, True)


def test_milligrams_for_micrograms_are_found_on_the_first_day() -> None:
    found = flags(set_last(air(), 0.01))

    assert found.loc["neighbour_residual", "flag"] == 3
    assert "below what its neighbours say, on this day" in found.loc["neighbour_residual", "reason"]


def test_a_reading_that_its_season_never_had_is_flagged() -> None:
    found = flags(set_last(air(), 200.0)).loc["climatology"]
    assert found["flag"] == 3
    assert "above its season in earlier years" in found["reason"]

    assert flags(set_last(air(), 20.0)).loc["climatology", "flag"] == 1


def test_season_and_past_are_needed_to_judge_by_them() -> None:
    young = flags(air(PAST))
    assert young.loc["climatology", "flag"] == 2
    assert young.loc["climatology", "reason"] == (
        "Not judged: it needs 15 readings of the season in three earlier years"
    )
    assert young.loc["neighbour_residual", "flag"] == 1

    new = flags(air(ALL_DAYS[-6:]))
    assert new["flag"].to_dict() == {
        "gross_range": 1,
        "flat_line": 1,
        "attenuated_signal": 2,
        "spike": 1,
        "rate_of_change": 2,
        "neighbour_residual": 2,
        "climatology": 2,
    }


def test_two_neighbours_are_too_few_to_judge_and_alone_nothing_fails_for_a_increase() -> None:
    assert flags(air(sites=SITES[:3])).loc["neighbour_residual", "flag"] == 2

    alone = flags(set_last(air(sites=[OWN]), 400.0)).loc["spike"]
    assert alone["flag"] == 3
    assert alone["reason"].endswith("no neighbour within 250 km had a reading to tell, so it is suspect only")


def test_a_day_without_a_valid_reading_is_missing_with_its_reason() -> None:
    values = set_last(air(), np.nan, np.nan)
    found = flags(values)
    assert set(found["flag"]) == {9}
    assert found["statistic"].isna().all()
    assert set(found["reason"]) == {"No reading of the day; the newest valid one is 2 days older"}

    invalid = flags(air(), invalid={OWN: DAY})
    assert set(invalid["flag"]) == {9}
    assert invalid["reason"].iloc[0].startswith("The reading of the day is not valid")
    assert invalid["pm25_ugm3"].isna().all()


def test_a_site_that_was_silent_for_four_weeks_is_not_tested() -> None:
    assert len(flags(set_last(air(), *[np.nan] * 27))) == len(SENSOR_TESTS)
    assert flags(set_last(air(), *[np.nan] * 28)).empty


def test_nothing_stored_gives_no_flags() -> None:
    empty = TABLES["site_days"].empty()

    assert sensor_flags(empty, days=pd.DatetimeIndex([DAY]), raw_readings=NO_READINGS).empty
    assert sensor_flags(as_site_days(air()), days=pd.DatetimeIndex([]), raw_readings=NO_READINGS).empty


@pytest.mark.parametrize(("other", "flag"), [(85.0, 1), (12.0, 4)])
def test_a_second_monitor_at_the_site_clears_a_spike_or_confirms_the_fault(other: float, flag: int) -> None:
    values = set_last(air(), 90.0)
    assert flags(values).loc["spike", "flag"] == 3

    found = flags(values, raw=monitors((1, 90.0, "170"), (2, other, "145"))).loc["spike"]
    assert (found["flag"], found["is_shared"]) == (flag, flag == 1)
    assert found["reason"].endswith(f"; another monitor at the site has {other:.1f} µg/m³")


def test_the_other_row_of_a_restated_t640_is_told_but_clears_nothing() -> None:
    found = flags(set_last(air(), 90.0), raw=monitors((3, 95.0, "236"), (23, 90.0, "736"))).loc["spike"]

    assert found["flag"] == 3
    assert found["reason"].endswith("; the same T640's other row has 95.0 µg/m³ against 90.0")


def test_days_one_by_one_and_as_a_range_are_bit_identical() -> None:
    values = air(seed=5)
    values.loc[values.index[-40:-30], SITES[2]] = np.nan
    values[SITES[3]] = values[SITES[3]].where(np.arange(len(values)) % 3 == 0)
    values.loc[: values.index[-20], SITES[6]] = np.nan
    values.loc[values.index[-5:], OWN] *= 3
    site_days = as_site_days(values)
    moved = (site_days["site_id"] == SITES[4]) & (site_days["date_local"] > values.index[-8])
    site_days.loc[moved, "latitude"] += 1.3
    days = pd.date_range(DAY - pd.Timedelta(days=29), DAY)
    raw = hours(mean=values.loc[DAY, OWN], highest=values.loc[DAY, OWN])

    together = sensor_flags(site_days, days=days, raw_readings=raw)
    alone = [
        sensor_flags(
            site_days[site_days["date_local"].isin(days_needed(one))],
            days=one,
            raw_readings=raw if DAY in one else NO_READINGS,
        )
        for one in (pd.DatetimeIndex([day]) for day in days)
    ]

    pd.testing.assert_frame_equal(pd.concat(alone, ignore_index=True), together, check_exact=True)
    assert {1, 2, 3, 4, 9} == set(together["flag"])


def test_failures_come_first_and_then_what_is_suspect() -> None:
    values = set_last(set_last(air(), *[6.3] * 5, sites=[SITES[5]]), *[7.1] * 3, sites=[SITES[2]])

    found = sensor_flags(as_site_days(values), days=pd.DatetimeIndex([DAY]), raw_readings=NO_READINGS)

    assert found[["site_id", "test", "flag"]].head(3).to_numpy().tolist() == [
        [SITES[5], "flat_line", 4],
        [SITES[2], "flat_line", 3],
        [SITES[0], "gross_range", 1],
    ]


@pytest.mark.slow
def test_flags_stay_rare_in_the_air_of_a_year_and_find_gross_faults_within_three_days() -> None:
    values = air(seed=8)
    days = values.index[-365:]
    year = sensor_flags(as_site_days(values), days=days, raw_readings=NO_READINGS)
    assert (year["flag"] == 3).mean() * len(SENSOR_TESTS) < 0.003
    assert not (year["flag"] == 4).any()

    faults: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
        "stuck": np.full_like,
        "scaled": lambda last, before: 3 * last,
        "milligrams": lambda last, before: last / 1000,
        "spike": lambda last, before: last + np.array([60.0, 0.0, 0.0]),
    }
    for name, fault in faults.items():
        found = [is_found(values[:end], fault) for end in range(len(values) - 20, len(values))]
        assert np.mean(found) >= 0.95, name


def is_found(values: pd.DataFrame, fault: Callable[[np.ndarray, float], np.ndarray]) -> bool:
    """Whether a fault of the last three days at OWN is suspect or fails on one of them."""
    days = values.index[-3:]
    faulty = set_last(values, *fault(values.loc[days, OWN].to_numpy(), values[OWN].iloc[-4]).round(1))
    made = sensor_flags(as_site_days(faulty), days=days, raw_readings=NO_READINGS)
    return bool(made.query("site_id == @OWN")["flag"].isin((3, 4)).any())


def test_flags_know_nothing_of_later_days() -> None:
    values = air()
    later = values.copy()
    later.loc[DAY] = 4000.0
    day = pd.DatetimeIndex([DAY - pd.Timedelta(days=1)])

    made = [sensor_flags(as_site_days(one), days=day, raw_readings=NO_READINGS) for one in (values, later)]
    pd.testing.assert_frame_equal(*made, check_exact=True)


def hours(*, mean: float, highest: float, count: int = 24, site: str = OWN) -> pd.DataFrame:
    """Published rows of a continuous monitor's day, and of its hours."""
    of_site = {
        "site_number": site[5:],
        "sample_duration": "24-HR BLK AVG",
        "arithmetic_mean": mean,
        "method_code": "170",
    }
    of_hours = {"sample_duration": "1 HOUR", "pollutant_standard": None, "observation_count": count, "aqi": None}
    return raw_readings(of_site, {**of_site, **of_hours, "first_max_value": highest})[list(RAW_COLUMNS)]


def monitors(*readings: tuple[int, float, str]) -> pd.DataFrame:
    """Published days of monitors of OWN: POC, mean and method."""
    rows = [
        {"site_number": OWN[5:], "poc": poc, "arithmetic_mean": mean, "method_code": method}
        for poc, mean, method in readings
    ]
    return raw_readings(*rows)[list(RAW_COLUMNS)]


@pytest.mark.parametrize(("factor", "unit"), [(0.001, "mg/m³ or zero"), (90.0, "ng/m³")])
def test_a_feed_in_another_unit_fails_on_its_first_day_although_all_neighbours_share_it(
    factor: float, unit: str
) -> None:
    found = flags(smoke(air(), factor, days=1).round(1)).loc["gross_range"]

    assert (found["flag"], found["is_shared"]) == (4, False)
    assert found["reason"].startswith("7 of 7 sites have ")
    assert found["reason"].endswith(f"the feed is in {unit}")

    most = smoke(air(), factor, days=1, sites=SITES[:6]).round(1)
    assert "feed" not in flags(most).loc["gross_range", "reason"]


def test_a_season_that_was_never_so_is_suspect_at_most() -> None:
    found = flags(set_last(air(), 4_900.0)).loc["climatology"]

    assert found["flag"] == 3
    assert "above its season in earlier years" in found["reason"]
