"""Tables of the watch stage: drift, revisions, coverage and monitor changes."""

from typing import Final

import pandas as pd

from airwatch_dagster.schemas import columns as c
from airwatch_dagster.schemas.base import Table, table


@table(grain="month", key=("month", "feature"), partition_column="month")
class DriftReport(Table):
    """One feature of a month against the same season of earlier years."""

    month: pd.Timestamp = c.month()
    feature: str = c.field("Column of features, or forecast_error_ugm3")
    method: str = c.field("Drift measure Evidently used")
    statistic: float = c.field("Drift measure; its scale depends on the method", nullable=True)
    threshold: float = c.field("Drift is found beyond this statistic", nullable=True)
    is_drifted: bool = c.field("The feature left its seasonal range")
    current_mean: float = c.field("Mean in the month, in the feature's unit", nullable=True)
    reference_mean: float = c.field("Mean in the same season of earlier years, in the feature's unit", nullable=True)
    current_rows: int = c.field("Values behind current_mean", ge=0)
    reference_rows: int = c.field("Values behind reference_mean", ge=0)
    report_uri: str = c.field("Where the HTML report lies", nullable=True)


REVISION_KINDS: Final = ("changed", "deleted", "appeared_late", "moved_parameter", "provisional_to_final")
"""What happened to a published monitor-day: another value; gone; there for the first time although its day was read
before; now under another parameter code; AQS's reading in place of AirNow's, with the same value or another."""


@table(
    grain="detected",
    key=("site_id", "parameter_code", "poc", "date_local", "noticed_at"),
    partition_column="noticed_on",
)
class Revisions(Table):
    """A published monitor-day that a later pull showed otherwise."""

    noticed_on: pd.Timestamp = c.field("Day on which the change was noticed, UTC")
    noticed_at: pd.Timestamp = c.field("When the pull that showed it was made, UTC")
    site_id: str = c.site_id()
    date_local: pd.Timestamp = c.date_local()
    parameter_code: str = c.parameter_code()
    poc: int = c.poc()
    kind: str = c.field("What happened", isin=REVISION_KINDS)
    old_pm25_ugm3: float = c.pm25("24-hour mean before; null when there was none", nullable=True)
    new_pm25_ugm3: float = c.pm25("24-hour mean after; null when there is none", nullable=True)
    size_ugm3: float = c.field("Size of the change, µg/m³; null when either value is missing", nullable=True, ge=0.0)
    old_source: str = c.field("Source of the value before; null when there was none", nullable=True)
    new_source: str = c.field("Source of the value after; null when there is none", nullable=True)


COVERAGE_STATUSES: Final = ("observed", "invalid", "not_scheduled", "late", "missing")
"""A site's day: a valid reading; a reading that is no truth; no sampler due; due, not published yet and still within
EPA's deadline; not published though the deadline has passed."""

SAMPLING_SCHEDULES: Final = ("daily", "1-in-3", "1-in-6", "unknown")


@table(grain="month", key=("site_id", "date_local"), partition_column="date_local")
class Coverage(Table):
    """What was published about a site's day, against what its samplers were to measure and when that is due."""

    site_id: str = c.site_id()
    date_local: pd.Timestamp = c.date_local()
    status: str = c.field("What is known about the day", isin=COVERAGE_STATUSES)
    schedule: str = c.field(
        "Schedule of the site's samplers together, from its last quarter of readings; unknown makes nothing due",
        isin=SAMPLING_SCHEDULES,
    )
    expected_by: pd.Timestamp = c.field(
        "Day by which it should be published: 90 days after its quarter by EPA's deadline; 2 days after the day from "
        "the site's first reading by AirNow on"
    )
    is_provisional: bool = c.field("The reading is AirNow's; AQS has not published the day yet")
    is_context: bool = c.field("Outside the area; read only as a predictor for it")
    cbsa_code: str = c.cbsa_code()
    state_code: str = c.state_code()


MONITOR_CHANGE_KINDS: Final = ("instrument", "restated_pair", "relocation", "primary", "opened", "closed")
"""Another method; the same instrument published twice, original and corrected; another place; another designation as
the site's primary monitor; first and last reading of a site. Moves, openings, closings: POC 0."""


@table(grain="none", key=("site_id", "parameter_code", "poc", "changed_on", "kind"))
class MonitorChanges(Table):
    """Something about a monitor changed that is not the air."""

    site_id: str = c.site_id()
    parameter_code: str = c.parameter_code()
    poc: int = c.poc()
    changed_on: pd.Timestamp = c.field(
        "First local day of the new state; for closed the day after the last reading, for primary the day of notice"
    )
    kind: str = c.field("What changed", isin=MONITOR_CHANGE_KINDS)
    before: str = c.field("State before; null when there was none", nullable=True)
    after: str = c.field("State after; null when there is none", nullable=True)
    description: str = c.field("The change in one sentence")
    is_context: bool = c.field("Outside the area; read only as a predictor for it")
