"""What every kind of removable files or records has: a name, an age, a list, and how to remove."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from airwatch_dagster.errors import ConfigurationError

MIN_DAYS: Final = 1
"""Days that everything is kept: what a run still writes is younger, because no run may take a day."""


@dataclass(frozen=True)
class Item:
    """One thing to remove."""

    name: str
    """A path, or the id of a run or a version."""
    size: int
    """Bytes."""
    changed_at: datetime
    """UTC: when it was written last; of a model or report, when its month was over."""


class Kind(Protocol):
    """Files or records of one kind."""

    @property
    def name(self) -> str:
        """One word, as the command line takes it."""

    def items(self, before: datetime) -> list[Item]:
        """What can be removed because it changed last before a time (UTC), oldest first; nothing is removed."""

    def remove(self, items: Sequence[Item]) -> None:
        """Remove what ``items`` listed; what is gone already is not an error."""


@dataclass(frozen=True)
class KeptFor:
    """How long a kind is kept, and what it is."""

    days: int
    what: str


KEPT_FOR: Final[Mapping[str, KeptFor]] = {
    "runs": KeptFor(180, "Dagster runs that built nothing that is still the newest of its partition"),
    "events": KeptFor(180, "step and engine events of the other Dagster runs; what they built and checked stays"),
    "logs": KeptFor(90, "output of steps"),
    "models": KeptFor(730, "model versions that never served, with their files and MLflow runs"),
    "reports": KeptFor(1095, "pages of drift reports"),
    "responses": KeptFor(90, "responses of the AQS API whose rows are stored, of AirNow's service and of Open-Meteo"),
    "downloads": KeptFor(400, "downloaded files of AirData and AirNow, and bulletins of weather"),
    "leftovers": KeptFor(MIN_DAYS, "temporary files of processes that were killed"),
}
"""Days by kind. Half a year of runs shows a season's failures; a model is asked for again while its month is compared
or rebuilt, which two years cover; a yearly file of AirData is read again at least once a year by the rechecks."""

_AGE: Final = re.compile(r"(?:(?P<kind>[a-z]+)=)?(?P<days>\d{1,5})d")


def ages(texts: Sequence[str]) -> dict[str, timedelta]:
    """Age by kind: the defaults, changed by ``180d`` for every kind or ``models=400d`` for one.

    Raises ConfigurationError for anything else, for an unknown kind and for less than a day.
    """
    found = {kind: kept.days for kind, kept in KEPT_FOR.items()}
    one_by_one = {}
    for text in texts:
        match = _AGE.fullmatch(text.strip())
        if match is None or (match["kind"] and match["kind"] not in KEPT_FOR):
            fix = f"Use days such as 180d, or models=400d; kinds are {', '.join(KEPT_FOR)}"
            raise ConfigurationError("--older-than", f"{text!r} is not an age", fix=fix)
        days = int(match["days"])
        if days < MIN_DAYS:
            raise ConfigurationError("--older-than", f"{text!r} is less than a day", fix="Use 1d or more")
        if match["kind"]:
            one_by_one[match["kind"]] = days
        else:
            found = dict.fromkeys(found, days)
    return {kind: timedelta(days=days) for kind, days in {**found, **one_by_one}.items()}


def utc(seconds: float) -> datetime:
    """The time of a number of seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def oldest_first(items: Sequence[Item], before: datetime) -> list[Item]:
    """Those that changed last before a time, oldest first."""
    return sorted((one for one in items if one.changed_at < before), key=lambda one: (one.changed_at, one.name))
