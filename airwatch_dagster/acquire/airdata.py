"""Downloads of AirData's bulk files: each once, whole, and again only when it changed."""

import csv
import hashlib
import io
import json
import os
import re
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

import pandas as pd

from airwatch_dagster.acquire.bulk_files import damaged, only_csv
from airwatch_dagster.acquire.exchange import looks_like_html
from airwatch_dagster.acquire.mirrors import Known, Mirror, mirror_at
from airwatch_dagster.errors import SourceRefused, SourceUnavailable

if TYPE_CHECKING:
    import requests

AIRDATA_URL: Final = "https://aqs.epa.gov/aqsweb/airdata"
"""EPA's pre-generated files; no key needed."""

FILE_LIST: Final = "file_list.csv"
"""What the archive holds: name, rows, size, as-of."""

MONITORS_FILE: Final = "aqs_monitors.zip"
"""Every monitor of the country."""

FILE_LIST_COLUMNS: Final = ("filename", "rows", "size_bytes", "as_of")
"""Columns of the file list, in the order published."""

_DAILY_FILE: Final = re.compile(r"daily_88101_([0-9]{4})\.zip")


@dataclass(frozen=True)
class Download:
    """What is known about a file in the download folder; kept beside it as JSON."""

    url: str
    etag: str | None
    last_modified: str | None
    sha256: str
    size: int
    as_of: str | None
    """The file list's date of the file; null when the archive has no list."""
    fetched_at: str
    """UTC, ISO 8601."""


class AirDataArchive:
    """The bulk files at ``base_url`` (https://, http:// or file:// folder), kept in ``download_dir``."""

    def __init__(
        self,
        base_url: str = AIRDATA_URL,
        *,
        download_dir: Path,
        session: "requests.Session | None" = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._mirror: Mirror = mirror_at(base_url.rstrip("/"), session)
        self._base = _without_credentials(base_url.rstrip("/"))
        self._folder = download_dir
        self._clock = clock

    def __repr__(self) -> str:
        return f"AirDataArchive({self._base!r})"

    def file_list(self) -> pd.DataFrame:
        """Every file on offer: filename, rows, size_bytes (null when not a number) and as_of, as published.

        Columns are taken by position, since only their order is known. Raises SourceRefused when there is no list.
        """
        with self._temporary(FILE_LIST) as path:
            self._mirror.get(FILE_LIST, path, culprit=self._name(FILE_LIST))
            body = path.read_bytes()
        if looks_like_html(body):
            raise self._not_the_file(FILE_LIST, "a web page came instead of the list")
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

        A failing download leaves the copy from before untouched. Raises SourceRefused when the archive has no such
        file, SourceUnavailable when it does not answer or sends something else or a damaged zip, BadPayload when
        the zip does not hold exactly one CSV.
        """
        target, before = self._folder / name, self._intact(name)
        known = Known(before.etag, before.last_modified, before.size) if before else None
        with self._temporary(name) as path:
            received = self._mirror.get(name, path, culprit=self._name(name), known=known)
            if received is None:
                return target
            self._check_zip(name, path)
            download = Download(
                url=f"{self._base}/{name}",
                etag=received.etag,
                last_modified=received.last_modified,
                sha256=_sha256(path),
                size=path.stat().st_size,
                as_of=self._as_of(name),
                fetched_at=datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="seconds"),
            )
            os.replace(path, target)
        with self._temporary(name) as path:
            path.write_text(json.dumps(asdict(download), indent=1), encoding="utf-8")
            os.replace(path, self._sidecar(name))
        return target

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
        return self._intact(name)

    def _intact(self, name: str) -> Download | None:
        """The sidecar, if it speaks of this address and of the very bytes that lie beside it."""
        path, sidecar = self._folder / name, self._sidecar(name)
        if not (path.is_file() and sidecar.is_file()):
            return None
        try:
            download = Download(**json.loads(sidecar.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            return None
        same = download.url == f"{self._base}/{name}" and download.sha256 == _sha256(path)
        return download if same else None

    def _check_zip(self, name: str, path: Path) -> None:
        with path.open("rb") as file:
            start = file.read(512)
        if looks_like_html(start):
            raise self._not_the_file(name, "a web page came instead of the zip")
        only_csv(path, culprit=self._name(name))
        try:
            with zipfile.ZipFile(path) as archive:
                broken = archive.testzip()
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise damaged(self._name(name), str(error)) from error
        if broken is not None:
            raise damaged(self._name(name), f"{broken} fails its checksum")

    def _as_of(self, name: str) -> str | None:
        try:
            table = self.file_list()
        except SourceRefused:
            return None
        dates = table.loc[table["filename"] == name, "as_of"]
        return str(dates.iloc[0]) if len(dates) else None

    def _not_the_file(self, name: str, problem: str) -> SourceUnavailable:
        return SourceUnavailable(self._name(name), problem, fix="Wait until the archive is back, or check its address")

    def _name(self, name: str) -> str:
        return f"{self._base}/{name}"

    def _sidecar(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    @contextmanager
    def _temporary(self, name: str) -> Iterator[Path]:
        """A file of our own in the download folder, gone afterwards unless it was moved."""
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, text = tempfile.mkstemp(prefix=f".{name}.", suffix=".part", dir=self._folder)
        os.close(handle)
        path = Path(text)
        path.chmod(0o644)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
