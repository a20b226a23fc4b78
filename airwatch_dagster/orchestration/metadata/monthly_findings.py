"""Each month's findings: what is judged, the warning that names faults, and what Dagster's UI shows of them."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.area import Area
from airwatch_dagster.figures.markdown import TextTable, counted, escaped
from airwatch_dagster.orchestration.findings_pages import area_name, findings_page_name, store_month_pages
from airwatch_dagster.orchestration.pages import link, shown
from airwatch_dagster.orchestration.resources import configured_area
from airwatch_dagster.orchestration.tables.checks import MAX_FAILURES_NAMED, Check
from airwatch_dagster.orchestration.tables.table_asset import AssetResult
from airwatch_dagster.orchestration.training.by_month import stacked
from airwatch_dagster.publish.findings.verdicts import once
from airwatch_dagster.publish.names import site_names
from airwatch_dagster.schemas.watch import CAUSES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster.watch.verdicts.area_month import MonthData
from airwatch_dagster.watch.verdicts.judge import judge_area

AIR, SENSOR, NETWORK, PIPELINE = CAUSES[:4]

FINDING_CHECK: Final = {
    "no_fault_found": Check(
        "The month shows no fault of a sensor, the network or the pipeline; season and smoke are none",
        follows="Forecasts rest on readings that may be wrong, or on other sites and methods than those learned from.",
        todo="Read the month's page, or `airwatch inspect monthly_findings MONTH`, then look at the sites it names.",
    )
}

HISTORY_MONTHS: Final = 37
"""Months before a month that it is compared with: three years, and the month before them."""

SITE_DAY_COLUMNS: Final = (
    *("site_id", "date_local", "pm25_ugm3", "is_valid", "is_provisional", "parameter_code", "method_code"),
    *("latitude", "longitude", "cbsa_code", "state_code"),
)
"""Columns of site_days that are read; a window of the whole country has a million rows."""

MAX_ROWS: Final = 10
"""Findings in the table: as many rows as Dagster's UI shows without a click."""

GRAVEST: Final = (PIPELINE, NETWORK, SENSOR)
"""Causes of faults, that which explains the others first: a wrong unit makes each sensor look wrong."""


def findings_of_months(
    months: Sequence[pd.Timestamp], *, site_days: pd.DataFrame, monitors: pd.DataFrame, tables: TableStorage
) -> AssetResult:
    """What was found in each month, shown and warned of; ``site_days`` reach HISTORY_MONTHS back from the first."""
    findings = judged_months(
        months,
        site_days=site_days,
        changes=tables.read_or_empty("monitor_changes"),
        names=site_names(monitors),
        area=configured_area(),
    )
    month_before = months[0] - pd.DateOffset(months=1)
    before = tables.read("monthly_findings", [f"{month_before:%Y-%m}"], allow_missing=True)
    result = findings_result(months, findings, before, page_uri=tables.page_uri)
    days = site_days["date_local"].drop_duplicates()
    by_month = days.groupby(days.dt.to_period("M").dt.to_timestamp()).max()
    last_days = {pd.Timestamp(str(month)): day for month, day in by_month.items()}
    both = pd.concat([one for one in (before, findings) if len(one)] or [findings], ignore_index=True)
    store_month_pages(tables, [month_before, *months] if len(before) else months, both, last_days=last_days)
    return result


def judged_months(
    months: Sequence[pd.Timestamp],
    *,
    site_days: pd.DataFrame,
    changes: pd.DataFrame,
    names: Mapping[str, str],
    area: Area,
) -> pd.DataFrame:
    """What was found in each month, in the columns of monthly_findings, and then what was not.

    Each month uses ``site_days`` of its own and of HISTORY_MONTHS before it. Judged is the area, and each of its
    parts: each of several areas, and each state of the country.
    """
    frames = []
    for month in months:
        first, end = month - pd.DateOffset(months=HISTORY_MONTHS), month + pd.DateOffset(months=1)
        rows = site_days[(site_days["date_local"] >= first) & (site_days["date_local"] < end)]
        data = MonthData.of(rows, month=month)
        judged = [
            judge_area(data, area=str(one), in_area=in_area, changes=changes, names=names)
            for one, in_area in _areas(rows, area)
        ]
        frames.append(stacked("monthly_findings", judged).sort_values("is_found", ascending=False, kind="stable"))
    return stacked("monthly_findings", frames)


def _areas(site_days: pd.DataFrame, area: Area) -> Iterator[tuple[Area, set[str]]]:
    """Each area to judge and its sites; none without sites of its own."""
    sites = site_days.drop_duplicates("site_id", keep="last")
    for one in (area, *area.parts(sites["state_code"])):
        own = sites.loc[one.contains(sites["state_code"], sites["cbsa_code"]), "site_id"]
        if len(own):
            yield one, set(own)


def findings_result(
    months: Sequence[pd.Timestamp], findings: pd.DataFrame, before: pd.DataFrame, *, page_uri: Callable[[str], str]
) -> AssetResult:
    """The findings, what is shown of each month, and the warnings of months with faults.

    ``before`` has the stored findings of the month before the first: a fault in it stands until it is judged again.
    ``page_uri`` gives the location of a page by its name.
    """
    known = pd.concat([before, findings], ignore_index=True) if len(before) else findings
    warnings, causes, metadata = {}, {}, {}
    for month in months:
        rows = known[known["month"] == month]
        standing = faults_of(rows, before=known[known["month"] == month - pd.DateOffset(months=1)])
        key = f"{month:%Y-%m}"
        if len(standing):
            warnings[key] = fault_text(standing, month=month)
            causes[key] = next(cause for cause in GRAVEST if cause in set(standing["cause"]))
        page = findings_page_name(month)
        metadata[key] = {"page": link(page, page_uri(page)), **findings_metadata(rows)}
    [check] = FINDING_CHECK
    return AssetResult(findings, partition_metadata=metadata, warnings={check: warnings}, causes={check: causes})


def faults_of(rows: pd.DataFrame, *, before: pd.DataFrame) -> pd.DataFrame:
    """The faults of a month, gravest cause first, each once.

    A fault of the month ``before`` stands where its rule could not be judged yet in this one, as in its first days.
    """
    judged = rows[rows["not_judged"].isna()]
    again = before.merge(judged[["area", "rule"]].drop_duplicates(), on=["area", "rule"], how="left", indicator=True)
    standing = before[(again["_merge"] == "left_only").to_numpy()]
    found = pd.concat([one for one in (rows, standing) if len(one)] or [rows], ignore_index=True)
    faults = once(found[found["is_found"] & found["cause"].isin(GRAVEST)])
    return faults.iloc[np.argsort(faults["cause"].map(GRAVEST.index), kind="stable")]


def fault_text(faults: pd.DataFrame, *, month: pd.Timestamp) -> str:
    """The first faults in their own sentences, and how many more there are; those of another area or of the month
    before say so."""
    named = [_sentence(row, month=month) for row in faults.head(MAX_FAILURES_NAMED).to_dict("records")]
    more = len(faults) - len(named)
    return "; ".join([*named, *([f"and {counted(more, 'more finding')}"] if more else [])])


def _sentence(row: Mapping[Hashable, Any], *, month: pd.Timestamp) -> str:
    since = "" if row["month"] == month else f"since {row['month']:%B}, not judged again yet: "
    return f"{since}{area_prefix(row)}{row['what'].rstrip('.')}"


def area_prefix(row: Mapping[Hashable, Any]) -> str:
    """``Colorado: `` of a finding about one of several areas; nothing of one about a site, or about the whole area."""
    area = str(row["area"])
    return "" if row["site_id"] or area == str(configured_area()) else f"{area_name(area)}: "


def findings_metadata(rows: pd.DataFrame) -> dict[str, Any]:
    """Of one month: what was found, and numbers that chart over months."""
    found = once(rows[rows["is_found"]])
    counts = found["cause"].value_counts()
    return {
        **({"what changed": shown(_table(found))} if len(found) else {}),
        **{f"findings: {cause}": int(counts.get(cause, 0)) for cause in CAUSES[:4]},
        "judged rules": int(rows["not_judged"].isna().sum()),
        "not judged": int(rows["not_judged"].notna().sum()),
    }


def _table(found: pd.DataFrame) -> TextTable:
    rows = [
        (row["cause"], escaped(f"{area_prefix(row)}{row['what']}")) for row in found.head(MAX_ROWS).to_dict("records")
    ]
    if (more := len(found) - MAX_ROWS) > 0:
        rows.append(("", f"and {counted(more, 'finding')} more"))
    return TextTable(("Cause", "What was found"), tuple(rows))
