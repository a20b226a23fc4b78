"""Tables of the watch stage: findings, drift, revisions, coverage, sensor flags, monitor changes and incidents."""

from typing import Final

import pandas as pd

from airwatch_dagster.schemas import columns as c
from airwatch_dagster.schemas.base import Table, table


@table(grain="month", key=("month", "feature"), partition_column="month")
class DriftReport(Table):
    """One feature of a month, compared with the same season of earlier years."""

    month: pd.Timestamp = c.month()
    feature: str = c.field("Column of features")
    method: str = c.field("Name of Evidently's drift measure")
    statistic: float = c.field("Drift measure, in the unit of the method; null with too few values", nullable=True)
    threshold: float = c.field("Smallest statistic that counts as drift; null without one", nullable=True)
    is_drifted: bool = c.field("The feature drifted from its seasonal reference or lost all its values")
    current_mean: float = c.field("Mean in the month, in the feature's unit; null without values", nullable=True)
    reference_mean: float = c.field(
        "Mean in the same season of earlier years, in the feature's unit; null without values", nullable=True
    )
    current_rows: int = c.field("Number of values in current_mean", ge=0)
    reference_rows: int = c.field("Number of values in reference_mean", ge=0)
    effect: float = c.field(
        "Mean of the month minus mean of the season, in standard deviations of the season; null when not judged",
        nullable=True,
    )
    not_judged: str = c.field("Why the feature could not be judged; null when it was", nullable=True)
    report_uri: str = c.field("Address of the HTML report; null when none was stored", nullable=True)


CAUSES: Final = ("season or smoke", "sensor", "network", "pipeline", "not known")
"""Probable causes: the air itself; one site's instrument; who reports, and by which method; reading and computing."""

RULE_CAUSE: Final = {
    **dict.fromkeys(("season", "smoke"), "season or smoke"),
    **dict.fromkeys(("site_level", "site_slow_drift", "site_stuck", "sites_level", "sites_slow_drift"), "sensor"),
    **dict.fromkeys(("sites_reporting", "methods", "sampling", "parameters"), "network"),
    **dict.fromkeys(("units", "shifted_level", "clock", "sampling_days", "repeated_days", "digits"), "pipeline"),
}
"""Rule of a month's findings → its one cause, the first four of CAUSES."""

FINDING_RULES: Final = tuple(RULE_CAUSE)
"""Rules that a month and area is judged by."""


@table(grain="month", key=("month", "area", "rule", "site_id"), partition_column="month")
class MonthlyFindings(Table):
    """What one rule found in a month and area, or why it could not judge: the air, a sensor, the network or the
    pipeline."""

    month: pd.Timestamp = c.month()
    area: str = c.field("Area that was judged, as in AIRWATCH_AREA: us, state:17 or cbsa:16980", str_matches=r"^\S+$")
    rule: str = c.field("Rule by which it was judged", isin=FINDING_RULES)
    cause: str = c.field("What the rule looks for: the cause of what it finds", isin=CAUSES[:4])
    site_id: str = c.field(
        "AQS site, 9 digits, of a finding about one site; empty for a rule about the whole area",
        str_matches=r"^([0-9]{9})?$",
    )
    is_found: bool = c.field("The effect reached its limit")
    effect: float = c.field("Size of the change, in the unit of the row; null when it was not judged", nullable=True)
    unit: str = c.field("Unit of effect, limit, lower and upper")
    limit: float = c.field("Effect from which on it is found; null for a rule without one", nullable=True)
    lower: float = c.field("Lower end of the 95 % interval of effect (or null), by bootstrap of weeks", nullable=True)
    upper: float = c.field("Upper end of the 95 % interval of effect (or null), by bootstrap of weeks", nullable=True)
    days: int = c.field("Days of the month that were compared", ge=0)
    sites: int = c.field("Sites that were compared", ge=0)
    reference_days: int = c.field("Days that they were compared with", ge=0)
    reference_sites: int = c.field("Sites that they were compared with", ge=0)
    not_judged: str = c.field("Why it could not be judged; null when it was", nullable=True)
    what: str = c.field("The finding in a sentence, with sizes, units and since when")


REVISION_KINDS: Final = ("changed", "deleted", "appeared_late", "moved_parameter", "provisional_to_final")
"""Kinds of revision of a published monitor-day: another value; no longer published; first published after its day had
been read; published under another parameter code; AQS's reading in place of AirNow's, same value or not."""


@table(
    grain="detected",
    key=("site_id", "parameter_code", "poc", "date_local", "noticed_at"),
    partition_column="noticed_on",
)
class Revisions(Table):
    """A published monitor-day that a later pull changed."""

    noticed_on: pd.Timestamp = c.field("Day on which the change was detected, UTC")
    noticed_at: pd.Timestamp = c.field("Time of the pull that detected the change, UTC")
    site_id: str = c.site_id()
    date_local: pd.Timestamp = c.date_local()
    parameter_code: str = c.parameter_code()
    poc: int = c.poc()
    kind: str = c.field("Kind of revision", isin=REVISION_KINDS)
    old_pm25_ugm3: float = c.pm25("24-hour mean PM2.5 before the change", null_when="none was published")
    new_pm25_ugm3: float = c.pm25("24-hour mean PM2.5 after the change", null_when="none is published")
    size_ugm3: float = c.field(
        "Absolute change of the 24-hour mean, µg/m³; null when either value is missing", nullable=True, ge=0.0
    )
    old_source: str = c.field("Source of the value before the change; null when there was none", nullable=True)
    new_source: str = c.field("Source of the value after the change; null when there is none", nullable=True)


COVERAGE_STATUSES: Final = ("observed", "invalid", "not_scheduled", "late", "missing")
"""Statuses of a site-day: a valid reading; a reading not accepted as an observation; no sampler due; due, unpublished
and within EPA's deadline; due and unpublished after the deadline."""

SAMPLING_SCHEDULES: Final = ("daily", "1-in-3", "1-in-6", "unknown")
"""Sampling frequencies of a site. Source: 40 CFR 58.12(d)."""


@table(grain="month", key=("site_id", "date_local"), partition_column="date_local")
class Coverage(Table):
    """What was published for a site-day, compared with its sampling schedule and its deadline."""

    site_id: str = c.site_id()
    date_local: pd.Timestamp = c.date_local()
    status: str = c.field("Status of the day", isin=COVERAGE_STATUSES)
    schedule: str = c.field(
        "Joint sampling schedule of the site's samplers, from its last quarter of readings; nothing is due on unknown",
        isin=SAMPLING_SCHEDULES,
    )
    expected_by: pd.Timestamp = c.field(
        "Day by which the site-day should be published: EPA's deadline, 90 days after the quarter; once AirNow reports "
        "the site, 2 days after the day"
    )
    is_provisional: bool = c.field("Reading from AirNow; AQS has not published the day yet")
    is_context: bool = c.field("The site lies outside the area and only serves as a predictor")
    cbsa_code: str = c.cbsa_code()
    state_code: str = c.state_code()


FLAG_PASS, FLAG_NOT_EVALUATED, FLAG_SUSPECT, FLAG_FAIL, FLAG_MISSING = 1, 2, 3, 4, 9
"""Flags of QARTOD: the reading passes; the test could not judge it; it is suspect; it fails; there is none."""

FLAG_NAMES: Final = {
    FLAG_PASS: "pass",
    FLAG_NOT_EVALUATED: "not evaluated",
    FLAG_SUSPECT: "suspect",
    FLAG_FAIL: "fail",
    FLAG_MISSING: "missing",
}
"""Flag → QARTOD's word."""

SENSOR_TESTS: Final = (
    *("gross_range", "flat_line", "attenuated_signal", "spike", "rate_of_change"),
    *("neighbour_residual", "climatology"),
)
"""Tests of a site-day, by QARTOD's names: a value that cannot be measured; equal readings or hours; a signal that moves
less than its neighbours'; a rise of one day or hour; a step; a departure from neighbours; one from the season."""


@table(grain="day", key=("site_id", "date_local", "test"), partition_column="date_local")
class SensorFlags(Table):
    """The flag of one test of a site-day, and why. No reading is changed or left out for it."""

    site_id: str = c.site_id()
    date_local: pd.Timestamp = c.date_local()
    test: str = c.field("Test, by QARTOD's name", isin=SENSOR_TESTS)
    flag: int = c.field(", ".join(f"{flag} {name}" for flag, name in FLAG_NAMES.items()), isin=tuple(FLAG_NAMES))
    statistic: float = c.field(
        "What the test compares with its limits, in the test's own unit; null when it could not judge", nullable=True
    )
    is_shared: bool = c.field(
        "Suspect or fail but for a neighbour with the same change, or a second monitor that agrees: it is in the air"
    )
    reason: str = c.field("Why, in a sentence")
    pm25_ugm3: float = c.pm25("24-hour mean PM2.5 of the site", null_when="there is no valid reading")


MONITOR_CHANGE_KINDS: Final = ("instrument", "restated_pair", "relocation", "primary", "opened", "closed")
"""Kinds of change: another method; one instrument published twice, original and corrected; another position; gained or
lost designation as primary monitor; first and last reading of a site. Relocations, openings and closings have POC 0."""


@table(grain="none", key=("site_id", "parameter_code", "poc", "changed_on", "kind"))
class MonitorChanges(Table):
    """A change of a monitor or site that may alter readings without a change of the air."""

    site_id: str = c.site_id()
    parameter_code: str = c.parameter_code()
    poc: int = c.poc()
    changed_on: pd.Timestamp = c.field(
        "First local day of the new state. For closed: day after the last reading; for primary: day of detection, UTC"
    )
    kind: str = c.field("Kind of change", isin=MONITOR_CHANGE_KINDS)
    before: str = c.field("State before; null when there was none", nullable=True)
    after: str = c.field("State after; null when there is none", nullable=True)
    description: str = c.field("The change in one sentence")
    is_context: bool = c.field("The site lies outside the area and only serves as a predictor")


INCIDENT_RULES: Final = (
    *("run_failed", "run_stands", "source_down", "check_failed", "check_warned"),
    *("tick_failed", "tick_missed", "data_stale", "disk_low", "air_rules", "air_forecast"),
)
"""What an incident is about: a run failed; a run takes too long or waits too long for its start; a source does not
answer, or has not published; a check of severity ERROR or WARN did not pass; a schedule or sensor fails; a schedule did
not start when it was due; the newest data are old; a disk is nearly full; a file of rules of the air cannot be used; a
forecast exceeds the limit of such a rule."""


@table(grain="none", key=("rule", "asset", "scope"))
class Incidents(Table):
    """A problem of runs, checks, schedules, sources, data or disks, or an episode of bad air that a rule asks to be
    told of, from its first sign to its end."""

    incident_id: str = c.field("Short name, the same each time the problem comes back", str_matches=r"^[0-9a-f]{6}$")
    rule: str = c.field("Kind of problem", isin=INCIDENT_RULES)
    asset: str = c.field("Table, job, schedule, sensor, setting or site that is concerned")
    scope: str = c.field("Check that did not pass; early issue for its runs; rule of the air; else empty")
    opened_at: pd.Timestamp = c.field("Time of the first sign since the problem was last mended, UTC")
    updated_at: pd.Timestamp = c.field("Time of the last sign, or of the end, UTC")
    resolved_at: pd.Timestamp = c.field("Time of the end, UTC; null while the incident is open", nullable=True)
    first_error: str = c.field("What was wrong first, without secrets and without paths of the machine")
    partitions: str = c.field(
        "Partitions concerned since opened_at, as spans such as 2021-07-01…2021-07-04; empty without partitions"
    )
    partitions_left: str = c.field("Those of them that are not mended, as spans")
    runs: int = c.field("Runs that showed the problem since opened_at", ge=0)
    times_opened: int = c.field("How often the problem has come", ge=1)
    probable_cause: str = c.field("Most likely cause, where it is known", isin=CAUSES)
    last_run_id: str = c.field("Dagster run that showed the problem last; null without a run", nullable=True)
    last_event_id: int = c.field("Number of the last event of Dagster that counts; 0 without one", ge=0)
    acknowledged_by: str = c.field("Person who has taken it on; null for nobody", nullable=True)
    acknowledged_at: pd.Timestamp = c.field("Time of that, UTC; null for nobody", nullable=True)
    silenced_by: str = c.field("Person who silenced its messages; null for nobody", nullable=True)
    silenced_until: pd.Timestamp = c.field("Time (UTC) at which messages go out again; null for nobody", nullable=True)
    opening_told_at: pd.Timestamp = c.field("Time of the message on its beginning, UTC; null before", nullable=True)
    closing_told_at: pd.Timestamp = c.field("Time of the message on its end, UTC; null before", nullable=True)
    waits_for: str = c.field(
        "Channels that are still to take the last message, such as webhook; null for none", nullable=True
    )
    quiet_until: pd.Timestamp = c.field(
        "Time (UTC) until which a return is counted and not told; null before a message on its end", nullable=True
    )
    flaps: "pd.Int64Dtype" = c.field(
        "Returns since the last message; null in rows from before the column", nullable=True, ge=0
    )
