"""Commands to set AirWatch up and to rehearse."""

import json
import sys
from pathlib import Path
from time import monotonic
from typing import Any

import click

from airwatch_dagster.cli.group import BEGAN
from airwatch_dagster.commands.arguments import DAY
from airwatch_dagster.commands.stopping import stoppable

SHARE = click.FloatRange(0.0, 1.0)


@click.command(short_help="Check settings and services; report fixes.")
@click.option("--alert-test", is_flag=True, help="Send a test alert through each channel that is set up.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: what, level (ok, warning, error), says, run.")
def doctor(alert_test: bool, as_json: bool) -> None:
    """Check everything that runs need, within 30 seconds; each problem ends with the command that mends it.

    The exit code is 0 without errors; warnings do not count.
    """
    from airwatch_dagster.commands.doctor.examination import MAX_S, examine

    findings = []
    since_start = monotonic() - click.get_current_context().meta[BEGAN]
    for finding in examine(alert_test=alert_test, max_s=MAX_S - since_start):
        findings.append(finding)
        if not as_json:
            click.echo(finding.line)
    if as_json:
        click.echo(json.dumps([finding.__dict__ for finding in findings], indent=2))
    if any(finding.level == "error" for finding in findings):
        sys.exit(1)


@click.command(short_help="Mend times that a wrong clock has stamped.")
@click.option("--yes", "is_confirmed", is_flag=True, help="Do it; without, only list what would be done.")
@stoppable("Run it again: what is mended stays so.")
def repair(is_confirmed: bool) -> None:
    """List stored versions of readings from the future, which keep their days from updates, and give them other times.

    No version is lost, and their order stays. What was replaced is on record in the storage.
    """
    from airwatch_dagster.commands.repair import repair as run_repair

    run_repair(is_confirmed=is_confirmed, echo=click.echo)


@click.command(short_help="Find the code of a city, county or state.")
@click.argument("words", metavar="WORD…", nargs=-1, required=True)
def areas(words: tuple[str, ...]) -> None:
    """List the areas whose name, state or county has every WORD, with the codes for AIRWATCH_AREA."""
    from airwatch_dagster.commands.areas import list_areas

    click.echo(list_areas(words))


@click.command("practice-server", short_help="Serve simulated air in EPA's formats.")
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
@click.option(
    "--airnow-keeps-days",
    type=click.IntRange(min=0),
    metavar="DAYS",
    help="Days after which an AirNow file of agencies' forecasts is gone (default: never).",
)
@stoppable()
def practice_server(**options: Any) -> None:
    """Serve simulated air and forecasts of its weather in the publishers' formats, to test clients against."""
    from airwatch_dagster.commands.practice import serve_practice

    serve_practice(**options, echo=click.echo)


@click.command(short_help="List and remove what is older than it is kept for.")
@click.option(
    "--older-than",
    metavar="[KIND=]DAYS",
    multiple=True,
    help="Days to keep, such as 180d, or models=400d for one kind. Repeatable.",
)
@click.option("--kinds", metavar="NAMES", help="Comma-separated kinds (default: all).")
@click.option("--all", "show_all", is_flag=True, help="Print every item.")
@click.option("--yes", "does_remove", is_flag=True, help="Remove what is listed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@stoppable()
def purge(**options: Any) -> None:
    """List by kind what is older than it is kept for, with number, bytes and dates; with --yes remove it.

    Kinds: runs and events of Dagster, logs of steps, models that never served, reports of drift, responses of the AQS
    API, downloads, and leftovers of killed processes. Tables, champions and versions of readings are never removed.
    """
    from airwatch_dagster.commands.purge import purge as run

    run(**options, echo=click.echo)


FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command(short_help="Copy state and tables of this machine to a folder.")
@click.argument("folder", type=FOLDER)
@stoppable()
def backup(folder: Path) -> None:
    """Copy AIRWATCH_STATE and the tables to the new FOLDER, with a manifest of hashes; runs may go on meanwhile.

    For installations on one machine. PostgreSQL, an MLflow server and S3 have tools of their own.
    """
    from airwatch_dagster.commands.backup.backup import make_backup

    make_backup(folder.absolute(), echo=click.echo)


@click.command(short_help="Restore such a copy to empty places.")
@click.argument("folder", type=FOLDER)
@stoppable()
def restore(folder: Path) -> None:
    """Restore the backup FOLDER to AIRWATCH_STATE and AIRWATCH_STORAGE, which must be empty or missing."""
    from airwatch_dagster.commands.backup.restore import restore_backup

    restore_backup(folder.absolute(), echo=click.echo)
