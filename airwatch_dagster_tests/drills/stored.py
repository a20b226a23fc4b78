"""What a storage holds, in a form that is the same for two runs of one command at different times."""

import hashlib
import io
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from airwatch_dagster_tests.s3_servers import S3Server
from benchmarks.compare_storages import SENTENCES, VOLATILE, differences

IGNORED: Final = (*VOLATILE, *SENTENCES, "model_version", "previous_version", "noticed_on", "read_at")
"""Columns that may differ between two runs: when, by which run, where, and under which number of MLflow's a row was
made. A killed training has used up numbers."""

_HIDDEN: Final = re.compile(r"(^|/)\.")

_MOMENT: Final = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|\+00:00)?|\d\d:\d\d( UTC|Z)?")


@dataclass(frozen=True)
class Place:
    """Where the tables of a drill are: a folder, or a prefix of a server."""

    root: str
    server: S3Server | None = None
    served: Path | None = None
    """The folder of a server whose objects are plain files."""

    @property
    def kind(self) -> str:
        return "folder" if self.server is None else "S3"

    def fill(self, folder: Path) -> None:
        """Put the files of a folder there."""
        if self.server is None:
            shutil.copytree(folder, self.root)
            return
        client, prefix = self.server.client(), self._prefix
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = str(path.relative_to(folder))
            client.put_object(Bucket=self.server.bucket, Key=f"{prefix}/{name}", Body=path.read_bytes())

    def files(self) -> dict[str, bytes]:
        """Every file by name, hidden ones included."""
        if self.server is None:
            return files_of(Path(self.root))
        return dict(self._objects())

    def clear(self) -> None:
        """Remove everything."""
        if self.server is None:
            shutil.rmtree(self.root, ignore_errors=True)
            return
        client = self.server.client()
        for name in self.files():
            client.delete_object(Bucket=self.server.bucket, Key=f"{self._prefix}/{name}")

    @property
    def _prefix(self) -> str:
        return self.root.partition("://")[2].partition("/")[2]

    def _objects(self) -> Iterator[tuple[str, bytes]]:
        assert self.server is not None
        client, bucket = self.server.client(), self.server.bucket
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{self._prefix}/"):
            for entry in page.get("Contents", []):
                found = client.get_object(Bucket=bucket, Key=entry["Key"])
                yield entry["Key"].removeprefix(f"{self._prefix}/"), found["Body"].read()


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@dataclass
class Known:
    """Every state of each file that the undisturbed run had."""

    states: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """File → digest of its content without what may differ → an example."""

    def add(self, files: Mapping[str, bytes]) -> None:
        """These files are states that may be found."""
        for name, data in files.items():
            if is_compared(name):
                self.states.setdefault(name, {})[digest(name, data)] = data

    def unexplained(self, files: Mapping[str, bytes]) -> list[str]:
        """Files that are torn, or whose content the undisturbed run never had."""
        found = []
        for name, data in files.items():
            if not is_compared(name):
                continue
            try:
                known = digest(name, data) in self.states.get(name, {})
            except (pa.ArrowException, OSError, ValueError) as error:
                found.append(f"{name} cannot be read: {type(error).__name__}")
                continue
            if not known:
                found.append(f"{name} has what the undisturbed run never had{self._closest(name, data)}")
        return found

    def _closest(self, name: str, data: bytes) -> str:
        examples = list(self.states.get(name, {}).values())
        return f": {difference(name, examples[-1], data)}" if examples else ""


def changed(expected: Mapping[str, bytes], found: Mapping[str, bytes]) -> list[str]:
    """How the files found differ from those expected, in words; hidden files and notes by time are left out."""
    wanted, own = ({name for name in files if is_compared(name)} for files in (expected, found))
    lines = [f"{name} is missing" for name in sorted(wanted - own)]
    lines += [f"{name} is there, and should not be" for name in sorted(own - wanted) if not _says_nothing(name, found)]
    for name in sorted(wanted & own):
        if digest(name, expected[name]) != digest(name, found[name]):
            lines.append(f"{name} differs: {difference(name, expected[name], found[name])}")
    return lines


def _says_nothing(name: str, found: Mapping[str, bytes]) -> bool:
    """A day without revisions: the writer beside a drill looks for some."""
    return name.startswith("revisions/") and pq.read_metadata(io.BytesIO(found[name])).num_rows == 0


def is_compared(name: str) -> bool:
    """Whether a file is compared: not locks and probes, and not notes that are named after their time."""
    return not _HIDDEN.search(name) and not name.startswith("repairs/")


def difference(name: str, before: bytes, after: bytes) -> str:
    """What differs, in words."""
    if not name.endswith(".parquet"):
        return "bytes"
    old, new = (_in_order(pq.read_table(io.BytesIO(data)).to_pandas()) for data in (before, after))
    return "; ".join(differences(old, new, IGNORED))[:300]


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Sorted by what may not differ: a table that is sorted by moments has another order in each run."""
    by = rows.drop(columns=[*set(IGNORED) & set(rows.columns)]).map(str)
    return rows.iloc[by.sort_values([*by.columns], kind="stable").index] if len(rows) and len(by.columns) else rows


def digest(name: str, data: bytes) -> str:
    """Of the content without what may differ. Raises what keeps a table from being read."""
    return _digest(name.endswith(".parquet"), hashlib.sha256(data).hexdigest(), data)


@lru_cache(maxsize=4096)
def _digest(is_table: bool, _sha256: str, data: bytes) -> str:
    if not is_table:
        return hashlib.sha256(_MOMENT.sub(b"", data)).hexdigest()
    rows: pd.DataFrame = pq.ParquetFile(io.BytesIO(data), page_checksum_verification=True).read().to_pandas()
    for column in set(IGNORED) & set(rows.columns):
        rows[column] = rows[column].isna()
    rows = _in_order(rows)
    described = [*map(str, rows.columns), *map(str, rows.dtypes), len(rows)]
    rows_hash: Any = pd.util.hash_pandas_object(rows.map(str) if len(rows) else rows, index=False)
    return hashlib.sha256(repr(described).encode() + rows_hash.to_numpy().tobytes()).hexdigest()
