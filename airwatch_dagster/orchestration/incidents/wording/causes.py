"""What is known of checks: their sentences, and the probable cause where they do not pass, in the words of CAUSES."""

from collections.abc import Mapping
from typing import Final

import dagster as dg

from airwatch_dagster.orchestration.tables.checks import CAUSE, Check
from airwatch_dagster.orchestration.tables.table_asset import CHECKS
from airwatch_dagster.schemas.watch import CAUSES

SENSOR, NETWORK, PIPELINE, UNKNOWN = CAUSES[1:]

OF_CHECKS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            *("schema", "few_lines_rejected", "no_monitor_rejected", "every_parameter_read", "weather_is_complete"),
            "served_as_trained",
        ),
        PIPELINE,
    ),
    **dict.fromkeys(("no_day_emptied", "no_area_outage"), NETWORK),
    "no_sensor_failed": SENSOR,
}
"""Check → cause. The others compare values, and a change of values has several causes."""


def check_of(table: str, name: str) -> Check | None:
    """The sentences of a check that an asset evaluates itself; None for another, such as that of the schema."""
    # They register their checks when they are imported, which the code location has done and a command has not.
    from airwatch_dagster.orchestration.assets import acquire, clean, verify, watch  # noqa: F401

    return CHECKS.get((table, name))


def cause_of_check(failure: dg.AssetCheckEvaluation) -> str:
    """What the check says itself, else by its name."""
    said = failure.metadata.get(CAUSE)
    text = str(said.value) if said is not None else ""
    return text if text in CAUSES else OF_CHECKS.get(failure.check_name, UNKNOWN)
