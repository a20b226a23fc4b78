"""Which days of a downloaded file are imported, and what is said of the rest."""

from datetime import date
from pathlib import Path

import pytest

from airwatch_dagster.errors import BadPayload, ConfigurationError
from airwatch_dagster.orchestration.ingest.downloads import downloaded_file
from airwatch_dagster.orchestration.ingest.import_days import ImportDays, import_days
from airwatch_dagster_tests.acquire.airdata.rewritten_files import SITES, Row, published_rows, text

NEWEST = date(2021, 1, 31)


def imported(folder: Path, *rows: Row) -> ImportDays:
    path = folder / "download.csv"
    path.write_text(text(rows))
    return import_days(downloaded_file(path), name=path.name, newest=NEWEST)


def on(*days: str) -> list[Row]:
    row = published_rows(days=1, sites={"170310076": SITES["170310076"]})[0]
    return [row | {"Date": day} for day in days]


def test_days_within_airwatchs_partitions_are_imported_by_year(tmp_path: Path) -> None:
    days = imported(tmp_path, *on("12/30/2020", "12/31/2020", "01/02/2021"))
    assert days.spans == [(date(2020, 12, 30), date(2020, 12, 31)), (date(2021, 1, 2), date(2021, 1, 2))]
    assert days.left_out == []


def test_rows_before_the_first_and_after_the_newest_day_are_counted_and_left_out(tmp_path: Path) -> None:
    days = imported(tmp_path, *on("12/30/2008", "12/31/2008", "01/01/2009", "01/31/2021", "02/01/2021"))
    assert days.spans == [(date(2009, 1, 1), date(2009, 1, 1)), (date(2021, 1, 31), date(2021, 1, 31))]
    assert days.left_out == [
        "left out: 2 rows before 2009-01-01, AirWatch's first day",
        "left out: 1 row after 2021-01-31, the last day that is over",
    ]


def test_lines_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    days = imported(tmp_path, *on("01/01/2021", "01/02/2021", "soon"))
    assert days.left_out == ["left out: 1 row that cannot be read; see `airwatch inspect rejected_lines`"]


def test_a_file_without_a_day_of_airwatchs_names_its_days(tmp_path: Path) -> None:
    with pytest.raises(BadPayload, match=r"no row from 2009-01-01, AirWatch's first day, .*2008-12-30…2008-12-31"):
        imported(tmp_path, *on("12/30/2008", "12/31/2008"))


def test_a_file_without_rows_is_no_silent_success(tmp_path: Path) -> None:
    with pytest.raises(BadPayload, match=r"download\.csv: has no row from 2009-01-01"):
        imported(tmp_path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is a folder, not a file"):
        downloaded_file(tmp_path)
