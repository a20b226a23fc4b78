"""Downloads of the bulletins of selected cities, from a service that keeps them or from a folder."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import pandas as pd

from airwatch_dagster.acquire.addresses import AFOS_URL
from airwatch_dagster.acquire.http.file_archive import FileArchive
from airwatch_dagster.acquire.http.mirrors import FolderMirror
from airwatch_dagster.acquire.http.session import looks_like_html
from airwatch_dagster.acquire.parsing.rejections import joined_rejections
from airwatch_dagster.acquire.weather.nws.bulletin import CityForecasts, read_selected_cities
from airwatch_dagster.errors import SourceRefused, SourceUnavailable
from airwatch_dagster.limits import MAX_CITIES_BYTES

PARTS: Final = 4
"""Bulletins of one issue, each with a quarter of the cities."""

FINAL_AFTER: Final = pd.Timedelta(days=7)
"""Age from which a downloaded day is not asked for again: nothing is issued for it any more."""

_FILE: Final = re.compile(r"FPUS20_KWBN_(\d{8}T\d{4})Z_part(\d)\.txt")


class SelectedCitiesArchive(FileArchive):
    """Bulletins by the time of their header.

    At a web address the text service of the Iowa Environmental Mesonet (``retrieve.py``), by product (SCS01 to SCS04)
    and UTC day. At a ``file://`` address a folder with a file per bulletin, FPUS20_KWBN_YYYYMMDDTHHMMZ_partN.txt.
    """

    DEFAULT_URL = AFOS_URL
    SETTING = "AIRWATCH_NWS_URL"

    def issued(self, first: pd.Timestamp, last: pd.Timestamp) -> CityForecasts:
        """Every bulletin issued from ``first`` to ``last`` (naive UTC); see ``read_selected_cities``.

        Without any bulletin there are no rows. Raises SourceUnavailable for no response or a web page, BadPayload for a
        file of which no line can be read.
        """
        files = self._of_folder if isinstance(self._files.mirror, FolderMirror) else self._of_service
        read = [read_selected_cities(path.read_bytes(), culprit=culprit) for path, culprit in files(first, last)]
        rows = pd.concat([one.rows for one in read if len(one.rows)] or [_empty().rows], ignore_index=True)
        rows = rows[rows["issued_at"].between(first, last)].sort_values("issued_at", kind="stable", ignore_index=True)
        return CityForecasts(rows, joined_rejections(one.rejected for one in read), sum(one.bulletins for one in read))

    def _of_folder(self, first: pd.Timestamp, last: pd.Timestamp) -> Iterator[tuple[Path, str]]:
        assert isinstance(self._files.mirror, FolderMirror)
        for path in sorted(self._files.mirror.folder.glob("FPUS20_KWBN_*.txt")):
            match = _FILE.fullmatch(path.name)
            # A header and the name of its file may lie minutes apart.
            if match and first.floor("D") <= pd.Timestamp(match.group(1)) <= last.ceil("D"):
                files = replace(self._files, max_bytes=MAX_CITIES_BYTES)
                yield files.current(path.name, check=lambda _: None), self._files.address(path.name)

    def _of_service(self, first: pd.Timestamp, last: pd.Timestamp) -> Iterator[tuple[Path, str]]:
        for day in pd.date_range(first.floor("D"), last.floor("D")):
            for part in range(1, PARTS + 1):
                next_day = day + pd.Timedelta(days=1)
                query = f"pil=SCS{part:02}&fmt=text&sdate={day:%Y-%m-%d}T00:00Z&edate={next_day:%Y-%m-%d}T00:00Z"
                name = f"retrieve.py?{query}&limit=9999&order=asc"
                folder = self._files.folder / f"{day:%Y%m%d}"
                files = replace(self._files, folder=folder, max_bytes=MAX_CITIES_BYTES)
                culprit = files.address(name)
                known = files.known(name)
                if known is not None and pd.Timestamp(known.fetched_at).tz_localize(None) >= day + FINAL_AFTER:
                    yield folder / name, culprit
                    continue
                try:
                    yield files.current(name, check=partial(_check, culprit=culprit)), culprit
                except SourceRefused:
                    continue


def _check(path: Path, *, culprit: str) -> None:
    """Raises SourceUnavailable for a web page in the place of text."""
    with path.open("rb") as file:
        if looks_like_html(file.read(512)):
            raise SourceUnavailable(culprit, "sent a web page", fix="Try again later, or check AIRWATCH_NWS_URL")


def _empty() -> CityForecasts:
    return read_selected_cities(b"", culprit="")
