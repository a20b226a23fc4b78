"""Ledgers told from the stored readings: revisions of a day, and what changed about the monitors."""

from collections.abc import Iterator
from typing import Final

import pandas as pd

from airwatch_dagster.orchestration.metadata.tables import revisions_metadata
from airwatch_dagster.orchestration.table_asset import AssetResult
from airwatch_dagster.orchestration.training.by_month import stacked
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster.watch.monitor_changes import monitor_changes as changes_of
from airwatch_dagster.watch.monitor_spells import joined_spells, monitor_spells, no_spells
from airwatch_dagster.watch.revision_warnings import revision_warnings
from airwatch_dagster.watch.revisions import find_revisions

REVISION_CHECKS: Final = {
    "no_large_revision": "No published 24-hour mean moved by as much as a good forecast errs",
    "no_mass_revision": "Revisions touch few of the sites; AQS's confirmations of AirNow do not count",
    "training_window_unrevised": "The days that the serving champion was trained on have the truth it learned from",
}

_SENTENCES: Final = dict(zip(REVISION_CHECKS, ("large_revision", "many_sites", "training_window"), strict=True))

_VERSIONS: Final = ("date_local", "first_seen_at", "superseded_at")

_SPELL_COLUMNS: Final = (
    *("state_code", "county_code", "site_number", "parameter_code", "poc", "date_local", "method_code"),
    *("latitude", "longitude", "superseded_at"),
)


def revisions_detected_on(days: pd.DatetimeIndex, tables: TableStorage) -> AssetResult:
    """The revisions noticed on each of ``days`` (UTC), and a warning for what deserves attention."""
    found = {f"{day:%Y-%m-%d}": _detected(day, tables) for day in days}
    windows = _champions_windows(tables)
    known_sites = tables.read_or_empty("monitors")["site_id"].nunique()
    notes = {
        day: revision_warnings(revisions, known_sites=known_sites, training_windows=windows)
        for day, revisions in found.items()
    }
    warnings = {
        check: {day: sentence for day, said in notes.items() if (sentence := said[name])}
        for check, name in _SENTENCES.items()
    }
    table = stacked("revisions", list(found.values()))
    return AssetResult(table, partition_metadata=revisions_metadata(found), warnings=warnings)


def all_monitor_changes(tables: TableStorage, monitors: pd.DataFrame, *, today: pd.Timestamp) -> pd.DataFrame:
    """Changes of every monitor over the whole stored history, read a year at a time."""
    told = no_spells()
    for days in _by_year(list(tables.stored_partitions("raw_readings"))):
        told = joined_spells(told, monitor_spells(tables.read("raw_readings", days, columns=_SPELL_COLUMNS)))
    stored = tables.read_or_empty("monitor_changes")
    return changes_of(told, monitors=monitors, stored=stored, today=today)


def _detected(day: pd.Timestamp, tables: TableStorage) -> pd.DataFrame:
    """Partitions that were not written since hold nothing that was noticed on the day."""
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


def _champions_windows(tables: TableStorage) -> pd.DataFrame:
    """Family, version and training days of the model that serves the newest month; no rows when none does."""
    months = list(tables.stored_partitions("champion_model"))[-1:]
    newest = tables.read("champion_model", months).head(1)
    columns = ["model_family", "model_version", "first_target_date", "last_target_date"]
    return newest.loc[newest["is_serving"], columns]


def _by_year(days: list[str]) -> Iterator[list[str]]:
    for year in sorted({day[:4] for day in days}):
        yield [day for day in days if day.startswith(year)]
