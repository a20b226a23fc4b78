"""Random kills on a rehearsed stack: drawn from seeds, told apart from what is as before, and three of them done."""

import io
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from deploy.rehearsal.drills import Drill, Outcome, summary
from deploy.rehearsal.processes import Broken, holders, side_by_side
from deploy.rehearsal.stack import Stack
from deploy.rehearsal.tables import StoredTables
from deploy.rehearsal.work import KILLED, WORK


def test_a_seed_draws_the_same_drill_again_and_all_kinds_are_drawn() -> None:
    drills = [Drill.drawn(seed, victims=KILLED, kinds=tuple(WORK)) for seed in range(200)]

    assert drills == [Drill.drawn(seed, victims=KILLED, kinds=tuple(WORK)) for seed in range(200)]
    assert len(Counter((drill.victim, drill.kind) for drill in drills)) == len(KILLED) * len(WORK)
    assert min(drill.moment for drill in drills) < 0
    assert max(drill.moment for drill in drills) > 0.9


def test_the_summary_counts_what_survived_and_the_longest_wait_of_each_victim() -> None:
    drill = Drill(1, "worker", "training", 0.5)
    outcomes = [
        Outcome(drill, "STARTED", ("FAILURE", "SUCCESS"), 12.0, 60.0, ()),
        Outcome(drill, "STARTED", ("FAILURE",), 31.0, 90.0, ("features is missing",)),
        Outcome(Drill(2, "mlflow", "training", 0.25), "SUCCESS", ("SUCCESS",), None, 30.0, ()),
    ]

    assert summary(outcomes) == [
        "mlflow: 1 of 1 survived, 0 killed while the run worked",
        "worker: 1 of 2 survived, 2 killed while the run worked, told within 31 s",
        "all: 2 of 3 survived, 2 killed while the run worked",
    ]
    assert outcomes[0].line == (
        "drill 1: worker under training at 50 %, STARTED: FAILURE → SUCCESS, told after 12 s, 60 s: survived"
    )
    assert outcomes[2].line.endswith("SUCCESS, lived on, 30 s: survived")


def test_what_needs_not_wait_starts_side_by_side() -> None:
    waits_for = {"last": ["left", "right"], "left": ["first"], "right": ["first", "not of this stack"], "first": []}
    done: list[str] = []

    names = [name for name, _ in side_by_side(waits_for, done.append)]

    assert sorted(names) == sorted(done)
    assert (done[0], set(done[1:3]), done[3]) == ("first", {"left", "right"}, "last")


def test_nothing_starts_after_what_did_not() -> None:
    done: list[str] = []

    def start(name: str) -> None:
        if name == "first":
            raise Broken("first did not start")
        done.append(name)

    with pytest.raises(Broken, match="first did not start"):
        list(side_by_side({"first": [], "second": ["first"]}, start))
    assert done == []


def test_the_process_that_has_a_file_open_is_found(tmp_path: Path) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("no /proc")
    path = tmp_path.resolve() / "lock"

    with path.open("w"):
        assert len(holders(path)) == 1
    assert holders(path) == []


class Bucket:
    """The objects that a store has, as boto3's client shows them."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects

    def get_paginator(self, name: str) -> "Bucket":
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [{"Contents": [{"Key": key, "ETag": str(hash(data))} for key, data in self.objects.items()]}]

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, io.BytesIO]:  # noqa: N803 - boto3's names
        return {"Body": io.BytesIO(self.objects[Key])}

    def delete_object(self, *, Bucket: str, Key: str) -> None:  # noqa: N803 - boto3's names
        del self.objects[Key]


def parquet(**columns: list[object]) -> bytes:
    file = io.BytesIO()
    pd.DataFrame(columns).to_parquet(file)
    return file.getvalue()


def stored(objects: dict[str, bytes]) -> StoredTables:
    tables = StoredTables(Stack(Path(), {}, {}))
    vars(tables)["_client"] = Bucket(objects)
    return tables


def test_tables_equal_those_of_another_run_but_for_when_it_wrote_them() -> None:
    before = {"tables/a/1.parquet": parquet(pm25=[1.5, None], first_seen_at=["then", "then"])}
    tables = stored(dict(before))
    marks, read = tables.marks(), tables.read()

    assert tables.differences(read, marks) == []

    tables._client.objects["tables/a/1.parquet"] = parquet(pm25=[1.5, None], first_seen_at=["now", "now"])
    assert tables.differences(read, marks) == []

    tables._client.objects["tables/a/1.parquet"] = parquet(pm25=[1.5, None], first_seen_at=["now", None])
    assert tables.differences(read, marks) == ["tables/a/1.parquet: first_seen_at differs"]

    tables._client.objects["tables/a/1.parquet"] = parquet(pm25=[1.5, 2.0], first_seen_at=["now", "now"])
    tables._client.objects["tables/a/2.parquet"] = b""
    assert tables.differences(read, marks) == [
        "tables/a/2.parquet is new",
        "tables/a/1.parquet: pm25 differs",
    ]

    assert tables.remove(("a/1",)) == 1
    assert "tables/a/1.parquet is missing" in tables.differences(read, marks)
