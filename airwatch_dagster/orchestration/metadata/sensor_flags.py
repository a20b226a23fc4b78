"""Each day's sensor flags: what is read for them, their numbers in Dagster's UI, and the warning that names sites."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import pandas as pd

from airwatch_dagster.figures.markdown import TextTable, counted, escaped, label
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
        partition_metadata={
            f"{day:%Y-%m-%d}": sensor_flags_metadata(rows, names) for day, rows in flags.groupby("date_local")
        },
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


def sensor_flags_metadata(flags: pd.DataFrame, names: Mapping[str, str]) -> dict[str, Any]:
    """Of one day: the worst sites, flags by test, sites by their worst flag, and numbers that chart over days."""
    worst = worst_flags(flags)
    sites = worst.drop_duplicates("site_id")["flag"].value_counts()
    by_test = worst["test"].value_counts()
    return {
        **({"worst sites": shown(_worst_table(worst, names))} if len(worst) else {}),
        "flags by test": shown(_test_table(flags)),
        "tested sites": flags["site_id"].nunique(),
        "failed sites": int(sites.get(FLAG_FAIL, 0)),
        "suspect sites": int(sites.get(FLAG_SUSPECT, 0)),
        "shared with neighbours": int(flags["is_shared"].sum()),
        **{f"suspect or failed: {_words(test)}": int(by_test.get(test, 0)) for test in SENSOR_TESTS},
    }


def worst_flags(flags: pd.DataFrame) -> pd.DataFrame:
    """Suspect and failed rows, failures first, then by site and test."""
    flagged = flags[flags["flag"].isin((FLAG_SUSPECT, FLAG_FAIL))]
    return flagged.sort_values(["flag", "site_id", "test"], ascending=[False, True, True], kind="stable")


def _worst_table(worst: pd.DataFrame, names: Mapping[str, str]) -> TextTable:
    rows = [
        (
            escaped(label(_name(row["site_id"], names))),
            FLAG_NAMES[row["flag"]],
            _words(row["test"]),
            escaped(row["reason"]),
        )
        for row in worst.head(MAX_ROWS).to_dict("records")
    ]
    if (more := len(worst) - MAX_ROWS) > 0:
        rows.append((f"and {counted(more, 'flag')} more", "", "", ""))
    return TextTable(("Site", "Flag", "Test", "Why"), tuple(rows))


def _name(site_id: str, names: Mapping[str, str]) -> str:
    return names.get(site_id, f"Site {site_id}")


def _test_table(flags: pd.DataFrame) -> TextTable:
    counts = Counter(zip(flags["test"].tolist(), flags["flag"].tolist(), strict=True))
    rows = [(_words(test), *(str(counts[test, flag]) for flag in FLAG_NAMES)) for test in SENSOR_TESTS]
    return TextTable(("Test", *FLAG_NAMES.values()), tuple(rows))


def _words(test: str) -> str:
    return test.replace("_", " ")
