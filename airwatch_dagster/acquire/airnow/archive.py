"""AirNow: readings within hours of the day, provisional, and the agencies' own forecasts."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from airwatch_dagster.acquire.addresses import AIRNOW_URL
from airwatch_dagster.acquire.airnow.layouts import DAILY, OLD_DAILY, REPORTING_AREAS, Layout, check_layout
from airwatch_dagster.acquire.airnow.readers import AirNowDay, read_day, read_forecasts
from airwatch_dagster.acquire.http.download_cache import DownloadCache, without_credentials
from airwatch_dagster.acquire.http.mirrors import mirror_at
from airwatch_dagster.errors import SourceRefused

if TYPE_CHECKING:
    import requests


class AirNowArchive:
    """AirNow's files at ``base_url`` (https://, http:// or file:// folder), kept in ``download_dir`` by day.

    A file is asked for at every call, and sent again only when it changed: AirNow corrects a day for about a week.
    """

    def __init__(
        self,
        base_url: str = AIRNOW_URL,
        *,
        download_dir: Path,
        session: "requests.Session | None" = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        patience: float = 1.0,
    ) -> None:
        mirror = mirror_at(base_url.rstrip("/"), session, setting="AIRWATCH_AIRNOW_URL")
        base = without_credentials(base_url.rstrip("/"))
        self._files = DownloadCache(mirror, base, download_dir, clock=clock, sleep=sleep, patience=patience)

    def __repr__(self) -> str:
        return f"AirNowArchive({self._files.base_url!r})"

    def daily(self, day: date, *, places: pd.DataFrame | None = None) -> AirNowDay:
        """What the US sites measured on ``day``, a local standard day, as AirNow says now; see ``read_day``.

        Days before version 2 of the file have no positions: they need ``places``. Raises SourceRefused when AirNow has
        no file for the day, SourceUnavailable when it does not answer, sends something else or has nothing of the day
        yet, BadPayload for a damaged line.
        """
        for layout in (DAILY, OLD_DAILY):
            try:
                path = self._current(layout, day)
            except SourceRefused as refusal:
                refused = refusal
            else:
                return read_day(path, layout, day, places=places, culprit=_culprit(layout, day))
        raise self._no_file("readings", day, refused) from refused

    def forecasts(self, day: date) -> pd.DataFrame:
        """What the agencies forecast and observed in the file of ``day``; see ``read_forecasts``.

        Errors as ``daily``.
        """
        try:
            path = self._current(REPORTING_AREAS, day)
        except SourceRefused as refusal:
            raise self._no_file("forecasts", day, refusal) from refusal
        return read_forecasts(path, day, culprit=_culprit(REPORTING_AREAS, day))

    def _current(self, layout: Layout, day: date) -> Path:
        files = replace(self._files, folder=self._files.folder / f"{day:%Y%m%d}", path=f"{day:%Y/%Y%m%d}/")
        culprit = files.address(layout.file_name)
        return files.current(layout.file_name, check=lambda path: check_layout(path, layout, culprit=culprit))

    def _no_file(self, what: str, day: date, refusal: SourceRefused) -> SourceRefused:
        problem = f"gave no file with {what} of {day:%Y-%m-%d} ({refusal.problem})"
        fix = "Choose a day that is over and archived, or check AIRWATCH_AIRNOW_URL"
        return SourceRefused(f"AirNow at {self._files.base_url}", problem, fix=fix)


def _culprit(layout: Layout, day: date) -> str:
    return f"AirNow {layout.file_name} of {day:%Y-%m-%d}"
