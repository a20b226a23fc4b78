"""What one look leaves for the next; Dagster stores it with the sensor, so that a restart forgets nothing."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self


@dataclass(frozen=True)
class Notice:
    """A message that belongs to no incident: about what it was last, and who is still to get that."""

    about: str = ""
    waits_for: tuple[str, ...] = ()
    """Channels that did not take it."""

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """From its values as JSON holds them."""
        return cls(values["about"], tuple(values["waits_for"]))


@dataclass(frozen=True)
class Cursor:
    """What the next look has to know."""

    event_id: int
    """Number of the last end of a run that was read."""
    looked_at: float = 0.0
    """When runs under way and schedules were looked at last, seconds since 1970."""
    measured_at: float = 0.0
    """When the age of the data and the disks were looked at last."""
    pinged_at: float = 0.0
    """When AIRWATCH_HEARTBEAT_URL was last asked for."""
    digest: Notice = Notice()
    """The last digest, by its day (UTC), sent or not needed."""
    champion: Notice = Notice()
    """The decision on the champion that was told last."""
    waits: bool = False
    """Whether a message is still to be sent that no channel took."""
    unstored: Mapping[str, list[str]] = field(default_factory=dict)
    """Incidents that were told while the table could not be written → channels that did not take the message."""

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        """What ``text`` says, of another version too; None at the first look."""
        if text is None:
            return None
        known = {one.name for one in fields(cls)}
        values = {name: value for name, value in json.loads(text).items() if name in known}
        notices = {name: Notice.read(values[name]) for name in ("digest", "champion") if name in values}
        return cls(**values | notices)

    @property
    def text(self) -> str:
        """As Dagster stores it."""
        return json.dumps(asdict(self))
