"""Each day's sensor flags: what is read for them, their numbers in Dagster's UI, and the warning that names sites."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from airwatch_dagster.figures.markdown import TextTable, counted, escaped, label
from airwatch_dagster.orchestration.metadata.tables import PartitionMetadata
from airwatch_dagster.orchestration.pages import shown
from airwatch_dagster.orchestration.tables.checks import Check
from airwatch_dagster.orchestration.tables.table_asset import AssetResult
from airwatch_dagster.publish.names import site_names
from airwatch_dagster.schemas.watch import FLAG_FAIL, FLAG_NAMES, FLAG_SUSPECT, SENSOR_TESTS
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster.watch.sensors.flags import sensor_flags
from airwatch_dagster.watch.sensors.published import RAW_COLUMNS
from airwatch_dagster.watch.sensors.window import days_needed

FLAG_CHECK: Final = {
    "no_sensor_failed": Check(
        "No sensor of the area fails a test; a rise that a neighbour or a second monitor shares is none",
        follows="No reading is left out: forecasts at these sites and around them rest on readings that may be wrong.",
        todo="See why with `airwatch inspect sensor_flags DAY`, then ask the agency.",
    )
}

MAX_SITES_NAMED: Final = 5
"""Sites that a warning names; further ones are counted."""

MAX_ROWS: Final = 10
"""Flags in the table: as many rows as Dagster's UI shows without a click."""

SITE_DAY_COLUMNS: Final = ("site_id", "date_local", "pm25_ugm3", "is_valid", "latitude", "longitude")

Read = Callable[[str, list[str]], pd.DataFrame]
"""Rows of these partitions of a table, as far as they are stored."""


def flagged_days(days: pd.DatetimeIndex, *, monitors: pd.DataFrame, tables: TableStorage) -> AssetResult:
    """The flags of these days in the columns of sensor_flags; warns of days with failures at sites of the area.

    ``monitors`` has the names of the sites, and which are context. Those are listed, but not warned of: with 800 km
    around it an area has ten times its own sites.
    """
    columns = {"site_days": SITE_DAY_COLUMNS, "raw_readings": RAW_COLUMNS}
    flags = flags_of(days, lambda table, keys: tables.read(table, keys, allow_missing=True, columns=columns[table]))
    names = site_names(monitors)
    failed = flags[(flags["flag"] == FLAG_FAIL) & ~flags["site_id"].isin(context_sites(monitors))]
    warnings = {f"{day:%Y-%m-%d}": failure_text(rows, names) for day, rows in failed.groupby("date_local")}
    return AssetResult(
        flags,
        partition_metadata=sensor_flags_metadata(flags, names),
        warnings=dict.fromkeys(FLAG_CHECK, warnings),
    )


def flags_of(days: pd.DatetimeIndex, read: Read) -> pd.DataFrame:
    """The flags of these days, of the partitions that ``read`` gives."""
    site_days = read("site_days", [f"{day:%Y-%m-%d}" for day in days_needed(days)])
    return sensor_flags(site_days, days=days, raw_readings=read("raw_readings", [f"{day:%Y-%m-%d}" for day in days]))


def context_sites(monitors: pd.DataFrame) -> set[str]:
    """Sites all of whose listed monitors lie outside the area."""
    is_context = monitors.groupby("site_id")["is_context"].all()
    return set(is_context.index[is_context])


def failure_text(flags: pd.DataFrame, names: Mapping[str, str]) -> str:
    """The sites of a day that fail a test, and why; empty for none."""
    failed = flags[flags["flag"] == FLAG_FAIL].drop_duplicates("site_id")
    shown_ones = [
        f"{_name(row['site_id'], names)}: {row['reason']}" for row in failed.head(MAX_SITES_NAMED).to_dict("records")
    ]
    more = len(failed) - len(shown_ones)
    return "; ".join([*shown_ones, *([f"and {counted(more, 'more site')}"] if more else [])])


def sensor_flags_metadata(flags: pd.DataFrame, names: Mapping[str, str]) -> PartitionMetadata:
    """Per day: the worst sites, flags by test, sites by their worst flag, and numbers that chart over days."""
    counts: dict[pd.Timestamp, Counter[tuple[str, int]]] = defaultdict(Counter)
    sizes = flags.groupby(["date_local", "test", "flag"], as_index=False).size()
    for day, test, flag, count in zip(*(sizes[name] for name in sizes), strict=True):
        counts[day][test, flag] = count
    worst: dict[pd.Timestamp, list[Mapping[Any, Any]]] = defaultdict(list)
    for row in worst_flags(flags).to_dict("records"):
        worst[row["date_local"]].append(row)
    numbers = flags.groupby("date_local").agg(sites=("site_id", "nunique"), shared=("is_shared", "sum"))
    return {
        f"{day:%Y-%m-%d}": _of_day(worst[day], counts[day], names, sites=int(sites), shared=int(shared))
        for day, sites, shared in numbers.itertuples()
    }


def _of_day(
    worst: Sequence[Mapping[Any, Any]],
    counts: Counter[tuple[str, int]],
    names: Mapping[str, str],
    *,
    sites: int,
    shared: int,
) -> dict[str, Any]:
    """``worst`` are the day's ``worst_flags``, ``counts`` its flags by test and flag."""
    worst_of_site: dict[str, int] = {}
    for row in worst:
        worst_of_site.setdefault(row["site_id"], row["flag"])
    by_worst = Counter(worst_of_site.values())
    flagged = {test: counts[test, FLAG_SUSPECT] + counts[test, FLAG_FAIL] for test in SENSOR_TESTS}
    return {
        **({"worst sites": shown(_worst_table(worst, names))} if worst else {}),
        "flags by test": shown(_test_table(counts)),
        "tested sites": sites,
        "failed sites": by_worst[FLAG_FAIL],
        "suspect sites": by_worst[FLAG_SUSPECT],
        "shared with neighbours": shared,
        **{f"suspect or failed: {_words(test)}": count for test, count in flagged.items()},
    }


def worst_flags(flags: pd.DataFrame) -> pd.DataFrame:
    """Suspect and failed rows, failures first, then by site and test."""
    flagged = flags.loc[
        flags["flag"].isin((FLAG_SUSPECT, FLAG_FAIL)), ["date_local", "site_id", "test", "flag", "reason"]
    ]
    return flagged.sort_values(["flag", "site_id", "test"], ascending=[False, True, True], kind="stable")


def _worst_table(worst: Sequence[Mapping[Any, Any]], names: Mapping[str, str]) -> TextTable:
    rows = [
        (
            escaped(label(_name(row["site_id"], names))),
            FLAG_NAMES[row["flag"]],
            _words(row["test"]),
            escaped(row["reason"]),
        )
        for row in worst[:MAX_ROWS]
    ]
    if (more := len(worst) - MAX_ROWS) > 0:
        rows.append((f"and {counted(more, 'flag')} more", "", "", ""))
    return TextTable(("Site", "Flag", "Test", "Why"), tuple(rows))


def _name(site_id: str, names: Mapping[str, str]) -> str:
    return names.get(site_id, f"Site {site_id}")


def _test_table(counts: Counter[tuple[str, int]]) -> TextTable:
    rows = [(_words(test), *(str(counts[test, flag]) for flag in FLAG_NAMES)) for test in SENSOR_TESTS]
    return TextTable(("Test", *FLAG_NAMES.values()), tuple(rows))


def _words(test: str) -> str:
    return test.replace("_", " ")
