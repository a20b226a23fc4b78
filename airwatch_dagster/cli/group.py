"""The group of all commands: errors in one line, settings of `.env`."""

import sys
import warnings
from typing import Any

import click

from airwatch_dagster.errors import AirWatchError, ChecksFailed, RunFailed


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
    from airwatch_dagster.orchestration.configuration.environment import prepare_environment

    try:
        prepare_environment()
    except AirWatchError:
        if context.invoked_subcommand != "doctor":  # which finds the same again, among all that is wrong
            raise
