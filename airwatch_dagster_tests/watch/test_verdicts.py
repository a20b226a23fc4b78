"""A month judged: each rule finds its fault in a small network and is silent without it."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.watch import FINDING_RULES, RULE_CAUSE
from airwatch_dagster.watch.verdicts.bootstrap import interval
from airwatch_dagster.watch.verdicts.chances import chance_above, chance_of_equal, chance_of_sites, score_limit
from airwatch_dagster.watch.verdicts.judge import judge_month

MONTH = pd.Timestamp("2021-07-01")
NEXT = pd.Timestamp("2021-08-01")
DAYS = pd.date_range("2019-01-01", "2021-07-31")
INSIDE = [f"17031{number:04d}" for number in range(1, 13)]
AROUND = [f"18089{number:04d}" for number in range(1, 9)]
PORTER = [f"18127{number:04d}" for number in range(1, 6)]
"""Sites of another county."""
FILTERS = INSIDE[8:]
"""Sites that sample on every third day of EPA's calendar."""
NO_CHANGES = TABLES["monitor_changes"].empty()
FAULTS = [rule for rule in FINDING_RULES if RULE_CAUSE[rule] != "season or smoke"]


def air(*, swing: float = 0.45) -> pd.DataFrame:
    """PM2.5 of days × sites: one air that lasts some days, a second one that only the area has, each site's noise."""
    draw = np.random.default_rng(5)
    shared, local = draw.normal(0, swing, len(DAYS) + 2), draw.normal(0, 0.15, len(DAYS))
    shared = (shared[:-2] + shared[1:-1] + shared[2:]) / np.sqrt(3)
    log = 2.2 + shared[:, None] + draw.normal(0, 0.12, (len(DAYS), 20))
    log[:, : len(INSIDE)] += local[:, None]
    values = pd.DataFrame((np.exp(log) - 1).round(1), index=DAYS, columns=[*INSIDE, *AROUND])
    values.loc[(DAYS - pd.Timestamp("2018-01-02")).days % 3 != 0, FILTERS] = np.nan
    return values


def rows_of(values: pd.DataFrame) -> pd.DataFrame:
    """Rows of site_days, those columns that the rules read; a null is no row. Sites stand 15 km apart."""
    rows = values.rename_axis("date_local").reset_index().melt("date_local", var_name="site_id", value_name="pm25_ugm3")
    number = rows["site_id"].map({site: at for at, site in enumerate(values.columns)})
    rows = rows.assign(is_valid=True, is_provisional=False, method_code="170", parameter_code="88101")
    rows = rows.assign(latitude=41.0 + 0.13 * (number % 5), longitude=-88.0 + 0.18 * (number // 5))
    return rows.dropna(subset="pm25_ugm3").sort_values(["date_local", "site_id"], ignore_index=True)


def judged(values: pd.DataFrame, change: Callable[[pd.DataFrame], pd.DataFrame] = lambda rows: rows) -> pd.DataFrame:
    found = judge_month(
        change(rows_of(values)),
        month=MONTH,
        area="cbsa:16980",
        in_area=INSIDE,
        changes=NO_CHANGES,
        names={INSIDE[0]: "Lakefront"},
    )
    return TABLES["monthly_findings"].schema.validate(found)


def alarms(found: pd.DataFrame) -> set[str]:
    return set(found.loc[found["is_found"] & found["rule"].isin(FAULTS), "rule"])


def about_area(found: pd.DataFrame, rule: str) -> pd.Series:
    return found[(found["rule"] == rule) & (found["site_id"] == "")].iloc[0]


def test_an_undisturbed_month_has_one_row_a_rule_and_no_alarm() -> None:
    found = judged(air())

    assert found["rule"].tolist() == list(FINDING_RULES)
    assert found["not_judged"].isna().all(), found["not_judged"].dropna().tolist()
    assert alarms(found) == set()


def test_the_same_month_has_the_same_findings_and_later_days_do_not_count() -> None:
    values = air()
    later = pd.concat([values, (values.loc["2021-07"] * 5).set_index(DAYS[-31:] + pd.Timedelta(days=31))])

    pd.testing.assert_frame_equal(judged(values), judged(later))


@pytest.mark.parametrize(("offset", "factor"), [(8.0, 1.0), (0.0, 2.5), (0.0, 0.35)])
def test_one_site_that_steps_away_from_its_neighbours_is_named(offset: float, factor: float) -> None:
    values = air()
    values.loc[MONTH:, INSIDE[0]] = values.loc[MONTH:, INSIDE[0]] * factor + offset

    found = judged(values)

    named = found[(found["rule"] == "site_level") & (found["site_id"] != "")]
    assert named["site_id"].tolist() == [INSIDE[0]]
    assert "(Lakefront)" in named["what"].iloc[0]
    assert (named["lower"] <= named["effect"]).all()
    assert (named["effect"] <= named["upper"]).all()


def test_a_step_that_smoke_or_wind_brings_to_all_sites_is_no_fault() -> None:
    values = air()
    values.loc["2021-07-10":"2021-07-20"] *= 4.0  # type: ignore[misc]

    found = judged(values)

    assert alarms(found) == set()
    assert about_area(found, "smoke")["is_found"]
    assert about_area(found, "smoke")["effect"] >= 8
    assert about_area(found, "season")["is_found"]


def test_smoke_in_a_valley_that_reaches_no_neighbour_is_no_fault_of_the_sensor() -> None:
    values = air()
    values.loc["2021-07-06":"2021-07-20", INSIDE[0]] *= 4.0  # type: ignore[misc]

    assert "site_level" not in alarms(judged(values))


def test_several_sites_that_moved_a_little_together_are_found_together() -> None:
    values = air()
    values.loc[MONTH:, INSIDE[:4]] += 2.0

    found = judged(values)

    assert about_area(found, "sites_level")["is_found"]
    assert about_area(found, "sites_level")["effect"] >= 3
    assert all(site in about_area(found, "sites_level")["what"] for site in INSIDE[1:4])


def test_sites_that_drift_for_a_year_are_found_and_a_step_is_not_a_drift() -> None:
    drifting, stepped = air(), air()
    months = (DAYS.year - 2020) * 12 + DAYS.month - 8
    drifting[INSIDE[:4]] = drifting[INSIDE[:4]].add(np.clip(months, 0, 11) * 0.9, axis=0)
    stepped.loc["2021-01":, INSIDE[:4]] += 8.0  # type: ignore[misc]

    assert "sites_slow_drift" in alarms(judged(drifting))
    assert "sites_slow_drift" not in alarms(judged(stepped))


@pytest.mark.parametrize("kept", [0.0, 0.1])
def test_a_sensor_that_hardly_moves_is_stuck(kept: float) -> None:
    values = air()
    values.loc[MONTH:, INSIDE[0]] = (8.0 + kept * (values.loc[MONTH:, INSIDE[0]] - 8.0)).round(1)

    found = judged(values)

    stuck = found[(found["rule"] == "site_stuck") & found["is_found"]]
    assert stuck["site_id"].tolist() == ["", INSIDE[0]]


def test_sites_that_fall_silent_are_counted() -> None:
    values = air()
    values.loc[MONTH:, INSIDE[:6]] = np.nan

    row = about_area(judged(values), "sites_reporting")

    assert row["is_found"]
    assert row["effect"] == 50.0
    assert row["what"].startswith("6 of the 12 sites that reported in the month before have fallen silent")


def test_sites_that_airnow_does_not_have_are_late_and_not_silent() -> None:
    values = air()
    values.loc[MONTH:, FILTERS] = np.nan
    values.loc[MONTH:, INSIDE[4:8]] = np.nan

    found = judged(values, lambda rows: rows.assign(is_provisional=rows["date_local"] >= MONTH)).set_index("rule")

    assert found.loc["sites_reporting", "not_judged"].startswith("readings are AirNow's")
    assert "sites_reporting" in alarms(judged(values))


def test_another_instrument_is_told_with_the_step_it_brings() -> None:
    values = air()
    values.loc[MONTH:, INSIDE[0]] *= 1.3

    def swapped(rows: pd.DataFrame) -> pd.DataFrame:
        is_new = (rows["site_id"] == INSIDE[0]) & (rows["date_local"] >= MONTH)
        return rows.assign(method_code=rows["method_code"].mask(is_new, "236"))

    row = about_area(judged(values, swapped), "methods")

    assert row["is_found"]
    assert f"{INSIDE[0]} (Lakefront) from 170 Met One BAM-1020 to 236 Teledyne T640" in row["what"]


def test_sites_that_go_from_daily_readings_to_filters_are_told() -> None:
    values = air()
    values.loc[(DAYS >= MONTH) & (DAYS.day % 3 != 0), INSIDE[:6]] = np.nan

    assert "sampling" in alarms(judged(values))


def test_the_last_days_of_the_month_before_tell_no_schedule() -> None:
    """A history that begins there: its daily sites would look like filters."""
    values = air()
    values.loc[MONTH - pd.Timedelta(days=2) > DAYS] = np.nan

    found = judged(values)

    assert about_area(found, "sampling")["not_judged"] == f"2 days and {len(INSIDE)} sites; 15 and 3 needed"
    assert alarms(found) == set()


def test_another_parameter_is_told() -> None:
    def moved(rows: pd.DataFrame) -> pd.DataFrame:
        is_new = rows["site_id"].isin(INSIDE[:6]) & (rows["date_local"] >= MONTH)
        return rows.assign(parameter_code=rows["parameter_code"].mask(is_new, "88502"))

    assert alarms(judged(air(), moved)) == {"parameters"}


@pytest.mark.parametrize("factor", [0.001, 1000.0])
def test_another_unit_is_found_within_three_days(factor: float) -> None:
    values = air().loc[:"2021-07-03"]  # type: ignore[misc]
    values.loc[MONTH:, INSIDE[:4]] *= factor

    row = about_area(judged(values), "units")

    assert row["is_found"]
    assert row["effect"] == pytest.approx(factor, rel=0.9)
    assert (row["effect"] > row["limit"]) == (factor > 1)


def test_milligrams_that_lost_their_decimals_are_a_unit_and_one_sensor_at_zero_is_stuck() -> None:
    rounded, stuck = air(), air()
    rounded.loc[MONTH:, INSIDE[:4]] = 0.0
    stuck.loc[MONTH:, INSIDE[0]] = 0.0

    assert "units" in alarms(judged(rounded))
    assert {"site_stuck"} <= alarms(judged(stuck))
    assert "units" not in alarms(judged(stuck))


def test_three_times_the_readings_of_all_sites_is_a_unit_and_smoke_of_the_same_mean_is_not() -> None:
    tripled, smoky = air(swing=0.2), air(swing=0.2)
    tripled.loc[MONTH:] *= 3.0
    smoky.loc["2021-07-08":] *= 4.0  # type: ignore[misc]

    assert "units" in alarms(judged(tripled))
    assert "units" not in alarms(judged(smoky))


def test_an_area_that_alone_leaves_its_surroundings_is_told() -> None:
    values = air()
    values.loc[MONTH:, INSIDE] *= 1.6

    assert "shifted_level" in alarms(judged(values))


@pytest.mark.parametrize("sites", [INSIDE[:4], INSIDE])
def test_days_that_are_shifted_at_some_sites_or_in_the_whole_area_are_found(sites: list[str]) -> None:
    values = air()
    values.loc[MONTH:, sites] = values[sites].shift(1).loc[MONTH:]

    row = about_area(judged(values), "clock")

    assert row["is_found"]
    assert row["effect"] == 1.0


def test_filters_on_the_wrong_day_of_the_calendar_tell_a_shift_of_all_days() -> None:
    values = air()
    values.loc[MONTH:] = values.shift(1).loc[MONTH:]

    row = about_area(judged(values), "sampling_days")

    assert row["is_found"]
    assert row["effect"] == 100.0


def test_a_day_that_repeats_another_is_named() -> None:
    values = air()
    values.loc["2021-07-12", INSIDE[:8]] = values.loc["2021-07-11", INSIDE[:8]]

    row = about_area(judged(values), "repeated_days")

    assert row["is_found"]
    assert row["what"] == "On 12 July 2021 8 of 8 sites read exactly what they did on 11 July 2021."


@pytest.mark.parametrize(("repeating", "is_found"), [(5, True), (4, False)])
def test_one_countys_feed_that_repeats_a_day_is_found_in_a_larger_area(repeating: int, is_found: bool) -> None:
    """All five sites of a county, of 25 in the area; where one of five does not, some do by chance."""
    values = air().rename(columns=dict(zip(AROUND[:5], PORTER, strict=True)))
    values.loc["2021-07-21", PORTER[:repeating]] = values.loc["2021-07-20", PORTER[:repeating]]

    found = judge_month(
        rows_of(values), month=MONTH, area="state:17,state:18", in_area=values.columns, changes=NO_CHANGES, names={}
    )

    row = about_area(found, "repeated_days")
    assert row["is_found"] == is_found
    said = "On 21 July 2021 5 of 5 sites of county 18127 read exactly what they did on 20 July 2021."
    assert (row["what"] == said) == is_found


@pytest.mark.parametrize("change", [np.rint, lambda values: values - 20.0])
def test_whole_numbers_and_readings_below_zero_are_told(change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    values = air()
    values.loc[MONTH:] = change(values.loc[MONTH:])

    assert "digits" in alarms(judged(values))


def test_what_cannot_be_judged_says_what_it_lacks() -> None:
    found = judged(air().loc["2021-06-20":"2021-07-02"]).set_index("rule")  # type: ignore[misc]

    assert not found["is_found"].any()
    assert found.loc["season", "not_judged"] == (
        "0 values of 0 days in this season of earlier years; 60 of 60 days needed"
    )
    assert found.loc["site_level", "what"].startswith("Not judged: no site has ")


def test_an_area_without_any_reading_is_not_judged() -> None:
    found = judged(air().loc[:"2021-06-30"])  # type: ignore[misc]

    assert not found["is_found"].any()
    assert found["days"].max() == 0


def test_the_tail_probabilities_are_those_of_tables() -> None:
    assert chance_above(2.896) == pytest.approx(0.01, rel=1e-3)  # Student's t, 8 degrees of freedom
    assert score_limit(0.001) == pytest.approx(4.501, rel=1e-3)
    assert chance_of_equal(2, 3, share=0.5) == pytest.approx(0.5)
    assert chance_of_sites(2.896, 1)[1] == pytest.approx(0.01, rel=1e-2)
    tails = chance_of_sites(1.5, 40)
    assert tails[0] == pytest.approx(1.0)
    assert (np.diff(tails) < 0).all()


def test_an_interval_needs_two_weeks_and_covers_the_mean() -> None:
    daily = np.random.default_rng(1).normal(2.0, 1.0, 31)

    lower, upper = interval(daily)

    assert lower is not None
    assert upper is not None
    assert lower < daily.mean() < upper
    assert interval(daily[:7]) == (None, None)
