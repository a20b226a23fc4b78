"""Downloads of AirData's bulk files: each once, whole, and again only when it changed."""

import csv
import io
import re
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd

from airwatch_dagster.acquire.addresses import AIRDATA_URL
from airwatch_dagster.acquire.airdata.files import damaged, only_csv
from airwatch_dagster.acquire.http.download_cache import Download, DownloadCache, without_credentials
from airwatch_dagster.acquire.http.mirrors import mirror_at
from airwatch_dagster.acquire.http.session import looks_like_html
from airwatch_dagster.errors import SourceRefused, SourceUnavailable

if TYPE_CHECKING:
    import requests

FILE_LIST: Final = "file_list.csv"
"""What the archive holds: name, rows, size, as-of."""

MONITORS_FILE: Final = "aqs_monitors.zip"
"""Every monitor of the country."""

FILE_LIST_COLUMNS: Final = ("filename", "rows", "size_bytes", "as_of")
"""Columns of the file list, in the order published."""

_DAILY_FILE: Final = re.compile(r"daily_88101_([0-9]{4})\.zip")

_DAMAGE: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError)
"""How zipfile fails on spliced bytes: OSError for an offset before the file, NotImplementedError for an impossible
compression."""


class AirDataArchive:
    """The bulk files at ``base_url`` (https://, http:// or file:// folder), kept in ``download_dir``."""

    def __init__(
        self,
        base_url: str = AIRDATA_URL,
        *,
        download_dir: Path,
        session: "requests.Session | None" = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        patience: float = 1.0,
    ) -> None:
        mirror = mirror_at(base_url.rstrip("/"), session, setting="AIRWATCH_AIRDATA_URL")
        self._base = without_credentials(base_url.rstrip("/"))
        self._files = DownloadCache(mirror, self._base, download_dir, clock=clock, sleep=sleep, patience=patience)

    def __repr__(self) -> str:
        return f"AirDataArchive({self._base!r})"

    def file_list(self) -> pd.DataFrame:
        """Every file on offer: filename, rows, size_bytes (null when not a number) and as_of, as published.

        Columns are taken by position, since only their order is known. What fails for a passing reason is repeated a
        few times. Raises SourceRefused when there is no list, SourceUnavailable when it cannot be had now.
        """
        body = self._files.retry(self._list)
        lines = csv.reader(io.StringIO(body.decode("utf-8-sig", errors="replace")))
        files = [(line + [""] * 3)[:4] for line in lines if line and "." in line[0]]
        table = pd.DataFrame(files, columns=list(FILE_LIST_COLUMNS), dtype=object)
        for count in ("rows", "size_bytes"):
            table[count] = pd.to_numeric(table[count], errors="coerce").astype("float64").round().astype("Int64")
        return table

    def years(self) -> list[int]:
        """Years whose daily 88101 file the archive lists, sorted."""
        matches = (_DAILY_FILE.fullmatch(str(name)) for name in self.file_list()["filename"])
        return sorted(int(match.group(1)) for match in matches if match)

    def fetch(self, name: str) -> Path:
        """The current zip ``name``, whole and checked: downloaded when it is new or changed, else the copy from before.

        A download that fails for a passing reason is repeated a few times; a failing one leaves the copy from before
        untouched. Raises SourceRefused when the archive has no such file, SourceUnavailable when it does not answer or
        sends something else or a damaged zip, BadPayload when the zip does not hold exactly one CSV.
        """
        return self._files.current(
            name, check=lambda path: self._check_zip(name, path), as_of=lambda: self._as_of(name)
        )

    def fetch_year(self, year: int) -> Path:
        """The daily 88101 file of a year. Raises SourceRefused naming the years on offer when there is none."""
        name = f"daily_88101_{year}.zip"
        try:
            return self.fetch(name)
        except SourceRefused as refusal:
            offered = ", ".join(map(str, self.years())) or "none"
            problem = f"has no daily PM2.5 file for {year}; years on offer: {offered}"
            raise SourceRefused(str(self._base), problem, fix="Choose days of those years") from refusal

    def download(self, name: str) -> Download | None:
        """What is known about the copy of ``name`` in the download folder; None when there is no intact one."""
        return self._files.known(name)

    def _check_zip(self, name: str, path: Path) -> None:
        with path.open("rb") as file:
            start = file.read(512)
        if looks_like_html(start):
            raise self._not_the_file(name, "a web page came instead of the zip")
        try:
            only_csv(path, culprit=self._files.address(name))
            with zipfile.ZipFile(path) as archive:
                broken = archive.testzip()
        except _DAMAGE as error:
            raise damaged(self._files.address(name), str(error)) from error
        if broken is not None:
            raise damaged(self._files.address(name), f"{broken} fails its checksum")

    def _list(self) -> bytes:
        body = self._files.read(FILE_LIST)
        if looks_like_html(body):
            raise self._not_the_file(FILE_LIST, "a web page came instead of the list")
        return body

    def _as_of(self, name: str) -> str | None:
        try:
            table = self.file_list()
        except SourceRefused:
            return None
        dates = table.loc[table["filename"] == name, "as_of"]
        return str(dates.iloc[0]) if len(dates) else None

    def _not_the_file(self, name: str, problem: str) -> SourceUnavailable:
        return SourceUnavailable(
            self._files.address(name), problem, fix="Wait until the archive is back, or check its address"
        )
