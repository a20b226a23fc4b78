"""`airwatch import`: files of EPA's Download Daily Data page merged into the history of readings."""

from collections.abc import Callable, Sequence
from pathlib import Path

from airwatch_dagster.acquire.airdata.download_scope import listed
from airwatch_dagster.commands.backfill.planning import Step
from airwatch_dagster.commands.backfill.runs import materialize_step, report_lost_runs
from airwatch_dagster.orchestration.ingest.downloads import downloaded_file
from airwatch_dagster.orchestration.ingest.import_days import import_days
from airwatch_dagster.orchestration.ingest.ingest_config import seen_instant
from airwatch_dagster.orchestration.instance.opening import opened_instance
from airwatch_dagster.orchestration.partitions import newest_day
from airwatch_dagster.orchestration.resources import utc_now


def import_downloads(
    files: Sequence[Path],
    *,
    seen_at: str | None,
    covers: str | None = None,
    confirm_withdrawals: bool = False,
    echo: Callable[[str], None],
) -> None:
    """Merge each file of EPA's Download Daily Data page into raw_readings, as seen at ``seen_at`` (UTC; now if None).

    Each calendar year of a file is one run; the revisions it causes are stored. ``covers`` states the areas of each
    file, else its rows show them. Raises ConfigurationError for a missing file, a time in the future, and rows outside
    ``covers``; BadPayload for a file of another format or without a day of AirWatch's; RunFailed for a failed run, as
    by many withdrawals that ``confirm_withdrawals`` does not confirm.
    """
    from airwatch_dagster.definitions import defs

    with opened_instance() as instance:
        report_lost_runs(instance)
        for file in files:
            moment = seen_instant(seen_at) if seen_at else utc_now()
            download = downloaded_file(file)
            days = import_days(download, name=file.name, newest=newest_day(utc_now()).date())
            for sentence in days.left_out:
                echo(f"  {file.name}: {sentence}")
            scope = download.scope(covers)
            config = {
                "download": str(file.absolute()),
                "seen_at": moment.isoformat(),
                "covers": str(scope),
                "confirm_withdrawals": confirm_withdrawals,
            }
            echo(f"  {file.name} covers {listed(str(scope).split(','))}; seen at {moment} UTC")
            for first, last in days.spans:
                step = Step("raw_readings", str(first), str(last), (last - first).days + 1)
                report = materialize_step(defs, step, instance=instance, config=config, kind="import")
                echo(f"  {file.name}: {step.first}…{step.last}  {report.rows:>9,} versions  {report.seconds:6.1f} s")
            day = f"{moment:%Y-%m-%d}"
            report = materialize_step(defs, Step("revisions", day, day, 1), instance=instance, kind="import")
            echo(f"  revisions detected on {day}: {report.rows:,}; list them with `airwatch inspect revisions {day}`")
