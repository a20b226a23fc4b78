"""Days of a year's file, from what was kept of it as long as it does not change."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import pandas as pd

from airwatch_dagster.acquire.airdata.files import DailyFile, PlacedRows, daily_layout, days_of_file, placed_rows
from airwatch_dagster.acquire.airdata.kept import Kept, KeptReads
from airwatch_dagster.acquire.parsing.rejections import SourceLocation
from airwatch_dagster.acquire.readings import SITE_COLUMNS

MAX_DAYS: Final = 31
"""Days of a run that keeps what it read of a file. A longer one fills history, and reads each file once."""

_SITE: Final = "site_of_row"
_IS_REPAIRED: Final = "is_repaired"


@dataclass(frozen=True, eq=False)
class KeptFile:
    """A daily file, and where what was read of it is kept."""

    kept: KeptReads
    path: Path
    sha256: str
    """Of the file."""
    parameter: str
    known: pd.DataFrame
    """As ``read_daily``."""

    def read_days(
        self, first: date, last: date, *, source: str, keep: Callable[[pd.DataFrame], pd.Series]
    ) -> DailyFile:
        """As ``read_daily``, of days of one year.

        What a run of at most MAX_DAYS reads is kept, unless a line was set aside or repaired: such a file is read as a
        whole every time.
        """
        state = [self.sha256, str(first.year), self.known.to_csv()]
        placed = self._found(state, (first, last))
        if placed is None:
            years = range(first.year, first.year + 1)
            placed = placed_rows(self.path, years, parameter=self.parameter, known=self.known)
            if (last - first).days < MAX_DAYS and not placed.origin.found:
                self._keep(state, placed)
        return days_of_file(placed, first, last, source=source, keep=keep)

    def _keep(self, state: list[str], placed: PlacedRows) -> None:
        numbers = {
            "last_day": str(placed.last_day),
            "unknown_cbsa_names": placed.unknown_cbsa_names,
            "foreign_rows": placed.foreign_rows,
            "first_line": placed.origin.first,
            "fix": placed.origin.fix,
        }
        rows = placed.rows.assign(**{_SITE: placed.site_of_row, _IS_REPAIRED: placed.is_repaired})
        self.kept.keep(f"{self.path.name}.sites", state, Kept(placed.sites, {}))
        self.kept.keep(self.path.name, state, Kept(rows, numbers))

    def _found(self, state: list[str], days: tuple[date, date]) -> PlacedRows | None:
        """The rows of ``days`` as ``placed_rows`` reads them; None where nothing was kept for this state."""
        name = self.path.name
        found, sites = self.kept.find(name, state, days=days), self.kept.find(f"{name}.sites", state)
        if found is None or sites is None:
            return None
        rows, numbers = found.frame, found.numbers
        site_of_row, is_repaired = (rows.pop(column).to_numpy() for column in (_SITE, _IS_REPAIRED))
        names = daily_layout(self.parameter).names
        return PlacedRows(
            rows,
            sites.frame,
            site_of_row,
            is_repaired,
            pd.Timestamp(numbers["last_day"]),
            numbers["unknown_cbsa_names"],
            numbers["foreign_rows"],
            SourceLocation(name, "line", numbers["first_line"], names, fix=numbers["fix"]),
            rows[list(SITE_COLUMNS)].assign(date_local=rows["date_local"].dt.strftime("%Y-%m-%d")),
        )
