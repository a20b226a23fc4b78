"""What doctor finds of an installation."""

from typing import Final

from airwatch_dagster.commands.doctor.examination import examine
from airwatch_dagster.commands.doctor.findings import Finding
from airwatch_dagster_tests.installations import Installation

MAX_S: Final = 120.0
"""Seconds: a machine that runs several tests at once takes longer, and what a server may take is limited anyway."""

ALWAYS: Final = {
    *(
        "settings",
        "area",
        "memory",
        "packages",
        "port",
        "storage",
        "writers",
        "tables",
        "readings",
        "sites",
        "disk",
        "source",
        "weather",
    ),
    *("other_forecasts", "mlflow", "dagster", "dagster schema", "daemon", "runs", "queue", "locks", "alerts"),
}
"""Findings of every installation, whatever is wrong with it."""


def findings_of(installation: Installation, *, alert_test: bool = False) -> list[Finding]:
    """Every finding, as they came."""
    with installation.activated():
        return list(examine(alert_test=alert_test, max_s=MAX_S))


def by_name(found: list[Finding]) -> dict[str, Finding]:
    """The last finding of each name."""
    return {finding.what: finding for finding in found}


def errors(found: list[Finding]) -> set[str]:
    """Names of the findings that make the command fail."""
    return {finding.what for finding in found if finding.level == "error"}
