"""Types of arguments of the command line."""

from typing import Any, Final

import click

from airwatch_dagster.commands.days import day_in_digits


class Day(click.DateTime):
    """A day: YYYY-MM-DD, or yesterday, today or tomorrow."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The day's midnight."""
        return super().convert(day_in_digits(value) if isinstance(value, str) else value, param, ctx)


DAY: Final = Day()
