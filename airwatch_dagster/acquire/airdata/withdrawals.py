"""Monitor-days that a download withdraws, and the share of them that nobody has to confirm."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.airdata.download_scope import DownloadArea, DownloadScope, is_replaced, listed
from airwatch_dagster.acquire.parsing.rejections import may_be_rejected
from airwatch_dagster.acquire.pulls import is_among
from airwatch_dagster.acquire.readings import READING_KEY, SITE_COLUMNS
from airwatch_dagster.errors import ConfigurationError

MAX_SHARE: Final = 0.05
"""Share of an area's stored monitor-days that a download may withdraw unasked. Measured: between two downloads of the
first quarter of 2020, seen two weeks apart, AQS replaced 5,135 of AirNow's 22,866 monitor-days and withdrew none; a
file of one area of Minnesota, taken for the state's, withdrew 54 %."""

MAX_UNASKED: Final = 5
"""Monitor-days that may be withdrawn in any case: two invalidated days exceed the share of a month of one monitor."""

_MONITOR: Final = [*SITE_COLUMNS, "parameter_code", "poc"]


@dataclass(frozen=True)
class Withdrawal:
    """What a download withdraws of the stored rows of one of its areas. A row is a monitor-day."""

    area: DownloadArea
    stored: int
    replaced: int
    """Rows that the file has under another POC or parameter of the site, or as AQS's in place of AirNow's."""
    withdrawn: pd.DataFrame
    """Current rows that the file lacks, in the columns of raw_readings."""
    counties: tuple[str, ...]
    """Counties that the file has rows of, such as ``county:27-053``."""

    @property
    def needs_confirmation(self) -> bool:
        """Whether it is more than the few percent that EPA's corrections take."""
        return len(self.withdrawn) > max(MAX_UNASKED, MAX_SHARE * self.stored)

    def __str__(self) -> str:
        days, monitors = self.withdrawn["date_local"], self.withdrawn[_MONITOR].drop_duplicates()
        return (
            f"{len(self.withdrawn):,} of {self.stored:,} monitor-days that are stored of {self.area} "
            f"({len(monitors):,} monitors on {days.nunique():,} days, {days.min():%Y-%m-%d}…{days.max():%Y-%m-%d})"
        )


def withdrawals(history: pd.DataFrame, scope: DownloadScope, *, rejected: pd.DataFrame) -> list[Withdrawal]:
    """What a download with ``scope`` withdraws of ``history`` (columns of raw_readings), for each of its areas.

    What a line set aside may be about (``rejected``, in REJECTED_COLUMNS) is not withdrawn.
    """
    current = history[history["superseded_at"].isna() & ~may_be_rejected(history, rejected)]
    in_scope = current[scope(current).to_numpy()]
    is_missing = ~is_among(in_scope, scope.rows, READING_KEY)
    is_elsewhere = is_missing & is_replaced(in_scope, scope.rows)
    parts, own_parts = scope.part_of(in_scope), scope.part_of(scope.rows)
    return [
        Withdrawal(
            part.area,
            stored=int((parts == index).sum()),
            replaced=int((is_elsewhere & (parts == index)).sum()),
            withdrawn=in_scope[is_missing & ~is_elsewhere & (parts == index)],
            counties=_counties(scope.rows, own_parts == index),
        )
        for index, part in enumerate(scope.parts)
    ]


def refuse_unconfirmed(found: Sequence[Withdrawal], *, file: Path) -> None:
    """Raises ConfigurationError for the first area of which the file withdraws more than EPA's corrections do."""
    refused = [one for one in found if one.needs_confirmation]
    if not refused:
        return
    others = f"; the same holds for {listed([str(one.area) for one in refused[1:]])}" if len(refused) > 1 else ""
    raise ConfigurationError(
        file.name,
        f"lacks, and would withdraw, {refused[0]}{others}",
        fix=f"State what the file covers with --covers (it has rows of {listed(refused[0].counties)}), or, if EPA "
        "withdrew these, add --confirm-withdrawals; in run config they are covers and confirm_withdrawals",
    )


def _counties(rows: pd.DataFrame, is_inside: np.ndarray) -> tuple[str, ...]:
    codes = set(rows["state_code"][is_inside] + rows["county_code"][is_inside])
    return tuple(str(DownloadArea(code)) for code in sorted(codes))
