"""Which checks there are, in which order, and which of them wait for the same server."""

from collections.abc import Sequence
from typing import Final

from airwatch_dagster.commands.doctor import (
    alerting,
    area,
    instance,
    locks,
    registry,
    runs,
    settings,
    source,
    stored,
    supplied,
    weather,
)
from airwatch_dagster.commands.doctor.findings import Check
from airwatch_dagster.commands.doctor.machine import clock, disk, memory, packages, ports

LOCAL: Final[Sequence[Check]] = (
    *settings.CHECKS,
    *(area.CHECK, memory.CHECK, packages.CHECK, ports.CHECK, locks.DATABASE_CHECK),
)
"""Checks of this machine, made first: they need no server."""

HEAVY_MODULES: Final = ("dagster", "airwatch_dagster.orchestration.resources", "requests", "alembic.script")
"""What several checks import."""


def lanes(*, alert_test: bool) -> list[Sequence[Check]]:
    """Checks that wait for others, by what they wait for."""
    of_dagster = (*instance.checks(), *runs.CHECKS)
    return [
        (*stored.checks(), area.SITES, disk.CHECK),
        *([check] for check in source.checks()),
        *([check] for check in weather.checks()),
        *([check] for check in supplied.CHECKS),
        *(
            [[registry.check(), registry.MODELS], of_dagster]
            if registry.is_on_a_server()
            else [[registry.check(), *of_dagster, registry.MODELS]]
        ),
        [locks.CHECK],
        *([check] for check in clock.checks()),
        *([check] for check in alerting.checks(is_test=alert_test)),
    ]
