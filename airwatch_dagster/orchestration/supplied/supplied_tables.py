"""A table that a user supplies in a folder of its own, by issue day, checked before any row is used."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import pandas as pd

from airwatch_dagster.errors import ConfigurationError, ContractViolation
from airwatch_dagster.schemas import CONTRACTS
from airwatch_dagster.storage.partition_files import ignored_text
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster.storage.threads import in_threads

CHECKED_DAYS: Final = 64
"""Files checked at a time. Three years of 1,000 sites take 80 s one by one and 31 s this way, on one core; all at once
would need the most memory."""


@dataclass(frozen=True)
class SuppliedTable:
    """A given table and the setting that names its place."""

    table: str
    setting: str
    root: Callable[[], str | None]
    """The setting's value, read when it is needed; None while the table is not supplied."""
    check: Callable[[pd.DataFrame], pd.DataFrame]
    """Returns the rows in the types of the table, all known on their issue day; raises ContractViolation."""

    def storage(self) -> TableStorage | None:
        """The place the setting names; None while it is not set. Errors as ``TableStorage.open``."""
        root = self.root()
        return None if root is None else TableStorage.open(root, setting=self.setting)

    def issued(
        self,
        issue_dates: pd.Series | pd.DatetimeIndex,
        *,
        by: pd.Timestamp | None = None,
        columns: list[str] | None = None,
    ) -> pd.DataFrame | None:
        """The rows of these issue days in ``columns``, all by default; ``by`` leaves out what became available after an
        instant (naive UTC).

        None while the table is not supplied, and then nothing is read. Days may be missing. Raises ContractViolation
        when a row was not known on its issue day.
        """
        storage = self.storage()
        if storage is None:
            return None
        used = columns or CONTRACTS[self.table].column_names
        wanted = {f"{day:%Y-%m-%d}" for day in pd.DatetimeIndex(issue_dates).unique()}
        days = [day for day in self.days(storage) if day in wanted]
        chunks = (days[first : first + CHECKED_DAYS] for first in range(0, len(days), CHECKED_DAYS))
        parts = [self._checked(storage, chunk)[used] for chunk in chunks]
        rows = pd.concat(parts, ignore_index=True) if parts else CONTRACTS[self.table].empty()[used]
        return rows if by is None else rows[rows["issued_at"] <= by]

    def days(self, storage: TableStorage) -> list[str]:
        """Issue days that have a file, in order; copies of such files are ignored.

        Raises ConfigurationError when there is none, and for a Parquet file whose name holds no day, or without bytes.
        """
        listing = storage.listing(self.table)
        damaged = [file for file in listing.ignored if file.is_damaged]
        if listing.partitions and not damaged:
            return list(listing.partitions)
        place = storage.uri(self.table, Path(damaged[0].name).stem if damaged else "YYYY-MM-DD")
        problem = f"{place} cannot be read: {damaged[0].reason}" if damaged else f"{place} does not exist"
        renamed = "Store the rows of each issue day as YYYY-MM-DD.parquet, and remove this file"
        fix = renamed if damaged else f"Store forecasts there, or unset {self.setting}"
        raise ConfigurationError(self.setting, problem, fix=fix)

    def describe(self) -> str:
        """Off, or the place, the number of issue days and the newest one, which is read and checked."""
        storage = self.storage()
        if storage is None:
            return f"off; {self.setting} is not set"
        days = self.days(storage)
        newest = self.issued(pd.DatetimeIndex(days[-1:]))
        sites = 0 if newest is None else newest["site_id"].nunique()
        ignored = storage.listing(self.table).ignored
        note = f"; ignored: {ignored_text(ignored)}" if ignored else ""
        return f"{len(days):,} issue days in {self.root()}, the newest {days[-1]} with {sites:,} sites{note}"

    def _checked(self, storage: TableStorage, days: list[str]) -> pd.DataFrame:
        """The rows of these days' files, once it is certain that all of them were known on their issue day."""
        return self.check(pd.concat(in_threads(partial(self._of_day, storage), days), ignore_index=True))

    def _of_day(self, storage: TableStorage, day: str) -> pd.DataFrame:
        """The rows of one file. Raises ContractViolation for rows of another day."""
        frame = storage.read(self.table, [day])
        others = frame.loc[frame["issue_date"] != pd.Timestamp(day)]
        if len(others):
            other = f"{others['site_id'].iloc[0]} of issue_date {others['issue_date'].iloc[0]}"
            problem = f"{len(others):,} of {len(frame):,} rows are of another issue day, such as {other}"
            fix = "Put each row into the file of its issue_date"
            raise ContractViolation(storage.uri(self.table, day), problem, fix=fix)
        return frame
