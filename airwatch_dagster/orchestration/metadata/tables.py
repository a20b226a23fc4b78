"""Numbers of each partition in Dagster's metadata, under names that chart over time."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import pandas as pd

from airwatch_dagster.figures.style import embedded_png
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.watch import REVISION_KINDS
from airwatch_dagster.verify.metrics import interval_measures
from airwatch_dagster.watch.coverage import completeness

PartitionMetadata = dict[str, Mapping[str, Any]]
"""Partition → name → number or metadata value."""


def site_days_metadata(site_days: pd.DataFrame) -> PartitionMetadata:
    """Per day: sites with a valid value, and their mean and highest PM2.5 (µg/m³)."""
    days = _partitions("site_days", site_days[site_days["is_valid"]])
    pm25 = days["pm25_ugm3"]
    return _by_partition(valid_sites=pm25.size(), mean_pm25_ugm3=pm25.mean(), highest_pm25_ugm3=pm25.max())


def predictions_metadata(predictions: pd.DataFrame, others: PartitionMetadata | None = None) -> PartitionMetadata:
    """Per issue day: sites forecast, mean PM2.5 (µg/m³) and highest AQI of the next days, and the day's ``others``."""
    days = _partitions("predictions", predictions)
    found = _by_partition(
        sites=days["site_id"].nunique(), mean_pm25_ugm3=days["pm25_ugm3"].mean(), highest_aqi=days["aqi"].max()
    )
    return {day: {**numbers, **(others or {}).get(day, {})} for day, numbers in found.items()}


def forecast_scores_metadata(scores: pd.DataFrame) -> PartitionMetadata:
    """Per target day with scores: errors, coverage of the intervals, their width and pinball loss (µg/m³)."""
    measured = scores.assign(squared=scores["error_ugm3"] ** 2, **interval_measures(scores))
    days = _partitions("forecast_scores", measured)
    return _by_partition(
        rmse_ugm3=days["squared"].mean() ** 0.5,
        mae_ugm3=days["abs_error_ugm3"].mean(),
        bias_ugm3=days["error_ugm3"].mean(),
        coverage=days["is_covered"].mean(),
        mean_width_ugm3=days["width_ugm3"].mean(),
        pinball_ugm3=days["pinball_ugm3"].mean(),
    )


def revisions_metadata(by_day: Mapping[str, pd.DataFrame]) -> PartitionMetadata:
    """Per day of detection: revisions, revised sites, revisions of each kind, and the largest (µg/m³)."""
    found: PartitionMetadata = {}
    for day, rows in by_day.items():
        counts = rows["kind"].value_counts()
        kinds = {kind: int(counts.get(kind, 0)) for kind in REVISION_KINDS}
        largest = {} if rows["size_ugm3"].isna().all() else {"largest_ugm3": round(float(rows["size_ugm3"].max()), 3)}
        found[day] = {"revisions": len(rows), "revised_sites": rows["site_id"].nunique(), **kinds, **largest}
    return found


def coverage_metadata(coverage: pd.DataFrame, monitor_changes: pd.DataFrame) -> PartitionMetadata:
    """Per month: percent of due site-days observed, site-days of each status, a plot; without context sites."""
    from airwatch_dagster.figures.coverage import completeness_plot

    own = coverage[~coverage["is_context"]]
    months = dict(iter(own.groupby(TABLES["coverage"].partition_keys_of(own))))
    numbers = completeness(own).to_dict("index")
    return {
        str(month): {
            **{str(name): round(value, 1) for name, value in numbers[month].items() if pd.notna(value)},
            "completeness": dg.MetadataValue.md(embedded_png("completeness", completeness_plot(rows, monitor_changes))),
        }
        for month, rows in months.items()
    }


def drift_report_metadata(findings: pd.DataFrame) -> PartitionMetadata:
    """Per month: number of drifted features, and path of the report."""
    months = _partitions("drift_report", findings)
    drifted = _by_partition(drifted_features=months["is_drifted"].sum())
    pages = months["report_uri"].first().to_dict()
    return {
        month: {**numbers, "report": dg.MetadataValue.path(str(pages[month]))} for month, numbers in drifted.items()
    }


def _partitions(table: str, frame: pd.DataFrame) -> Any:
    return frame.groupby(TABLES[table].partition_keys_of(frame))


def _by_partition(**series: pd.Series) -> PartitionMetadata:
    rows = pd.DataFrame(series).to_dict("index")
    return {str(key): {str(name): round(value, 3) for name, value in row.items()} for key, row in rows.items()}
