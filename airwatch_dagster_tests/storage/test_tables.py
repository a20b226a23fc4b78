"""The same behaviour in a folder and on S3."""

import io
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from airwatch_dagster.errors import ConfigurationError, StorageError
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests import builders
from airwatch_dagster_tests.s3_servers import MORE_DAYS_THAN_A_PAGE, S3Server


@pytest.fixture
def tables(root: str) -> TableStorage:
    return TableStorage.open(root)


def site_days(day: str, *pm25: float) -> pd.DataFrame:
    """One row per value, each at its own site."""
    date, values = pd.Timestamp(day), enumerate(pm25 or (8.5,), start=1)
    changes = ({"site_id": f"17031{n:04d}", "date_local": date, "pm25_ugm3": value} for n, value in values)
    return builders.site_days(*changes)


def raw_readings(*changes: dict[str, object]) -> pd.DataFrame:
    """Rows of 2021-07-04 with a null wherever there may be one."""
    nullable = {"method_code": None, "pollutant_standard": None, "cbsa_code": None, "first_max_hour": None}
    seen = pd.Timestamp("2024-06-01 12:30:45.123456")
    return builders.raw_readings(*({**nullable, "first_seen_at": seen, **change} for change in changes or ({},)))


def test_a_partition_comes_back_with_every_value_null_and_dtype(tables: TableStorage) -> None:
    stored = raw_readings({"aqi": 47}, {"aqi": None, "poc": 3})
    tables.write("raw_readings", {"2021-07-04": stored})

    read = tables.read("raw_readings", ["2021-07-04"])

    pd.testing.assert_frame_equal(read, stored)
    assert str(read["aqi"].dtype) == "Int64"
    assert read["method_code"].tolist() == [None, None]
    assert read["first_seen_at"].tolist() == [pd.Timestamp("2024-06-01 12:30:45.123456")] * 2


def test_an_unpartitioned_table_is_one_file_beside_the_folders(tables: TableStorage, root: str) -> None:
    tables.write("monitors", {None: builders.monitors({"poc": 1}, {"poc": 3})})

    assert tables.read("monitors")["poc"].tolist() == [1, 3]
    assert tables.uri("monitors") == f"{root}/monitors.parquet"
    assert tables.uri("site_days", "2021-07-04") == f"{root}/site_days/2021-07-04.parquet"


def test_partitions_are_joined_in_the_requested_order(tables: TableStorage) -> None:
    days = [f"2021-07-{day:02d}" for day in range(1, 21)]
    tables.write("site_days", {day: site_days(day) for day in days})
    wanted = [*days[10:], *days[:10]]

    read = tables.read("site_days", wanted)

    assert read["date_local"].dt.strftime("%Y-%m-%d").tolist() == wanted
    assert read.index.tolist() == list(range(20))


def test_without_partitions_named_the_whole_table_is_read(tables: TableStorage) -> None:
    tables.write("site_days", {day: site_days(day) for day in ("2021-07-02", "2021-07-01")})

    assert tables.read("site_days")["date_local"].dt.day.tolist() == [1, 2]


def test_only_the_requested_columns_are_read(tables: TableStorage) -> None:
    tables.write("raw_readings", {"2021-07-04": raw_readings({"aqi": 47}, {"aqi": None, "poc": 3})})

    read = tables.read("raw_readings", ["2021-07-04"], columns=["aqi", "poc"])

    assert read.dtypes.astype(str).to_dict() == {"aqi": "Int64", "poc": "int64"}


def test_an_empty_partition_is_stored_and_does_not_change_the_dtypes_of_its_neighbours(tables: TableStorage) -> None:
    tables.write("site_days", {"2021-07-01": TABLES["site_days"].empty(), "2021-07-02": site_days("2021-07-02")})

    assert tables.exists("site_days", "2021-07-01")
    pd.testing.assert_frame_equal(tables.read("site_days", ["2021-07-01"]), TABLES["site_days"].empty())
    pd.testing.assert_frame_equal(tables.read("site_days", ["2021-07-01", "2021-07-02"]), site_days("2021-07-02"))


def test_without_partitions_the_empty_frame_of_the_contract_is_read(tables: TableStorage) -> None:
    pd.testing.assert_frame_equal(tables.read("site_days", []), TABLES["site_days"].empty())
    nothing_stored = tables.read("site_days", ["2021-07-01"], allow_missing=True, columns=["pm25_ugm3"])
    assert nothing_stored.dtypes.astype(str).to_dict() == {"pm25_ugm3": "float64"}


def test_missing_partitions_are_named_unless_they_may_be_missing(tables: TableStorage) -> None:
    tables.write("site_days", {"2021-07-02": site_days("2021-07-02")})
    days = ["2021-07-01", "2021-07-02", "2021-07-03"]

    assert len(tables.read("site_days", days, allow_missing=True)) == 1
    with pytest.raises(StorageError, match="site_days: 2 of 3 partitions not stored") as caught:
        tables.read("site_days", days)
    assert "2021-07-01, 2021-07-03" in caught.value.problem
    assert caught.value.fix == "Materialize or backfill site_days for 2021-07-01 to 2021-07-03 first"


def test_many_partitions_that_may_be_missing_are_found_by_one_listing(tables: TableStorage) -> None:
    tables.write("site_days", {day: site_days(day) for day in ("2021-03-01", "2021-02-01")})
    year = pd.date_range("2021-01-01", "2021-12-31").strftime("%Y-%m-%d").tolist()

    assert tables.read("site_days", year, allow_missing=True)["date_local"].dt.month.tolist() == [2, 3]


def test_a_table_that_was_never_stored_is_missing_not_empty(tables: TableStorage) -> None:
    with pytest.raises(StorageError, match=r"monitors: is not stored in .*monitors\.parquet\. Materialize monitors"):
        tables.read("monitors")


def test_partitions_are_listed_with_the_time_of_their_last_write(tables: TableStorage) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    tables.write("site_days", {day: site_days(day) for day in ("2021-07-02", "2021-07-01")})

    listed = tables.stored_partitions("site_days")

    assert list(listed) == ["2021-07-01", "2021-07-02"]
    assert all(before <= written <= datetime.now(UTC) + timedelta(seconds=2) for written in listed.values())
    assert tables.stored_partitions("predictions") == {}


def test_more_objects_than_one_listing_page_are_all_found(
    rclone_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    rclone_server.use(monkeypatch)

    assert list(TableStorage.open("s3://full").stored_partitions("site_days")) == MORE_DAYS_THAN_A_PAGE


def test_existence_means_this_very_partition(tables: TableStorage) -> None:
    tables.write("site_days", {"2021-07-01": site_days("2021-07-01")})

    assert tables.exists("site_days", "2021-07-01")
    assert not tables.exists("site_days", "2021-07")
    assert not tables.exists("site_days")


def test_a_second_write_replaces_the_first(tables: TableStorage) -> None:
    for value in (8.5, 9.5):
        tables.write("site_days", {"2021-07-01": site_days("2021-07-01", value)})

    assert tables.read("site_days", ["2021-07-01"])["pm25_ugm3"].tolist() == [9.5]


def test_one_frame_that_cannot_be_encoded_leaves_every_old_file(tables: TableStorage) -> None:
    old = {day: site_days(day, 8.5) for day in ("2021-07-01", "2021-07-02")}
    tables.write("site_days", old)
    new = {
        "2021-07-01": site_days("2021-07-01", 9.5),
        "2021-07-02": site_days("2021-07-02", 9.5).assign(monitor_count="many"),
    }

    with pytest.raises(StorageError, match="site_days: the frame cannot be stored"):
        tables.write("site_days", new)

    assert tables.read("site_days", list(old))["pm25_ugm3"].tolist() == [8.5, 8.5]


@pytest.mark.parametrize("root", ["folder", "moto"], indirect=True)
def test_readers_see_the_old_file_or_the_new_one(root: str) -> None:
    """As S3 guarantees; rclone's experimental server writes its files in place and does not."""
    tables, many = TableStorage.open(root), 2000
    versions = [site_days("2021-07-01", *([value] * many)) for value in (1.0, 2.0)]
    tables.write("site_days", {"2021-07-01": versions[0]})
    seen: list[tuple[int, float, float]] = []

    def read_often() -> None:
        for _ in range(6):
            values = tables.read("site_days", ["2021-07-01"])["pm25_ugm3"]
            seen.append((len(values), values.min(), values.max()))

    readers = [threading.Thread(target=read_often) for _ in range(3)]
    for reader in readers:
        reader.start()
    for turn in range(8):
        tables.write("site_days", {"2021-07-01": versions[turn % 2]})
    for reader in readers:
        reader.join()

    assert len(seen) == 18
    assert set(seen) <= {(many, 1.0, 1.0), (many, 2.0, 2.0)}


def test_a_page_is_removed_and_one_that_is_gone_is_no_error(tables: TableStorage) -> None:
    tables.write_page("reports/drift_report-2021-07.html", b"old")
    tables.write_page("reports/drift_report-2021-08.html", b"new")
    assert {name: file and file.size for name, file in tables.pages("reports").items()} == {
        "drift_report-2021-07.html": 3,
        "drift_report-2021-08.html": 3,
    }

    tables.remove_page("reports/drift_report-2021-07.html")
    tables.remove_page("reports/drift_report-2021-07.html")

    assert list(tables.pages("reports")) == ["drift_report-2021-08.html"]


def test_a_page_is_stored_byte_for_byte(tables: TableStorage, root: str) -> None:
    assert tables.write_page("reports/drift_report-2021-07.html", b"<html>\xc2\xb5</html>") == (
        f"{root}/site/reports/drift_report-2021-07.html"
    )


def test_simulated_and_real_readings_never_share_a_storage(tables: TableStorage) -> None:
    tables.assert_data_kind("simulated")
    tables.assert_data_kind("simulated")

    with pytest.raises(ConfigurationError, match=r"AIRWATCH_STORAGE: .*simulated.*'epa'") as caught:
        tables.assert_data_kind("epa")
    assert "another folder" in caught.value.fix


def test_a_check_that_the_place_is_writable_leaves_no_table(tables: TableStorage) -> None:
    tables.require_writable()
    tables.require_writable()

    assert not tables.exists("monitors")


def test_every_table_keeps_its_dtypes_even_without_rows(tmp_path: Path) -> None:
    tables = TableStorage.open(str(tmp_path))
    for spec in TABLES.values():
        partition = None if spec.partition_column is None else "2021-07-04"
        tables.write(spec.name, {partition: spec.empty()})

        pd.testing.assert_frame_equal(tables.read(spec.name), spec.empty())


def test_the_same_rows_are_the_same_bytes_whatever_their_index(tmp_path: Path) -> None:
    tables, frame = TableStorage.open(str(tmp_path)), site_days("2021-07-01", 8.5, 9.5)
    tables.write("site_days", {"a": frame, "b": frame.set_axis([7, 7]).copy()})

    assert Path(tables.uri("site_days", "a")).read_bytes() == Path(tables.uri("site_days", "b")).read_bytes()


def test_local_storage_does_not_load_the_cloud_libraries() -> None:
    code = (
        "import sys, airwatch_dagster.storage.tables as m; m.TableStorage.open('data');"
        "print([name for name in ('boto3', 'botocore', 'dagster_aws', 'pyarrow.parquet') if name in sys.modules])"
    )

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"[]\n"


def test_other_tools_find_plain_types_and_no_index() -> None:
    import pyarrow.parquet as pq

    from airwatch_dagster.storage.parquet import encoded

    empty, full = (
        pq.ParquetFile(io.BytesIO(encoded("raw_readings", frame)))
        for frame in (TABLES["raw_readings"].empty(), raw_readings())
    )

    assert empty.schema_arrow == full.schema_arrow
    assert empty.schema_arrow.names == TABLES["raw_readings"].column_names
    assert str(empty.schema_arrow.field("cbsa_code").type) == "string"
    assert str(empty.schema_arrow.field("first_seen_at").type) == "timestamp[us]"
    assert list(full.metadata.metadata) == [b"airwatch.sha256"]
    assert full.metadata.row_group(0).column(0).compression == "SNAPPY"


def test_site_days_from_before_the_parameter_was_told_are_of_88101(tmp_path: Path) -> None:
    tables, day = TableStorage.open(str(tmp_path)), "2021-07-04"
    tables.write("site_days", {day: site_days(day, 8.0, 9.0)})
    file = tmp_path / "site_days" / f"{day}.parquet"
    older = pq.ParquetFile(file).read().drop_columns(["parameter_code"]).replace_schema_metadata()
    pq.write_table(older, file, store_schema=False)

    read = tables.read("site_days", [day])
    pd.testing.assert_frame_equal(read, site_days(day, 8.0, 9.0))
    assert read["parameter_code"].tolist() == ["88101", "88101"]
    some = tables.read("site_days", [day], columns=["site_id", "parameter_code"])
    assert some["parameter_code"].tolist() == ["88101", "88101"]


def test_forecasts_from_before_the_time_of_issue_was_kept_have_none(tmp_path: Path) -> None:
    tables, day = TableStorage.open(str(tmp_path)), "2021-07-04"
    of_day = {"site_id": "170319001", "issue_date": pd.Timestamp(day), "target_date": pd.Timestamp("2021-07-05")}
    issued = builders.filled("predictions", **of_day, aqi_category="Good", model_family="ridge")
    tables.write("predictions", {day: issued.assign(issued_at=pd.Timestamp("2021-07-05 18:30"))})
    file = tmp_path / "predictions" / f"{day}.parquet"
    older = pq.ParquetFile(file).read().drop_columns(["issued_at"]).replace_schema_metadata()
    pq.write_table(older, file, store_schema=False)

    read = tables.read("predictions", [day])
    pd.testing.assert_frame_equal(read, issued.assign(issued_at=pd.Series([pd.NaT], dtype="datetime64[ns]")))


def test_a_drift_report_of_before_has_no_effects_and_counts_as_judged(tmp_path: Path) -> None:
    row = builders.filled("drift_report", month=pd.Timestamp("2021-07-01"), feature="pm25_last_ugm3")
    folder = tmp_path / "older"
    (folder / "drift_report").mkdir(parents=True)
    row.drop(columns=["effect", "not_judged"]).to_parquet(folder / "drift_report" / "2021-07.parquet")

    read = TableStorage.open(str(folder)).read("drift_report", ["2021-07"])

    assert read[["effect", "not_judged"]].isna().all(axis=None)
    assert list(read["feature"]) == ["pm25_last_ugm3"]
