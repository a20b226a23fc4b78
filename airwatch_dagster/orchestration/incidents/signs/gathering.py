"""Everything that one look finds."""

from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg
import pandas as pd

from airwatch_dagster.orchestration.freshness.expected import current_moment
from airwatch_dagster.orchestration.incidents.signs.air import air_signs
from airwatch_dagster.orchestration.incidents.signs.data_age import DataAge, age_signs, data_age
from airwatch_dagster.orchestration.incidents.signs.disk import disk_signs
from airwatch_dagster.orchestration.incidents.signs.finished_runs import EndedRun
from airwatch_dagster.orchestration.incidents.signs.overdue import ended_unseen, standing_runs, ticks_of
from airwatch_dagster.orchestration.incidents.signs.run_ends import Graph, signs_of
from airwatch_dagster.orchestration.incidents.state import OF_CHECKS, Incident, Sign
from airwatch_dagster.orchestration.resources import StorageResource


@dataclass(frozen=True)
class Gathering:
    """Where one look finds signs."""

    instance: dg.DagsterInstance
    storage: StorageResource
    repository: dg.RepositoryDefinition | None
    runs: Sequence[EndedRun]
    """That have ended since the last look."""
    with_overdue: bool
    """Whether runs under way, schedules and sensors are looked at."""

    def signs(self, stored: Sequence[Incident], *, now: pd.Timestamp) -> list[Sign]:
        """The signs, in an order that does not matter; ``stored`` are the incidents known so far."""
        if not self.runs and not self.with_overdue:
            return []
        graph = Graph.of(self.repository) if self.repository else Graph()
        watched = {(one.asset, one.scope) for one in stored if one.is_open and one.rule in OF_CHECKS}
        found = signs_of(self.instance, self.runs, graph, watched=watched)
        if self.with_overdue:
            found += standing_runs(self.instance, graph, now=now) + ended_unseen(self.instance, stored, now=now)
            found += ticks_of(self.instance, self.repository, now=now) if self.repository else []
        return found

    def has_built(self, table: str) -> bool:
        """Whether a run that succeeded has built the table."""
        graph = Graph.of(self.repository) if self.repository and self.runs else Graph()
        return any(one.is_success and table in graph.tables_of(one.run) for one in self.runs)

    def measured(self, stored: Sequence[Incident], *, now: pd.Timestamp) -> tuple[list[Sign], DataAge | None]:
        """Signs of the stored data and of the disks, and how old the data are. Raises StorageError."""
        tables = self.storage.tables()
        moment = current_moment()
        age = data_age(tables, moment)
        found = age_signs(age, stored, now=now) if age else []
        found += air_signs(tables, stored, today=pd.Timestamp(moment.today), now=now)
        return [*found, *disk_signs(tables, now=now)], age
