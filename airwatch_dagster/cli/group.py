"""The group of all commands: errors in one line, settings of `.env`, a quick start and end."""

import sys
import warnings
from time import monotonic
from typing import Any, Final

import click

from airwatch_dagster.collector import collect_seldom
from airwatch_dagster.errors import AirWatchError, ChecksFailed, RunFailed

BEGAN: Final = "airwatch.began"
"""Key in click's context: when the command began, monotonic seconds."""


class AirWatchCommands(click.Group):
    """Prints AirWatch's own errors in one line and exits with 1; any other error keeps its traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command without libraries' notes to developers."""
        if not sys.warnoptions:
            warnings.simplefilter("ignore")  # libraries' notes to developers; `python -W` shows them
        try:
            return super().invoke(ctx)
        except (AirWatchError, ChecksFailed, RunFailed) as error:
            shown = _redacted(error)
            raise click.ClickException(str(shown)) from shown
        except (click.exceptions.Exit, click.Abort, click.ClickException):
            raise
        except Exception as error:
            shown = _redacted(error)
            if shown is error:
                raise
            raise shown from shown.__cause__


def _redacted(error: Exception) -> BaseException:
    """The error without secrets in its text and traceback, or one that stands for it."""
    from airwatch_dagster.orchestration.configuration.environment import secret_values
    from airwatch_dagster.redaction import redact_error

    return redact_error(error, secret_values())


@click.group(cls=AirWatchCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="airwatch-dagster")
@click.pass_context
def main(context: click.Context) -> None:
    """Tomorrow's PM2.5 for every US monitor, from one Dagster asset graph."""
    collect_seldom()
    context.meta[BEGAN] = monotonic()
    from airwatch_dagster.orchestration.configuration.environment import prepare_environment
    from airwatch_dagster.orchestration.configuration.redaction import hide_secrets_in_logs

    hide_secrets_in_logs()
    try:
        prepare_environment()
    except AirWatchError:
        if context.invoked_subcommand != "doctor":  # which finds the same again, among all that is wrong
            raise
