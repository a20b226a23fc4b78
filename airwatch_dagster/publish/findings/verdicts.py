"""The four verdicts of a month: their words, and what each says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

from airwatch_dagster.schemas.watch import CAUSES

State = Literal["found", "clear", "open"]
"""Something was found; nothing was; no rule could judge."""

AIR: Final = CAUSES[0]
"""The cause that is no fault."""

SENSOR: Final = CAUSES[1]
"""The cause of findings about single sites."""

TITLES: Final[Mapping[str, str]] = dict(
    zip(CAUSES[:4], ("Season or smoke", "Sensors", "Network", "Pipeline"), strict=True)
)
"""Cause → heading."""

MEANINGS: Final[Mapping[str, str]] = dict(
    zip(
        CAUSES[:4],
        (
            "The air itself: neighbours and other networks moved too. This is information, never an alarm.",
            "One site against its neighbours and its own past.",
            "Who reports: sites, methods, sampling days, parameter.",
            "Reading and computing: units, clock, repeated or shifted days.",
        ),
        strict=True,
    )
)
"""Cause → what it looks at."""

TODO: Final[Mapping[str, str]] = dict(
    zip(
        CAUSES[:4],
        (
            "",
            "Look at its days in sensor_flags, then ask the agency. Its readings are used until then.",
            "Compare coverage and monitor_changes of the month: forecasts rest on other sites or methods than before.",
            "Compare a day with EPA's own file. airwatch backfill FIRST LAST --refresh reads the month again.",
        ),
        strict=True,
    )
)
"""Cause → what to do about a finding; nothing about the air."""

STATES: Final[Mapping[str, Mapping[State, str]]] = {
    cause: (
        {"found": "the air moved", "clear": "as in its season", "open": "not judged"}
        if cause == AIR
        else {"found": "fault found", "clear": "nothing found", "open": "not judged"}
    )
    for cause in CAUSES[:4]
}
"""Cause → its verdict in words."""


def state_of(rows: pd.DataFrame, found: pd.DataFrame) -> State:
    """Of rows of one cause: the air is as in its season only if no rule is left open."""
    is_judged = rows["not_judged"].isna()
    is_air = bool((rows["cause"] == AIR).any())
    return (
        "found" if len(found) else "clear" if len(rows) and (is_judged.all() if is_air else is_judged.any()) else "open"
    )


def whole_area(rows: pd.DataFrame) -> str:
    """The area that the others of these rows, at least one, are parts of: the country, or the one that names most."""
    areas = [str(area) for area in rows["area"].unique()]
    return "us" if "us" in areas else max(areas, key=len)


def once(found: pd.DataFrame) -> pd.DataFrame:
    """What was found, each thing once, largest first: a site that lies in several areas once, and a rule that names
    sites without its own row about them all."""
    if found.empty:
        return found
    whole = whole_area(found)
    rows = found.sort_values("area", key=lambda areas: areas != whole, kind="stable")
    is_site = rows["site_id"] != ""
    is_repeated = is_site & rows.duplicated(["month", "rule", "site_id"])
    names_sites = is_site.groupby([rows["month"], rows["area"], rows["rule"]]).transform("any")
    size = (rows["effect"].abs() / rows["limit"].abs()).fillna(0.0)
    kept = rows.assign(size=size)[~is_repeated & (is_site | ~names_sites)]
    return kept.sort_values("size", ascending=False, kind="stable").drop(columns="size")


@dataclass(frozen=True)
class Mark:
    """A verdict in a table: its state alone."""

    cause: str
    state: State

    @property
    def is_air(self) -> bool:
        """Whether it is about the air, and no fault."""
        return self.cause == AIR

    @property
    def words(self) -> str:
        """What it says, in two or three words."""
        return STATES[self.cause][self.state]


def marks(rows: pd.DataFrame) -> list[Mark]:
    """The four verdicts of a month's rows of ``monthly_findings``, at least one."""
    found, whole = [], whole_area(rows)
    for cause in CAUSES[:4]:
        own = rows[rows["cause"] == cause]
        found.append(Mark(cause, state_of(own[own["area"] == whole], own[own["is_found"]])))
    return found
