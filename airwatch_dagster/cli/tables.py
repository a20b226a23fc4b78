"""Commands that fill and show tables."""

import shutil
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

from airwatch_dagster.commands.arguments import DAY
from airwatch_dagster.commands.stopping import RESUMES, stoppable


@click.command(short_help="Run the pipeline on simulated air, with a summary.")
@stoppable(RESUMES)
def demo() -> None:
    """Run the whole pipeline on two years of simulated air and print a summary."""
    from airwatch_dagster.commands.backfill.worker import workers
    from airwatch_dagster.commands.demo_settings import PROCESSES, embedded_default

    embedded_default()
    with workers(PROCESSES) as of_demo:
        from airwatch_dagster.commands.demo import run_demo

        run_demo(workers=of_demo, echo=click.echo)


@click.command(short_help="Bring all tables up to date for some days.")
@click.argument("first", metavar="FIRST", type=DAY)
@click.argument("last", metavar="LAST", type=DAY)
@click.option(
    "--tables",
    metavar="NAMES",
    help="Comma-separated tables to build (default: all but hyperparameters and agency_forecasts). Those without "
    "partitions, such as monitors, are built as a whole.",
)
@click.option("--refresh", is_flag=True, help="Rebuild every partition, not only missing and stale ones.")
@click.option("--plan", "only_plan", is_flag=True, help="Print the plan, its reasons and its cost; run nothing.")
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Runs at a time. Two of the whole country need 16 GB of memory; a metropolitan area needs little.",
)
@stoppable(RESUMES)
def backfill(tables: str | None, processes: int, **options: Any) -> None:
    """Bring every table up to date for the days FIRST to LAST (YYYY-MM-DD, or yesterday).

    Prints the planned requests, builds the partitions that are missing or stale, and sums up. It can be stopped at any
    time (Ctrl+C or SIGTERM): the same command resumes where it stopped.
    """
    from airwatch_dagster.commands.backfill.worker import workers

    named = None if tables is None else tables.split(",")
    with workers(processes, only_plan=options["only_plan"]) as of_backfill:
        from airwatch_dagster.commands.backfill.backfill import run_backfill

        run_backfill(tables=named, **options, workers=of_backfill, echo=click.echo)


@click.command(short_help="Say whether everything is fresh, and what is due.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def status(as_json: bool) -> None:
    """Say what is due, which checks failed, which runs are under way, who serves, and what runs next.

    The exit code is 0 if everything is fresh; 1 if a table is due, a check failed, or the state cannot be told.
    """
    from airwatch_dagster.commands.status.state import current_state
    from airwatch_dagster.commands.status.status_text import state_text

    state = current_state()
    click.echo(state.as_json() if as_json else state_text(state))
    if not state.is_fresh:
        sys.exit(1)


@click.command(short_help="Show tables, their partitions, or rows.")
@click.argument("table", required=False)
@click.argument("partition", required=False)
@click.option("--rows", default=10, show_default=True, help="Number of rows to print.")
@click.option("--columns", "with_columns", is_flag=True, help="Print what each column means.")
@click.option("--json", "as_json", is_flag=True, help="Print all rows as JSON records.")
@click.option(
    "--as-of", metavar="DAY", help="Show the partition as it was known at the end of DAY, or at a time (UTC)."
)
def inspect(as_json: bool, **options: Any) -> None:
    """Show the stored tables; the partitions of one TABLE; or the rows of one PARTITION.

    A partition is a day (2021-07-04, today, yesterday) or a month (2021-07).
    """
    from airwatch_dagster.commands.inspect.inspection import inspect_table

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    click.echo(inspect_table(as_json=as_json, width=width, **options, note=partial(click.echo, err=as_json)))


@click.command("import", short_help="Add EPA's downloads to the readings, or undo that.")
@click.argument("files", metavar="FILE…", nargs=-1, required=True)
@click.option(
    "--seen-at", metavar="DAY", help="When the files were downloaded (YYYY-MM-DD or a time, UTC; default: now)."
)
@click.option(
    "--covers",
    metavar="AREAS",
    help="What each file is complete for: state:27, cbsa:33460, county:27-053 or site:270530962, several separated by "
    "commas (default: what its rows show).",
)
@click.option("--confirm-withdrawals", is_flag=True, help="Withdraw also many of the stored readings a file lacks.")
@click.option("--undo", is_flag=True, help="Undo the import of each FILE, or the import seen at that time instead.")
@stoppable(RESUMES)
def import_(
    files: tuple[str, ...], seen_at: str | None, covers: str | None, confirm_withdrawals: bool, undo: bool
) -> None:
    """Add files of EPA's "Download Daily Data" page to the history of readings.

    Import older downloads before newer ones. A stored reading that a file lacks is withdrawn if the file covers its
    place and day.

    With --undo each FILE is an imported file, or the time that it was seen at (as `2020-05-04`).
    """
    if undo:
        from airwatch_dagster.commands.imports.undo_import import undo_imports

        if seen_at or covers or confirm_withdrawals:
            raise click.UsageError("--undo takes none of --seen-at, --covers and --confirm-withdrawals")
        undo_imports(files, echo=click.echo)
        return
    from airwatch_dagster.commands.imports.import_file import import_downloads

    import_downloads(
        [Path(file) for file in files],
        seen_at=seen_at,
        covers=covers,
        confirm_withdrawals=confirm_withdrawals,
        echo=click.echo,
    )
