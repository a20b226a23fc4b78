"""Two writers of one storage lose nothing: in a folder, by conditional writes on S3, and by tickets without them."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.errors import ConfigurationError, StorageError
from airwatch_dagster.storage.byte_stores import ABSENT, ByteStore, StoredVersion, VersionConflict
from airwatch_dagster.storage.local_folder import LocalFolder
from airwatch_dagster.storage.locks import conflicts
from airwatch_dagster.storage.s3_prefix import S3Prefix
from airwatch_dagster.storage.tables import MergedSlices, TableStorage
from airwatch_dagster_tests import builders
from benchmarks.two_writers import run_drill

pytestmark = pytest.mark.slow

NAME = "raw_readings/2021-07-04.parquet"


@pytest.fixture
def tables(root: str) -> TableStorage:
    return TableStorage.open(root)


def files(root: str) -> ByteStore:
    place = root.removeprefix("s3://")
    if place == root:
        return LocalFolder(root, setting="AIRWATCH_STORAGE")
    bucket, _, prefix = place.partition("/")
    return S3Prefix(bucket, prefix, attempts=2, setting="AIRWATCH_STORAGE")


def test_a_file_is_replaced_only_while_it_is_the_version_that_was_read(root: str) -> None:
    store = files(root)
    store.replace(NAME, b"first", expected=ABSENT)
    _, read = store.get_version(NAME)
    store.replace(NAME, b"second", expected=read)

    with pytest.raises(VersionConflict, match=r"2021-07-04\.parquet: was replaced by another writer") as caught:
        store.replace(NAME, b"third", expected=read)
    with pytest.raises(VersionConflict):
        store.replace(NAME, b"third", expected=ABSENT)
    with pytest.raises(VersionConflict):
        store.replace("raw_readings/2021-07-05.parquet", b"third", expected=read)

    assert caught.value.retry_helps
    assert store.get(NAME) == b"second"
    assert store.get("raw_readings/2021-07-05.parquet") is None


def test_the_version_of_a_missing_file_is_absent(root: str) -> None:
    assert files(root).get_version(NAME) == (None, ABSENT)


def test_a_version_is_known_by_its_bytes() -> None:
    assert StoredVersion.of(b"rows").is_of(b"rows")
    assert not StoredVersion.of(b"rows").is_of(b"other rows")
    assert not ABSENT.is_of(b"")
    assert not ABSENT.is_of(None)


def changes(*means: float) -> pd.DataFrame:
    day = pd.Timestamp("2021-07-04")
    return builders.raw_readings(
        *({"date_local": day, "poc": number, "arithmetic_mean": mean} for number, mean in enumerate(means, start=1))
    )


def test_a_merge_is_made_again_on_what_another_writer_stored_meanwhile(tables: TableStorage, root: str) -> None:
    other, seen = TableStorage.open(root), []

    def merged(stored: pd.DataFrame) -> MergedSlices:
        seen.append(len(stored))
        if len(seen) == 1:
            other.merge("raw_readings", ["2021-07-04"], lambda _: (changes(8.0), {"2021-07-04": slice(0, 1)}))
        return changes(*[*stored["arithmetic_mean"], 9.5]), {"2021-07-04": slice(0, len(stored) + 1)}

    tables.merge("raw_readings", ["2021-07-04"], merged)

    assert seen == [0, 1]
    assert tables.read("raw_readings", ["2021-07-04"])["arithmetic_mean"].tolist() == [8.0, 9.5]


def test_a_merge_that_never_comes_through_says_so_and_stores_nothing(
    tables: TableStorage, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conflicts, "BACKOFF_S", 0.0)
    monkeypatch.setattr(conflicts, "MAX_TRIES", 3)
    other, tries = TableStorage.open(root), []

    def overtaken(_: pd.DataFrame) -> MergedSlices:
        tries.append(1)
        other.write("raw_readings", {"2021-07-04": changes(float(len(tries)))})
        return changes(99.0), {"2021-07-04": slice(0, 1)}

    with pytest.raises(StorageError, match="was replaced by another writer in each of 3 tries") as caught:
        tables.merge("raw_readings", ["2021-07-04"], overtaken)

    assert caught.value.retry_helps
    assert tables.read("raw_readings", ["2021-07-04"])["arithmetic_mean"].tolist() == [3.0]


def test_a_merge_whose_bytes_would_not_change_is_not_written(tables: TableStorage, root: str) -> None:
    tables.merge("raw_readings", ["2021-07-04"], lambda _: (changes(8.0), {"2021-07-04": slice(0, 1)}))
    before = files(root).written_at(NAME)

    tables.merge(
        "raw_readings", ["2021-07-04"], lambda stored: (stored, {"2021-07-04": slice(0, 1)}), keep_unchanged=True
    )

    assert files(root).written_at(NAME) == before


def test_of_many_threads_that_merge_one_file_none_loses(tables: TableStorage) -> None:
    def add(mean: float) -> None:
        def merged(stored: pd.DataFrame) -> MergedSlices:
            return changes(*stored["arithmetic_mean"], mean), {"2021-07-04": slice(0, len(stored) + 1)}

        tables.merge("raw_readings", ["2021-07-04"], merged)

    threads = [threading.Thread(target=add, args=(float(mean),)) for mean in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(tables.read("raw_readings", ["2021-07-04"])["arithmetic_mean"]) == [0.0, 1.0, 2.0, 3.0]


def test_pages_that_are_added_to_by_two_writers_keep_what_both_add(tables: TableStorage, root: str) -> None:
    other, calls = TableStorage.open(root), []

    def by_the_first(stored: object) -> dict[str, bytes]:
        calls.append(stored)
        if len(calls) == 1:
            other.update_pages(["list.txt"], lambda pages: {"list.txt": (pages["list.txt"] or b"") + b"second "})
        return {"list.txt": (stored["list.txt"] or b"") + b"first "}  # type: ignore[index]

    tables.update_pages(["list.txt", "other.txt"], by_the_first)

    assert tables.page("list.txt") == b"second first "
    assert tables.page("other.txt") is None


def test_the_mark_of_two_kinds_of_readings_written_at_once_is_that_of_the_first(
    tables: TableStorage, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = files(root)
    kind = type(store)
    look, looks = kind.get, []

    def get(self: ByteStore, name: str) -> bytes | None:
        if name == "airwatch.json":
            looks.append(name)
            if len(looks) == 1:
                store.replace(name, b'{"readings": "simulated"}\n', expected=ABSENT)
                return None
        return look(self, name)  # type: ignore[arg-type]

    monkeypatch.setattr(kind, "get", get)

    with pytest.raises(ConfigurationError, match=r"is marked .*simulated"):
        tables.assert_data_kind("epa")


def test_it_is_tried_out_whether_the_server_has_conditional_writes(root: str, request: pytest.FixtureRequest) -> None:
    found = TableStorage.open(root).conditional_writes()

    expected = {
        "folder": (False, f"lock files in {root}/.locks"),
        "moto": (True, "conditional writes of the server (If-Match, If-None-Match)"),
        "rclone": (False, f"tickets below {root}/.locks, since the server does not support If-None-Match and If-Match"),
    }[request.node.callspec.params["root"]]
    assert (found.is_by_server, found.how) == expected


def test_the_clock_of_the_place_is_asked(tables: TableStorage) -> None:
    assert abs(tables.clock() - datetime.now(UTC)) < timedelta(minutes=1)


def test_two_processes_with_states_of_their_own_lose_no_version(root: str, tmp_path: Path) -> None:
    outcomes = run_drill(root, tmp_path, rounds=15, days=["2021-07-04", "2021-07-05"])

    assert [outcome.merges for outcome in outcomes] == [15, 15]
    assert sum(outcome.conflicts for outcome in outcomes) > 0  # else the drill shows nothing
