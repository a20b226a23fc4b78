"""Downloads of AirNow's files: provisional readings within hours of the day, the agencies' own forecasts, and the
reporting areas."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd

from airwatch_dagster.acquire.addresses import AIRNOW_URL
from airwatch_dagster.acquire.airnow.areas import ReportingAreas, read_areas
from airwatch_dagster.acquire.airnow.layouts import AREA_LIST, DAILY, OLD_DAILY, REPORTING_AREAS, Layout
from airwatch_dagster.acquire.airnow.lines import check_layout
from airwatch_dagster.acquire.airnow.readers import AgencyForecastsOfDay, AirNowDay, read_day, read_forecasts
from airwatch_dagster.acquire.http.file_archive import FileArchive
from airwatch_dagster.errors import SourceRefused
from airwatch_dagster.limits import MAX_AIRNOW_BYTES


class AirNowArchive(FileArchive):
    """AirNow's files, cached by day.

    Every call revalidates a file, and only a changed one is sent: AirNow corrects a day for about a week.
    """

    DEFAULT_URL = AIRNOW_URL
    SETTING = "AIRWATCH_AIRNOW_URL"

    def daily(self, day: date, *, site_locations: pd.DataFrame | None = None) -> AirNowDay:
        """Readings of the US sites on ``day``, a local standard day, as published now; see ``read_day``.

        Days before version 2 of the file have no positions: they need ``site_locations``. Raises SourceRefused when
        AirNow has no file for the day, SourceUnavailable for no response, a malformed response or a file without the
        day, BadPayload for a malformed line.
        """
        for layout in (DAILY, OLD_DAILY):
            try:
                path = self._current(layout, day)
            except SourceRefused as refusal:
                refused = refusal
            else:
                return read_day(path, layout, day, site_locations=site_locations, culprit=_culprit(layout, day))
        raise self._no_file("readings", day, refused) from refused

    def forecasts(self, day: date) -> AgencyForecastsOfDay:
        """The agencies' forecasts and observations in the file of ``day``; see ``read_forecasts``.

        Errors as ``daily``.
        """
        try:
            path = self._current(REPORTING_AREAS, day)
        except SourceRefused as refusal:
            raise self._no_file("forecasts", day, refusal) from refusal
        return read_forecasts(path, day, culprit=_culprit(REPORTING_AREAS, day))

    def reporting_areas(self) -> ReportingAreas:
        """The reporting areas of today; see ``read_areas``. Raises SourceRefused when there is no such file.

        Errors otherwise as ``daily``.
        """
        try:
            path = self._file(AREA_LIST, "today/")
        except SourceRefused as refusal:
            fix = "Check AIRWATCH_AIRNOW_URL; a mirror needs this file too"
            raise SourceRefused(refusal.culprit, refusal.problem, fix=fix) from refusal
        return read_areas(path, culprit=f"AirNow {AREA_LIST.file_name}")

    def _current(self, layout: Layout, day: date) -> Path:
        return self._file(layout, f"{day:%Y/%Y%m%d}/")

    def _file(self, layout: Layout, path: str) -> Path:
        """The current file below ``path``, cached in a folder with the last of its names."""
        folder = self._files.folder / path.rstrip("/").rpartition("/")[2]
        files = replace(self._files, folder=folder, path=path, max_bytes=MAX_AIRNOW_BYTES)
        culprit = files.address(layout.file_name)
        return files.current(layout.file_name, check=lambda path: check_layout(path, layout, culprit=culprit))

    def _no_file(self, content: str, day: date, refusal: SourceRefused) -> SourceRefused:
        problem = f"has no file with {content} of {day:%Y-%m-%d} ({refusal.problem})"
        fix = "Choose a past, archived day, or check AIRWATCH_AIRNOW_URL"
        return SourceRefused(f"AirNow at {self._files.base_url}", problem, fix=fix)


def _culprit(layout: Layout, day: date) -> str:
    return f"AirNow {layout.file_name} of {day:%Y-%m-%d}"
