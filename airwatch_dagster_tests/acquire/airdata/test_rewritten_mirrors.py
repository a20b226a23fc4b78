"""AirData's own files, packed or saved anew by the people who keep a mirror."""

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import pandas as pd
import pytest

from airwatch_dagster.acquire.airdata.files import DailyFile, only_csv, read_daily, read_monitors
from airwatch_dagster.errors import BadPayload
from airwatch_dagster_tests.acquire.airdata.rewritten_files import published_rows, text
from airwatch_dagster_tests.acquire.published_samples import DAILY_ROW, MONITOR_ROW, csv_text, zipped

YEAR: Final = (date(2021, 1, 1), date(2021, 12, 31))
ROWS: Final = [
    DAILY_ROW | {"Date Local": f"{date(2021, 1, 1) + timedelta(days=n):%Y-%m-%d}", "Arithmetic Mean": f"{n}.5"}
    for n in range(40)
]


def daily(folder: Path, content: str | bytes) -> DailyFile:
    path = folder / "daily_88101_2021.zip"
    path.write_bytes(zipped(content))
    return read_daily(path, *YEAR, source="airdata")


def saved_by_excel(rows: Sequence[dict[str, str]], layout: str, separator: str) -> str:
    """Codes without zeros, days in the country's layout, decimal commas where the separator is a semicolon."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    writer.writerow(rows[0])
    for published in rows:
        days = {name: date.fromisoformat(published[name]) for name in ("Date Local", "Date of Last Change")}
        row = published | {name: f"{day:{layout}}".format(d=day.day, m=day.month) for name, day in days.items()}
        values = [value.lstrip("0") or "0" if value.isdecimal() else value for value in row.values()]
        is_measured = [name in ("Latitude", "Longitude", "Arithmetic Mean", "1st Max Value") for name in row]
        writer.writerow(
            value.replace(".", ",") if measured and separator == ";" else value
            for value, measured in zip(values, is_measured, strict=True)
        )
    return out.getvalue()


@pytest.mark.parametrize(
    ("layout", "separator"), [("{m}/{d}/%Y", ","), ("{d}/{m}/%Y", ","), ("%d.%m.%Y", ";"), ("%d/%m/%Y", ";")]
)
def test_a_daily_file_that_a_spreadsheet_saved_is_read_like_the_published_one(
    tmp_path: Path, layout: str, separator: str
) -> None:
    published = daily(tmp_path, csv_text(ROWS))
    assert len(published.readings) == 40

    result = daily(tmp_path, saved_by_excel(ROWS, layout, separator))

    pd.testing.assert_frame_equal(result.readings, published.readings)
    pd.testing.assert_frame_equal(result.sites, published.sites)
    assert result.rejected.empty


def test_a_monitor_list_that_a_spreadsheet_saved_is_read_like_the_published_one(tmp_path: Path) -> None:
    rows = [MONITOR_ROW, MONITOR_ROW | {"POC": "2", "NAAQS Primary Monitor": "", "Last Sample Date": "2022-07-31"}]
    touched = [
        row | {"County Code": "31", "Site Number": "1", "First Year of Data": "1999.0", "Last Sample Date": day}
        for row, day in zip(rows, ("6/28/2022", "7/31/2022"), strict=True)
    ]
    path = tmp_path / "aqs_monitors.zip"
    path.write_bytes(zipped(csv_text(rows), "aqs_monitors.csv"))
    published = read_monitors(path)
    assert published.monitors["last_sample_date"].tolist() == [pd.Timestamp("2022-06-28"), pd.Timestamp("2022-07-31")]

    path.write_bytes(zipped(csv_text(touched), "aqs_monitors.csv"))

    pd.testing.assert_frame_equal(read_monitors(path).monitors, published.monitors)


def test_a_zip_made_on_a_mac_is_the_mirrors_file(tmp_path: Path) -> None:
    path = tmp_path / "daily_88101_2021.zip"
    path.write_bytes(zipped(csv_text(ROWS)))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/._daily_88101_2021.csv", b"\0\5\x16\7")
    assert only_csv(path, culprit=path.name) == "daily_88101_2021.csv"
    assert len(read_daily(path, *YEAR, source="airdata").readings) == 40


def test_a_cut_line_of_a_national_file_costs_one_line(tmp_path: Path) -> None:
    lines = csv_text(ROWS).splitlines()
    lines[10] = lines[10][:90]

    result = daily(tmp_path, "\n".join(lines))

    assert len(result.readings) == 39
    assert result.rejected[["line_number", "site_id"]].values.tolist() == [[11, "170310001"]]


@pytest.mark.parametrize(
    ("content", "what", "fix"),
    [
        (text(published_rows(days=1)), "is a PM2.5 file of EPA's Download Daily Data page", "`airwatch import`"),
        (csv_text([MONITOR_ROW]), "is AirData's monitor list", "daily_88101_YEAR.zip"),
        ('"Site Num","Date Local","Time Local","Sample Measurement"\n', "is AirData's hourly file", "daily_88101_YEAR"),
        (
            csv_text([DAILY_ROW | {"Parameter Code": "44201"}]),
            "no row of PM2.5 (88101), but of parameter 44201",
            "88101",
        ),
    ],
)
def test_another_file_under_the_name_of_a_daily_file_is_named(
    tmp_path: Path, content: str, what: str, fix: str
) -> None:
    with pytest.raises(BadPayload) as raised:
        daily(tmp_path, content)
    assert what in str(raised.value)
    assert fix in str(raised.value)
