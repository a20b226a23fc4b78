"""How rare are the flags of single sensors on real data, and which injected faults do they find within three days?

    python -m benchmarks.sensor_flags SITE_DAYS --first 2019-01-01 --last 2021-12-31 --states 08 13 16 17 18 30 42 55

SITE_DAYS is a site_days Parquet file or the folder that holds its partitions, with earlier years where there are any.
Every --every-th day is tested. Faults are put into single sites of the states from a seed, at sites that report daily;
a whole feed that repeats a day is put into all of them. Published hours and second monitors are not used: see
`benchmarks.sensor_evidence`. Prints rates per 1,000 site-days, the failures, shares found, and CPU seconds.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from airwatch_dagster.geo import great_circle_km
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.watch import FLAG_FAIL, FLAG_MISSING, FLAG_SUSPECT
from airwatch_dagster.watch.sensors.flags import sensor_flags
from airwatch_dagster.watch.sensors.window import days_needed

SEED = 88101
FAULT_DAYS = 3
AROUND_KM = 520.0
COLUMNS = ["site_id", "date_local", "pm25_ugm3", "is_valid", "latitude", "longitude", "state_code"]
SEASONS = {12: "winter", 1: "winter", 2: "winter", 3: "spring", 4: "spring", 5: "spring"} | {
    **dict.fromkeys((6, 7, 8), "summer"),
    **dict.fromkeys((9, 10, 11), "autumn"),
}

FAULTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "stuck at the last reading": lambda days: np.full_like(days, days[0]),
    "× 3": lambda days: 3 * days,
    "+5 µg/m³": lambda days: days + 5,
    "+3 µg/m³": lambda days: days + 3,
    "× 0.9": lambda days: 0.9 * days,
    "mg/m³ for µg/m³": lambda days: days / 1000,
    "µg/m³ × 1000": lambda days: days * 1000,
    "+60 µg/m³ on one day": lambda days: days + np.array([0.0, 60.0, 0.0, 0.0]),
    "+30 µg/m³ on one day": lambda days: days + np.array([0.0, 30.0, 0.0, 0.0]),
    "yesterday's reading, each day": lambda days: np.roll(days, 1),
    "no fault": lambda days: days,
}
"""Name → readings of the faulty days, from those of the day before and of the days themselves; the first is ignored."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site_days", type=Path)
    parser.add_argument("--first", type=pd.Timestamp, default=pd.Timestamp("2019-01-01"))
    parser.add_argument("--last", type=pd.Timestamp, default=pd.Timestamp("2021-12-31"))
    parser.add_argument("--states", nargs="*", help="state codes; the nation without")
    parser.add_argument("--every", type=int, default=4, help="days from one tested day to the next")
    parser.add_argument("--cases", type=int, default=200, help="site-days that get each fault")
    arguments = parser.parse_args()
    site_days = pd.read_parquet(arguments.site_days, columns=COLUMNS)
    if arguments.states:
        site_days = site_days[site_days["state_code"].isin(arguments.states)]
    days = pd.date_range(arguments.first, arguments.last)
    rates(site_days, days[:: arguments.every])
    faults(site_days, days, arguments.cases)
    repeated_feed(site_days, days[:: max(1, len(days) // 40)])


def rates(site_days: pd.DataFrame, days: pd.DatetimeIndex) -> None:
    """Suspect and fail per 1,000 valid site-days, by test and season, and each failure."""
    started = time.process_time()
    flags = flags_of(site_days, days)
    seconds = time.process_time() - started
    flags = flags[flags["flag"] != FLAG_MISSING].assign(season=flags["date_local"].dt.month.map(SEASONS))
    valid = flags[flags["test"] == "gross_range"].groupby("season").size()
    print(f"{valid.sum():,} valid site-days of {flags['site_id'].nunique()} sites, {len(days)} days; "
          f"{1000 * seconds / len(days):.1f} ms of CPU a day")  # fmt: skip
    for flag, name in ((FLAG_SUSPECT, "suspect"), (FLAG_FAIL, "fail")):
        rows = flags[flags["flag"] == flag]
        table = 1000 * rows.groupby(["test", "season"]).size().unstack(fill_value=0).div(valid, axis=1)
        table["all"] = 1000 * rows.groupby("test").size() / valid.sum()
        site_day = rows.drop_duplicates(["site_id", "date_local"])
        table.loc["any test"] = 1000 * site_day.groupby("season").size().div(valid)
        table.loc["any test", "all"] = 1000 * len(site_day) / valid.sum()
        print(f"\n{name}, per 1,000 valid site-days\n{table.fillna(0).round(3).to_string()}")
    shared = 1000 * flags[flags["is_shared"]].groupby("test").size() / valid.sum()
    print(f"\nshared by a neighbour, per 1,000\n{shared.round(2).to_string()}\n")
    for row in flags[flags["flag"] == FLAG_FAIL].itertuples():
        print(f"  {row.site_id} {row.date_local:%Y-%m-%d} {row.test}: {row.reason} ({row.pm25_ugm3:.1f} µg/m³)")


def faults(site_days: pd.DataFrame, days: pd.DatetimeIndex, count: int) -> None:
    """Share of injected faults that are suspect or fail on the first day and within three."""
    valid = site_days[site_days["is_valid"]]
    values = valid.pivot(index="date_local", columns="site_id", values="pm25_ugm3")
    cases = _cases(values, days, count)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in FAULTS}
    tests: dict[str, dict[str, int]] = {name: {} for name in FAULTS}
    for site, day in cases:
        spell = pd.date_range(day, periods=FAULT_DAYS)
        around = _around(site_days, site)
        around = around[around["date_local"].isin(days_needed(spell))].reset_index(drop=True)
        rows = around.index[(around["site_id"] == site) & around["date_local"].isin(spell)]
        before = float(values.loc[day - pd.Timedelta(days=1), site])
        for name, fault in FAULTS.items():
            faulty = around.copy()
            readings = np.concatenate([[before], around.loc[rows, "pm25_ugm3"].to_numpy()])
            faulty.loc[rows, "pm25_ugm3"] = fault(readings)[1:].round(1)
            flags = flags_of(faulty, spell)
            own = flags[flags["site_id"] == site].assign(age=(flags["date_local"] - day).dt.days + 1)
            flagged = own[own["flag"].isin((FLAG_SUSPECT, FLAG_FAIL))]
            found[name].append((flagged["age"].min(), own.loc[own["flag"] == FLAG_FAIL, "age"].min()))
            for test in flagged["test"].unique():
                tests[name][test] = tests[name].get(test, 0) + 1
    print(f"\n{len(cases)} cases at single sites: share (%) found on day 1, within 3 days, and failed within 3 days")
    for name, ages in found.items():
        of_any, of_fail = np.array(ages).T
        by = ", ".join(f"{test} {100 * hits / len(cases):.0f}" for test, hits in sorted(tests[name].items()))
        shares = [100 * np.mean(one) for one in (of_any == 1, of_any <= FAULT_DAYS, of_fail <= FAULT_DAYS)]
        print(f"  {name:31}{shares[0]:6.1f}{shares[1]:6.1f}{shares[2]:6.1f}   {by}")


def repeated_feed(site_days: pd.DataFrame, days: pd.DatetimeIndex) -> None:
    """On how many days all sites fail when the feed repeats the day before."""
    hits = 0
    for day in days:
        yesterday = site_days[site_days["date_local"] == day - pd.Timedelta(days=1)].assign(date_local=day)
        is_before = (site_days["date_local"] < day) & site_days["date_local"].isin(days_needed(pd.DatetimeIndex([day])))
        flags = flags_of(pd.concat([site_days[is_before], yesterday]), pd.DatetimeIndex([day]))
        own = flags[(flags["test"] == "flat_line") & (flags["flag"] != FLAG_MISSING)]
        hits += bool((own["flag"] == FLAG_FAIL).mean() > 0.9)
    print(f"\nthe whole feed repeats the day before: flat_line fails on {hits} of {len(days)} days, on the first day")


def flags_of(site_days: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    return sensor_flags(site_days, days=days, raw_readings=TABLES["raw_readings"].empty())


def _cases(values: pd.DataFrame, days: pd.DatetimeIndex, count: int) -> list[tuple[str, pd.Timestamp]]:
    """Site-days from a seed at sites that report daily, at least 50 of the 60 days before and on all of the fault's."""
    past = values.notna().rolling(60, min_periods=1).sum().shift(1)
    there = values.notna()
    whole = there & there.shift(1, fill_value=False)
    for ahead in range(1, FAULT_DAYS):
        whole &= there.shift(-ahead, fill_value=False)
    possible = (whole & (past >= 50)).loc[days[0] : days[-FAULT_DAYS]].stack()
    keys = possible[possible].index
    chosen = np.random.default_rng(SEED).choice(len(keys), size=min(count, len(keys)), replace=False)
    return [(str(keys[at][1]), pd.Timestamp(keys[at][0])) for at in sorted(chosen)]


def _around(site_days: pd.DataFrame, site: str) -> pd.DataFrame:
    """The rows of the site and of those within AROUND_KM, which are all that its flags see."""
    places = site_days.drop_duplicates("site_id", keep="last").set_index("site_id")[["latitude", "longitude"]]
    at = np.radians(places.to_numpy(dtype="float64"))
    own = np.radians(places.loc[site].to_numpy(dtype="float64"))
    near = places.index[great_circle_km(at[:, 0], at[:, 1], own[0], own[1]) <= AROUND_KM]
    return site_days[site_days["site_id"].isin(near)]


if __name__ == "__main__":
    main()
