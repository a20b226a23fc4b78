"""Published rows, monitor-days and site-days of closed years by state, as pinned in ``national_totals.csv``.

Written by AirWatch's reader and clean stage from a mirror of AirData, and checked by plain pandas:

    python -m airwatch_dagster_tests.national_totals MIRROR --write
    python -m airwatch_dagster_tests.national_totals MIRROR --check
"""

import argparse
import tempfile
from pathlib import Path
from typing import Final

import click
import pandas as pd

from airwatch_dagster.acquire.airdata.archive import AirDataArchive, daily_file
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.acquire.pulls import PullRequest
from airwatch_dagster.acquire.sources.airdata import AirDataSource
from airwatch_dagster.clean.monitor_days import monitor_days
from airwatch_dagster.clean.site_days import site_days
from airwatch_dagster.schemas import TABLES

PINNED: Final = Path(__file__).with_suffix(".csv")

YEARS: Final = (2012, 2018, 2019, 2020, 2021)
"""Years that EPA has closed, with a file in the mirror that the numbers were counted in."""

COLUMNS: Final = ["year", "state_code", "rows", "monitor_days", "site_days"]


def pinned() -> pd.DataFrame:
    """The committed numbers."""
    return pd.read_csv(PINNED, dtype={"state_code": str})


def totals(year: int, mirror: Path) -> pd.DataFrame:
    """The numbers of a year as AirWatch reads and cleans the whole nation."""
    with (
        tempfile.TemporaryDirectory() as downloads,
        AirDataArchive(mirror.absolute().as_uri(), download_dir=Path(downloads)) as archive,
    ):
        source = AirDataSource(archive, Area.parse("us"), context_km=0.0)
        monitors, pulled = source.monitors().monitors, source.pull(PullRequest.of_year(year)).rows
    versions = TABLES["raw_readings"].empty()[["first_seen_at", "superseded_at"]].reindex(pulled.index)
    readings = pulled.assign(**dict(versions.items()))
    counted = (readings, monitor_days(readings), site_days(readings, monitors=monitors))
    return _table(year, [frame.groupby("state_code").size() for frame in counted])


def counted_plainly(year: int, mirror: Path) -> pd.DataFrame:
    """The same numbers counted in the file by pandas alone."""
    lines = pd.read_csv(mirror / daily_file(year), dtype=str, keep_default_na=False, encoding="iso-8859-1")
    lines = lines[lines["Parameter Code"] == "88101"].drop(columns="Date of Last Change").drop_duplicates()
    days = lines[
        lines["Sample Duration"].isin(["24 HOUR", "24-HR BLK AVG"])
        & ~lines["Event Type"].str.contains("Excluded")
        & ~lines["Pollutant Standard"].str.contains("Annual")
        & (lines["Arithmetic Mean"] != "")
    ]
    site_day = ["State Code", "County Code", "Site Num", "Date Local"]
    counted = (lines, days.drop_duplicates([*site_day, "POC"]), days.drop_duplicates(site_day))
    return _table(year, [frame.groupby("State Code").size() for frame in counted])


def _table(year: int, by_state: list[pd.Series]) -> pd.DataFrame:
    table = pd.concat(by_state, axis=1, keys=COLUMNS[2:]).fillna(0).astype("int64").rename_axis("state_code")
    return table.sort_index().reset_index().assign(year=year)[COLUMNS]


def main() -> None:
    """Write the numbers, or check those that are committed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mirror", type=Path, help="folder with daily_88101_YYYY.zip and aqs_monitors.zip")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true", help="write national_totals.csv by AirWatch's own reader")
    action.add_argument("--check", action="store_true", help="compare national_totals.csv with a count by pandas alone")
    arguments = parser.parse_args()
    if arguments.write:
        pd.concat([totals(year, arguments.mirror) for year in YEARS]).to_csv(PINNED, index=False, lineterminator="\n")
        return
    expected = pinned()
    for year in YEARS:
        counted = counted_plainly(year, arguments.mirror)
        pd.testing.assert_frame_equal(counted, expected[expected["year"] == year].reset_index(drop=True))
        click.echo(f"{year}, {len(counted)} states: {counted[COLUMNS[2:]].sum().to_dict()}")


if __name__ == "__main__":
    main()
