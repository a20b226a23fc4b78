"""Tables of the acquire stage: what EPA published, and when we saw it."""

from typing import Final

import pandas as pd

from airwatch_dagster.schemas import columns as c
from airwatch_dagster.schemas.base import Table, table

SOURCES: Final = ("practice", "airdata", "aqs", "airnow")
"""Whose rows these are: simulated; EPA's bulk files; EPA's AQS; AirNow, which is provisional."""


@table(grain="none", key=("site_id", "parameter_code", "poc"))
class Monitors(Table):
    """One monitor: where it stands, whether it is its site's primary one, and when it ran."""

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
        "When a fresh list first said otherwise than before of is_primary, UTC; null while it never did", nullable=True
    )
    open_date: pd.Timestamp = c.field(
        "First day of data, as far as published (AirData: 1 January of the first year)", nullable=True
    )
    last_sample_date: pd.Timestamp = c.field("Last day of data known, or closing day; null while open", nullable=True)
    method_code: str = c.method_code()
    is_context: bool = c.field("Outside the area; read only as a predictor for it")


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
    """One published row version: monitor × duration × standard × event, exactly as published."""

    state_code: str = c.state_code()
    county_code: str = c.county_code()
    site_number: str = c.site_number()
    parameter_code: str = c.parameter_code()
    poc: int = c.poc()
    date_local: pd.Timestamp = c.date_local()
    sample_duration: str = c.field("AQS duration: 24 HOUR (filter), 24-HR BLK AVG (continuous), 1 HOUR (its hours)")
    pollutant_standard: str = c.field("Standard the row was computed for; null on 1 HOUR", nullable=True)
    event_type: str = c.field("Exceptional-event handling, in the source's own words", nullable=True)
    units_of_measure: str = c.field("Unit of arithmetic_mean and first_max_value")
    observation_count: "pd.Int64Dtype" = c.field("Observations behind the row", nullable=True, ge=0)
    observation_percent: float = c.field("Share of scheduled observations taken, percent", nullable=True, ge=0.0)
    validity_indicator: str = c.field("Y or N; absent from bulk files", nullable=True, isin=("Y", "N"))
    arithmetic_mean: float = c.field(
        "Mean of the day, in units_of_measure; may be slightly negative",
        nullable=True,
        ge=c.LOWEST_PM25_UGM3,
        le=c.HIGHEST_PM25_UGM3,
    )
    first_max_value: float = c.field("Highest observation of the day, in units_of_measure", nullable=True)
    first_max_hour: "pd.Int64Dtype" = c.field("Hour of the highest observation, 0-23", nullable=True, ge=0, le=23)
    aqi: "pd.Int64Dtype" = c.field(
        "AQI as published: by the table in force when the source computed it", nullable=True, ge=0
    )
    method_code: str = c.method_code()
    latitude: float = c.latitude()
    longitude: float = c.longitude()
    datum: str = c.field("Geodetic datum of latitude and longitude", nullable=True)
    cbsa_code: str = c.cbsa_code()
    date_of_last_change: pd.Timestamp = c.field("Last change of the row in AQS, as published", nullable=True)
    source: str = c.field("Where the row came from", isin=SOURCES)
    first_seen_at: pd.Timestamp = c.field("When this version was first pulled, UTC")
    superseded_at: pd.Timestamp = c.field(
        "When a pull no longer showed this version, UTC; null while current", nullable=True
    )


RECHECK_KINDS: Final = ("changed_since", "whole_year", "recent_days")
"""How history was looked at again: rows that AQS says it changed; a whole year, which also shows what vanished;
AirNow's last days."""


@table(grain="none", key=("checked_at", "look", "source", "year"))
class HistoryChecks(Table):
    """One look at a calendar year of history: what was asked, and which days turned out to have changed."""

    checked_at: pd.Timestamp = c.field("When the source was asked, UTC")
    look: str = c.field("How it was asked", isin=RECHECK_KINDS)
    source: str = c.field("Who was asked", isin=SOURCES)
    year: int = c.field("Calendar year looked at", ge=1990, le=2200)
    changed_since: pd.Timestamp = c.field("Rows changed from this day on were asked for; null for all", nullable=True)
    changed_until: pd.Timestamp = c.field("… up to this day; null for all", nullable=True)
    row_count: int = c.field("Rows that came, but for those that say in other words what is stored", ge=0)
    changed_day_count: int = c.field("Days of which a row is new, different or gone", ge=0)
    changed_days: str = c.field("These days as ranges, such as 2020-02-03…2020-02-05, separated by spaces")


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
    """What the agencies themselves said in AirNow's reportingarea.dat: forecasts to compare with, and observations."""

    archived_on: pd.Timestamp = c.field("Day whose file it stood in")
    reporting_area: str = c.field("AirNow reporting area")
    state: str = c.field("Postal code of its state", nullable=True)
    issue_date: pd.Timestamp = c.field("Day on which the agency issued the record")
    target_date: pd.Timestamp = c.field("Local day the record speaks of")
    valid_time: str = c.field("Local time the record speaks of; null for a whole day", nullable=True)
    record_type: str = c.field("O observed now, F forecast, Y observed the day before", isin=("O", "F", "Y"))
    parameter: str = c.field("Pollutant as AirNow names it, such as PM2.5 or OZONE")
    is_primary: bool = c.field("This pollutant sets the area's AQI")
    latitude: float = c.latitude()
    longitude: float = c.longitude()
    agency_aqi: "pd.Int64Dtype" = c.field(
        "AQI as published, by the table in force then; null when only a category", nullable=True, ge=0
    )
    agency_category: str = c.field("AQI category as published", nullable=True)
    is_action_day: bool = c.field("The agency called an action day")
    forecast_source: str = c.field("Agency that issued it", nullable=True)
