"""How good alarms are, held by bounds: undisturbed months are quiet, and faults are found and named.

The air is simulated; what was measured on real months is in docs/explanation/alarms.md. An edit that makes alarms
worse fails here, or in the slow test on real months of one state.
"""

from pathlib import Path
from typing import Final

import pandas as pd
import pytest

from airwatch_dagster.schemas.watch import FINDING_RULES
from airwatch_dagster.watch.replay.operating_characteristic import injected_faults, undisturbed_months
from airwatch_dagster_tests.watch.simulated_network import simulated_history
from benchmarks.alarm_faults import FAULTS
from benchmarks.alarm_history import area_history, month_end, read_folder
from benchmarks.alarm_measure import AIR, ANY, FLAGS, GROSS_DAYS, UNRECORDED, Finder, findings, undisturbed_month

HISTORY: Final = simulated_history()

START: Final = pd.Timestamp("2020-11-09")

LATEST: Final = {
    "stuck at the last reading": 31,
    "× 3": 14,
    "mg/m³ for µg/m³": 14,
    "+5 µg/m³, a third of the sites": 21,
    "other instruments, × 1.2, a third of the sites": 31,
    "half of the sites gone": 21,
    "mg/m³ for µg/m³, all sites": 3,
    "µg/m³ × 1000, all sites": 14,
    "the feed repeats one day": 3,
    "clock a day late": 3,
}
"""Faults that a month's rules find in the simulated network, and the day by which they do."""

MISSED: Final = {
    "× 0.9",
    "another instrument, × 1.2",
    "drift of 0.5 µg/m³ a month",
    "+3 µg/m³, a third of the sites",
    "× 0.9, a third of the sites",
    "clock an hour late",
    "× 3, all sites",
}
"""Faults that are within what a network, or its air, varies by in a month: found seldom, or not at all."""

FAULT: Final = {fault.name: fault for fault in FAULTS}


@pytest.mark.slow
def test_an_undisturbed_month_of_every_season_warns_of_nothing() -> None:
    months = [pd.Timestamp("2021-01-01"), pd.Timestamp("2021-04-01"), pd.Timestamp("2021-07-01")]
    found = pd.concat([undisturbed_month(HISTORY, [HISTORY], month) for month in months])

    assert found["is_smoke"].groupby(found["month"]).any().tolist() == [False, False, True]
    alarms = found[found["is_alarm"] & (found["cause"] != AIR)]
    assert alarms[["month", "rule", "what"]].to_numpy().tolist() == []
    assert found.loc[found["is_smoke"] & (found["rule"] == "smoke"), "is_alarm"].tolist() == [True]


@pytest.mark.parametrize("name", ["× 3", "half of the sites gone", "mg/m³ for µg/m³, all sites"])
def test_a_fault_is_found_in_time_and_named(name: str) -> None:
    expect_found(Finder(HISTORY).detections([FAULT[name]], [START]))


@pytest.mark.slow
def test_all_faults_are_found_in_time_and_named() -> None:
    assert set(LATEST) | MISSED == set(FAULT)

    expect_found(Finder(HISTORY).detections([FAULT[name] for name in LATEST], [START]))


def expect_found(cases: pd.DataFrame) -> None:
    """Found by the rules in time with the right cause, and gross faults by the flags within three days."""
    late = cases[~(cases["found_after"] <= cases["fault"].map(LATEST)) | ~cases["is_right"]]
    assert late[["fault", "found_after", "cause", "rules"]].to_numpy().tolist() == []
    is_gross = cases["fault"].map({name: fault.is_gross for name, fault in FAULT.items()})
    unseen = cases[is_gross & ~(cases["flagged_after"] <= GROSS_DAYS)]
    assert unseen["fault"].tolist() == []


@pytest.mark.slow
def test_a_year_of_the_simulated_network_has_at_most_one_alarm() -> None:
    found = pd.concat(
        [undisturbed_month(HISTORY, [HISTORY], month) for month in pd.date_range("2021-01-01", "2021-12-01", freq="MS")]
    )

    assert found.loc[found["rule"] == ANY, "is_alarm"].sum() <= 1


@pytest.mark.slow
def test_real_months_of_indiana_are_quiet_and_a_scaled_sensor_is_found(real_data: Path) -> None:
    history = area_history(*read_folder(real_data / "airdata", years=(2019, 2020, 2021), area="state:18"), "state:18")
    months = pd.date_range("2021-01-01", "2021-12-01", freq="MS")

    found = pd.concat([findings(history, month_end(month), [history]).assign(month=month) for month in months])
    assert found.loc[found["cause"] != AIR, "month"].nunique() <= 2

    faults = [FAULT[name] for name in ("× 3", "+5 µg/m³, a third of the sites", "the feed repeats one day")]
    expect_found(Finder(history).detections(faults, [START]))


def test_the_packaged_tables_have_their_columns_and_every_rule_and_fault() -> None:
    undisturbed, faults = undisturbed_months(), injected_faults()

    assert set(undisturbed["rule"]) == {*FINDING_RULES, FLAGS, ANY, UNRECORDED}
    assert set(undisturbed["season"]) == {"winter", "spring", "summer", "autumn"}
    assert set(undisturbed["scale"]) == {"nation", "nation and its states", "state", "metropolitan area"}
    assert (undisturbed["alarm_months"] <= undisturbed["area_months"]).all()
    assert set(faults["fault"]) == set(FAULT)
    assert set(faults["scale"]) == {"nation", "state", "metropolitan area"}
    assert faults["found_share"].between(0, 1).all()
