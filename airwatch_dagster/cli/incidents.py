"""Commands about incidents: list, acknowledge, silence."""

from typing import Any

import click

BY = click.option("--by", metavar="NAME", help="Who does it (default: the user of this machine).")


@click.command(short_help="List what is wrong, and what mends it.")
@click.option("--all", "with_resolved", is_flag=True, help="List resolved incidents of the last year too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def incidents(**options: Any) -> None:
    """List open incidents: what is wrong, for how long, what follows, and the command that mends it."""
    from airwatch_dagster.commands.incidents.listing import list_incidents

    click.echo(list_incidents(**options))


@click.command(short_help="Say that somebody has taken an incident on.")
@click.argument("incident_id", metavar="ID")
@BY
def ack(incident_id: str, by: str | None) -> None:
    """Note that somebody has taken the incident ID on. The daily digest says who."""
    from airwatch_dagster.commands.incidents.handling import acknowledge

    click.echo(acknowledge(incident_id, by=by))


@click.command(short_help="Send nothing about an incident for some time.")
@click.argument("incident_id", metavar="ID")
@click.option(
    "--until", required=True, metavar="WHEN", help="8h, 3d, tomorrow, a day or a time (UTC); now ends a silence."
)
@BY
def silence(incident_id: str, until: str, by: str | None) -> None:
    """Send nothing about the incident ID, nor about its return, until WHEN. The silence ends by itself."""
    from airwatch_dagster.commands.incidents.handling import silence as run_silence

    click.echo(run_silence(incident_id, until=until, by=by))
