"""Years and months of small daily files are read from one file, and never other rows than the daily files hold."""

import itertools
import logging
import multiprocessing
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.errors import StorageError
from airwatch_dagster.schemas import CONTRACTS
from airwatch_dagster.storage import file_digest, packs, parquet
from airwatch_dagster.storage.byte_stores import ByteStore
from airwatch_dagster.storage.local_folder import LocalFolder
from airwatch_dagster.storage.s3_prefix import S3Prefix
from airwatch_dagster.storage.tables import MergedSlices, TableStorage
from airwatch_dagster_tests import builders
from airwatch_dagster_tests.drills.changes import ChangeWatch, KillOrder, Moment

DAYS = [f"2021-07-{day:02d}" for day in range(1, 11)]
YEAR_PACK, MONTH_PACK = ".packs/site_days/2021.arrow", ".packs/site_days/2021-07.arrow"


@pytest.fixture(params=["short days", "long days"])
def looked_at(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Packs that are looked for: that of the year, and of long days, which are in the last, that of the month."""
    if request.param == "short days":
        return [YEAR_PACK]
    monkeypatch.setattr(packs, "MAX_YEAR_DAY_BYTES", 0)
    return [YEAR_PACK, MONTH_PACK]


@pytest.fixture
def tables(root: str) -> TableStorage:
    return TableStorage.open(root)


def site_days(day: str, value: float = 8.5) -> pd.DataFrame:
    return builders.site_days({"date_local": pd.Timestamp(day), "pm25_ugm3": value})


def stored(tables: TableStorage, days: list[str] = DAYS) -> pd.DataFrame:
    """Ten days, day n with the value n, written at once."""
    frame = pd.concat([site_days(day, float(day[-2:])) for day in days], ignore_index=True)
    tables.write_slices("site_days", frame, {day: slice(number, number + 1) for number, day in enumerate(days)})
    return frame


def values(tables: TableStorage, days: list[str] = DAYS) -> list[float]:
    return tables.read("site_days", days, allow_missing=True)["pm25_ugm3"].tolist()


def noted(real: Callable[[ByteStore, str], object], names: list[str]) -> Callable[[ByteStore, str], object]:
    """The method, which adds the file to the names."""

    def method(self: ByteStore, name: str) -> object:
        names.extend({name} - set(names))
        return real(self, name)

    return method


@pytest.fixture
def gets(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files of which all bytes are read, from now on."""
    names: list[str] = []
    for kind, method in itertools.product((LocalFolder, S3Prefix), ("get", "get_version")):
        monkeypatch.setattr(kind, method, noted(getattr(kind, method), names))
    return names


def test_days_that_were_written_at_once_are_read_from_one_file(
    tables: TableStorage, looked_at: list[str], gets: list[str]
) -> None:
    frame = stored(tables)
    gets.clear()

    pd.testing.assert_frame_equal(tables.read("site_days", DAYS), frame)
    backwards = tables.read("site_days", DAYS[::-1], columns=["pm25_ugm3", "site_id"])

    pd.testing.assert_frame_equal(backwards, frame[["pm25_ugm3", "site_id"]][::-1].reset_index(drop=True))
    assert gets == looked_at


def test_days_that_were_written_one_by_one_are_packed_by_their_reader(
    tables: TableStorage, looked_at: list[str], gets: list[str]
) -> None:
    for day in DAYS:
        tables.write("site_days", {day: site_days(day, float(day[-2:]))})
    assert values(tables, DAYS[:5]) == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert values(tables, DAYS[5:]) == [6.0, 7.0, 8.0, 9.0, 10.0]
    gets.clear()

    assert values(tables) == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]
    assert gets == looked_at


def by_write(tables: TableStorage, root: str, day: str) -> None:
    tables.write("site_days", {day: site_days(day, 99.0)})


def by_slices(tables: TableStorage, root: str, day: str) -> None:
    tables.write_slices("site_days", site_days(day, 99.0), {day: slice(0, 1)}, keep_unchanged=True)


def by_merge(tables: TableStorage, root: str, day: str) -> None:
    def merged(rows: pd.DataFrame) -> MergedSlices:
        return rows.assign(pm25_ugm3=99.0), {day: slice(0, 1)}

    tables.merge("site_days", [day], merged)


def by_another_process(tables: TableStorage, root: str, day: str) -> None:
    by_write(TableStorage.open(root), root, day)


@pytest.mark.parametrize("change", [by_write, by_slices, by_merge, by_another_process])
def test_a_day_that_changed_is_read_from_its_own_file(
    tables: TableStorage,
    root: str,
    looked_at: list[str],
    gets: list[str],
    change: Callable[[TableStorage, str, str], None],
) -> None:
    stored(tables)
    change(tables, root, DAYS[3])
    gets.clear()

    assert values(tables) == [1.0, 2.0, 3.0, 99.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]
    assert gets == [*looked_at, f"site_days/{DAYS[3]}.parquet"]


def test_a_day_overwritten_in_its_place_is_read_itself_although_size_and_time_stay(tmp_path: Path) -> None:
    tables, other = TableStorage.open(str(tmp_path / "one")), TableStorage.open(str(tmp_path / "other"))
    stored(tables)
    other.write("site_days", {DAYS[3]: site_days(DAYS[3], 9.0)})
    path, before = tmp_path / f"one/site_days/{DAYS[3]}.parquet", (tmp_path / f"one/site_days/{DAYS[3]}.parquet").stat()
    path.write_bytes((tmp_path / f"other/site_days/{DAYS[3]}.parquet").read_bytes())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()

    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (before.st_size, before.st_mtime_ns, before.st_ino)
    assert values(tables)[3] == 9.0


@pytest.mark.parametrize("are_long_first", [False, True])
def test_days_of_a_year_some_of_which_are_long_are_read_from_two_packs(
    tables: TableStorage, gets: list[str], monkeypatch: pytest.MonkeyPatch, are_long_first: bool
) -> None:
    for days, are_long in ((DAYS[:6], are_long_first), (DAYS[5:], not are_long_first)):
        with monkeypatch.context() as patch:
            patch.setattr(packs, "MAX_YEAR_DAY_BYTES", 0 if are_long else 1_000_000)
            stored(tables, days)
    gets.clear()
    assert values(tables) == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]
    assert gets == [YEAR_PACK, MONTH_PACK]

    for day in (DAYS[2], DAYS[5], DAYS[8]):
        tables.write("site_days", {day: site_days(day, 99.0)})
    assert values(tables) == [1.0, 2.0, 99.0, 4.0, 5.0, 99.0, 7.0, 8.0, 99.0, 10.0]


def test_a_day_that_is_gone_is_missing(tables: TableStorage) -> None:
    stored(tables)
    tables._files.delete(f"site_days/{DAYS[3]}.parquet")

    assert values(tables) == [1.0, 2.0, 3.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]
    with pytest.raises(StorageError, match=r"1 of 10 partitions not stored in .*: 2021-07-04"):
        tables.read("site_days", DAYS)


def test_a_table_that_was_removed_is_missing_although_its_packs_are_left(tmp_path: Path) -> None:
    tables = TableStorage.open(str(tmp_path))
    stored(tables)
    shutil.rmtree(tmp_path / "site_days")

    assert values(tables) == []
    with pytest.raises(StorageError, match="10 of 10 partitions not stored"):
        tables.read("site_days", DAYS)


def test_a_day_restored_to_what_it_was_is_read_from_the_pack_again(tables: TableStorage, gets: list[str]) -> None:
    stored(tables)
    for value in (99.0, 4.0):
        tables.write("site_days", {DAYS[3]: site_days(DAYS[3], value)})
    gets.clear()

    assert values(tables)[3] == 4.0
    assert gets == [YEAR_PACK]


def test_a_file_without_a_checksum_is_read_itself(tmp_path: Path) -> None:
    tables = TableStorage.open(str(tmp_path))
    stored(tables)
    site_days(DAYS[3], 99.0).to_parquet(tmp_path / f"site_days/{DAYS[3]}.parquet")

    assert values(tables)[3] == 99.0


def test_a_link_in_the_place_of_a_day_is_read_itself(tmp_path: Path) -> None:
    tables = TableStorage.open(str(tmp_path))
    stored(tables)
    day = tmp_path / f"site_days/{DAYS[3]}.parquet"
    day.unlink()
    day.symlink_to(tmp_path / f"site_days/{DAYS[0]}.parquet")

    assert values(tables)[3] == 1.0


def test_a_merge_reads_the_daily_files(tables: TableStorage, gets: list[str]) -> None:
    stored(tables)
    gets.clear()

    tables.merge("site_days", DAYS, lambda rows: None)

    assert sorted(gets) == [f"site_days/{day}.parquet" for day in DAYS]


def test_a_file_replaced_while_its_month_is_packed_is_not_read_from_the_pack(
    tables: TableStorage, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = type(tables._files)
    put, is_first = kind.put, [True]

    def overtaken(self: ByteStore, name: str, data: bytes) -> str:
        if name == YEAR_PACK and is_first.pop():
            monkeypatch.setattr(kind, "put", put)
            by_another_process(tables, root, DAYS[3])
        return put(self, name, data)

    monkeypatch.setattr(kind, "put", overtaken)
    stored(tables)

    assert not is_first
    assert tables._files.get(YEAR_PACK) is not None
    assert values(tables)[3] == 99.0


def test_a_damaged_pack_is_not_read(tmp_path: Path) -> None:
    tables = TableStorage.open(str(tmp_path))
    frame, draws = stored(tables), random.Random(1)
    whole = (tmp_path / YEAR_PACK).read_bytes()
    for length in (0, 3, len(whole) // 2, len(whole) - 1, *[len(whole)] * 20):
        damaged = bytearray(whole[:length])
        if length == len(whole):
            damaged[draws.randrange(length)] ^= 1 << draws.randrange(8)
        (tmp_path / YEAR_PACK).write_bytes(damaged)
        pd.testing.assert_frame_equal(
            tables.read("site_days", DAYS, columns=list(frame.columns)[1:]), frame.iloc[:, 1:]
        )


def test_a_pack_of_other_columns_is_not_read(tmp_path: Path, gets: list[str]) -> None:
    tables = TableStorage.open(str(tmp_path))
    stored(tables)
    marks = {day: tables._files.get_version(f"site_days/{day}.parquet")[1].mark for day in DAYS}
    narrow = parquet.as_arrow("site_days", site_days(DAYS[0], 99.0)).drop_columns(["aqi"])
    pack = packs.encoded({day: packs.Day.of(marks[day], narrow) for day in DAYS})
    (tmp_path / YEAR_PACK).write_bytes(pack)

    assert values(tables) == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]


def test_a_reader_that_may_not_write_reads_all_the_same_and_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tables = TableStorage.open(str(tmp_path))
    for day in DAYS:
        tables.write("site_days", {day: site_days(day, float(day[-2:]))})

    def refused(self: ByteStore, name: str, data: bytes) -> str:
        raise StorageError(name, "cannot be written: permission denied", fix="Ask for it")

    monkeypatch.setattr(LocalFolder, "put", refused)
    with caplog.at_level(logging.INFO, logger="airwatch_dagster"):
        assert [values(tables)[3] for _ in range(3)] == [4.0] * 3

    (record,) = caplog.records
    assert record.getMessage().startswith(f"Reading stays slow, since no pack can be written: {YEAR_PACK}: cannot be")


def test_a_pack_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    tables = TableStorage.open(str(tmp_path))
    stored(tables)
    (tmp_path / YEAR_PACK).unlink()
    (tmp_path / YEAR_PACK).mkdir()

    assert values(tables)[3] == 4.0


def test_few_days_and_large_ones_and_some_of_the_columns_are_not_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = TableStorage.open(str(tmp_path))
    for day in DAYS:
        tables.write("site_days", {day: site_days(day)})
    values(tables, DAYS[: packs.MIN_DAYS - 1])
    tables.read("site_days", DAYS, columns=["pm25_ugm3"])
    monkeypatch.setattr(packs, "MAX_DAY_BYTES", 10)
    values(tables)

    assert not (tmp_path / ".packs").exists()


def test_packs_are_no_files_that_doctor_names(tables: TableStorage) -> None:
    stored(tables)

    assert tables.listing("site_days").ignored == []
    assert tables.ignored_beside_tables() == []


def test_every_table_has_its_checksum_among_the_last_bytes() -> None:
    ends = {name: parquet.encoded(name, spec.empty())[-file_digest.TAIL // 2 :] for name, spec in CONTRACTS.items()}

    assert [name for name, end in ends.items() if not file_digest.checksum_in(end)] == []


WRITTEN = "write tables/.packs/site_days/.N.arrow.HEX.tmp | storage.unfinished._created"
PUBLISHED = "rename tables/.packs/site_days/N.arrow | storage.local_folder._publish"


def killed(folder: Path, order: KillOrder) -> None:
    ChangeWatch({"tables": folder}, order=order).start()
    stored(TableStorage.open(str(folder)))
    os._exit(1)


@pytest.mark.parametrize(
    ("change", "moment"), [(WRITTEN, "in the middle"), (PUBLISHED, "before"), (PUBLISHED, "after")]
)
def test_a_writer_that_is_killed_while_it_packs_has_stored_its_days(
    tmp_path: Path, change: str, moment: Moment
) -> None:
    process = multiprocessing.get_context("fork").Process(target=killed, args=(tmp_path, KillOrder(change, moment)))
    process.start()
    process.join(60)
    assert process.exitcode == -9, "it was killed there"

    tables = TableStorage.open(str(tmp_path))
    assert values(tables) == [float(day[-2:]) for day in DAYS]
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".parquet"]
    assert [str(path.relative_to(tmp_path)) for path in left] == [YEAR_PACK]
