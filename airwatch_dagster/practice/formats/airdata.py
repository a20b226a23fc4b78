"""AirData's bulk files: zipped CSV in its columns, vocabulary, quoting and encoding."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final

import pandas as pd

from airwatch_dagster.practice.world.network import MONITORS
from airwatch_dagster.practice.world.published import AT_ONCE, Publishing, changed_on, published_year
from airwatch_dagster.practice.world.world import (
    DATUM,
    FIRST_DAY,
    INSTRUMENTS,
    PARAMETER_CODE,
    PARAMETERS,
    UNITS,
    Monitor,
    Site,
)

ENCODING: Final = "iso-8859-1"
STANDARD: Final = "PM25 24-hour 2024"
"""The only standard in bulk files, the newest one."""

DAILY_COLUMNS: Final = (
    *("State Code", "County Code", "Site Num", "Parameter Code", "POC", "Latitude", "Longitude", "Datum"),
    *("Parameter Name", "Sample Duration", "Pollutant Standard", "Date Local", "Units of Measure", "Event Type"),
    *("Observation Count", "Observation Percent", "Arithmetic Mean", "1st Max Value", "1st Max Hour", "AQI"),
    *("Method Code", "Method Name", "Local Site Name", "Address", "State Name", "County Name", "City Name"),
    *("CBSA Name", "Date of Last Change"),
)

MONITOR_COLUMNS: Final = (
    *("State Code", "County Code", "Site Number", "Parameter Code", "Parameter Name", "POC", "Latitude", "Longitude"),
    *("Datum", "First Year of Data", "Last Sample Date", "Monitor Type", "Networks", "Reporting Agency", "PQAO"),
    *("Collecting Agency", "Exclusions", "Monitoring Objective", "Last Method Code", "Last Method"),
    *("Measurement Scale", "Measurement Scale Definition", "NAAQS Primary Monitor", "QA Primary Monitor"),
    *("Local Site Name", "Address", "State Name", "County Name", "City Name", "CBSA Name", "Tribe Name"),
    "Extraction Date",
)

AGENCY: Final = "Practice Air Agency"

_FAST_COMPRESSION: Final = 1


@dataclass(frozen=True)
class BulkFile:
    """A downloadable file, the date of its content and its number of rows."""

    content: bytes
    as_of: date
    rows: int


def bulk_file(name: str, *, seed: int, today: date, publishing: Publishing = AT_ONCE) -> BulkFile | None:
    """``daily_88101_YYYY.zip``, ``daily_88502_YYYY.zip``, ``aqs_monitors.zip`` or ``file_list.csv`` as of ``today``.

    None for others. With a lag, a year's file appears that many days after 1 January, and monitors are listed once
    their data is.
    """
    behind = today - timedelta(days=publishing.lag_days)
    if name == "file_list.csv":
        return _file_list(seed, today, publishing)
    if name == "aqs_monitors.zip":
        return _monitors(today, behind)
    files = {daily_name(year, parameter): (year, parameter) for year in _years(behind) for parameter in PARAMETERS}
    if name not in files:
        return None
    year, parameter = files[name]
    return _daily(year, parameter, seed, changed_on(year, today=today, publishing=publishing), publishing)


def daily_name(year: int, parameter: str = PARAMETER_CODE) -> str:
    """File name of a year of daily values."""
    return f"daily_{parameter}_{year}.zip"


def _years(today: date) -> range:
    return range(FIRST_DAY.year, today.year + 1)


@lru_cache(maxsize=64)
def _daily(year: int, parameter: str, seed: int, as_of: date, publishing: Publishing) -> BulkFile:
    numbers = [number for number, (_, monitor) in enumerate(MONITORS) if monitor.parameter_code == parameter]
    published = published_year(year, seed=seed, today=as_of, publishing=publishing)
    rows = list(_daily_rows(published[published["monitor"].isin(numbers)]))
    return _zipped(daily_name(year, parameter), DAILY_COLUMNS, rows, as_of)


@lru_cache(maxsize=8)
def _monitors(today: date, behind: date) -> BulkFile:
    """The list of monitors with samples before ``behind``, extracted on ``today``."""
    rows = [_monitor_row(site, monitor, today, behind) for site, monitor in MONITORS if monitor.opened_on < behind]
    return _zipped("aqs_monitors.zip", MONITOR_COLUMNS, rows, today)


@lru_cache(maxsize=8)
def _file_list(seed: int, today: date, publishing: Publishing) -> BulkFile:
    names = [daily_name(year, parameter) for parameter in PARAMETERS for year in _years(today)] + ["aqs_monitors.zip"]
    files = {name: bulk_file(name, seed=seed, today=today, publishing=publishing) for name in names}
    lines = [f"{name},{f.rows},{len(f.content)},{f.as_of.isoformat()}" for name, f in files.items() if f]
    return BulkFile("\n".join(["filename,rows,size_bytes,as_of", *lines, ""]).encode(), today, len(lines))


def _daily_rows(published: pd.DataFrame) -> Iterator[str]:
    """All rows of all monitor-days as lines of CSV."""
    heads = [  # State Code to Parameter Name
        _text(
            *(site.state_code, site.county_code, site.site_number, monitor.parameter_code, monitor.poc),
            *(site.latitude, site.longitude, DATUM, PARAMETERS[monitor.parameter_code]),
        )
        for site, monitor in MONITORS
    ]
    tails = {  # Method Code to CBSA Name
        (number, method_code): _text(method_code, INSTRUMENTS[method_code].name, *_names(MONITORS[number][0]))
        for number, method_code in set(zip(published["monitor"], published["method_code"], strict=True))
    }
    day: Any
    for day in published.itertuples(index=False):
        head, tail = heads[day.monitor], tails[day.monitor, day.method_code]
        for values in _values_of(day, MONITORS[day.monitor][1]):
            yield f'{head},{values},{tail},"{day.last_change}"'


def _values_of(day: Any, monitor: Monitor) -> Iterator[str]:
    """Rows of a day: one of a filter; of a continuous monitor a block average and its hours, twice when events are
    excluded."""
    if monitor.schedule != "hourly":
        yield _day_value(day, monitor, "24 HOUR", "None", day.day_mean_ugm3)
        return
    event_type = "Included" if monitor.reports_events else "None"
    has_day_value = day.day_mean_ugm3 == day.day_mean_ugm3
    if has_day_value:
        yield _day_value(day, monitor, "24-HR BLK AVG", event_type, day.day_mean_ugm3)
    yield _hours(day, event_type, day.observation_count, day.hours_mean_ugm3)
    if day.is_event:
        if has_day_value:
            yield _day_value(day, monitor, "24-HR BLK AVG", "Excluded", int(day.excluded_mean_ugm3 * 10) / 10)
        yield _hours(day, "Excluded", day.excluded_count, day.excluded_mean_ugm3)


def _day_value(day: Any, monitor: Monitor, duration: str, event_type: str, mean: float) -> str:
    """Sample Duration to AQI of a 24-hour value. The AQI includes event hours even where the mean excludes them; only
    88101 has a standard."""
    standard = STANDARD if monitor.parameter_code == PARAMETER_CODE else ""
    when = f'"{duration}","{standard}","{day.date_local}","{UNITS}","{event_type}"'
    return f"{when},1,{day.day_percent},{mean},{mean},0,{day.aqi}"


def _hours(day: Any, event_type: str, count: int, mean: float) -> str:
    """Sample Duration to AQI of a day's hours, which have neither standard nor AQI."""
    when = f'"1 HOUR","","{day.date_local}","{UNITS}","{event_type}"'
    return f'{when},{count},{day.observation_percent},{mean},{day.max_ugm3},{day.max_hour},""'


def _monitor_row(site: Site, monitor: Monitor, today: date, behind: date) -> str:
    last_day = min(monitor.closed_on or date.max, behind - timedelta(days=1))
    method = monitor.method_on(last_day)
    return _text(
        *(site.state_code, site.county_code, site.site_number, int(monitor.parameter_code)),
        *(PARAMETERS[monitor.parameter_code], monitor.poc),
        *(site.latitude, site.longitude, DATUM, monitor.opened_on.year, last_day.isoformat(), "SLAMS", ""),
        *(AGENCY, AGENCY, AGENCY, "", "POPULATION EXPOSURE", int(method.method_code), method.name),
        *("NEIGHBORHOOD", "500 M TO 4KM", "Y" if monitor.is_primary else "", ""),
        *(*_names(site), "", today.isoformat()),
    )


def _names(site: Site) -> tuple[str, ...]:
    return site.name, site.address, site.state, site.county, site.city, site.cbsa or ""


def _text(*values: str | float) -> str:
    """Values as one line of CSV: text quoted, numbers not."""
    return ",".join(f'"{value}"' if isinstance(value, str) else str(value) for value in values)


def _zipped(name: str, columns: tuple[str, ...], rows: list[str], as_of: date) -> BulkFile:
    """A zip with one CSV file; the same rows and day give the same bytes."""
    text = "\n".join([_text(*columns), *rows, ""])
    packed = io.BytesIO()
    member = zipfile.ZipInfo(name.replace(".zip", ".csv"), date_time=(as_of.year, as_of.month, as_of.day, 0, 0, 0))
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(member, text.encode(ENCODING), zipfile.ZIP_DEFLATED, compresslevel=_FAST_COMPRESSION)
    return BulkFile(packed.getvalue(), as_of, len(rows))
