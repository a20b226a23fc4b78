"""`airwatch inspect`: partitions, rows, and errors for what is not stored."""

import json
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.commands.inspection import inspect_table
from airwatch_dagster.errors import ConfigurationError, StorageError
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests import builders


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TableStorage:
    monkeypatch.setenv("AIRWATCH_STORAGE", str(tmp_path / "tables"))
    return TableStorage.open(str(tmp_path / "tables"))


def test_the_partitions_of_a_table_are_counted(tables: TableStorage) -> None:
    frame = builders.site_days()
    tables.write("site_days", {"2021-07-04": frame, "2021-07-02": frame, "2021-06-30": TABLES["site_days"].empty()})

    assert inspect_table("site_days", None).startswith(
        "site_days: 3 partitions, 2021-06-30…2021-07-04, last written 20"
    )
    listed = json.loads(inspect_table("site_days", None, as_json=True))
    assert [entry["partition"] for entry in listed] == ["2021-06-30", "2021-07-02", "2021-07-04"]
    assert all(pd.Timestamp(entry["written_at"]) > pd.Timestamp("2021-01-01", tz="UTC") for entry in listed)


def test_rows_of_a_partition_come_with_the_meaning_of_their_columns(tables: TableStorage) -> None:
    sites = [{"site_id": f"17031000{number}"} for number in range(5)]
    tables.write("site_days", {"2021-07-04": builders.site_days(*sites)})

    head, _, rows = inspect_table("site_days", "2021-07-04", rows=3).partition("\n\n")

    assert head.splitlines()[0] == f"{tables.uri('site_days', '2021-07-04')}: 5 rows"
    assert "  pm25_ugm3                    24-hour mean PM2.5, µg/m³ at local conditions" in head.splitlines()
    assert [line.split()[0] for line in rows.splitlines()] == ["site_id", "170310000", "170310001", "170310002"]
    assert len(json.loads(inspect_table("site_days", "2021-07-04", as_json=True))) == 5


def test_json_keeps_days_readable_and_codes_text(tables: TableStorage) -> None:
    tables.write("site_days", {"2021-07-04": builders.site_days({"cbsa_code": None})})

    [row] = json.loads(inspect_table("site_days", "2021-07-04", as_json=True))

    assert row["date_local"].startswith("2021-07-04")
    assert row["site_id"] == "170319001"
    assert row["cbsa_code"] is None


def test_an_unpartitioned_table_shows_its_rows(tables: TableStorage) -> None:
    tables.write("monitors", {None: builders.monitors()})

    assert inspect_table("monitors", None).startswith(f"{tables.uri('monitors')}: 1 rows")


def test_a_table_with_nothing_stored_says_how_to_fill_it(tables: TableStorage) -> None:
    assert (
        inspect_table("predictions", None) == "predictions: nothing stored yet; run `airwatch backfill` or `make demo`"
    )
    assert json.loads(inspect_table("predictions", None, as_json=True)) == []
    with pytest.raises(StorageError, match=r"predictions: 1 of 1 partition not stored in .*: 2021-07-04"):
        inspect_table("predictions", "2021-07-04")


def test_the_lines_that_could_not_be_read_are_shown_and_none_before_a_file_was_read(tables: TableStorage) -> None:
    assert "rejected_lines.parquet: 0 rows" in inspect_table("rejected_lines", None)
    assert json.loads(inspect_table("rejected_lines", None, as_json=True)) == []

    tables.write("rejected_lines", {None: builders.rejected_lines({"value": "-999"}, {"line_number": 3})})

    shown = inspect_table("rejected_lines", None).splitlines()
    assert shown[0].endswith("rejected_lines.parquet: 2 rows")
    assert "-999" in shown[-2]


def test_files_that_are_no_partitions_are_named_beside_what_is_shown(tables: TableStorage) -> None:
    tables.write("site_days", {"2021-07-04": builders.site_days(), "2021-07-05": builders.site_days()})
    folder = Path(tables.uri("site_days", "2021-07-04")).parent
    for name in ("2021-07-04 (conflicted copy).parquet", "2021-07-05 (1).parquet", ".DS_Store", "2021-07.parquet"):
        (folder / name).write_bytes(b"whatever")
    (folder.parent / "Copy of monitors.parquet").write_bytes(b"whatever")
    noted: list[str] = []

    assert inspect_table("site_days", None, note=noted.append).startswith("site_days: 2 partitions, ")
    assert inspect_table("site_days", "2021-07-05", note=noted.append).startswith(tables.uri("site_days", "2021-07-05"))
    with pytest.raises(StorageError, match="is not stored"):
        inspect_table("monitors", None, note=noted.append)

    all_of_site_days = (
        "Ignored, no partitions of site_days: site_days/2021-07-04 (conflicted copy).parquet (a copy of 2021-07-04), "
        "site_days/2021-07-05 (1).parquet (a copy of 2021-07-05), "
        "site_days/2021-07.parquet (its name is not a day (YYYY-MM-DD)), site_days/.DS_Store (a program's own)"
    )
    assert noted == [
        all_of_site_days,
        "Ignored, no partitions of site_days: site_days/2021-07-05 (1).parquet (a copy of 2021-07-05)",
        "Ignored, no partitions of monitors: Copy of monitors.parquet (the table is monitors.parquet)",
    ]


@pytest.mark.parametrize(
    ("table", "partition", "says"),
    [
        ("site_days", "2021-07", "'2021-07' is not a valid partition of site_days. Give a day, YYYY-MM-DD"),
        ("site_days", "2021-07-04 (1)", "is not a valid partition of site_days"),
        ("verification", "2021-07-04", "is not a valid partition of verification. Give a month, YYYY-MM"),
        ("monitors", "2021-07-04", "monitors has no partitions. Use `airwatch inspect monitors`"),
    ],
)
def test_a_partition_that_the_table_cannot_have_is_refused(
    tables: TableStorage, table: str, partition: str, says: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        inspect_table(table, partition)
    assert says in str(caught.value)


def test_the_error_for_an_unknown_table_lists_the_known_ones(tables: TableStorage) -> None:
    with pytest.raises(
        ConfigurationError, match=r"inspect: 'forecasts' is not a valid table\. Use one of monitors, raw_readings"
    ):
        inspect_table("forecasts", None)
