"""Forecasts of others that a user supplies."""

from collections.abc import Iterator
from typing import Final

from airwatch_dagster.commands.doctor.findings import Check, Finding, ok

MAX_S: Final = 14.0
"""Seconds for the first requests of S3."""


def _other_forecasts() -> Iterator[Finding]:
    from airwatch_dagster.orchestration.supplied.compared_forecasts import OTHER_FORECASTS

    yield ok("other_forecasts", OTHER_FORECASTS.describe())


CHECKS: Final = (Check("other_forecasts", _other_forecasts, "export AIRWATCH_OTHER_FORECASTS=", MAX_S),)
