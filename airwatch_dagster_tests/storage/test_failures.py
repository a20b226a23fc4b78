"""Errors of a storage: one clear sentence each, and the old file stays."""

import errno
import os
import stat
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.errors import AirWatchError, ConfigurationError, StorageError
from airwatch_dagster.storage import byte_stores
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests import builders
from airwatch_dagster_tests.s3_servers import SECRET, S3Server

DAY = "2021-07-04"


def store(root: str, value: float = 8.5) -> None:
    TableStorage.open(root, attempts=1).write("site_days", {DAY: builders.site_days({"pm25_ugm3": value})})


def refusal(root: str) -> AirWatchError:
    """The error of a write to ``root``."""
    with pytest.raises(AirWatchError) as caught:
        store(root)
    return caught.value


@pytest.mark.parametrize("root", ["", "  ", "s3://", "s3:///prefix", "gs://bucket/prefix", "http://host/bucket"])
def test_a_root_that_is_neither_folder_nor_s3_prefix_is_an_error(root: str) -> None:
    with pytest.raises(ConfigurationError, match=r"AIRWATCH_STORAGE: .* is not a valid place for tables"):
        TableStorage.open(root)


def test_a_relative_folder_stays_where_it_was_when_the_process_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tables = TableStorage.open("data")
    monkeypatch.chdir("/")

    assert tables.uri("monitors") == str(tmp_path / "data" / "monitors.parquet")


def test_a_folder_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    error = refusal(str(tmp_path / "file" / "data"))

    assert isinstance(error, StorageError)
    assert error.culprit == str(tmp_path / "file" / "data" / "site_days" / f"{DAY}.parquet")
    assert error.problem == "cannot be written: a file is in the place of a folder"
    assert "AIRWATCH_STORAGE" in error.fix
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_place_that_cannot_be_read_is_not_mistaken_for_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    tables = TableStorage.open(str(tmp_path / "file"))

    with pytest.raises(StorageError, match="cannot be read: a file is in the place of a folder"):
        tables.read("site_days", [DAY], allow_missing=True)
    with pytest.raises(StorageError, match="cannot be read: a file is in the place of a folder"):
        tables.exists("site_days", DAY)
    with pytest.raises(StorageError, match="cannot be written: a file is in the place of a folder"):
        tables.require_writable()
    with pytest.raises(StorageError, match="cannot be listed: a file is in the place of a folder"):
        tables.stored_partitions("site_days")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_write_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)

    assert refusal(str(tmp_path)).problem == "cannot be written: permission denied"


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store(str(tmp_path), 8.5)

    def no_space(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(StorageError, match="no space left on device"):
        store(str(tmp_path), 9.5)

    assert [path.name for path in (tmp_path / "site_days").iterdir()] == [f"{DAY}.parquet"]
    assert TableStorage.open(str(tmp_path)).read("site_days", [DAY])["pm25_ugm3"].tolist() == [8.5]


def test_the_temporary_file_of_a_killed_write_is_not_a_partition(tmp_path: Path) -> None:
    store(str(tmp_path))
    (tmp_path / "site_days" / ".2021-07-05.parquet.0123.tmp").write_bytes(b"half")

    assert list(TableStorage.open(str(tmp_path)).stored_partitions("site_days")) == [DAY]


def test_a_new_file_has_the_permissions_of_the_users_umask(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        store(str(tmp_path))
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "site_days" / f"{DAY}.parquet").stat().st_mode) == 0o644


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"no parquet at all"])
def test_a_damaged_file_is_named(tmp_path: Path, damage: bytes) -> None:
    store(str(tmp_path))
    file = tmp_path / "site_days" / f"{DAY}.parquet"
    file.write_bytes(damage)

    with pytest.raises(StorageError, match="does not hold rows of site_days") as caught:
        TableStorage.open(str(tmp_path)).read("site_days", [DAY])
    assert caught.value.culprit == str(file)


def stored_by_hand(folder: Path, frame: pd.DataFrame) -> TableStorage:
    (folder / "site_days").mkdir()
    frame.to_parquet(folder / "site_days" / f"{DAY}.parquet", index=False)
    return TableStorage.open(str(folder))


def test_a_file_from_before_a_nullable_column_reads_as_null(tmp_path: Path) -> None:
    tables = stored_by_hand(tmp_path, builders.site_days().drop(columns="cbsa_code"))

    read = tables.read("site_days", [DAY])

    pd.testing.assert_frame_equal(read, builders.site_days({"cbsa_code": None}))


@pytest.mark.parametrize(
    ("change", "columns"),
    [({"pm25_ugm3": "pm25"}, "pm25, pm25_ugm3"), ({"chosen_by": "reason"}, "reason, chosen_by")],
)
def test_other_columns_in_a_file_are_named(tmp_path: Path, change: dict[str, str], columns: str) -> None:
    tables = stored_by_hand(tmp_path, builders.site_days().rename(columns=change))

    with pytest.raises(StorageError, match=f"columns differ from the schema: {columns}"):
        tables.read("site_days", [DAY])


def test_times_finer_than_a_microsecond_are_an_error_and_never_rounded(tmp_path: Path) -> None:
    frame = builders.raw_readings({"first_seen_at": pd.Timestamp("2024-06-01 12:30:45.123456789")})

    with pytest.raises(StorageError, match=r"raw_readings: the frame cannot be stored.*would lose data"):
        TableStorage.open(str(tmp_path)).write("raw_readings", {DAY: frame})
    assert not (tmp_path / "raw_readings").exists()


def test_a_missing_bucket_is_named(s3_server: S3Server) -> None:
    error = refusal("s3://no-such-bucket-here/prefix")

    assert isinstance(error, ConfigurationError)
    assert (error.culprit, error.problem) == ("AIRWATCH_STORAGE", "bucket 'no-such-bucket-here' does not exist")


def test_an_error_names_the_setting_that_the_place_comes_from(s3_server: S3Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigurationError) as bucket:
        TableStorage.open("s3://no-such-bucket-here", setting="AIRWATCH_WEATHER").stored_partitions("weather_forecasts")
    with pytest.raises(StorageError) as folder:
        TableStorage.open(str(tmp_path / "file"), setting="AIRWATCH_WEATHER").stored_partitions("weather_forecasts")

    assert bucket.value.culprit == "AIRWATCH_WEATHER"
    for error in (bucket.value, folder.value):
        assert "AIRWATCH_WEATHER" in error.fix
        assert "AIRWATCH_STORAGE" not in str(error)


def test_a_missing_bucket_is_not_mistaken_for_missing_partitions(s3_server: S3Server) -> None:
    tables = TableStorage.open("s3://no-such-bucket-here")

    with pytest.raises(ConfigurationError, match="no-such-bucket-here' does not exist"):
        tables.read("site_days", [DAY], allow_missing=True)
    with pytest.raises(ConfigurationError, match="no-such-bucket-here' does not exist"):
        tables.stored_partitions("site_days")
    with pytest.raises(ConfigurationError, match="no-such-bucket-here' does not exist"):
        tables.exists("site_days", DAY)


def test_an_impossible_bucket_name_is_a_setting_to_correct(s3_server: S3Server) -> None:
    error = refusal("s3://Bad Bucket/prefix")

    assert (error.culprit, error.problem) == (
        "AIRWATCH_STORAGE",
        f"'s3://Bad Bucket/prefix/site_days/{DAY}.parquet' is not a valid place on S3",
    )


def test_missing_credentials_are_a_setting_to_correct(s3_root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    error = refusal(s3_root)

    assert isinstance(error, ConfigurationError)
    assert error.culprit == "AWS_ACCESS_KEY_ID"
    assert "AWS credentials" in error.problem


def test_an_unknown_profile_is_a_setting_to_correct(s3_root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    assert refusal(s3_root).culprit == "AWS_PROFILE"


@pytest.mark.slow
def test_the_error_of_a_wrong_secret_does_not_show_it(rclone_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    rclone_server.use(monkeypatch, secret="not-the-secret-4567")

    error = refusal(f"s3://{rclone_server.bucket}/wrong-secret")

    assert isinstance(error, ConfigurationError)
    assert error.culprit == "AWS_SECRET_ACCESS_KEY"
    shown = f"{error}{error.__cause__}"
    assert "not-the-secret-4567" not in shown
    assert SECRET not in shown


def test_a_retry_may_help_when_a_server_does_not_respond(s3_root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    error = refusal(s3_root)

    assert isinstance(error, StorageError)
    assert (error.problem, error.retry_helps) == ("the S3 server does not respond", True)
    assert "AWS_ENDPOINT_URL" in error.fix


def test_an_endpoint_that_is_not_valid_is_a_setting_to_correct(s3_root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:9000")

    assert refusal(s3_root).culprit == "AWS_ENDPOINT_URL"


def test_a_file_larger_than_any_of_a_storage_is_refused_before_it_is_read(
    root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(root)
    monkeypatch.setattr(byte_stores, "MAX_STORED_BYTES", 1_000)

    with pytest.raises(StorageError, match=r"has 0\.0 MB, and a file of a storage has at most 0\.0 MB") as caught:
        TableStorage.open(root, attempts=1).read("site_days", [DAY])

    assert caught.value.culprit.endswith(f"site_days/{DAY}.parquet")


def test_a_mark_of_any_length_is_shown_in_part(tmp_path: Path) -> None:
    (tmp_path / "airwatch.json").write_bytes(b"x" * 1_000_000)

    with pytest.raises(StorageError, match=r"airwatch\.json: says 'x{60}' and not whose readings are stored\. Write"):
        TableStorage.open(str(tmp_path)).assert_data_kind("epa")
