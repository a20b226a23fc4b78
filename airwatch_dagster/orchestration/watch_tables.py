"""The tables that are found in stored readings: revisions detected on a day, and changes of monitors."""

from collections.abc import Iterator
from typing import Final

import pandas as pd

from airwatch_dagster.orchestration.metadata.tables import revisions_metadata
from airwatch_dagster.orchestration.resources import configured_parameters
from airwatch_dagster.orchestration.tables.checks import Check
from airwatch_dagster.orchestration.tables.table_asset import AssetResult
from airwatch_dagster.orchestration.training.by_month import stacked
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster.watch.monitor_changes import monitor_changes as changes_of
from airwatch_dagster.watch.monitor_spells import joined_spells, monitor_spells, no_spells
from airwatch_dagster.watch.revision_warnings import revision_warnings
from airwatch_dagster.watch.revisions import find_revisions

REVISION_CHECKS: Final = {
    "no_large_revision": Check(
        "No published 24-hour mean changed by as much as the error of a good forecast",
        follows="Forecasts issued from the old value stay as they were; their scores follow the new one.",
        todo="See the change with `airwatch inspect revisions DAY`.",
    ),
    "no_mass_revision": Check(
        "Few of the sites have revisions; AQS's confirmations of AirNow do not count",
        follows="EPA or an agency restated a method or withdrew data, or a pull is faulty.",
        todo="See the changes with `airwatch inspect revisions DAY` before you trust the next forecasts.",
    ),
    "training_window_unrevised": Check(
        "The observed values that the current champion was trained on are unchanged",
        follows="The champion learned from values that are no longer published.",
        todo="Train the month again: `airwatch backfill FIRST LAST --tables training_examples,trained_models`.",
    ),
}

OUTAGE_CHECK: Final = {
    "no_area_outage": Check(
        "Every area published what was due; a filter is due on its sampling days only",
        follows="Forecasts of the area rest on sites farther away, and cannot be scored.",
        todo="Ask the area's agency; what it publishes late is read by the next recheck.",
    )
}

_WARNING_OF_CHECK: Final = dict(zip(REVISION_CHECKS, ("large_revision", "many_sites", "training_window"), strict=True))

_VERSIONS: Final = ("date_local", "first_seen_at", "superseded_at")

_SPELL_COLUMNS: Final = (
    *("state_code", "county_code", "site_number", "parameter_code", "poc", "date_local", "method_code"),
    *("latitude", "longitude", "superseded_at"),
)


def revisions_detected_on(days: pd.DatetimeIndex, tables: TableStorage) -> AssetResult:
    """The revisions detected on each of ``days`` (UTC), with the warnings of REVISION_CHECKS by day."""
    found = {f"{day:%Y-%m-%d}": _detected(day, tables) for day in days}
    windows, monitors = _champion_training_window(tables), tables.read_or_empty("monitors")
    parameters = configured_parameters()
    by_day = {
        day: revision_warnings(revisions, monitors=monitors, training_windows=windows, parameters=parameters)
        for day, revisions in found.items()
    }
    warnings = {
        check: {day: warning for day, warnings in by_day.items() if (warning := warnings[name])}
        for check, name in _WARNING_OF_CHECK.items()
    }
    table = stacked("revisions", list(found.values()))
    return AssetResult(table, partition_metadata=revisions_metadata(found), warnings=warnings)


def all_monitor_changes(tables: TableStorage, monitors: pd.DataFrame, *, today: pd.Timestamp) -> pd.DataFrame:
    """Changes of every monitor over the whole stored history, which is read a year at a time."""
    spells, parameters = no_spells(), configured_parameters()
    for days in _by_year(list(tables.stored_partitions("raw_readings"))):
        readings = tables.read("raw_readings", days, columns=_SPELL_COLUMNS)
        spells = joined_spells(spells, monitor_spells(readings, parameters=parameters))
    stored = tables.read_or_empty("monitor_changes")
    return changes_of(spells, monitors=monitors, stored=stored, today=today)


def revisions_due(day: str, tables: TableStorage) -> bool:
    """Whether ``revisions`` of a day (UTC) has something to tell: one was detected, or the newest stored day has some,
    of which a day without is the end."""
    newest = list(tables.stored_partitions("revisions"))[-1:]
    if not newest or len(tables.read("revisions", newest, columns=["date_local"])):
        return True
    return len(_detected(pd.Timestamp(day), tables)) > 0


def _detected(day: pd.Timestamp, tables: TableStorage) -> pd.DataFrame:
    """The revisions detected on one day. Only partitions written on or after it can contain any."""
    written = tables.stored_partitions("raw_readings")
    candidates = [key for key, moment in written.items() if pd.Timestamp(moment).tz_convert(None) >= day]
    following = day + pd.Timedelta(days=1)
    found = []
    for days in _by_year(candidates):
        revised = _revised(tables.read("raw_readings", days, columns=_VERSIONS), day, following)
        if revised:
            found.append(find_revisions(tables.read("raw_readings", revised), first=day, last=following))
    return stacked("revisions", found)


def _revised(versions: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> list[str]:
    """Days with a version that begins or ends from ``first`` until before ``last``, and an earlier one."""
    moments = versions["first_seen_at"].where(versions["first_seen_at"].between(first, last, inclusive="left"))
    ends = versions["superseded_at"].where(versions["superseded_at"].between(first, last, inclusive="left"))
    latest = pd.concat([moments, ends], axis=1).max(axis=1)
    days = versions.assign(latest=latest).groupby("date_local")
    is_revised = days["latest"].max() > days["first_seen_at"].min()
    return [f"{day:%Y-%m-%d}" for day in is_revised.index[is_revised]]


def _champion_training_window(tables: TableStorage) -> pd.DataFrame:
    """Family, version and training days of the newest month's champion; no rows without one."""
    months = list(tables.stored_partitions("champion_model"))[-1:]
    newest = tables.read("champion_model", months).head(1)
    columns = ["model_family", "model_version", "first_target_date", "last_target_date"]
    return newest.loc[newest["is_serving"], columns]


def _by_year(days: list[str]) -> Iterator[list[str]]:
    for year in sorted({day[:4] for day in days}):
        yield [day for day in days if day.startswith(year)]
