"""Small samples of what EPA publishes: bulk files and API responses."""

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

DAILY_ROW: dict[str, str] = {
    "State Code": "17",
    "County Code": "031",
    "Site Num": "0001",
    "Parameter Code": "88101",
    "POC": "1",
    "Latitude": "41.670992",
    "Longitude": "-87.732457",
    "Datum": "WGS84",
    "Parameter Name": "PM2.5 - Local Conditions",
    "Sample Duration": "24 HOUR",
    "Pollutant Standard": "PM25 24-hour 2012",
    "Date Local": "2021-07-04",
    "Units of Measure": "Micrograms/cubic meter (LC)",
    "Event Type": "None",
    "Observation Count": "1",
    "Observation Percent": "100.0",
    "Arithmetic Mean": "8.5",
    "1st Max Value": "8.5",
    "1st Max Hour": "0",
    "AQI": "35",
    "Method Code": "145",
    "Method Name": "Sampler",
    "Local Site Name": "VILLAGE GARAGE",
    "Address": "4500 W. 123RD ST.",
    "State Name": "Illinois",
    "County Name": "Cook",
    "City Name": "Alsip",
    "CBSA Name": "Chicago-Naperville-Elgin, IL-IN-WI",
    "Date of Last Change": "2021-11-20",
}

MONITOR_ROW: dict[str, str] = {
    "State Code": "17",
    "County Code": "031",
    "Site Number": "0001",
    "Parameter Code": "88101",
    "POC": "1",
    "Latitude": "41.670992",
    "Longitude": "-87.732457",
    "Datum": "WGS84",
    "First Year of Data": "1999",
    "Last Sample Date": "2022-06-28",
    "Last Method Code": "145",
    "NAAQS Primary Monitor": "Y",
    "Local Site Name": "VILLAGE GARAGE",
    "CBSA Name": "Chicago-Naperville-Elgin, IL-IN-WI",
}

API_ROW: dict[str, Any] = {
    "state_code": "17",
    "county_code": "031",
    "site_number": "0001",
    "parameter_code": "88101",
    "poc": 1,
    "latitude": 41.670992,
    "longitude": -87.732457,
    "datum": "WGS84",
    "parameter": "PM2.5 - Local Conditions",
    "sample_duration_code": "7",
    "sample_duration": "24 HOUR",
    "pollutant_standard": "PM25 24-hour 2024",
    "date_local": "2021-07-04",
    "units_of_measure": "Micrograms/cubic meter (LC)",
    "event_type": "No Events",
    "observation_count": 1,
    "observation_percent": 100.0,
    "validity_indicator": "Y",
    "arithmetic_mean": 8.5,
    "first_max_value": 8.5,
    "first_max_hour": 0,
    "aqi": 47,
    "method_code": "145",
    "cbsa_code": "16980",
    "date_of_last_change": "2022-05-01",
}

API_MONITOR: dict[str, Any] = {
    "state_code": "17",
    "county_code": "031",
    "site_number": "0001",
    "parameter_code": "88101",
    "poc": 1,
    "open_date": "1999-01-21",
    "close_date": None,
    "last_method_code": "145",
    "naaqs_primary_monitor": "Y",
    "latitude": 41.670992,
    "longitude": -87.732457,
    "datum": "WGS84",
    "local_site_name": "VILLAGE GARAGE",
    "cbsa_code": "16980",
}


def csv_text(rows: Sequence[Mapping[str, str]], columns: Sequence[str] | None = None, *, quoted: bool = True) -> str:
    """Rows as AirData writes them."""
    text = io.StringIO()
    names = list(columns or rows[0])
    quoting = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    writer = csv.DictWriter(text, names, quoting=quoting, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def zipped(text: str | bytes, name: str = "daily_88101_2021.csv") -> bytes:
    """One CSV in a zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return packed.getvalue()


def daily_zip(folder: Path, *changes: Mapping[str, str], year: int = 2021) -> Path:
    """A daily file whose rows are DAILY_ROW with ``changes``."""
    path = folder / f"daily_88101_{year}.zip"
    path.write_bytes(zipped(csv_text([DAILY_ROW | change for change in changes])))
    return path


def mirror(
    folder: Path, *, daily: Mapping[int, Sequence[Mapping[str, str]]], monitors: Sequence[Mapping[str, str]]
) -> str:
    """A folder laid out as EPA's archive; its file:// address."""
    folder.mkdir(parents=True, exist_ok=True)
    for year, changes in daily.items():
        daily_zip(folder, *changes, year=year)
    listed = csv_text([MONITOR_ROW | change for change in monitors])
    (folder / "aqs_monitors.zip").write_bytes(zipped(listed, "aqs_monitors.csv"))
    lines = [
        f"daily_88101_{year}.zip,{len(rows)},1000,2021-12-0{1 + n}" for n, (year, rows) in enumerate(daily.items())
    ]
    (folder / "file_list.csv").write_text("\n".join(["filename,rows,size_bytes,as_of", *lines, ""]))
    return folder.as_uri()


def envelope(
    published: Sequence[Mapping[str, Any]], *, status: str = "Success", body: str = "Data", **header: Any
) -> bytes:
    """The body of an API response."""
    url = "aqs/dailyData/byState?email=someone@example.org&key=sesame-42"
    head = {"status": status, "request_time": "2026-05-12T12:05:43-04:00", "url": url, "rows": len(published)}
    return json.dumps({"Header": [head | header], body: list(published)}).encode()
