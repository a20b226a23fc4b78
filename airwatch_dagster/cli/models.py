"""Commands about models, and which of them a forecast came from."""

import getpass
from typing import Any

import click

from airwatch_dagster.commands.stopping import stoppable


@click.group(invoke_without_command=True, short_help="List champions and versions; change the champion.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """List the champion of each month with the reason, and the registered versions.

    The subcommands change the champion by hand.
    """
    from airwatch_dagster.commands.champions.models import list_models

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
    from airwatch_dagster.commands.champions.models import promote

    click.echo(promote(version=version, **options))


@models.command(short_help="Restore the version that was replaced last.")
@click.option("--reason", metavar="TEXT", required=True, help=REASON_HELP)
@click.option("--by", metavar="NAME", default=getpass.getuser, show_default="you", help=BY_HELP)
@click.option("--month", metavar="MONTH", help="Month to roll back (YYYY-MM; default: the month of the next forecast).")
@click.option("--from", "serves_from", metavar="DAY", help=FROM_HELP)
@stoppable()
def rollback(**options: Any) -> None:
    """Restore the version the current champion replaced, from the next forecast on."""
    from airwatch_dagster.commands.champions.models import promote

    click.echo(promote(version=None, **options))


@click.command(short_help="Show where a site's forecasts came from.")
@click.argument("day", metavar="DAY")
@click.argument("site", metavar="SITE")
@click.option("--issued", is_flag=True, help="Treat DAY as the issue date instead of the target date.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(day: str, site: str, issued: bool, as_json: bool) -> None:
    """Explain the forecasts for DAY (YYYY-MM-DD) at SITE (9 digits).

    Prints the model, the decision that put it in force, the readings behind the forecast, and the runs that built it.
    """
    from airwatch_dagster.commands.champions.explain import explain_forecasts

    click.echo(explain_forecasts(day, site, by_issue_day=issued, as_json=as_json))
