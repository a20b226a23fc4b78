"""What do the hours of a day and a second monitor at a site tell of a sensor, in EPA's own files?

    python -m benchmarks.sensor_evidence FILE… --states 04 26

FILE is a daily file of AirData's that has the highest hour of its days, such as daily_88502_2020.zip. Prints, of
monitor-days with hours: how many have equal hours, by monitor, and how many one hour that makes up half the day; of
site-days with two monitors: how often the second one agrees with the site's value and how often it contradicts it.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.parsing.vocabulary import ONE_HOUR
from airwatch_dagster.watch.sensors import limits
from airwatch_dagster.watch.sensors.published import PublishedDay, agrees, contradicts

NAMES = {
    "State Code": "state_code",
    "County Code": "county_code",
    "Site Num": "site_number",
    "POC": "poc",
    "Date Local": "date_local",
    "Sample Duration": "sample_duration",
    "Event Type": "event_type",
    "Observation Count": "count",
    "Arithmetic Mean": "mean",
    "1st Max Value": "highest",
}
CODES = {"State Code": str, "County Code": str, "Site Num": str}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--states", nargs="*", help="state codes; all without")
    arguments = parser.parse_args()
    for file in arguments.files:
        rows = pd.read_csv(file, usecols=list(NAMES), dtype={**CODES, "Event Type": str}).rename(columns=NAMES)
        rows = rows[rows["event_type"].fillna("None").isin(("None", "Included"))]
        if arguments.states:
            rows = rows[rows["state_code"].isin(arguments.states)]
        rows["site"] = rows["state_code"] + rows["county_code"] + rows["site_number"]
        print(f"\n{file.name}")
        hours(rows[(rows["sample_duration"] == ONE_HOUR) & rows["highest"].notna()])
        second_monitors(rows[rows["sample_duration"] != ONE_HOUR])


def hours(rows: pd.DataFrame) -> None:
    """Days with equal hours, and days made up by one hour, per 1,000."""
    rows = rows[rows["count"] >= limits.MIN_HOURS]
    if rows.empty:
        print("no monitor-day has its highest hour")
        return
    equal = rows[rows["highest"] - rows["mean"] < limits.SAME_UGM3]
    share = rows["highest"] / (rows["count"] * rows["mean"].where(rows["mean"] > 0))
    spike = (share >= limits.SPIKE_HOUR_SHARE) & (rows["highest"] >= limits.SPIKE_HOUR_UGM3)
    failed = spike & (rows["highest"] >= limits.FAIL_SPIKE_HOUR_UGM3)
    print(f"{len(rows):,} monitor-days with hours: {1000 * len(equal) / len(rows):.2f} of 1,000 have equal hours, "
          f"{1000 * spike.mean():.2f} an hour that makes up half the day, "
          f"{1000 * failed.mean():.2f} such an hour that fails")  # fmt: skip
    for (site, poc), of_monitor in equal.groupby(["site", "poc"]):
        span = f"{of_monitor['date_local'].min()}…{of_monitor['date_local'].max()}"
        print(f"  {site} monitor {poc}: {len(of_monitor)} days with equal hours, {span}, "
              f"{of_monitor['mean'].min():g} to {of_monitor['mean'].max():g} µg/m³")  # fmt: skip


def second_monitors(rows: pd.DataFrame) -> None:
    """How often the first monitor of a site is confirmed or contradicted by the nearest other value."""
    days = rows.drop_duplicates(["site", "poc", "date_local"]).sort_values(["site", "date_local", "poc"])
    first = days.drop_duplicates(["site", "date_local"]).set_index(["site", "date_local"])["mean"]
    other = days[days.duplicated(["site", "date_local"])].join(first, on=["site", "date_local"], rsuffix="_first")
    other["distance"] = (other["mean"] - other["mean_first"]).abs()
    nearest = other.sort_values("distance").drop_duplicates(["site", "date_local"])
    none = np.full(len(nearest), np.nan)
    published = PublishedDay(none, none, none.astype(bool), nearest["mean"].to_numpy(), none)
    own = nearest["mean_first"].to_numpy()
    middle, high = nearest["distance"].quantile([0.5, 0.95])
    if len(own):
        print(f"{len(own):,} site-days of {nearest['site'].nunique()} sites with a second monitor: "
              f"{100 * agrees(published, own).mean():.1f} % agree, "
              f"{100 * contradicts(published, own).mean():.2f} % contradict; difference at most "
              f"{middle:.1f} µg/m³ on half of them, {high:.1f} on 95 %")  # fmt: skip


if __name__ == "__main__":
    main()
