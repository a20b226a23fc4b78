"""Rows of the event log's table for many events: what the events of a batch have in common is made into text once.

Dagster walks through each event anew, its run, step and tags included: half of the time of a small event.
"""

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import dagster as dg
from dagster._serdes import serialize_value

_OWN: Final = ("<specific>", "<message>", "<time>", "<text>")
"""What each event has of its own, in the order of its text; the rest is common to those of one step and type."""

_MARKS: Final = re.compile("|".join(f'"{mark}"' for mark in _OWN))


def event_rows(
    events: Sequence[dg.EventLogEntry], *, timestamp_of: Callable[[dg.EventLogEntry], datetime]
) -> list[dict[str, Any]]:
    """The rows that Dagster stores of these events, one each."""
    common: dg.EventLogEntry | None = None
    parts: list[str] = []
    rows = []
    for event in events:
        if (now := _common(event)) != common:
            common, parts = now, _MARKS.split(serialize_value(now))
        inner = event.dagster_event
        rows.append(
            {
                "run_id": event.run_id,
                "event": _text(event, parts),
                "dagster_event_type": inner.event_type_value if inner else None,
                "timestamp": timestamp_of(event),
                "step_key": inner.step_key if inner else event.step_key,
                "asset_key": inner.asset_key.to_string() if inner and inner.asset_key else None,
                "partition": (inner.partition or None) if inner else None,
            }
        )
    return rows


def _common(event: dg.EventLogEntry) -> dg.EventLogEntry:
    """The event with marks in the place of what it has of its own."""
    specific, message, moment, text = _OWN
    inner: Any = event.dagster_event
    if inner is not None:
        inner = inner._replace(event_specific_data=specific, message=message)
    marks: dict[str, Any] = {"dagster_event": inner, "timestamp": moment, "user_message": text}
    return event._replace(**marks)


def _text(event: dg.EventLogEntry, parts: Sequence[str]) -> str:
    """The event between the ``parts`` of what it has in common; as a whole where the marks are none."""
    inner = event.dagster_event
    if inner is None or len(parts) != len(_OWN) + 1:
        return serialize_value(event)
    values = inner.event_specific_data, inner.message, event.timestamp, event.user_message
    own = (json.dumps(value) if isinstance(value, str | float) else serialize_value(value) for value in values)
    return "".join([*(part for pair in zip(parts[:-1], own, strict=True) for part in pair), parts[-1]])
