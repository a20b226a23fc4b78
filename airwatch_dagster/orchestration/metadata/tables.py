"""Numbers of each partition in Dagster's metadata, under names that chart over time, and tables of its rows."""

from collections.abc import Mapping
from typing import Any, Final

import dagster as dg
import pandas as pd

from airwatch_dagster.figures.coverage import completeness_plot, gap_table, plot_title
from airwatch_dagster.figures.forecast_table import DayForecast, day_forecasts, headline, worst_sites_table
from airwatch_dagster.orchestration.findings_pages import report_name
from airwatch_dagster.orchestration.pages import Pages, bulletin_url, link, shown
from airwatch_dagster.publish.names import site_names
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import LEADS_FOR_PEOPLE, TOMORROW
from airwatch_dagster.schemas.watch import REVISION_KINDS
from airwatch_dagster.verify.early_scores import compared_issues
from airwatch_dagster.verify.metrics import interval_measures
from airwatch_dagster.watch.coverage import completeness

PartitionMetadata = dict[str, Mapping[str, Any]]
"""Partition → name → number or metadata value."""

SAVED_BY_DAILY: Final = "squared error saved by the daily issue (share)"
"""Name of what the later issue gains; it is left out where the early one made no error."""

HIGHEST_AQI: Final = "highest AQI"
"""Name of the number that says how bad a day's worst forecast is."""


def site_days_metadata(site_days: pd.DataFrame) -> PartitionMetadata:
    """Per day: sites with a valid value, and their mean and highest PM2.5 (µg/m³)."""
    days = _partitions("site_days", site_days[site_days["is_valid"]])
    pm25 = days["pm25_ugm3"]
    return _by_partition(
        {"valid sites": pm25.size(), "mean PM2.5 (µg/m³)": pm25.mean(), "highest PM2.5 (µg/m³)": pm25.max()}
    )


def predictions_metadata(
    predictions: pd.DataFrame, others: PartitionMetadata | None = None, *, monitors: pd.DataFrame
) -> PartitionMetadata:
    """Per issue day: a sentence per target day, tomorrow first, tomorrow's worst sites, the bulletin, numbers, and
    ``others``.

    ``monitors`` has the names of the sites.
    """
    days, names = _partitions("predictions", predictions), site_names(monitors)
    numbers = _by_partition(
        {
            "sites": days["site_id"].nunique(),
            "mean PM2.5 (µg/m³)": days["pm25_ugm3"].mean(),
            HIGHEST_AQI: days["aqi"].max(),
        }
    )
    by_day: dict[str, dict[int, DayForecast]] = {}
    for (issued, lead), forecast in day_forecasts(predictions).items():
        by_day.setdefault(f"{issued:%Y-%m-%d}", {})[lead] = forecast
    return {
        day: {**_forecast(by_day[day], names), **_bulletin(day), **own, **(others or {}).get(day, {})}
        for day, own in numbers.items()
    }


def early_predictions_metadata(
    predictions: pd.DataFrame, others: PartitionMetadata, *, monitors: pd.DataFrame
) -> PartitionMetadata:
    """As ``predictions_metadata``, and how many of the sites were observed on the issue day by then."""
    observed = _partitions("early_predictions", predictions[predictions["days_since_observed"] == 0])
    counts = observed["site_id"].nunique()
    found = predictions_metadata(predictions, others, monitors=monitors)
    return {day: {"sites observed": int(counts.get(day, 0)), **numbers} for day, numbers in found.items()}


def _forecast(by_lead: Mapping[int, DayForecast], names: Mapping[str, str]) -> dict[str, Any]:
    sentences = "\n".join(f"- {headline(by_lead[lead], names)}" for lead in LEADS_FOR_PEOPLE if lead in by_lead)
    tomorrow = by_lead.get(TOMORROW)
    worst = {"worst sites tomorrow": shown(worst_sites_table(tomorrow, names))} if tomorrow else {}
    return {"forecast": dg.MetadataValue.md(sentences), **worst}


def _bulletin(day: str) -> dict[str, dg.MetadataValue]:
    url = bulletin_url(day)
    return {"bulletin": dg.MetadataValue.url(url)} if url else {}


def forecast_scores_metadata(scores: pd.DataFrame) -> PartitionMetadata:
    """Per target day with scores: errors, coverage of the intervals, their width and pinball loss (µg/m³)."""
    measured = scores.assign(squared=scores["error_ugm3"] ** 2, **interval_measures(scores))
    days = _partitions("forecast_scores", measured)
    return _by_partition(
        {
            "RMSE (µg/m³)": days["squared"].mean() ** 0.5,
            "mean absolute error (µg/m³)": days["abs_error_ugm3"].mean(),
            "bias (µg/m³)": days["error_ugm3"].mean(),
            "inside the 90 % interval (share)": days["is_covered"].mean(),
            "width of the 90 % interval (µg/m³)": days["width_ugm3"].mean(),
            "pinball loss (µg/m³)": days["pinball_ugm3"].mean(),
        }
    )


def early_scores_metadata(scores: pd.DataFrame, final: pd.DataFrame) -> PartitionMetadata:
    """Per target day with forecasts of both issues: mean absolute errors (µg/m³) of both on the forecasts that both
    have a score for, and the share of squared error that the daily one saves.

    ``final`` has the rows of ``forecast_scores`` of the same days.
    """
    both = compared_issues(scores, final)
    days = _partitions("early_scores", both)
    early, late = days["early_squared"].mean(), days["daily_squared"].mean()
    found = _by_partition(
        {
            "compared forecasts": days.size(),
            "mean absolute error, early issue (µg/m³)": days["early_abs_error"].mean(),
            "mean absolute error, daily issue (µg/m³)": days["daily_abs_error"].mean(),
            SAVED_BY_DAILY: (1.0 - late / early).where(early > 0.0),
        }
    )
    return {day: {name: value for name, value in numbers.items() if pd.notna(value)} for day, numbers in found.items()}


def revisions_metadata(by_day: Mapping[str, pd.DataFrame]) -> PartitionMetadata:
    """Per day of detection: revisions, revised sites, revisions of each kind, and the largest (µg/m³)."""
    found: PartitionMetadata = {}
    for day, rows in by_day.items():
        counts = rows["kind"].value_counts()
        kinds = {kind.replace("_", " "): int(counts.get(kind, 0)) for kind in REVISION_KINDS}
        largest = rows["size_ugm3"].max()
        size = {} if pd.isna(largest) else {"largest change (µg/m³)": round(float(largest), 3)}
        found[day] = {"revisions": len(rows), "revised sites": rows["site_id"].nunique(), **kinds, **size}
    return found


def coverage_metadata(
    coverage: pd.DataFrame,
    monitor_changes: pd.DataFrame,
    *,
    monitors: pd.DataFrame,
    pages: Pages,
    silence: PartitionMetadata,
) -> PartitionMetadata:
    """Per month: percent of due site-days observed, site-days of each status, sites with gaps, a plot, and what is said
    of ``silence``; without context sites."""
    own, names = coverage[~coverage["is_context"]], site_names(monitors)
    numbers = completeness(own).to_dict("index")
    found: PartitionMetadata = {}
    for month, rows in own.groupby(TABLES["coverage"].partition_keys_of(own)):
        plot = completeness_plot(rows, monitor_changes, names=names)
        found[str(month)] = {
            "sites with gaps": shown(gap_table(rows, names)),
            "completeness": pages.plot(f"coverage/{month}-completeness", plot, title=plot_title(rows)),
            **silence.get(str(month), {}),
            **{_words(str(name)): round(value, 1) for name, value in numbers[month].items() if pd.notna(value)},
        }
    return found


def _words(name: str) -> str:
    return "observed of due (%)" if name == "completeness_pct" else name.replace("_", " ").replace("site days", "days")


def drift_report_metadata(findings: pd.DataFrame, pages: Mapping[str, str]) -> PartitionMetadata:
    """Per month of ``pages`` (month → location): its page, and the numbers of drifted and of judged features."""
    months = _partitions("drift_report", findings[findings["not_judged"].isna()])
    numbers = _by_partition({"drifted features": months["is_drifted"].sum(), "compared features": months.size()})
    return {
        month: {"report": link(report_name(month), location), **numbers.get(month, {})}
        for month, location in pages.items()
    }


def _partitions(table: str, frame: pd.DataFrame) -> Any:
    return frame.groupby(TABLES[table].partition_keys_of(frame))


def _by_partition(series: Mapping[str, pd.Series]) -> PartitionMetadata:
    rows = pd.DataFrame(dict(series)).to_dict("index")
    return {str(key): {str(name): round(value, 3) for name, value in row.items()} for key, row in rows.items()}
