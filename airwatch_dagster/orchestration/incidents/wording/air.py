"""The message that the air is forecast to exceed the limit of a rule."""

import re
from collections.abc import Sequence
from typing import Final

from airwatch_dagster.errors import AirWatchError
from airwatch_dagster.orchestration.alerts.air_rules import AirRule, percent
from airwatch_dagster.orchestration.alerts.messages import Message, one_line
from airwatch_dagster.orchestration.incidents.state import Incident
from airwatch_dagster.orchestration.incidents.wording.texts import values
from airwatch_dagster.orchestration.pages import bulletin_url
from airwatch_dagster.storage.tables import TableStorage

MAX_SITES: Final = 10
"""Sites that a message lists, the worst first; the bulletin has all."""

_CHANCE: Final = re.compile(r"(\d+) %")


def air_message(rule: AirRule, incidents: Sequence[Incident], *, headline: str) -> Message:
    """One message on all sites of a rule whose chance has reached it since the last; ``incidents`` are not empty."""
    day = max(max(one.partitions) for one in incidents)
    worst_first = sorted(incidents, key=lambda one: -max(map(int, _CHANCE.findall(one.first_error)), default=0))
    count = f"{len(incidents):,} sites" if len(incidents) > 1 else "a site"
    more = len(incidents) - MAX_SITES
    silence = f"`airwatch silence {worst_first[0].incident_id} --until 3d`"
    return Message(
        subject=f"AirWatch: {one_line(rule.name)}: {count} at {percent(rule.chance)} or more for PM2.5 {rule.limit}",
        lines=(
            headline,
            *(one.first_error for one in worst_first[:MAX_SITES]),
            f"and {more:,} more sites" if more > 0 else "",
            f"A site is told once, until two issue days in a row stay below. {silence} stops messages about the first.",
            bulletin_url(day) or "",
        ),
        data={
            "kind": "air_forecast",
            "rule": rule.name,
            "above_ugm3": rule.above_ugm3,
            "chance": rule.chance,
            "issue_date": day,
            "link": bulletin_url(day),
            "sites": [values(one) for one in worst_first],
        },
    )


def headline_of(tables: TableStorage, incidents: Sequence[Incident]) -> str:
    """What the bulletin of the newest of these forecasts says first; empty without one, or a storage that answers."""
    day = max((max(one.partitions) for one in incidents if one.partitions), default="")
    try:
        rows = tables.read("bulletin", [day], allow_missing=True, columns=["headline"]) if day else None
    except AirWatchError:
        return ""
    return str(rows["headline"].iloc[0]) if rows is not None and len(rows) else ""
