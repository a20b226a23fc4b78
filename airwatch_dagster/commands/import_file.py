"""`airwatch import`: files of EPA's Download Daily Data page merged into the history of readings."""

from collections.abc import Callable, Sequence
from pathlib import Path

import dagster as dg

from airwatch_dagster.commands.backfill.planning import Step
from airwatch_dagster.commands.backfill.runs import materialize_step
from airwatch_dagster.orchestration.ingest.downloads import downloaded_file
from airwatch_dagster.orchestration.ingest.import_days import import_days
from airwatch_dagster.orchestration.ingest.ingest_config import instant_of
from airwatch_dagster.orchestration.partitions import newest_day
from airwatch_dagster.orchestration.resources import utc_now


def import_downloads(files: Sequence[Path], *, seen_at: str | None, echo: Callable[[str], None]) -> None:
    """Merge each file of EPA's Download Daily Data page into raw_readings, as seen at ``seen_at`` (UTC; now if None).

    Each calendar year of a file is one run; the revisions it causes are stored. Raises ConfigurationError for a missing
    file, BadPayload for one of another format and for one without a day of AirWatch's, RunFailed for a failed run.
    """
    from airwatch_dagster.definitions import defs

    with dg.DagsterInstance.get() as instance:
        for file in files:
            config = {"download": str(file.absolute()), **({"seen_at": seen_at} if seen_at else {})}
            days = import_days(downloaded_file(file), name=file.name, newest=newest_day(utc_now()).date())
            for sentence in days.left_out:
                echo(f"  {file.name}: {sentence}")
            for first, last in days.spans:
                step = Step("raw_readings", str(first), str(last), (last - first).days + 1)
                report = materialize_step(defs, step, instance=instance, config=config, kind="import")
                echo(f"  {file.name}: {step.first}…{step.last}  {report.rows:>9,} versions  {report.seconds:6.1f} s")
            day = f"{instant_of(seen_at) if seen_at else utc_now():%Y-%m-%d}"
            report = materialize_step(defs, Step("revisions", day, day, 1), instance=instance, kind="import")
            echo(f"  revisions detected on {day}: {report.rows:,}; list them with `airwatch inspect revisions {day}`")
