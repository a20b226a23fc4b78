"""What time it is at the source, as its responses say."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

_HEARD: Final[list[tuple[datetime, float]]] = []
"""The time that the newest response of this process named, and when it came by the monotonic clock; at most one."""


def heard(header: str | None) -> None:
    """Remember the ``Date`` of a response that has just arrived; one that is missing or unreadable tells nothing."""
    try:
        moment = parsedate_to_datetime(header) if header else None
    except ValueError:
        return
    if moment is not None and moment.tzinfo is not None:
        _HEARD[:] = [(moment.astimezone(UTC), time.monotonic())]


def last_answer() -> datetime | None:
    """The time now (UTC) by the newest response and the time that has passed since; None without a response."""
    return next((moment + timedelta(seconds=time.monotonic() - at) for moment, at in _HEARD), None)
