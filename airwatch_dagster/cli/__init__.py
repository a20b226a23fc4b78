"""The `airwatch` command: parses arguments, calls one function of ``commands``, prints what it returns.

Nothing else belongs here. Heavy modules are imported within a command, so that help texts are quick.
"""

from airwatch_dagster.cli.group import main
from airwatch_dagster.cli.incidents import ack, incidents, silence
from airwatch_dagster.cli.models import explain, models
from airwatch_dagster.cli.pages import bulletin, export, serve_site
from airwatch_dagster.cli.setup import areas, backup, doctor, practice_server, purge, repair, restore
from airwatch_dagster.cli.tables import backfill, demo, import_, inspect, status

__all__ = ["main"]

for command in (
    *(demo, backfill, status, inspect, import_, export),
    *(bulletin, serve_site),
    *(incidents, ack, silence),
    *(models, explain),
    *(doctor, areas, practice_server),
    *(backup, restore, purge, repair),
):
    main.add_command(command)
