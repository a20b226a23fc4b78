"""How often are AirWatch's alarms false, and how soon do they find faults?

    python -W ignore -m benchmarks.alarm_replay FOLDER --cache CACHE --write

FOLDER is a mirror of AirData: aqs_monitors.zip and daily_88101_YYYY.zip of four years, of which the last two are
replayed. Site-days are made by AirWatch's own reader and rules, and kept in CACHE.

Undisturbed: every month is judged for the nation, for each state and for each metropolitan area with eight sites, on
day 15 and the last, as it would have been then; an alarm at any of these looks is one of the month. The
sensor flags of its days are made too. Months of smoke are told apart. --resampled adds months of January, April, July
and October that are made of the weeks around them, drawn for all sites together.

Faults are put into real months of some areas, from several days on (`alarm_faults`), and looked for by flags for three
days and by the rules of the month after 3, 7, 14, 21 and 31 days and at the end of the month. What is found
without the fault too is not counted.

Prints both tables and every alarm of undisturbed months; --write puts the tables into the package.
"""

import argparse
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pandas as pd
from pandera.config import config_context

from airwatch_dagster.watch.replay import operating_characteristic
from benchmarks.alarm_faults import FAULTS, Fault
from benchmarks.alarm_history import AreaHistory, area_history, read_folder, resampled
from benchmarks.alarm_measure import AIR, ANY, Finder, fault_table, undisturbed_month, undisturbed_table

MIN_SITES: Final = 8
"""Sites with readings that a replayed state or metropolitan area has."""

FAULT_AREAS: Final = ("state:13", "state:18", "state:25", "state:30", "cbsa:16980", "cbsa:38060", "cbsa:33460", "us")
"""Georgia, Indiana, Massachusetts, Montana; Chicago, Phoenix, Minneapolis; the nation."""

STARTS: Final = (
    *("2020-02-11", "2020-05-05", "2020-08-03", "2020-11-09"),
    *("2021-01-20", "2021-04-14", "2021-06-28", "2021-10-01"),
)
"""First days of faults: each season twice, at the start, in the middle and near the end of a month."""

RESAMPLED_MONTHS: Final = (1, 4, 7, 10)
"""Calendar months that are resampled: the middle of each season."""

ARTEFACTS: Final = ("repeated_days", "sampling_days")
"""Rules that find how resampled months were made."""

PACKAGE: Final = Path(operating_characteristic.__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--years", type=int, nargs=2, default=(2018, 2021), help="first and last year of the files")
    parser.add_argument("--cache", type=Path, help="folder for what takes long: site-days and the cases measured")
    parser.add_argument("--only", choices=("undisturbed", "faults"), help="one of the two tables")
    parser.add_argument("--areas", nargs="*", help="areas of both tables, as in AIRWATCH_AREA")
    parser.add_argument("--resampled", type=int, default=1, help="how often a month of each season is resampled")
    parser.add_argument("--starts", type=int, default=2, help="days of each area on which faults start, of eight")
    parser.add_argument("--write", action="store_true", help="put the tables into the package")
    arguments = parser.parse_args()
    with config_context(validation_enabled=False):
        replay(arguments)


def replay(arguments: argparse.Namespace) -> None:
    """Both tables. Schemas are not checked: that would be two fifths of the time."""
    first, last = arguments.years
    site_days, changes = read_folder(arguments.folder, years=range(first, last + 1), cache=arguments.cache)
    nation = area_history(site_days, changes, "us")
    if arguments.only != "faults":
        areas = [area_history(site_days, changes, area) for area in arguments.areas or areas_of(site_days)]
        show_undisturbed(undisturbed(nation, areas, first, last, arguments.resampled), arguments)
    if arguments.only != "undisturbed":
        chosen = arguments.areas or FAULT_AREAS
        parts = [
            faults_in(area_history(site_days, changes, area), starts_of(number, arguments.starts))
            for number, area in enumerate(chosen)
        ]
        show_faults(pd.concat(parts, ignore_index=True), arguments)


def starts_of(number: int, count: int) -> list[str]:
    """``count`` of STARTS for an area, others for the next: together the areas have all of them."""
    return [STARTS[(3 * number + len(STARTS) // count * step) % len(STARTS)] for step in range(count)]


def areas_of(site_days: pd.DataFrame) -> list[str]:
    """The nation, its states and its metropolitan areas with MIN_SITES sites."""
    sites = site_days.drop_duplicates("site_id", keep="last")
    found = ["us"]
    for name, column in (("state", "state_code"), ("cbsa", "cbsa_code")):
        counts = sites.groupby(column).size()
        found += [f"{name}:{code}" for code in counts.index[counts >= MIN_SITES]]
    return found


def undisturbed(nation: AreaHistory, areas: Sequence[AreaHistory], first: int, last: int, again: int) -> pd.DataFrame:
    """Rows of ``undisturbed_month`` of the months after the first two years; ``draw`` 0 is the month itself."""
    parts, started = [], time.process_time()
    for month in pd.date_range(f"{first + 2}-01-01", f"{last}-12-01", freq="MS"):
        parts.append(undisturbed_month(nation, areas, month).assign(draw=0))
        for draw in range(1, again + 1 if month.month in RESAMPLED_MONTHS else 1):
            made = resampled(nation, month, seed=draw)
            parts.append(undisturbed_month(made, areas, month).assign(draw=draw))
        print(f"{month:%Y-%m}: {time.process_time() - started:.0f} CPU-s", flush=True)
    return pd.concat(parts, ignore_index=True)


def faults_in(history: AreaHistory, starts: Iterable[str], faults: Sequence[Fault] = FAULTS) -> pd.DataFrame:
    """Rows of ``Finder.detections``; slow faults where a year of readings follows."""
    days, newest = [pd.Timestamp(start) for start in starts], history.site_days["date_local"].max()
    started, finder = time.process_time(), Finder(history)
    found = [finder.detections([fault for fault in faults if not fault.is_slow], days)]
    if early := [day for day in days if day + pd.Timedelta(days=366) <= newest]:
        found.append(finder.detections([fault for fault in faults if fault.is_slow], early))
    print(f"{history.area}: {time.process_time() - started:.0f} CPU-s", flush=True)
    return pd.concat(found, ignore_index=True)


def show_undisturbed(months: pd.DataFrame, arguments: argparse.Namespace) -> None:
    table = undisturbed_table(months[months["draw"] == 0])
    _keep(months, arguments, "undisturbed_months")
    for is_resampled, rows in without_artefacts(months).groupby("is_resampled"):
        usual = rows[~rows["is_smoke"]]
        rate = 24 * usual.groupby(["scale", "rule", "season"])["is_alarm"].mean().unstack()
        rate["per year"] = 12 * usual.groupby(["scale", "rule"])["is_alarm"].mean()
        count = len(usual.drop_duplicates(["area", "month", "draw"]))
        print(f"\nof {count} {'resampled' if is_resampled else 'undisturbed'} area-months, alarms in 24 of them")
        print(rate.round(2).to_string())
    smoke = months[months["is_smoke"] & (months["draw"] == 0)].groupby("rule")["is_alarm"].mean()
    print(f"\nmonths of smoke: share in which a rule finds\n{smoke.round(2).to_string()}\n")
    alarms = months[months["is_alarm"] & ~months["cause"].isin((AIR, ANY))]
    for row in alarms[alarms["draw"] == 0].sort_values(["scale", "rule", "month"]).itertuples():
        print(f"  {row.area} {row.month:%Y-%m}{' smoke' if row.is_smoke else ''} {row.rule}: {row.what[:220]}")
    if arguments.write:
        table.to_csv(PACKAGE / "undisturbed.csv", index=False, lineterminator="\n")


def without_artefacts(months: pd.DataFrame) -> pd.DataFrame:
    """``months`` with ``is_resampled``, without what drawing weeks makes by itself: weeks that come twice, and filters
    off their calendar. ``any`` is what is left."""
    months = months.assign(is_resampled=months["draw"] > 0)
    months = months[~(months["is_resampled"] & months["rule"].isin(ARTEFACTS))].copy()
    key = ["area", "month", "draw"]
    faults = months[~months["cause"].isin((AIR, ANY))].groupby(key)["is_alarm"].any().rename("is_any")
    months = months.join(faults, on=key)
    return months.assign(is_alarm=months["is_any"].where(months["rule"] == ANY, months["is_alarm"]).astype(bool))


def show_faults(cases: pd.DataFrame, arguments: argparse.Namespace) -> None:
    table = fault_table(cases)
    _keep(cases, arguments, "fault_cases")
    print(f"\n{table.to_string()}\n")
    for row in cases[cases["found_after"].isna() | ~cases["is_right"]].itertuples():
        told = f"called {row.cause} by {row.rules}" if row.rules else "not found"
        print(f"  {row.area} {row.start:%Y-%m-%d} {row.fault} at {row.sites} sites: {told}")
    if arguments.write:
        table.to_csv(PACKAGE / "injected_faults.csv", index=False, lineterminator="\n")


def _keep(rows: pd.DataFrame, arguments: argparse.Namespace, name: str) -> None:
    if arguments.cache:
        rows.to_parquet(arguments.cache / f"{name}.parquet")


if __name__ == "__main__":
    main()
