"""What a stack has stored in its bucket: listed, removed so that a run has work to do, and compared."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import boto3
import pandas as pd
import pyarrow.parquet as pq
import requests

from deploy.rehearsal.stack import Stack

BUCKET: Final = "airwatch"

PREFIX: Final = "tables/"

VOLATILE: Final = (
    *("first_seen_at", "superseded_at", "primary_changed_at", "decided_at", "scored_at"),
    *("mlflow_run_id", "model_uri", "model_version", "page_uri"),
)
"""Columns that hold when or by which run a row was written: of two runs only their nulls are equal. The hashes of a
model's files, ``model_files``, are compared."""


@dataclass(frozen=True)
class StoredTables:
    """The objects of the tables, read past AirWatch."""

    stack: Stack

    @cached_property
    def _client(self) -> Any:
        given = self.stack.folder / "secrets"
        key, secret = ((given / f"s3_{name}_key").read_text(encoding="utf-8").strip() for name in ("access", "secret"))
        address = f"http://127.0.0.1:{self.stack.ports['storage']}"
        login = {"aws_access_key_id": key, "aws_secret_access_key": secret, "region_name": "us-east-1"}
        return boto3.client("s3", endpoint_url=address, **login)

    def marks(self) -> dict[str, str]:
        """Name → the store's mark of its bytes, of every object of a table; readers replace packs, which are none."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=PREFIX)
        entries = (one for page in pages for one in page.get("Contents", []))
        return {one["Key"]: one["ETag"] for one in entries if not one["Key"].startswith(f"{PREFIX}.packs/")}

    def read(self) -> dict[str, bytes]:
        """The bytes of every object of a table."""
        return {name: self._bytes(name) for name in self.marks()}

    def remove(self, beginnings: tuple[str, ...]) -> int:
        """Delete the objects whose names begin so, ``site_days/2021-05`` for a table's month; returns how many."""
        names = [name for name in self.marks() if name.removeprefix(PREFIX).startswith(beginnings)]
        for name in names:
            self._client.delete_object(Bucket=BUCKET, Key=name)
        return len(names)

    def differences(self, before: Mapping[str, bytes], marks: Mapping[str, str]) -> list[str]:
        """How the objects differ from those that had these bytes and marks, in words."""
        now = self.marks()
        lost = [f"{name} is missing" for name in sorted(before.keys() - now.keys())]
        new = [f"{name} is new" for name in sorted(now.keys() - before.keys())]
        changed = sorted(name for name in before.keys() & now.keys() if now[name] != marks[name])
        return [*lost, *new, *(line for name in changed for line in _differs(name, before[name], self._bytes(name)))]

    def _bytes(self, name: str) -> bytes:
        return bytes(self._client.get_object(Bucket=BUCKET, Key=name)["Body"].read())


def _differs(name: str, before: bytes, now: bytes) -> Iterator[str]:
    """What differs between two files; pages, which say when they were made, do not count."""
    if not name.endswith(".parquet"):
        return
    old, new = (pq.read_table(io.BytesIO(data)).to_pandas() for data in (before, now))
    if list(old.columns) != list(new.columns) or len(old) != len(new):
        yield f"{name} has {len(new)} rows, {len(old)} before, or other columns"
        return
    for column in old.columns:
        if not _equals(old[column], new[column], only_nulls=column in VOLATILE):
            yield f"{name}: {column} differs"


def _equals(old: "pd.Series[Any]", new: "pd.Series[Any]", *, only_nulls: bool) -> bool:
    return bool(old.isna().equals(new.isna()) if only_nulls else old.equals(new))


def unfinished_mlflow_runs(stack: Stack) -> list[str]:
    """Ids of the runs that MLflow lists as running."""
    url = f"http://127.0.0.1:{stack.ports['mlflow']}/api/2.0/mlflow"
    with requests.Session() as session:
        session.trust_env = False
        session.auth = ("airwatch", (stack.folder / "secrets" / "mlflow_password").read_text(encoding="utf-8").strip())
        name = {"experiment_name": "airwatch"}
        found = session.get(f"{url}/experiments/get-by-name", params=name, timeout=60)
        found.raise_for_status()
        wanted = {
            "experiment_ids": [found.json()["experiment"]["experiment_id"]],
            "filter": "attributes.status = 'RUNNING'",
            "max_results": 1000,
        }
        runs = session.post(f"{url}/runs/search", json=wanted, timeout=60)
        runs.raise_for_status()
        return [run["info"]["run_id"] for run in runs.json().get("runs", [])]
