"""The table ``incidents``: rows and incidents, and changes under its write lock by several writers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from typing import Any, Final

import pandas as pd

from airwatch_dagster.orchestration.incidents.keys import as_text, keys_in
from airwatch_dagster.orchestration.incidents.state import Incident
from airwatch_dagster.orchestration.resources import StorageResource
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster.storage.tables import MergedSlices, TableStorage

TABLE: Final = "incidents"

KEPT_DAYS: Final = 365
"""Days for which a resolved incident stays in the table: what came in the same season of last year can be looked up."""

Change = Callable[[list[Incident]], list[Incident]]
"""What makes new incidents of the stored ones; made from its own result it changes nothing."""


def stored_incidents(tables: TableStorage) -> list[Incident]:
    """Every incident of the table, open or resolved. Raises StorageError."""
    return incidents_of(tables.read_or_empty(TABLE))


def changed_incidents(storage: StorageResource, change: Change, *, now: pd.Timestamp) -> list[Incident]:
    """The incidents after ``change``, which is stored, unless it changes nothing. Resolved ones of long ago go.

    ``change`` is called again with newer rows when another machine stored some meanwhile. Raises StorageError.
    """
    after: list[Incident] = []

    def merged(rows: pd.DataFrame) -> MergedSlices | None:
        nonlocal after
        before = incidents_of(rows)
        after = change(before)
        if after == before:
            return None
        after = [one for one in after if one.resolved_at is None or (now - one.resolved_at).days < KEPT_DAYS]
        frame = validated(TABLE, frame_of(after))
        return frame, {None: slice(0, len(frame))}

    with storage.locked(TABLE) as tables:
        tables.merge(TABLE, None, merged)
    return after


def frame_of(incidents: Sequence[Incident]) -> pd.DataFrame:
    """One row for each incident, in the columns of the table."""
    if not incidents:
        return TABLES[TABLE].empty()
    rows = [
        {**{one.name: getattr(incident, one.name) for one in fields(Incident)}, "incident_id": incident.incident_id}
        | {name: as_text(getattr(incident, name)) for name in ("partitions", "partitions_left")}
        | {"waits_for": ", ".join(sorted(incident.waits_for)) or None}
        for incident in incidents
    ]
    empty = TABLES[TABLE].empty()
    return pd.DataFrame(rows)[TABLES[TABLE].column_names].astype(empty.dtypes.to_dict())


def incidents_of(frame: pd.DataFrame) -> list[Incident]:
    """The incidents of rows of the table."""
    names = [one.name for one in fields(Incident)]
    return [_incident(row) for row in frame[names].to_dict("records")]


def _incident(row: dict[Any, Any]) -> Incident:
    values: dict[str, Any] = {str(name): None if _is_null(value) else value for name, value in row.items()}
    values |= {name: keys_in(values[name] or "") for name in ("partitions", "partitions_left")}
    values["waits_for"] = frozenset(filter(None, (values["waits_for"] or "").split(", ")))
    values["flaps"] = int(values["flaps"] or 0)
    return Incident(**values)


def _is_null(value: Any) -> bool:
    return value is None or bool(pd.isna(value))


def open_ones(incidents: Iterable[Incident]) -> list[Incident]:
    """Those that are not resolved, the oldest first."""
    return sorted((one for one in incidents if one.is_open), key=lambda one: (one.opened_at, one.key))
