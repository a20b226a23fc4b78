"""The `airwatch` command: parses arguments, calls one function of ``commands``, prints what it returns."""

import getpass
import json
import shutil
import sys
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import click

from airwatch_dagster.commands.arguments import DAY
from airwatch_dagster.commands.stopping import RESUMES, stoppable
from airwatch_dagster.errors import AirWatchError, ChecksFailed, RunFailed

SHARE = click.FloatRange(0.0, 1.0)


class AirWatchCommands(click.Group):
    """Prints AirWatch's own errors in one line and exits with 1; any other error keeps its traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command without libraries' notes to developers."""
        if not sys.warnoptions:
            warnings.simplefilter("ignore")  # libraries' notes to developers; `python -W` shows them
        try:
            return super().invoke(ctx)
        except (AirWatchError, ChecksFailed, RunFailed) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=AirWatchCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="airwatch-dagster")
@click.pass_context
def main(context: click.Context) -> None:
    """Tomorrow's PM2.5 for every US monitor, from one Dagster asset graph."""
    from airwatch_dagster.orchestration.environment import prepare_environment

    try:
        prepare_environment()
    except AirWatchError:
        if context.invoked_subcommand != "doctor":  # which finds the same again, among all that is wrong
            raise


@main.command(short_help="Run the pipeline on simulated air, with a summary.")
@stoppable(RESUMES)
def demo() -> None:
    """Run the whole pipeline on two years of simulated air and print a summary."""
    from airwatch_dagster.commands.demo import embedded_default, run_demo

    embedded_default()
    run_demo(echo=click.echo)


@main.command(short_help="Bring all tables up to date for some days.")
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
def backfill(tables: str | None, **options: Any) -> None:
    """Bring every table up to date for the days FIRST to LAST (YYYY-MM-DD, or yesterday).

    Prints the planned requests, builds the partitions that are missing or stale, and sums up. It can be stopped at any
    time (Ctrl+C or SIGTERM): the same command resumes where it stopped.
    """
    from airwatch_dagster.commands.backfill.backfill import run_backfill

    run_backfill(tables=None if tables is None else tables.split(","), **options, echo=click.echo)


@main.command(short_help="Check settings and services; report fixes.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Check settings, source, storage, MLflow and the Dagster instance, and report how to fix problems."""
    from airwatch_dagster.commands.doctor import examine

    findings = []
    for finding in examine():
        findings.append(finding)
        if not as_json:
            click.echo(f"{'ok  ' if finding.is_ok else 'FAIL'}  {finding.what}: {finding.says}")
    if as_json:
        click.echo(json.dumps([finding.__dict__ for finding in findings], indent=2))
    if not all(finding.is_ok for finding in findings):
        sys.exit(1)


@main.command(short_help="Find the code of a city, county or state.")
@click.argument("words", metavar="WORD…", nargs=-1, required=True)
def areas(words: tuple[str, ...]) -> None:
    """List the areas whose name, state or county has every WORD, with the codes for AIRWATCH_AREA."""
    from airwatch_dagster.commands.areas import list_areas

    click.echo(list_areas(words))


@main.command(short_help="Show tables, their partitions, or rows.")
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
    from airwatch_dagster.commands.inspection import inspect_table

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    click.echo(inspect_table(as_json=as_json, width=width, **options, note=partial(click.echo, err=as_json)))


@main.command("import", short_help="Add EPA's downloads to the readings, or undo that.")
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
        from airwatch_dagster.commands.undo_import import undo_imports

        if seen_at or covers or confirm_withdrawals:
            raise click.UsageError("--undo takes none of --seen-at, --covers and --confirm-withdrawals")
        undo_imports(files, echo=click.echo)
        return
    from airwatch_dagster.commands.import_file import import_downloads

    import_downloads(
        [Path(file) for file in files],
        seen_at=seen_at,
        covers=covers,
        confirm_withdrawals=confirm_withdrawals,
        echo=click.echo,
    )


@main.group(invoke_without_command=True, short_help="List champions and versions; change the champion.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """List the champion of each month with the reason, and the registered versions.

    The subcommands change the champion by hand.
    """
    from airwatch_dagster.commands.models import list_models

    if context.invoked_subcommand is None:
        click.echo(list_models(as_json=as_json))


REASON_HELP = "Why; stored with the decision."
BY_HELP = "Who decides."
FROM_HELP = "First issue day of its service (YYYY-MM-DD; default: the first one without a forecast)."


@models.command(short_help="Serve a version from the next forecast on.")
@click.argument("version")
@click.option("--reason", metavar="TEXT", required=True, help=REASON_HELP)
@click.option("--by", metavar="NAME", default=getpass.getuser, show_default="you", help=BY_HELP)
@click.option("--month", metavar="MONTH", help="Month to serve (YYYY-MM; default: the month of the next forecast).")
@click.option("--from", "serves_from", metavar="DAY", help=FROM_HELP)
@click.option("--yes", "accepts_loss", is_flag=True, help="Promote it although it is worse, or a baseline.")
@stoppable()
def promote(version: str, **options: Any) -> None:
    """Serve VERSION, or a model family's newest, from the next forecast on. Issued forecasts do not change."""
    from airwatch_dagster.commands.models import promote

    click.echo(promote(version=version, **options))


@models.command(short_help="Restore the version that was replaced last.")
@click.option("--reason", metavar="TEXT", required=True, help=REASON_HELP)
@click.option("--by", metavar="NAME", default=getpass.getuser, show_default="you", help=BY_HELP)
@click.option("--month", metavar="MONTH", help="Month to roll back (YYYY-MM; default: the month of the next forecast).")
@click.option("--from", "serves_from", metavar="DAY", help=FROM_HELP)
@stoppable()
def rollback(**options: Any) -> None:
    """Restore the version the current champion replaced, from the next forecast on."""
    from airwatch_dagster.commands.models import promote

    click.echo(promote(version=None, **options))


@main.command(short_help="Show where a site's forecasts came from.")
@click.argument("day", metavar="DAY")
@click.argument("site", metavar="SITE")
@click.option("--issued", is_flag=True, help="Treat DAY as the issue date instead of the target date.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(day: str, site: str, issued: bool, as_json: bool) -> None:
    """Explain the forecasts for DAY (YYYY-MM-DD) at SITE (9 digits).

    Prints the model, the decision that put it in force, the readings behind the forecast, and the runs that built it.
    """
    from airwatch_dagster.commands.explain import explain_forecasts

    click.echo(explain_forecasts(day, site, by_issue_day=issued, as_json=as_json))


@main.command("practice-server", short_help="Serve simulated air in EPA's formats.")
@click.option("--port", default=8123, show_default=True, help="Port on 127.0.0.1.")
@click.option(
    "--today", type=DAY, metavar="DAY", help="The server's current date (YYYY-MM-DD; default: the real date)."
)
@click.option(
    "--min-interval",
    "min_interval_seconds",
    default=0.0,
    show_default=True,
    help="Seconds between API requests, else error 429.",
)
@click.option(
    "--faults", "faults_seed", metavar="SEED", type=int, help="Inject faults, seeded by SEED (default: none)."
)
@click.option("--fault-share", type=SHARE, default=0.3, show_default=True, help="Share of responses with a fault.")
@click.option("--fault-kinds", metavar="KINDS", help="Comma-separated fault kinds (default: transient ones).")
@click.option(
    "--restate",
    "restatements",
    metavar="ON:FIRST:LAST:FACTOR[:DELETED]",
    multiple=True,
    help="From day ON, multiply the values of the days FIRST to LAST by FACTOR and delete the share DELETED of them. "
    "Repeatable.",
)
@click.option(
    "--aqs-lag-days",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Days by which the AQS API and AirData publish later than AirNow.",
)
@stoppable()
def practice_server(**options: Any) -> None:
    """Serve simulated air in EPA's formats, to develop and test clients against."""
    from airwatch_dagster.commands.practice import serve_practice

    serve_practice(**options, echo=click.echo)


@main.command(short_help="Print a day's bulletin and its page's address.")
@click.argument("day", metavar="[DAY]", type=DAY, required=False)
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
@click.option("--language", type=click.Choice(["en", "es"]), default="en", show_default=True, help="Language.")
def bulletin(**options: Any) -> None:
    """Print the bulletin of the issue day DAY, by default the newest, and the address of its page."""
    from airwatch_dagster.commands.bulletin import show_bulletin

    show_bulletin(**options, echo=click.echo)


@main.command("serve-site", short_help="Serve the bulletin's pages on this machine.")
@click.option("--port", default=3001, show_default=True, help="Port on 127.0.0.1.")
@stoppable()
def serve_site(port: int) -> None:
    """Serve the bulletins, their archive and the feeds, from a folder or from S3, until interrupted."""
    from airwatch_dagster.commands.serve_site import serve_site as serve

    serve(port=port, echo=click.echo)


if __name__ == "__main__":
    main()
