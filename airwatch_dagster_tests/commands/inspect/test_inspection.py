"""`airwatch inspect`: partitions, rows, and errors for what is not stored."""

import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from airwatch_dagster.commands.inspect.inspection import inspect_table
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


def test_rows_come_first_with_names_for_people_and_one_decimal(tables: TableStorage) -> None:
    sites = [{"site_id": f"17031000{number}", "pm25_ugm3": 8.19} for number in range(5)]
    tables.write("site_days", {"2021-07-04": builders.site_days(*sites)})
    tables.write("monitors", {None: builders.monitors({"site_id": "170310001", "site_name": "CARY GROVE HS"})})

    title, _, head, *lines = inspect_table("site_days", "2021-07-04", rows=3).splitlines()

    assert "3 of 5 rows" in title
    assert tables.uri("site_days", "2021-07-04") in title
    assert head.split()[:4] == ["site_id", "site", "date_local", "pm25_ugm3"]
    assert [line.split()[0] for line in lines[:3]] == ["170310000", "170310001", "170310002"]
    assert lines[1].split()[1:6] == ["Cary", "Grove", "HS", "2021-07-04", "8.1"]
    assert lines[0].split()[1] == "–"
    assert "--rows 5" in lines[4]
    assert len(json.loads(inspect_table("site_days", "2021-07-04", as_json=True))) == 5


def test_the_meaning_of_columns_is_printed_when_it_is_asked_for(tables: TableStorage) -> None:
    tables.write("site_days", {"2021-07-04": builders.site_days()})
    meaning = "  pm25_ugm3                    24-hour mean PM2.5, µg/m³ at local conditions"

    assert meaning in inspect_table("site_days", "2021-07-04", with_columns=True).splitlines()
    assert meaning in inspect_table("site_days", None, with_columns=True).splitlines()
    assert meaning not in inspect_table("site_days", "2021-07-04").splitlines()


def test_columns_that_the_screen_has_no_room_for_are_named(tables: TableStorage) -> None:
    tables.write("site_days", {"2021-07-04": builders.site_days()})

    lines = inspect_table("site_days", "2021-07-04", width=60).splitlines()

    assert max(len(line) for line in lines[2:4]) <= 60
    assert "more columns: " in lines[4]
    assert lines[4].endswith("state_code")


def test_without_a_table_all_are_listed_with_their_freshness(
    tables: TableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airwatch_dagster.commands.inspect.stored_tables.today", lambda: date(2021, 7, 6))
    frame = builders.site_days()
    tables.write("site_days", {"2021-07-02": frame, "2021-07-04": frame})
    tables.write("coverage", {"2021-07": TABLES["coverage"].empty()})
    tables.write("monitors", {None: builders.monitors()})

    _, *lines = inspect_table(None, None).splitlines()

    assert [line.split()[:3] for line in lines[:3]] == [
        ["monitors", "one", "file"],
        ["site_days", "2", "2021-07-04"],
        ["coverage", "1", "2021-07"],
    ]
    assert "1 day behind" in lines[1]
    assert "up to date" in lines[2]
    listed = json.loads(inspect_table(None, None, as_json=True))
    assert [(one["table"], one["behind"]) for one in listed] == [("monitors", None), ("site_days", 1), ("coverage", 0)]


def test_an_empty_storage_says_how_to_fill_it(tables: TableStorage) -> None:
    assert "make demo" in inspect_table(None, None)
    assert json.loads(inspect_table(None, None, as_json=True)) == []


@pytest.mark.parametrize(("word", "day"), [("yesterday", "2021-07-04"), (" Today", "2021-07-05")])
def test_a_day_may_be_a_word(tables: TableStorage, monkeypatch: pytest.MonkeyPatch, word: str, day: str) -> None:
    monkeypatch.setattr("airwatch_dagster.orchestration.resources.today", lambda: date(2021, 7, 5))
    tables.write("site_days", {day: builders.site_days({"date_local": pd.Timestamp(day)})})
    tables.write("coverage", {"2021-07": TABLES["coverage"].empty()})

    assert inspect_table("site_days", word).startswith(f"site_days {day}: 1 of 1 row,")
    assert inspect_table("coverage", word).startswith("coverage 2021-07: 0 of 0 rows")


def test_before_a_day_was_first_seen_nothing_of_it_is_known(tables: TableStorage) -> None:
    seen = {"first_seen_at": pd.Timestamp("2021-10-01 09:30")}
    tables.write("raw_readings", {"2021-07-04": builders.raw_readings(seen)})

    with pytest.raises(ConfigurationError) as caught:
        inspect_table("raw_readings", "2021-07-04", as_of="2021-09-30")
    assert "nothing of 2021-07-04 was known on 2021-09-30" in str(caught.value)
    assert "first seen 2021-10-01 09:30 UTC" in str(caught.value)
    assert json.loads(inspect_table("raw_readings", "2021-07-04", as_of="2021-09-30", as_json=True)) == []
    assert "1 of 1 row" in inspect_table("raw_readings", "2021-07-04", as_of="2021-10-01")


def test_json_keeps_days_readable_and_codes_text(tables: TableStorage) -> None:
    tables.write("site_days", {"2021-07-04": builders.site_days({"cbsa_code": None})})

    [row] = json.loads(inspect_table("site_days", "2021-07-04", as_json=True))

    assert row["date_local"].startswith("2021-07-04")
    assert row["site_id"] == "170319001"
    assert row["cbsa_code"] is None


def test_an_unpartitioned_table_shows_its_rows(tables: TableStorage) -> None:
    tables.write("monitors", {None: builders.monitors()})

    assert inspect_table("monitors", None).startswith(f"monitors: 1 of 1 row, in {tables.uri('monitors')}")


def test_a_table_with_nothing_stored_says_how_to_fill_it(tables: TableStorage) -> None:
    assert (
        inspect_table("predictions", None) == "predictions: nothing stored yet; run `airwatch backfill` or `make demo`"
    )
    assert json.loads(inspect_table("predictions", None, as_json=True)) == []
    with pytest.raises(StorageError, match=r"predictions: 1 of 1 partition not stored in .*: 2021-07-04"):
        inspect_table("predictions", "2021-07-04")


def test_the_lines_that_could_not_be_read_are_shown_and_none_before_a_file_was_read(tables: TableStorage) -> None:
    assert "0 of 0 rows" in inspect_table("rejected_lines", None)
    assert json.loads(inspect_table("rejected_lines", None, as_json=True)) == []

    tables.write("rejected_lines", {None: builders.rejected_lines({"value": "-999"}, {"line_number": 3})})

    shown = inspect_table("rejected_lines", None).splitlines()
    assert "2 of 2 rows" in shown[0]
    assert any("-999" in line for line in shown[1:])


def test_files_that_are_no_partitions_are_named_beside_what_is_shown(tables: TableStorage) -> None:
    tables.write("site_days", {"2021-07-04": builders.site_days(), "2021-07-05": builders.site_days()})
    folder = Path(tables.uri("site_days", "2021-07-04")).parent
    for name in ("2021-07-04 (conflicted copy).parquet", "2021-07-05 (1).parquet", ".DS_Store", "2021-07.parquet"):
        (folder / name).write_bytes(b"whatever")
    (folder.parent / "Copy of monitors.parquet").write_bytes(b"whatever")
    noted: list[str] = []

    assert inspect_table("site_days", None, note=noted.append).startswith("site_days: 2 partitions, ")
    assert inspect_table("site_days", "2021-07-05", note=noted.append).startswith("site_days 2021-07-05: 1 of 1 row")
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
        ("site_days", "2021-07", "site_days is kept by day, and 2021-07 is a month. Give 2021-07-01"),
        ("site_days", "July", "'July' is not a valid partition of site_days. Give a day, YYYY-MM-DD"),
        ("site_days", "2021-07-04 (1)", "is not a valid partition of site_days"),
        ("verification", "2021-07-04", "verification is kept by month, and 2021-07-04 is a day. Give 2021-07"),
        ("monitors", "2021-07-04", "monitors has no partitions. Use `airwatch inspect monitors`"),
    ],
)
def test_a_partition_that_the_table_cannot_have_is_refused(
    tables: TableStorage, table: str, partition: str, says: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        inspect_table(table, partition)
    assert says in str(caught.value)


def test_the_newest_stored_day_is_offered_for_its_month(tables: TableStorage) -> None:
    tables.write("site_days", {day: builders.site_days() for day in ("2021-07-04", "2021-07-09", "2021-08-01")})

    with pytest.raises(ConfigurationError, match="Give 2021-07-09"):
        inspect_table("site_days", "2021-07")


def test_the_error_for_an_unknown_table_has_the_similar_one_or_all(tables: TableStorage) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no table 'site_dys'\. Did you mean site_days\?$"):
        inspect_table("site_dys", None)
    with pytest.raises(ConfigurationError, match=r"there is no table 'x'\. Use one of monitors, raw_readings"):
        inspect_table("x", None)
