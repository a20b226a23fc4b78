"""What can be removed of every kind, and its removal; used by the command and by the job."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.configuration.settings import StateSettings, storage_root
from airwatch_dagster.orchestration.resources import opened_storage
from airwatch_dagster.orchestration.retention.files import Downloads, Leftovers, Responses, StepLogs
from airwatch_dagster.orchestration.retention.kinds import KEPT_FOR, Item, Kind
from airwatch_dagster.orchestration.retention.models import UnservedModels
from airwatch_dagster.orchestration.retention.reports import DriftPages
from airwatch_dagster.orchestration.retention.runs import FinishedRuns, RunEvents


@dataclass(frozen=True)
class Removable:
    """What one kind has that is older than its age."""

    kind: Kind
    age: timedelta
    items: Sequence[Item]

    @property
    def size(self) -> int:
        """Bytes of all items."""
        return sum(item.size for item in self.items)

    def remove(self) -> None:
        """Remove the items."""
        self.kind.remove(self.items)


def removable(
    instance: dg.DagsterInstance, ages: Mapping[str, timedelta], *, kinds: Sequence[str] | None = None
) -> Iterator[Removable]:
    """What each of ``kinds``, by default of all, has that is older than its age; each as soon as it is known.

    Removing one before the next is listed is allowed. Raises ConfigurationError for a kind that does not exist, and
    what the storage and MLflow raise.
    """
    now = datetime.now(UTC)
    for kind in _kinds(instance, kinds):
        age = ages[kind.name]
        yield Removable(kind, age, kind.items(now - age))


def _kinds(instance: dg.DagsterInstance, names: Sequence[str] | None) -> list[Kind]:
    """In the order in which they are removed: runs before the events and output of runs."""
    unknown = set(names or ()) - set(KEPT_FOR)
    if unknown:
        problem = f"{', '.join(sorted(unknown))} is not a kind of files or records"
        raise ConfigurationError("--kinds", problem, fix=f"Use some of {', '.join(KEPT_FOR)}")
    state, root = StateSettings.from_environment().state, storage_root()
    tables = opened_storage(root)
    folders = [state] if "://" in root else [state, Path(root).expanduser().absolute()]
    kinds: list[Kind] = [
        FinishedRuns(instance),
        RunEvents(instance),
        StepLogs(state, instance),
        UnservedModels(tables),
        DriftPages(tables),
        Responses(state),
        Downloads(state),
        Leftovers(*folders),
    ]
    return [kind for kind in kinds if names is None or kind.name in names]
