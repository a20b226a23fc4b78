"""Tables of the acquire stage: published data, and when each version was first seen."""

from typing import Final

import pandas as pd

from airwatch_dagster.schemas import columns as c
from airwatch_dagster.schemas.base import Table, table

SOURCES: Final = ("practice", "airdata", "aqs", "airnow")
"""Sources of rows: simulated data, EPA's bulk files, EPA's AQS API, and AirNow, which is provisional."""


@table(grain="none", key=("site_id", "parameter_code", "poc"))
class Monitors(Table):
    """One monitor: location, designation and dates of operation."""

    site_id: str = c.site_id()
    parameter_code: str = c.parameter_code()
    poc: int = c.poc()
    state_code: str = c.state_code()
    county_code: str = c.county_code()
    site_number: str = c.site_number()
    latitude: float = c.latitude()
    longitude: float = c.longitude()
    datum: str = c.field("Geodetic datum of latitude and longitude", nullable=True)
    cbsa_code: str = c.cbsa_code()
    site_name: str = c.field("Local name of the site", nullable=True)
    is_primary: bool = c.field("EPA's NAAQS primary monitor of its site")
    primary_changed_at: pd.Timestamp = c.field(
        "When is_primary last changed in EPA's monitor list (UTC); null if never", nullable=True
    )
    open_date: pd.Timestamp = c.field(
        "First day of data; from AirData 1 January of the first year, because it publishes only the year", nullable=True
    )
    last_sample_date: pd.Timestamp = c.field("Last known day of data, or closing day; null while open", nullable=True)
    method_code: str = c.method_code()
    is_context: bool = c.field("Monitor outside the area; used only as a predictor")


@table(
    grain="day",
    key=(
        "state_code",
        "county_code",
        "site_number",
        "parameter_code",
        "poc",
        "date_local",
        "sample_duration",
        "pollutant_standard",
        "event_type",
        "first_seen_at",
    ),
    partition_column="date_local",
)
class RawReadings(Table):
    """One version of a published row: monitor × duration × standard × event type, exactly as published."""

    state_code: str = c.state_code()
    county_code: str = c.county_code()
    site_number: str = c.site_number()
    parameter_code: str = c.parameter_code()
    poc: int = c.poc()
    date_local: pd.Timestamp = c.date_local()
    sample_duration: str = c.field(
        "AQS duration: 24 HOUR (filter), 24-HR BLK AVG (continuous monitor), 1 HOUR (hours of the latter)"
    )
    pollutant_standard: str = c.field("Standard that the row was computed for; null for 1 HOUR", nullable=True)
    event_type: str = c.field("Handling of exceptional events, as published by the source", nullable=True)
    units_of_measure: str = c.field("Unit of arithmetic_mean and first_max_value")
    observation_count: "pd.Int64Dtype" = c.field("Number of observations in the row", nullable=True, ge=0)
    observation_percent: float = c.field(
        "Observations taken, percent of scheduled ones", unit="%", nullable=True, ge=0.0
    )
    validity_indicator: str = c.field("Y valid, N invalid; null in bulk files", nullable=True, isin=("Y", "N"))
    arithmetic_mean: float = c.field(
        "Mean of the day, in units_of_measure; can be slightly negative",
        unit="units_of_measure",
        nullable=True,
        ge=c.LOWEST_PM25_UGM3,
        le=c.HIGHEST_PM25_UGM3,
    )
    first_max_value: float = c.field(
        "Highest observation of the day, in units_of_measure", unit="units_of_measure", nullable=True
    )
    first_max_hour: "pd.Int64Dtype" = c.field(
        "Hour of the highest observation, 0-23", unit="h", nullable=True, ge=0, le=23
    )
    aqi: "pd.Int64Dtype" = c.field(
        "AQI as published, by the AQI table that was valid when the source computed it", nullable=True, ge=0
    )
    method_code: str = c.method_code()
    latitude: float = c.latitude()
    longitude: float = c.longitude()
    datum: str = c.field("Geodetic datum of latitude and longitude", nullable=True)
    cbsa_code: str = c.cbsa_code()
    date_of_last_change: pd.Timestamp = c.field("Last change of the row in AQS, as published", nullable=True)
    source: str = c.field("Source of the row", isin=SOURCES)
    first_seen_at: pd.Timestamp = c.field("When this version was first pulled, UTC")
    superseded_at: pd.Timestamp = c.field(
        "When a pull first lacked this version, UTC; null while current", nullable=True
    )


RECHECK_KINDS: Final = ("changed_since", "whole_year", "recent_days")
"""Kinds of recheck: rows that AQS lists as changed; a whole year, which also shows deleted rows; AirNow's last days."""


@table(grain="none", key=("checked_at", "look", "source", "year"))
class HistoryChecks(Table):
    """One recheck of a calendar year of history: the query, and the days that changed."""

    checked_at: pd.Timestamp = c.field("When the source was queried, UTC")
    look: str = c.field("Kind of recheck", isin=RECHECK_KINDS)
    source: str = c.field("Queried source", isin=SOURCES)
    year: int = c.field("Rechecked calendar year", ge=1990, le=2200)
    changed_since: pd.Timestamp = c.field("First day of change of the requested rows; null for all rows", nullable=True)
    changed_until: pd.Timestamp = c.field("Last day of change of the requested rows; null for all rows", nullable=True)
    row_count: int = c.field("Rows received, excluding rows equivalent to stored ones", ge=0)
    changed_day_count: int = c.field("Days with a new, changed or deleted row", ge=0)
    changed_days: str = c.field("The changed days as ranges, such as 2020-02-03…2020-02-05, separated by spaces")


@table(
    grain="day",
    key=(
        "archived_on",
        "reporting_area",
        "state",
        "issue_date",
        "target_date",
        "valid_time",
        "record_type",
        "parameter",
    ),
    partition_column="archived_on",
)
class AgencyForecasts(Table):
    """One record of AirNow's reportingarea.dat: an agency's own forecast, for comparison, or its observation.

    Where the file of a day is gone: a forecast that was issued on that day, from AirNow's historical forecasts.
    """

    archived_on: pd.Timestamp = c.field("Day of the file that contained the record; without a file, day of issue")
    reporting_area: str = c.field("AirNow reporting area")
    state: str = c.field("Postal code of its state", nullable=True)
    issue_date: pd.Timestamp = c.field("Day on which the agency issued the record")
    target_date: pd.Timestamp = c.field("Local day that the record is about")
    valid_time: str = c.field("Local time that the record is about; null for a whole day", nullable=True)
    record_type: str = c.field(
        "O current observation, F forecast, Y observation of the day before", isin=("O", "F", "Y")
    )
    parameter: str = c.field("Pollutant as AirNow names it, such as PM2.5 or OZONE")
    is_primary: bool = c.field("This pollutant determines the area's AQI; without a file, it has the highest AQI")
    latitude: float = c.latitude()
    longitude: float = c.longitude()
    agency_aqi: "pd.Int64Dtype" = c.field(
        "AQI as published, by the AQI table valid then; null when only a category is published", nullable=True, ge=0
    )
    agency_category: str = c.field("AQI category as published", nullable=True)
    is_action_day: bool = c.field("The agency called an action day")
    forecast_source: str = c.field("Agency that issued the record; null without a file", nullable=True)


READ_FOR: Final = ("monitors", "raw_readings", "agency_forecasts", "weather_forecasts")
"""Tables whose readers set lines aside."""


@table(grain="none", key=("read_for", "file", "line_number"))
class RejectedLines(Table):
    """One line that could not be read and was set aside, or was repaired, in the newest reading of its file."""

    read_for: str = c.field("Table that the file was read for", isin=READ_FOR)
    file: str = c.field("File or response, with its day where it has one")
    line_number: int = c.field("Number of the line in the file, from 1; of the row in a response", ge=1)
    is_repaired: bool = c.field("The line was repaired without doubt and counts; else it was set aside")
    column_name: str = c.field("Published name of the unreadable column; null for the line as a whole", nullable=True)
    value: str = c.field("The value as published, or the line's first 200 characters; null for none", nullable=True)
    reason: str = c.field("What was expected, or what was repaired")
    site_id: str = c.field("AQS site of the line; null where it is unreadable", nullable=True)
    date_local: pd.Timestamp = c.field("Day of the line; null where it is unreadable", nullable=True)
    read_at: pd.Timestamp = c.field("When the file was read, UTC")
