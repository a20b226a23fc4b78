"""Layouts of AirNow's text files: pipe-separated fields without a header."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

DAY_FORMAT: Final = "%m/%d/%y"
"""Days as AirNow writes them: 01/31/23."""

PM25_DAY: Final = "PM2.5-24hr"
"""AirNow's name of the 24-hour mean; its other PM2.5 parameters are NowCasts and hourly values."""

PM25_DAY_NAMES: Final = ("pm2524hr", "pm2524hrs", "pm2524hour", "pm2524h")
"""Spellings of PM25_DAY, folded."""

_DAY: Final = re.compile(r"\d{1,2}/\d{1,2}/\d{2}")
_NUMBER: Final = re.compile(r"([-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|n/?a|null|nan)?", re.IGNORECASE)
_WHOLE: Final = re.compile(r"[-+]?\d+")


@dataclass(frozen=True)
class Layout:
    """A file layout: its name and its fields in order, AirNow's names by contract name."""

    file_name: str
    fields: Mapping[str, str]
    free_text: tuple[str, ...] = ()
    """Fields in which a pipe can only be text."""
    patterns: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    """How the values of other fields look, for telling them from free text."""
    may_wrap: bool = False
    """Whether its free text can contain line breaks."""


DAILY: Final = Layout(
    "daily_data_v2.dat",
    {
        "date_local": "ValidDate",
        "short_id": "AQSID",
        "site_name": "SiteName",
        "parameter": "Parameter",
        "units_of_measure": "Units",
        "arithmetic_mean": "Value",
        "averaging_period": "AveragingPeriod",
        "agency": "DataSource",
        "aqi": "AQI",
        "aqi_category": "AQICategory",
        "latitude": "Latitude",
        "longitude": "Longitude",
        "airnow_id": "FullAQSID",
    },
    free_text=("site_name", "agency"),
    patterns={
        "date_local": _DAY,
        "arithmetic_mean": _NUMBER,
        "averaging_period": _WHOLE,
        "aqi": _NUMBER,
        "aqi_category": _NUMBER,
        "latitude": _NUMBER,
        "longitude": _NUMBER,
        "airnow_id": re.compile("[0-9A-Z]{7,}"),
    },
)
"""A day's values per site; ids begin with the country, 840 for the US. Source: AirNow daily data file fact sheet."""

OLD_DAILY: Final = Layout(
    "daily_data.dat",
    {
        "date_local": "ValidDate",
        "airnow_id": "AQSID",
        "site_name": "SiteName",
        "parameter": "Parameter",
        "units_of_measure": "Units",
        "arithmetic_mean": "Value",
        "averaging_period": "AveragingPeriod",
        "agency": "DataSource",
    },
    free_text=("site_name", "agency"),
    patterns={"date_local": _DAY, "arithmetic_mean": _NUMBER, "averaging_period": _WHOLE},
)
"""The layout of days before version 2, without AQI and position; Canada's ids begin with 00, and 80 is Mexico's state
code. Source: AirNow daily data file fact sheet."""

REPORTING_AREAS: Final = Layout(
    "reportingarea.dat",
    {
        "issue_date": "IssueDate",
        "target_date": "ValidDate",
        "valid_time": "ValidTime",
        "time_zone": "TZ",
        "day_index": "DayIndex",
        "record_type": "RecordType",
        "is_primary": "Primary",
        "reporting_area": "ReportingArea",
        "state": "State",
        "latitude": "Latitude",
        "longitude": "Longitude",
        "parameter": "Parameter",
        "aqi": "AQI",
        "agency_category": "Category",
        "is_action_day": "ActionDay",
        "discussion": "Discussion",
        "forecast_source": "ForecastSource",
    },
    free_text=("reporting_area", "discussion", "forecast_source"),
    patterns={
        "issue_date": _DAY,
        "target_date": _DAY,
        "record_type": re.compile("[OFY]", re.IGNORECASE),
        "is_primary": re.compile("[YN]", re.IGNORECASE),
        "latitude": _NUMBER,
        "longitude": _NUMBER,
        "aqi": _NUMBER,
        "is_action_day": re.compile("yes|no", re.IGNORECASE),
    },
    may_wrap=True,
)
"""Observations and forecasts per area. Source: AirNow reporting area file fact sheet."""

AREA_LIST: Final = Layout(
    "reportingarea_metadata.dat",
    {
        "reporting_area": "Name",
        "state": "State",
        "country": "Country",
        "latitude": "Latitude",
        "longitude": "Longitude",
        "gmt_offset": "GMT offset",
        "has_daylight_time": "Daylight time",
        "standard_time": "Standard time zone",
        "daylight_time": "Daylight time zone",
        "area_code": "Area code",
        "agency": "Agency",
        "lookup": "Lookup",
        "monitors": "Monitors",
        "boundary": "Boundary",
    },
    free_text=("reporting_area", "agency", "lookup", "monitors", "boundary"),
    patterns={
        "latitude": _NUMBER,
        "longitude": _NUMBER,
        "gmt_offset": _NUMBER,
        "has_daylight_time": re.compile("yes|no", re.IGNORECASE),
    },
)
"""The reporting areas of today, with positions and codes. The file has no names of fields; these are AirWatch's."""
