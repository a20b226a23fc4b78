"""What is wrong with the data of an issue day: silent sites, revisions, changes of monitors."""

from collections.abc import Sequence

import pandas as pd

from airwatch_dagster.publish.content import DataStatus, MonitorChange, Revision, SilentSite, Site
from airwatch_dagster.publish.material import TRUST_DAYS, Material, records

LATE = "late"
"""Status of a silent site of which the coverage of the month says nothing yet."""


def revised_lately(material: Material, issue_date: pd.Timestamp) -> pd.DataFrame:
    """Rows of ``revisions`` that were detected on the day of issue: those the bulletin before did not know."""
    return material.revisions[material.revisions["noticed_on"] == issue_date + pd.Timedelta(days=1)]


def data_status(material: Material, issue_date: pd.Timestamp, sites: Sequence[Site]) -> DataStatus:
    """Silent ``sites``, their revisions and the changes of their monitors in the TRUST_DAYS up to the day of issue."""
    names = {site.site_id: site.name for site in sites}
    return DataStatus(
        sites=len(sites),
        silent=_silent(material, issue_date, sites),
        revisions=_revisions(revised_lately(material, issue_date), names),
        monitor_changes=_changes(material.monitor_changes, issue_date, names),
    )


def _silent(material: Material, issue_date: pd.Timestamp, sites: Sequence[Site]) -> tuple[SilentSite, ...]:
    """Sites without a valid reading on the issue date, longest silent first; none that was not due to have one."""
    of_day = material.coverage[material.coverage["date_local"] == issue_date]
    statuses = dict(zip(of_day["site_id"], of_day["status"], strict=True))
    found = [
        SilentSite(site.site_id, site.name, site.days_since_observed, status)
        for site in sites
        if site.days_since_observed and (status := statuses.get(site.site_id, LATE)) != "not_scheduled"
    ]
    return tuple(sorted(found, key=lambda one: (-one.days_since_observed, one.site_id)))


def _revisions(rows: pd.DataFrame, names: dict[str, str]) -> tuple[Revision, ...]:
    """Revisions of the sites, largest first."""
    own = rows[rows["site_id"].isin(names)].sort_values("size_ugm3", ascending=False, kind="stable")
    return tuple(
        Revision(
            row["site_id"],
            names[row["site_id"]],
            row["date_local"].date(),
            row["kind"],
            _number(row["old_pm25_ugm3"]),
            _number(row["new_pm25_ugm3"]),
        )
        for row in records(own)
    )


def _changes(changes: pd.DataFrame, issue_date: pd.Timestamp, names: dict[str, str]) -> tuple[MonitorChange, ...]:
    """Changes of the sites' monitors, newest first."""
    is_recent = changes["changed_on"].between(issue_date - pd.Timedelta(days=TRUST_DAYS), issue_date)
    own = changes[changes["site_id"].isin(names) & is_recent].sort_values("changed_on", ascending=False, kind="stable")
    return tuple(
        MonitorChange(row["site_id"], names[row["site_id"]], row["changed_on"].date(), row["kind"], row["description"])
        for row in records(own)
    )


def _number(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
