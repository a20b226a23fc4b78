"""The stored readings of an installation, in a form that compares runs of different times row by row."""

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd

from airwatch_dagster.acquire.readings import VERSION_COLUMNS
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests.installations import Installation

Versions = Mapping[str, Counter[int]]
"""Partition → fingerprints of its versions, each with how often it occurs."""

MOMENTS = {"monitors": ["primary_changed_at"], "revisions": ["noticed_on", "noticed_at"]}
"""Columns that depend on when a run was made."""


def readings_of(tables: TableStorage, *, pulls_began: Iterable[pd.Timestamp]) -> Versions:
    """Every stored version of raw_readings: all columns, its moments replaced by the number of the pull they lie in.

    Raises what keeps a file from being read, and TableContractViolation for rows that break the contract.
    """
    partitions = list(tables.stored_partitions("raw_readings"))
    rows = validated("raw_readings", tables.read("raw_readings", partitions))
    began = np.array(list(pulls_began), dtype="datetime64[ns]")
    for column in VERSION_COLUMNS:
        moments = rows[column].to_numpy(dtype="datetime64[ns]")
        rows[column] = np.where(np.isnat(moments), -1, np.searchsorted(began, moments, side="right"))
    fingerprints = pd.util.hash_pandas_object(rows, index=False)
    found: dict[str, Counter[int]] = {partition: Counter() for partition in partitions}
    for partition, of_day in fingerprints.groupby(TABLES["raw_readings"].partition_keys_of(rows)):
        found.setdefault(str(partition), Counter()).update(of_day.tolist())
    return found


def rows_of(tables: TableStorage, table: str) -> Counter[int]:
    """Fingerprints of a table's rows without the columns that depend on when a run was made."""
    rows = tables.read_or_empty(table).drop(columns=MOMENTS[table])
    return Counter(pd.util.hash_pandas_object(rows, index=False).tolist())


@dataclass(frozen=True)
class Record:
    """Dagster's record of an installation."""

    partitions: frozenset[str]
    """Those of raw_readings that were materialized."""
    under_way: int
    """Runs that it lists as started."""


def record_of(installation: Installation) -> Record:
    """Dagster's own record, as its UI shows it."""
    with installation.activated(), dg.DagsterInstance.get() as instance:
        partitions = instance.get_materialized_partitions(dg.AssetKey("raw_readings"))
        return Record(
            frozenset(partitions), instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
        )


def remains(installation: Installation) -> int:
    """Temporary files that were never renamed."""
    return sum(path.suffix in (".tmp", ".part") for path in installation.folder.rglob(".*"))


@dataclass(frozen=True)
class Difference:
    """Rows of one state of the readings that another has not, and the other way round."""

    lost: int = 0
    doubled: int = 0
    """Rows too many: repeated or invented."""
    partitions: tuple[str, ...] = ()
    """Where they are, and partitions that only one of both has."""


def difference(found: Versions, expected: Versions) -> Difference:
    """How ``found`` differs from ``expected``."""
    keys = [key for key in sorted({*found, *expected}) if found.get(key) != expected.get(key)]
    nothing: Counter[int] = Counter()
    lost = sum((expected.get(key, nothing) - found.get(key, nothing)).total() for key in keys)
    doubled = sum((found.get(key, nothing) - expected.get(key, nothing)).total() for key in keys)
    return Difference(lost, doubled, tuple(keys))


def unexplained(found: Versions, states: Iterable[Versions]) -> list[str]:
    """Partitions whose content is that of none of these states of the undisturbed run."""
    known = list(states)
    return [key for key, versions in found.items() if all(state.get(key) != versions for state in known)]


def cached_responses(installation: Installation, *, since: pd.Timestamp) -> frozenset[str]:
    """Requests of a pull begun ``since`` that its resumption need not repeat: their responses are cached."""
    responses = [path for path in _downloads(installation).glob("aqs-*/*.jsonl.gz") if not _beside(path, "stored")]
    return frozenset(_request(path) for path in responses if _written(path) >= since)


def cached_files(installation: Installation, *, since: pd.Timestamp) -> frozenset[str]:
    """Complete bulk files downloaded by a pull begun ``since``, each with its time: they need no second download."""
    files = [path for path in _downloads(installation).glob("airdata-*/daily_*.zip") if _beside(path, "json")]
    return frozenset(f"{path.name} of {_written(path)}" for path in files if _written(path) >= since)


def _downloads(installation: Installation) -> Path:
    return Path(installation.environment["AIRWATCH_STATE"]) / "downloads"


def _beside(path: Path, suffix: str) -> bool:
    return path.with_name(f"{path.name}.{suffix}").exists()


def _written(path: Path) -> pd.Timestamp:
    return pd.Timestamp(path.stat().st_mtime_ns)


def _request(response: Path) -> str:
    with gzip.open(response, "rt", encoding="utf-8") as lines:
        about = json.loads(next(lines))
    return identity(f"/data/api/{about['service']}", about["params"])


def identity(path: str, query: Mapping[str, str]) -> str:
    """A request without its credentials."""
    parameters = sorted((name, value) for name, value in query.items() if name not in ("email", "key"))
    return " ".join([path, *(f"{name}={value}" for name, value in parameters)])
