"""`airwatch import --undo`: readings as if a file had not been imported."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import dagster as dg
import pandas as pd

from airwatch_dagster.acquire.pulls import is_among
from airwatch_dagster.acquire.readings import READING_KEY, VERSION_COLUMNS
from airwatch_dagster.acquire.versions import without_pull
from airwatch_dagster.commands.backfill.planning import Step
from airwatch_dagster.commands.backfill.runs import materialize_step, report_lost_runs
from airwatch_dagster.commands.imports.import_log import TABLE, ImportRun, import_runs
from airwatch_dagster.errors import AirWatchError, ConfigurationError
from airwatch_dagster.orchestration.configuration.settings import storage_root
from airwatch_dagster.orchestration.ingest.downloads import downloaded_file
from airwatch_dagster.orchestration.ingest.ingest_config import instant_of
from airwatch_dagster.orchestration.ingest.undo import covered_versions
from airwatch_dagster.orchestration.instance.opening import opened_instance
from airwatch_dagster.orchestration.partitions import spans
from airwatch_dagster.orchestration.resources import opened_storage
from airwatch_dagster.storage.tables import TableStorage

MAX_TIMES_LISTED: Final = 5
"""Times of imports named in an error."""

Echo = Callable[[str], None]


@dataclass(frozen=True)
class Undo:
    """An import to undo."""

    seen_at: pd.Timestamp
    """Naive UTC."""
    ranges: tuple[tuple[str, str], ...]
    """First and last day of each run, a calendar year at most."""
    file: Path | None = None
    """None for every file seen then."""
    covers: str | None = None
    """The areas to undo; None for all."""

    @property
    def config(self) -> dict[str, str]:
        """Run configuration of raw_readings."""
        named = {"download": str(self.file)} if self.file else {}
        return {"undo": self.seen_at.isoformat(), **named, **({"covers": self.covers} if self.covers else {})}


def undo_imports(names: Sequence[str], *, echo: Echo) -> None:
    """Undo the imports that ``names`` name by file or by the time they were seen at, the newest first.

    Stored versions of other pulls stay as they are, and the undo is on record as a run of raw_readings. Revisions that
    the imports caused are removed; an undo that was killed before that goes on when it is named again. Raises
    ConfigurationError for an import that is not found, or that a later one builds on; RunFailed for a failed run.
    """
    tables = opened_storage(storage_root())
    with opened_instance() as instance:
        report_lost_runs(instance)
        known = [*import_runs(instance), *_half_undone_runs(instance, tables)]
        wanted = dict.fromkeys(_named(name, known, tables) for name in names)
        for undo in sorted(wanted, key=lambda one: one.seen_at, reverse=True):
            _undo(undo, import_runs(instance), tables, instance=instance, echo=echo)


def _undo(
    undo: Undo, runs: Sequence[ImportRun], tables: TableStorage, *, instance: dg.DagsterInstance, echo: Echo
) -> None:
    """Check all days before the first changes."""
    from airwatch_dagster.definitions import defs

    histories = [tables.read(TABLE, _stored(tables, *days), allow_missing=True) for days in undo.ranges]
    changes = [_change(undo, history, runs) for history in histories]
    days = undo.ranges[0][0], undo.ranges[-1][1]
    for first, last in undo.ranges:
        step = Step(TABLE, first, last, (pd.Timestamp(last) - pd.Timestamp(first)).days + 1)
        materialize_step(defs, step, instance=instance, config=undo.config, kind="undo")
    what = undo.file.name if undo.file else "Every file"
    removed, restored = (sum(numbers) for numbers in zip(*changes, strict=True))
    echo(f"  {what}, seen at {undo.seen_at}: {removed:,} versions removed, {restored:,} are current again")
    for day in _detection_days(undo, histories, tables):
        report = materialize_step(defs, Step("revisions", day, day, 1), instance=instance, kind="undo")
        echo(f"  revisions detected on {day}: {report.rows:,}")
    echo(f"  `airwatch backfill {days[0]} {days[1]}` brings the tables that were built from it up to date")


def _change(undo: Undo, history: pd.DataFrame, runs: Sequence[ImportRun]) -> tuple[int, int]:
    """Versions that the undo removes, and that it makes current.

    Raises ConfigurationError if later pulls build on them.
    """
    among = covered_versions(history, undo.seen_at, undo.covers)
    is_begun, is_ended = (among & history[name].eq(undo.seen_at).to_numpy() for name in VERSION_COLUMNS)
    touched = history[is_begun | is_ended]
    for run in runs:
        is_other = run.seen_at > undo.seen_at or (run.seen_at == undo.seen_at and undo.file not in (None, run.file))
        if is_other and run.covered(touched).any():
            problem = f"was imported too, as seen at {run.seen_at}, and covers some of the readings to be undone"
            fix = f"First `airwatch import --undo {run.seen_at.isoformat()}`; import that file again afterwards"
            raise ConfigurationError(run.file.name, problem, fix=fix)
    without_pull(history, undo.seen_at, among=among)
    return int(is_begun.sum()), int(is_ended.sum())


def _detection_days(undo: Undo, histories: Iterable[pd.DataFrame], tables: TableStorage) -> list[str]:
    """Stored days of ``revisions`` that the undo changes: the import's, and later ones with pulls of its days."""
    moments = pd.concat([history[name] for history in histories for name in VERSION_COLUMNS]).dropna()
    days = {undo.seen_at, *moments[moments > undo.seen_at].unique()}
    return sorted({f"{day:%Y-%m-%d}" for day in days} & set(tables.stored_partitions("revisions")))


def _named(name: str, runs: Sequence[ImportRun], tables: TableStorage) -> Undo:
    """The newest import of the file of this name, else the import seen at this time."""
    of_path = [run for run in runs if run.file == Path(name).absolute()]
    of_file = of_path or [run for run in runs if run.file.name == name]
    if of_file:
        newest = max(of_file, key=lambda run: run.seen_at)
        same = [run for run in of_file if run.seen_at == newest.seen_at and run.file == newest.file]
        ranges = tuple(sorted((run.first, run.last) for run in same))
        return Undo(newest.seen_at, ranges, newest.file, newest.covers)
    if Path(name).is_file():
        return _of_content(Path(name), tables)
    try:
        instant_of(name)
    except AirWatchError as error:
        fix = "Name an imported file, or the time it was seen at"
        raise ConfigurationError("--undo", f"{name!r} is no imported file and no time", fix=fix) from error
    return _seen_at(name, runs, tables)


def _seen_at(text: str, runs: Sequence[ImportRun], tables: TableStorage) -> Undo:
    """Every import seen at this time; a day or minute that is not itself such a time stands for the only one in it."""
    days_by_instant = _days_by_instant(tables)
    for run in runs:
        days_by_instant.setdefault(run.seen_at, set()).update((run.first, run.last))
    moment = instant_of(text)
    for instant, days in _half_undone(tables, [f"{moment:%Y-%m-%d}"]).items():
        days_by_instant.setdefault(instant, set()).update(days)
    inside = [one for one in days_by_instant if one.isoformat().startswith(text.strip().replace(" ", "T"))]
    found = [moment] if moment in days_by_instant else inside
    if len(found) != 1:
        problem = f"{len(found) or 'none'} of the stored pulls were seen at {text}"
        times = _newest(found or days_by_instant)
        raise ConfigurationError("--undo", problem, fix=f"Name a file, or a time: {times or 'none is stored'}")
    return Undo(found[0], _ranges(days_by_instant[found[0]], tables))


def _of_content(file: Path, tables: TableStorage) -> Undo:
    """The newest import whose versions are all rows of the file, for an import that is not on record."""
    rows, days_by_instant = downloaded_file(file).rows, _days_by_instant(tables)
    stored = sorted(set(tables.stored_partitions(TABLE)) & set(rows["date_local"].dt.strftime("%Y-%m-%d")))
    history = tables.read(TABLE, stored)
    is_of_file = pd.Series(is_among(history, rows, [*READING_KEY, "arithmetic_mean"]), dtype=bool)
    by_instant = is_of_file.groupby(history["first_seen_at"])
    whole = [instant for instant, own in by_instant if own.all() and days_by_instant[instant] <= set(stored)]
    if not whole:
        days_by_instant = _half_undone(tables, tables.stored_partitions("revisions"))
        whole = [instant for instant, days in days_by_instant.items() if days <= set(stored)]
    if not whole:
        times = _newest(history["first_seen_at"][is_of_file])
        fix = f"Name a time it was seen at; its readings were first seen at {times or 'no time, they are not stored'}"
        raise ConfigurationError(file.name, "no import of this file is on record", fix=fix)
    return Undo(max(whole), _ranges(days_by_instant[max(whole)], tables), file.absolute())


def _ranges(days: Collection[str], tables: TableStorage) -> tuple[tuple[str, str], ...]:
    """First and last of each run over the stored days between the first and last of ``days`` in a calendar year."""
    found: list[tuple[str, str]] = []
    for year in sorted({day[:4] for day in days}):
        of_year = [day for day in days if day.startswith(year)]
        found += spans([pd.Period(day, "D") for day in _stored(tables, min(of_year), max(of_year))])
    return tuple(found)


def _days_by_instant(tables: TableStorage) -> dict[pd.Timestamp, set[str]]:
    """The days with versions that began or ended at each time."""
    found: dict[pd.Timestamp, set[str]] = {}
    stored = list(tables.stored_partitions(TABLE))
    for year in sorted({day[:4] for day in stored}):
        days = [day for day in stored if day.startswith(year)]
        versions = tables.read(TABLE, days, columns=["date_local", *VERSION_COLUMNS])
        for name in VERSION_COLUMNS:
            pairs = versions[["date_local", name]].dropna().drop_duplicates()
            for day, instant in pairs.itertuples(index=False):
                found.setdefault(instant, set()).add(f"{day:%Y-%m-%d}")
    return found


def _half_undone_runs(instance: dg.DagsterInstance, tables: TableStorage) -> list[ImportRun]:
    """Imports on record whose undo was killed before the revisions were rebuilt."""
    standing = import_runs(instance)
    undone = [run for run in import_runs(instance, with_undone=True) if run not in standing]
    left = _half_undone(tables, {f"{run.seen_at:%Y-%m-%d}" for run in undone})
    return [run for run in undone if run.seen_at in left]


def _half_undone(tables: TableStorage, detected_on: Iterable[str]) -> dict[pd.Timestamp, set[str]]:
    """Times of pulls that are undone, but whose revisions are still listed, and the days of these: an undo was killed
    between both."""
    stored = sorted(set(detected_on) & set(tables.stored_partitions("revisions")))
    listed = tables.read("revisions", stored, columns=["date_local", "noticed_at"]).drop_duplicates()
    days = sorted(set(listed["date_local"].dt.strftime("%Y-%m-%d")) & set(tables.stored_partitions(TABLE)))
    versions = tables.read(TABLE, days, columns=list(VERSION_COLUMNS))
    known = {instant for name in VERSION_COLUMNS for instant in versions[name].dropna().unique()}
    left = listed[~listed["noticed_at"].isin(known) & listed["date_local"].isin(pd.to_datetime(days))]
    pairs = left.assign(day=left["date_local"].dt.strftime("%Y-%m-%d"))[["noticed_at", "day"]]
    found: dict[pd.Timestamp, set[str]] = {}
    for instant, day in pairs.itertuples(index=False):
        found.setdefault(instant, set()).add(day)
    return found


def _newest(instants: Iterable[pd.Timestamp]) -> str:
    """The newest of these times, as ``--undo`` takes them."""
    newest = sorted(set(instants), reverse=True)[:MAX_TIMES_LISTED]
    return ", ".join(one.isoformat() for one in newest)


def _stored(tables: TableStorage, first: str, last: str) -> list[str]:
    return [day for day in tables.stored_partitions(TABLE) if first <= day <= last]
