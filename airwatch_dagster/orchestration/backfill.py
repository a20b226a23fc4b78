"""Fill history in order, a year at a time, resumable; says beforehand what it will do."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import dagster as dg
import pandas as pd

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.planning import ORDER, Step, plan_backfill, reads_of
from airwatch_dagster.orchestration.resources import opened_storage
from airwatch_dagster.orchestration.runs import materialize_step, materialize_table
from airwatch_dagster.orchestration.settings import Settings

Echo = Callable[[str], None]


def run_backfill(
    definitions: dg.Definitions,
    *,
    first: datetime,
    last: datetime,
    echo: Echo,
    tables: Sequence[str] | None = None,
    refresh: bool = False,
    only_plan: bool = False,
) -> None:
    """Materialize what is missing or outdated between two days; raises at the first run that fails."""
    chosen = _known(tables)
    settings = Settings.from_environment()
    storage = opened_storage(settings.storage)
    stored = {table: _written(storage.stored_partitions(table)) for table in ORDER}
    days = (pd.Timestamp(first), pd.Timestamp(last))
    steps = plan_backfill(
        reads_of(definitions), first=days[0], last=days[1], stored=stored, tables=chosen, refresh=refresh
    )
    needs_monitors = refresh or not storage.exists("monitors")
    echo(f"Source {settings.source}, area {settings.area}, storage {settings.storage}")
    echo(_plan_sentence(steps, needs_monitors=needs_monitors))
    if only_plan or not (steps or needs_monitors):
        return
    with dg.DagsterInstance.get() as instance:
        if needs_monitors:
            report = materialize_table(definitions, "monitors", instance=instance)
            echo(f"  {'monitors':<18} {report.rows:>9,} rows  {report.seconds:6.1f} s")
        for number, step in enumerate(steps, 1):
            report = materialize_step(definitions, step, instance=instance)
            echo(_progress(number, len(steps), step, rows=report.rows, seconds=report.seconds))


def _written(partitions: Mapping[str, datetime]) -> dict[str, pd.Timestamp]:
    return {key: pd.Timestamp(moment).tz_convert(None) for key, moment in partitions.items()}


def _known(tables: Sequence[str] | None) -> Sequence[str]:
    unknown = [name for name in tables or () if name not in ORDER]
    if unknown:
        raise ConfigurationError("--tables", f"{unknown[0]!r} is no table", fix=f"Use some of {', '.join(ORDER)}")
    return tables or ORDER


def _plan_sentence(steps: Sequence[Step], *, needs_monitors: bool) -> str:
    if not steps:
        return (
            "Everything asked for is stored and up to date; --refresh would make it again."
            if not needs_monitors
            else "Only the monitor list is missing."
        )
    partitions = sum(step.count for step in steps)
    tables = len({step.table for step in steps})
    return f"{len(steps)} runs make {partitions:,} partitions of {tables} tables; stop at any time and start again."


def _progress(number: int, total: int, step: Step, *, rows: int, seconds: float) -> str:
    return f"  [{number:>3}/{total}] {step.table:<18} {step.first}…{step.last:<10} {rows:>9,} rows  {seconds:6.1f} s"
