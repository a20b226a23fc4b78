"""Tables that a user supplies: weather, and forecasts of others."""

from collections.abc import Iterator
from typing import Final

from airwatch_dagster.commands.doctor.findings import Check, Finding, ok

MAX_S: Final = 14.0
"""Seconds for the first requests of S3."""


def _weather() -> Iterator[Finding]:
    from airwatch_dagster.orchestration.supplied.supplied_weather import describe_weather

    yield ok("weather", describe_weather())


def _other_forecasts() -> Iterator[Finding]:
    from airwatch_dagster.orchestration.supplied.compared_forecasts import OTHER_FORECASTS

    yield ok("other_forecasts", OTHER_FORECASTS.describe())


CHECKS: Final = (
    Check("weather", _weather, "export AIRWATCH_WEATHER=", MAX_S),
    Check("other_forecasts", _other_forecasts, "export AIRWATCH_OTHER_FORECASTS=", MAX_S),
)
