"""What a run is called, and which partitions it builds."""

from collections.abc import Mapping

import dagster as dg

from airwatch_dagster.orchestration.alerts.messages import listed


def job_of(run: dg.DagsterRun) -> str:
    """The job by name; for Dagster's own nameless asset jobs, the assets of the run."""
    if not run.job_name.startswith("__"):
        return run.job_name
    return listed(sorted(key.to_user_string() for key in run.asset_selection or ())) or "assets"


def partitions_of(tags: Mapping[str, str]) -> tuple[str, str]:
    """First and last partition of the run; both empty for a run without partitions."""
    first, last = tags.get("dagster/asset_partition_range_start"), tags.get("dagster/asset_partition_range_end")
    single = tags.get("dagster/partition", "")
    return (first, last) if first and last else (single, single)
