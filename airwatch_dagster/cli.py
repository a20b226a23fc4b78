"""The `airwatch` command: thin; everything it does can be done from the Dagster UI too."""

import getpass
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import click

from airwatch_dagster.commands.stopping import RESUMES, stoppable
from airwatch_dagster.errors import AirWatchError, RunFailed


class AirWatchCommands(click.Group):
    """Explains AirWatch's own errors in one sentence and exits with 1; anything else keeps its traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        from airwatch_dagster.orchestration.settings import prepare_environment

        prepare_environment()
        if not sys.warnoptions:
            warnings.simplefilter("ignore")  # libraries' notes to developers; `python -W` shows them
        try:
            return super().invoke(ctx)
        except (AirWatchError, RunFailed) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=AirWatchCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="airwatch-dagster")
def main() -> None:
    """Tomorrow's PM2.5 for every US monitor, from one Dagster asset graph."""


@main.command()
@stoppable(RESUMES)
def demo() -> None:
    """Run the whole graph on two years of simulated air and say what came out."""
    from airwatch_dagster.commands.demo import embedded_default, run_demo

    embedded_default()
    run_demo(echo=click.echo)


@main.command()
@click.argument("first", metavar="FIRST", type=click.DateTime(["%Y-%m-%d"]))
@click.argument("last", metavar="LAST", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--tables", help="Only these tables, separated by commas; all by default.")
@click.option("--refresh", is_flag=True, help="Pull and make everything again, not only what is missing or outdated.")
@click.option("--plan", is_flag=True, help="Say what would be done and stop.")
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Runs at a time. Two of a nation's need 16 GB of memory; a metropolitan area's need little.",
)
@stoppable(RESUMES)
def backfill(first: Any, last: Any, tables: str | None, refresh: bool, plan: bool, processes: int) -> None:
    """Bring every table up to date for the days FIRST to LAST (YYYY-MM-DD). Resumes where an earlier one stopped."""
    from airwatch_dagster.commands.backfill.backfill import run_backfill

    how: dict[str, Any] = {"refresh": refresh, "only_plan": plan, "processes": processes}
    names = tables.split(",") if tables else None
    run_backfill(first=first, last=last, tables=names, echo=click.echo, **how)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def doctor(as_json: bool) -> None:
    """Check settings, source, storage, MLflow and the Dagster instance; say what to mend."""
    from airwatch_dagster.commands.doctor import examine

    findings = examine()
    if as_json:
        click.echo(json.dumps([finding.__dict__ for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(f"{'ok  ' if finding.is_ok else 'FAIL'}  {finding.what}: {finding.says}")
    if not all(finding.is_ok for finding in findings):
        sys.exit(1)


@main.command()
@click.argument("table")
@click.argument("partition", required=False)
@click.option("--rows", default=10, show_default=True, help="Rows to show.")
@click.option("--json", "as_json", is_flag=True, help="All rows as JSON records.")
@click.option("--as-of", help="Show the partition as it was known on this day, or at this time (UTC).")
def inspect(table: str, partition: str | None, rows: int, as_json: bool, as_of: str | None) -> None:
    """Show a stored TABLE: its partitions, or the rows of one PARTITION (2021-07-04 or 2021-07)."""
    from airwatch_dagster.commands.inspection import inspected

    click.echo(inspected(table, partition, rows=rows, as_json=as_json, as_of=as_of))


@main.command("import")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--seen-at", help="When they were downloaded (YYYY-MM-DD or a time, UTC); now by default.")
@stoppable(RESUMES)
def import_(files: tuple[Path, ...], seen_at: str | None) -> None:
    """Add files of EPA's "Download Daily Data" page to the readings' history, oldest download first."""
    from airwatch_dagster.commands.import_file import import_downloads

    import_downloads(files, seen_at=seen_at, echo=click.echo)


@main.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """List who served when and why, and the versions there are; appoint another one."""
    from airwatch_dagster.commands.models import listed

    if context.invoked_subcommand is None:
        click.echo(listed(as_json=as_json))


FROM_HELP = "First issue day it serves (YYYY-MM-DD), even if forecast already; the first without a forecast by default."


@models.command()
@click.argument("version")
@click.option("--reason", required=True, help="Why; kept with the decision.")
@click.option("--by", default=getpass.getuser, show_default="you", help="Who decides.")
@click.option("--month", help="The month it serves (YYYY-MM); that of the next forecast by default.")
@click.option("--from", "serves_from", metavar="DAY", help=FROM_HELP)
@stoppable()
def promote(version: str, reason: str, by: str, month: str | None, serves_from: str | None) -> None:
    """Let registered VERSION make the forecasts of a month, from the next one on; those issued stay as they are."""
    from airwatch_dagster.commands.models import promote

    said = promote(version=version, by=by, reason=reason, month=month, serves_from=serves_from)
    click.echo(said)


@models.command()
@click.option("--reason", required=True, help="Why; kept with the decision.")
@click.option("--by", default=getpass.getuser, show_default="you", help="Who decides.")
@click.option("--month", help="The month concerned (YYYY-MM); that of the next forecast by default.")
@click.option("--from", "serves_from", metavar="DAY", help=FROM_HELP)
@stoppable()
def rollback(reason: str, by: str, month: str | None, serves_from: str | None) -> None:
    """Let the version serve again that the present champion replaced, from the next forecast on."""
    from airwatch_dagster.commands.models import promote

    said = promote(version=None, by=by, reason=reason, month=month, serves_from=serves_from)
    click.echo(said)


@main.command()
@click.argument("day", metavar="DAY")
@click.argument("site", metavar="SITE")
@click.option("--issued", is_flag=True, help="DAY is when the forecasts were issued, not what they speak of.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def explain(day: str, site: str, issued: bool, as_json: bool) -> None:
    """Which model made the forecasts of DAY (YYYY-MM-DD) for SITE (9 digits), who chose it, and from which data."""
    from airwatch_dagster.commands.explain import explain_forecasts

    click.echo(explain_forecasts(day, site, by_issue_day=issued, as_json=as_json))


@main.command("practice-server")
@click.option("--port", default=8123, show_default=True, help="Port on 127.0.0.1.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The server's clock; the real day by default.")
@click.option(
    "--min-interval", default=0.0, show_default=True, help="Seconds between API requests before it answers 429."
)
@click.option("--faults", metavar="SEED", type=int, help="Disturb some answers, as drawn from SEED; none by default.")
@click.option(
    "--fault-share", type=click.FloatRange(0.0, 1.0), default=0.3, show_default=True, help="How many of them."
)
@click.option(
    "--fault-kinds", metavar="KINDS", help="Which faults, by commas; by default those that pass by themselves."
)
@click.option(
    "--restate",
    "restatements",
    metavar="ON:FIRST:LAST:FACTOR[:DELETED]",
    multiple=True,
    help="From day ON, multiply the days FIRST to LAST and delete a share of them; repeatable.",
)
@click.option(
    "--aqs-lag-days",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="How much later than AirNow the API and AirData show a day.",
)
@stoppable()
def practice_server(
    port: int,
    today: Any,
    min_interval: float,
    faults: int | None,
    fault_share: float,
    fault_kinds: str | None,
    restatements: tuple[str, ...],
    aqs_lag_days: int,
) -> None:
    """Serve EPA's wire formats over simulated air, for anyone who develops a client."""
    from airwatch_dagster.commands.practice import serve_practice

    serve_practice(
        port=port,
        today=today.date() if today else None,
        min_interval_seconds=min_interval,
        faults_seed=faults,
        fault_share=fault_share,
        fault_kinds=fault_kinds,
        restatements=restatements,
        aqs_lag_days=aqs_lag_days,
        echo=click.echo,
    )


if __name__ == "__main__":
    main()
