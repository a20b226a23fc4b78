"""Lines that could not be read: stored in one table beside what was read, counted, and warned about."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import dagster as dg
import numpy as np
import pandas as pd

from airwatch_dagster.acquire.parsing.rejections import rejections_of_days
from airwatch_dagster.figures.markdown import TextTable, escaped
from airwatch_dagster.orchestration.pages import shown
from airwatch_dagster.orchestration.partitions import days_of
from airwatch_dagster.orchestration.resources import StorageResource, utc_now
from airwatch_dagster.orchestration.tables.asset_notes import described
from airwatch_dagster.orchestration.tables.checks import Check
from airwatch_dagster.orchestration.tables.table_asset import OWNER, column_schema
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.acquire import READ_FOR
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster.storage.tables import MergedSlices

TABLE: Final = "rejected_lines"

MAX_OTHER_LINES: Final = 5
"""Unreadable lines outside the area that a day may have without a warning: national files often have one or two."""

REJECTED_CHECK: Final = {
    "few_lines_rejected": Check(
        f"No line of the area and at most {MAX_OTHER_LINES} others of a day could not be read",
        follows="The readings of these lines are missing.",
        todo="See them with `airwatch inspect rejected_lines`; once EPA has corrected its file, read the day again: "
        "`airwatch backfill DAY DAY --refresh`.",
    )
}

MONITORS_CHECK: Final = {
    "no_monitor_rejected": Check(
        "Every line of the monitor list could be read",
        follows="The list lacks what these lines say of their monitors.",
        todo="See them with `airwatch inspect rejected_lines`; once EPA has corrected its list, read it again: "
        "`airwatch backfill yesterday yesterday --tables monitors --refresh`.",
    )
}

rejected_lines = dg.AssetSpec(
    TABLE,
    group_name="acquire",
    deps=[dg.AssetDep(table) for table in READ_FOR],
    description=described(
        TABLE, (TABLES[TABLE].description, f"Stored by the runs of {', '.join(READ_FOR)}; it has none of its own.")
    ),
    metadata={"dagster/column_schema": column_schema(TABLES[TABLE])},
    kinds={"python", "parquet"},
    owners=[OWNER],
)


def store_rejected_lines(
    context: dg.AssetExecutionContext,
    storage: StorageResource,
    rejected: pd.DataFrame,
    *,
    files: Collection[str] = (),
) -> None:
    """Replace the lines that were read for the run's table and days by ``rejected`` (REJECTED_COLUMNS).

    Lines without a day are replaced when their file is one of ``files``, which were read as a whole. Nothing is written
    when the table is stored and there is nothing to replace and nothing new.
    """
    read_for = context.asset_key.to_user_string()
    days = days_of(context) if context.has_partition_key_range or context.has_partition_key else None
    if days is not None:
        rejected = rejections_of_days(rejected, days[0].date(), days[-1].date())
    found = rejected.assign(read_for=read_for, read_at=utc_now())[TABLES[TABLE].column_names]

    def merged(stored: pd.DataFrame) -> MergedSlices | None:
        is_replaced = _replaced(stored, found, read_for=read_for, days=days, files=files)
        if not is_replaced.any() and found.empty and tables.exists(TABLE):
            return None
        parts = [part for part in (stored[~is_replaced], found) if len(part)] or [found]
        table = validated(TABLE, pd.concat(parts, ignore_index=True))
        return table, {None: slice(0, len(table))}

    with storage.locked(TABLE) as tables:
        if not tables.merge(TABLE, None, merged):
            return
    numbers: dict[str, Any] = {
        "run_lines": len(found),
        "run_repaired": int(found["is_repaired"].sum()),
        "read_for": read_for,
    }
    context.log_event(dg.AssetMaterialization(TABLE, metadata=numbers))


def _replaced(
    stored: pd.DataFrame,
    found: pd.DataFrame,
    *,
    read_for: str,
    days: pd.DatetimeIndex | None,
    files: Collection[str],
) -> np.ndarray:
    """Mask of the ``stored`` lines that the run's days and files, and ``found``, replace."""
    is_replaced = (stored["read_for"] == read_for).to_numpy()
    if days is None:
        return is_replaced
    lines = pd.MultiIndex.from_frame(found[["file", "line_number"]])
    is_found_again = pd.MultiIndex.from_frame(stored[["file", "line_number"]]).isin(lines)
    is_of_files = stored["date_local"].isna() & stored["file"].isin(files)
    return is_replaced & (is_found_again | (is_of_files | stored["date_local"].isin(days)).to_numpy())


def rejected_metadata(rejected: pd.DataFrame) -> Mapping[str, Any]:
    """The run's numbers of lines set aside and repaired, and the first ten as a table."""
    if rejected.empty:
        return {"run_rejected_lines": 0, "run_repaired_lines": 0}
    rows = [
        (
            escaped(line["file"]),
            str(line["line_number"]),
            escaped(line["column_name"] or "line"),
            escaped(repr(line["value"])),
            escaped(line["reason"]),
        )
        for line in rejected.head(10).to_dict("records")
    ]
    return {
        "run_rejected_lines": int((~rejected["is_repaired"].astype(bool)).sum()),
        "run_repaired_lines": int(rejected["is_repaired"].astype(bool).sum()),
        "run_unreadable": shown(TextTable(("File", "Line", "Column", "Value", "Reason"), tuple(rows))),
    }


def rejected_monitors(rejected: pd.DataFrame) -> dict[str, str]:
    """The table → what is wrong, for a monitor list with lines that could not be read; empty for none."""
    lines = rejected[~rejected["is_repaired"].astype(bool)]
    if lines.empty:
        return {}
    first, number = lines.iloc[0], f"{len(lines):,} line{'s' if len(lines) > 1 else ''} could not be read"
    return {"monitors": f"{number}, such as {first['file']}, line {first['line_number']}: {first['reason']}"}


def rejected_warnings(rejected: pd.DataFrame, monitors: pd.DataFrame, *, partitions: list[str]) -> dict[str, str]:
    """Partition → what is wrong, for days with an unreadable line of the area, or with many others.

    A line whose day is unreadable counts to the first partition.
    """
    lines = rejected[~rejected["is_repaired"].astype(bool)]
    if lines.empty:
        return {}
    area = set(monitors.loc[~monitors["is_context"].astype(bool), "site_id"])
    day = lines["date_local"].dt.strftime("%Y-%m-%d").where(lines["date_local"].notna(), partitions[0])
    warnings = {}
    for partition, of_day in lines.groupby(day.where(day.isin(partitions), partitions[0])):
        own = of_day[of_day["site_id"].isin(area)]
        number = f"{len(of_day):,} line{'s' if len(of_day) > 1 else ''} could not be read"
        if len(own):
            first = own.iloc[0]
            where = f"{first['file']}, line {first['line_number']}"
            what = f"{len(own):,} of the area, such as {where} of site {first['site_id']}: {first['reason']}"
            warnings[str(partition)] = f"{number}, {what}"
        elif len(of_day) > MAX_OTHER_LINES:
            warnings[str(partition)] = f"{number}, none known to be of the area"
    return warnings
