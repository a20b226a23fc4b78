"""Does `revisions` find every change between two genuine vintages? Compared with a loop over plain dictionaries.

    python benchmarks/restatement.py FOLDER

FOLDER holds two or more "Download Daily Data" files whose names end in the day they were made, such as
download_2020_q1_seen_2020-05-04.csv.gz. Each is merged as a pull seen on that day. It covers the states that it
contains, from its first day to its last: see DownloadScope. Every row of `revisions` is then searched in a plain
comparison of the files, and the other way round; the exit code is 1 when they differ.
"""

import argparse
import csv
import gzip
import io
import re
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from airwatch_dagster.acquire.airdata.daily_downloads import read_daily_download
from airwatch_dagster.acquire.airdata.download_scope import download_scope
from airwatch_dagster.acquire.versions import merge_pull
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.watch.revisions import find_revisions

SEEN = re.compile(r"seen_(\d{4}-\d{2}-\d{2})")
SOURCES = {"AQS": "aqs", "AirNow": "airnow"}

Key = tuple[str, str, int, str]
"""Site, parameter, POC and day."""
Value = tuple[float, str]
Changes = dict[tuple[str, Key], tuple[str, Value | None, Value | None]]
"""Kind, old and new by the day it was noticed and the monitor-day."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    files = vintages(parser.parse_args().folder)
    ours, plain = detected_revisions(files), plain_comparison(files)
    describe(plain)
    only_ours, only_plain = ours.keys() - plain.keys(), plain.keys() - ours.keys()
    differing = [key for key in ours.keys() & plain.keys() if ours[key] != plain[key]]
    print(f"revisions {len(ours)} rows, plain comparison {len(plain)}: only in revisions {len(only_ours)}, "
          f"only in the comparison {len(only_plain)}, different {len(differing)}")  # fmt: skip
    for key in sorted([*only_ours, *only_plain, *differing])[:5]:
        print(f"  {key}: revisions {ours.get(key)}, comparison {plain.get(key)}")
    return 1 if only_ours or only_plain or differing else 0


def vintages(folder: Path) -> dict[str, Path]:
    """Files by the day they were made, oldest first."""
    found = {match[1]: path for path in folder.iterdir() if (match := SEEN.search(path.name))}
    if len(found) < 2:
        sys.exit(f"{folder}: needs two files named …seen_YYYY-MM-DD…, found {len(found)}")
    return dict(sorted(found.items()))


def detected_revisions(files: dict[str, Path]) -> Changes:
    history = TABLES["raw_readings"].empty()
    for day, path in files.items():
        readings = read_daily_download(path).readings
        history = merge_pull(history, readings, seen_at=pd.Timestamp(day), in_scope=download_scope(readings))
    after_all = pd.Timestamp(max(files)) + pd.Timedelta(days=1)
    revisions = TABLES["revisions"].schema.validate(
        find_revisions(history, first=pd.Timestamp(min(files)), last=after_all)
    )
    return {
        (f"{row.noticed_on:%Y-%m-%d}", (row.site_id, row.parameter_code, row.poc, f"{row.date_local:%Y-%m-%d}")): (
            row.kind,
            None if row.old_source is None else (row.old_pm25_ugm3, row.old_source),
            None if row.new_source is None else (row.new_pm25_ugm3, row.new_source),
        )
        for row in revisions.itertuples()
    }


def plain_comparison(files: dict[str, Path]) -> Changes:
    known: dict[Key, Value] = {}
    days_read: set[str] = set()
    changes: Changes = {}
    for noticed_on, path in files.items():
        rows = dict(plain_rows(path))
        states, days = {key[0][:2] for key in rows}, {key[3] for key in rows}
        first, last = min(days), max(days)
        silent = {key for key in known if key[0][:2] not in states or not first <= key[3] <= last}
        now = {key: known[key] for key in silent} | rows
        unread = sum(key[3] not in days_read for key in rows)
        same = sum(known.get(key) == value for key, value in rows.items())
        print(f"seen {noticed_on}: {len(rows)} rows, {unread} of days never read before, {same} as they were")
        for key in known.keys() | now.keys():
            if key[3] in days_read and (change := difference(key, known, now)) is not None:
                changes[(noticed_on, key)] = change
        known, days_read = now, days_read | days
    return changes


def plain_rows(path: Path) -> Iterator[tuple[Key, Value]]:
    """Each row's key and value; AQS's after AirNow's, so that a dictionary keeps AQS's."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    for row in sorted(rows, key=lambda row: row["Source"] == "AQS"):
        day = datetime.strptime(row["Date"], "%m/%d/%Y").date().isoformat()
        parameter = row.get("AQS_PARAMETER_CODE") or row["AQS Parameter Code"]
        key = (row["Site ID"], parameter, int(row["POC"]), day)
        yield key, (float(row["Daily Mean PM2.5 Concentration"]), SOURCES[row["Source"]])


def difference(key: Key, known: dict[Key, Value], now: dict[Key, Value]) -> Any:
    """Kind, old and new of one monitor-day, None where nothing happened; a move counts under its new parameter."""
    old, new = known.get(key), now.get(key)
    elsewhere = (key[0], "88502" if key[1] == "88101" else "88101", key[2], key[3])
    if old and new:
        if (old[1], new[1]) == ("airnow", "aqs"):
            return "provisional_to_final", old, new
        return ("changed", old, new) if old[0] != new[0] else None
    if new:
        came_from = known.get(elsewhere) if elsewhere not in now else None
        return ("moved_parameter", came_from, new) if came_from else ("appeared_late", None, new)
    return None if elsewhere in now and elsewhere not in known else ("deleted", old, None)


def describe(changes: Changes) -> None:
    kinds = Counter(kind for kind, _, _ in changes.values())
    print("kinds:", dict(kinds.most_common()))
    ends = ((old[1] if old else "nothing", new[1] if new else "nothing") for _, old, new in changes.values())
    print("sources:", {f"{before} to {after}": n for (before, after), n in Counter(ends).most_common()})
    for kind in kinds:
        pairs = [(old[0], new[0]) for its, old, new in changes.values() if its == kind and old and new]
        other = [abs(after - before) for before, after in pairs if before != after]
        if other:
            share = f"{len(other)} of {len(pairs)} ({len(other) / len(pairs):.1%})"
            print(f"{kind}: {share} with another value, largest {max(other):.1f} µg/m³")


if __name__ == "__main__":
    sys.exit(main())
