"""Pages of old drift reports in the table storage; the findings stay in the table ``drift_report``."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import pandas as pd

from airwatch_dagster.orchestration.retention.kinds import MIN_DAYS, Item, oldest_first
from airwatch_dagster.storage.tables import TableStorage

_FOLDER: Final = "reports"

_PAGE: Final = re.compile(r"drift_report-(\d{4}-\d\d)(?:-plots)?\.html")


class DriftPages:
    """Both pages of each month: findings, and Evidently's plots, which take megabytes."""

    name = "reports"

    def __init__(self, tables: TableStorage) -> None:
        self._tables = tables

    def items(self, before: datetime) -> list[Item]:
        """Pages of months that were over before a time, and that were not written in the last day."""
        young, found = datetime.now(UTC) - timedelta(days=MIN_DAYS), []
        for name, file in self._tables.pages(_FOLDER).items():
            match = _PAGE.fullmatch(name)
            if match and file is not None and file.changed_at < young:
                over = (pd.Period(match[1], "M") + 1).start_time.to_pydatetime().replace(tzinfo=UTC)
                found.append(Item(f"{_FOLDER}/{name}", file.size, over))
        return oldest_first(found, before)

    def remove(self, items: Sequence[Item]) -> None:
        """Delete the pages; a rebuild of the month writes them anew."""
        for item in items:
            self._tables.remove_page(item.name)
