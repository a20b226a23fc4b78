"""Downloads of AirData's bulk files."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pandas as pd

from airwatch_dagster.acquire.addresses import AIRDATA_URL
from airwatch_dagster.acquire.airdata.files import damaged, only_csv
from airwatch_dagster.acquire.http.download_cache import Download
from airwatch_dagster.acquire.http.file_archive import FileArchive
from airwatch_dagster.acquire.http.session import looks_like_html
from airwatch_dagster.acquire.parsing.containers import DAMAGE
from airwatch_dagster.errors import BadPayload, SourceRefused, SourceUnavailable
from airwatch_dagster.limits import MAX_LIST_BYTES
from airwatch_dagster.parameters import PM25_PARAMETER

FILE_LIST: Final = "file_list.csv"
"""The archive's list of its files."""

MONITORS_FILE: Final = "aqs_monitors.zip"
"""Every monitor of the country."""

SITES_FILE: Final = "aqs_sites.zip"
"""Every site of the country."""

FILE_LIST_COLUMNS: Final = ("filename", "rows", "size_bytes", "as_of")
"""Columns of the file list, in the order published."""

_DAILY_FILE: Final = re.compile(r"daily_([0-9]{5})_([0-9]{4})\.zip")


class AirDataArchive(FileArchive):
    """AirData's bulk files: each is downloaded once, completely, and re-downloaded only after a change."""

    DEFAULT_URL = AIRDATA_URL
    SETTING = "AIRWATCH_AIRDATA_URL"

    def __init__(self, base_url: str | None = None, *, with_days: bool = True, **options: Any) -> None:
        """As ``FileArchive``; ``with_days`` the archive's list is asked for the day of each daily file's content."""
        super().__init__(base_url, **options)
        self._with_days = with_days

    def file_list(self) -> pd.DataFrame:
        """Every published file: filename, rows, size_bytes (null when not a number) and as_of, as published.

        Columns are read by position, because only their order is documented. Transient failures are retried. Raises
        SourceRefused when the archive has no list, SourceUnavailable when the list cannot be read now, BadPayload when
        it is too large or none.
        """
        body = self._files.retry(self._list)
        lines = csv.reader(io.StringIO(body.decode("utf-8-sig", errors="replace")))
        try:
            files = [(line + [""] * 3)[:4] for line in lines if line and "." in line[0]]
        except csv.Error as error:
            fix = f"Check {self.SETTING}"
            raise BadPayload(self._files.address(FILE_LIST), f"is no list of files ({error})", fix=fix) from None
        table = pd.DataFrame(files, columns=list(FILE_LIST_COLUMNS), dtype=object)
        for count in ("rows", "size_bytes"):
            table[count] = pd.to_numeric(table[count], errors="coerce").astype("float64").round().astype("Int64")
        return table

    def years(self, parameter: str = PM25_PARAMETER) -> list[int]:
        """Years whose daily file of ``parameter`` the archive lists, sorted."""
        return daily_years(self.file_list()["filename"], parameter)

    def fetch(self, name: str) -> Path:
        """The current zip ``name``, complete and checked: downloaded if new or changed, else the cached copy.

        Transient failures are retried; a failed download leaves the cached copy unchanged. Raises SourceRefused when
        the archive has no such file, SourceUnavailable for no response, a malformed response or a damaged zip,
        BadPayload when the zip does not contain exactly one CSV.
        """
        return self._files.current(
            name, check=lambda path: self._check_zip(name, path), as_of=lambda: self._as_of(name)
        )

    def fetch_year(self, year: int, parameter: str = PM25_PARAMETER) -> Path:
        """The daily file of a year. Raises SourceRefused naming the available years when there is none."""
        try:
            return self.fetch(daily_file(year, parameter))
        except SourceRefused as refusal:
            available = ", ".join(map(str, self.years(parameter))) or "none"
            of_parameter = "" if parameter == PM25_PARAMETER else f" of parameter {parameter}"
            problem = f"has no daily PM2.5 file{of_parameter} for {year}; years on offer: {available}"
            raise SourceRefused(self._files.base_url, problem, fix="Choose days of those years") from refusal

    def is_folder_without(self, name: str) -> bool:
        """Whether the archive is a folder (``file://``) that has no such file; nothing is asked of a server."""
        if self._files.mirror.is_remote:
            return False
        try:
            self._files.mirror.describe(name, culprit=self._files.address(name))
        except SourceRefused:
            return True
        return False

    def download(self, name: str) -> Download | None:
        """The description of the cached ``name``; None when there is no intact copy."""
        return self._files.known(name)

    def _check_zip(self, name: str, path: Path) -> None:
        with path.open("rb") as file:
            start = file.read(512)
        if looks_like_html(start):
            raise self._web_page(name, "zip")
        try:
            only_csv(path, culprit=self._files.address(name))
            with zipfile.ZipFile(path) as archive:
                broken = archive.testzip()
        except DAMAGE as error:
            raise damaged(self._files.address(name), str(error)) from error
        if broken is not None:
            raise damaged(self._files.address(name), f"{broken} fails its checksum")

    def _list(self) -> bytes:
        body = self._files.read(FILE_LIST, max_bytes=MAX_LIST_BYTES)
        if looks_like_html(body):
            raise self._web_page(FILE_LIST, "list")
        return body

    def _as_of(self, name: str) -> str | None:
        if not self._with_days or not _DAILY_FILE.fullmatch(name):
            return None
        try:
            table = self.file_list()
        except SourceRefused:
            return None
        dates = table.loc[table["filename"] == name, "as_of"]
        return str(dates.iloc[0]) if len(dates) else None

    def _web_page(self, name: str, expected: str) -> SourceUnavailable:
        problem = f"a web page came instead of the {expected}"
        fix = f"Try again later; if it lasts, check {self.SETTING}"
        return SourceUnavailable(self._files.address(name), problem, fix=fix)


def daily_file(year: int, parameter: str = PM25_PARAMETER) -> str:
    """Name of the file with a year's daily rows of ``parameter``."""
    return f"daily_{parameter}_{year}.zip"


def daily_years(names: Iterable[str], parameter: str = PM25_PARAMETER) -> list[int]:
    """Years of the daily files of ``parameter`` among the ``names`` of files, sorted."""
    matches = (_DAILY_FILE.fullmatch(str(name)) for name in names)
    return sorted(int(match.group(2)) for match in matches if match and match.group(1) == parameter)
