"""Downloads of NBS bulletins: the newest cycle that was published by a time, and when it was published."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from airwatch_dagster.acquire.addresses import NBM_URL
from airwatch_dagster.acquire.http.download_cache import DownloadCache
from airwatch_dagster.acquire.http.file_archive import FileArchive
from airwatch_dagster.errors import BadPayload, SourceRefused, SourceUnavailable
from airwatch_dagster.limits import MAX_WEATHER_BYTES

LONGEST_LAG: Final = pd.Timedelta(minutes=857)
"""The longest time from a cycle to the publication of its bulletin. Measured on 1,608 objects of NOAA's open data:
median 44 minutes, 99 % within 136."""

KNOWN_WITHIN: Final = pd.Timedelta(days=30)
"""An object changed longer after its cycle is taken for a copy that was made when the archive was filled, and says
nothing of when its bulletin was published. Corrections come within days and stay recognised as such."""

CYCLES_TRIED: Final = 24
"""Cycles tried, hour by hour back in time; an older forecast than a day is no news."""

LATEST_CYCLES: Final = 6
"""Cycles among which one is there, unless something is wrong: 99 % are published within 136 minutes."""

_HEADER_BYTES: Final = 65_536
"""First bytes of a bulletin, in which the header of its first station stands."""


@dataclass(frozen=True)
class Publication:
    """When a bulletin became available."""

    issued_at: pd.Timestamp
    """UTC, without zone."""
    is_assumed: bool
    """The time is unknown: ``issued_at`` is the cycle's time plus LONGEST_LAG."""


@dataclass(frozen=True)
class Cycle:
    """A downloaded bulletin."""

    run_at: pd.Timestamp
    publication: Publication
    path: Path
    """The bulletin, compressed by gzip."""
    culprit: str
    """Its URL, without credentials, for messages."""


@dataclass(frozen=True)
class CycleSearch:
    """The newest usable cycle, and why newer ones are not."""

    cycle: Cycle | None
    notes: tuple[str, ...]


class NbmArchive(FileArchive):
    """NBS bulletins in NOAA's open data, or in a ``file://`` folder of the same layout.

    The time of publication is the object's Last-Modified. In a folder it is what a file beside the bulletin with the
    suffix ``.published`` says (``2021-07-04T17:44:10Z``), else the time of the bulletin's last change. A cycle that was
    found is not asked for again: consecutive days need the same ones.
    """

    DEFAULT_URL = NBM_URL
    SETTING = "AIRWATCH_NBM_URL"

    def __init__(self, base_url: str | None = None, **options: Any) -> None:
        """As ``FileArchive``."""
        super().__init__(base_url, **options)
        self._found: dict[pd.Timestamp, Cycle] = {}

    def newest(self, *, published_by: pd.Timestamp, run_by: pd.Timestamp | None = None) -> CycleSearch:
        """The newest cycle up to ``run_by`` whose bulletin was published by ``published_by`` (naive UTC).

        Cycles that are missing or were published later are passed over, each with a note, up to CYCLES_TRIED. A
        bulletin that was published anew later is passed over too, because its earlier content is gone, unless the copy
        downloaded before is of the time. Raises SourceUnavailable when the archive does not respond or sends something
        else, BadPayload for a bulletin that is too large.
        """
        first = min(published_by, run_by if run_by is not None else published_by).floor("h")
        notes: list[str] = []
        for run_at in pd.date_range(end=first, periods=CYCLES_TRIED, freq="h")[::-1]:
            known = self._found.get(run_at)
            if known is not None and known.publication.issued_at <= published_by:
                return CycleSearch(known, tuple(notes))
            try:
                cycle = self._published(run_at, published_by)
            except SourceRefused as refusal:
                notes.append(f"no bulletin of {run_at:%Y-%m-%d %H} UTC ({refusal.problem})")
                continue
            if isinstance(cycle, Cycle):
                self._found[run_at] = cycle
                return CycleSearch(cycle, tuple(notes))
            notes.append(cycle)
        return CycleSearch(None, tuple(notes))

    def latest(self, *, published_by: pd.Timestamp, cycles: int = LATEST_CYCLES) -> pd.Timestamp | None:
        """The newest of the last ``cycles`` whose bulletin was published by then, without its bytes; None for none.

        Errors as ``newest``.
        """
        for run_at in pd.date_range(end=published_by.floor("h"), periods=cycles, freq="h")[::-1]:
            files, name = self._of(run_at)
            try:
                found = files.mirror.describe(files.path + name, culprit=files.address(name))
            except SourceRefused:
                continue
            if self._publication(files, name, run_at, found.last_modified).issued_at <= published_by:
                return run_at
        return None

    def _published(self, run_at: pd.Timestamp, published_by: pd.Timestamp) -> Cycle | str:
        """The cycle, or why it is not usable. Raises SourceRefused when there is none."""
        files, name = self._of(run_at)
        culprit = files.address(name)
        response = files.retry(lambda: files.mirror.describe(files.path + name, culprit=culprit))
        now = self._publication(files, name, run_at, response.last_modified)
        if now.issued_at <= published_by:
            path = files.current(name, check=lambda path: check_nbs(path, culprit=culprit))
            now = self._publication_of_copy(files, name, run_at) or now
            if now.issued_at <= published_by:
                return Cycle(run_at, now, path, culprit)
        else:
            kept = self._publication_of_copy(files, name, run_at)
            if kept is not None and kept.issued_at <= published_by:
                return Cycle(run_at, kept, files.copy_of(name), culprit)
        how = "is assumed to have been published" if now.is_assumed else "was published, perhaps anew,"
        at, by = (f"{time:%Y-%m-%d %H:%M:%S}" for time in (now.issued_at, published_by))
        return f"the bulletin of {run_at:%Y-%m-%d %H} UTC {how} at {at} UTC, after {by} UTC"

    def _of(self, run_at: pd.Timestamp) -> tuple[DownloadCache, str]:
        day = f"blend.{run_at:%Y%m%d}"
        path, folder = f"{day}/{run_at:%H}/text/", self._files.folder / day
        files = replace(self._files, path=path, folder=folder, max_bytes=MAX_WEATHER_BYTES, is_packed=True)
        return files, f"blend_nbstx.t{run_at:%H}z"

    def _publication_of_copy(self, files: DownloadCache, name: str, run_at: pd.Timestamp) -> Publication | None:
        """That of the downloaded copy; None without one."""
        known = files.known(name)
        return None if known is None else self._publication(files, name, run_at, known.last_modified)

    def _publication(
        self, files: DownloadCache, name: str, run_at: pd.Timestamp, last_modified: str | None
    ) -> Publication:
        changed_at = _instant(last_modified)
        if not files.mirror.is_remote:
            changed_at = _said_beside(files, name) or changed_at
        if changed_at is None or not run_at <= changed_at <= run_at + KNOWN_WITHIN:
            return Publication(run_at + LONGEST_LAG, is_assumed=True)
        return Publication(changed_at, is_assumed=False)


def check_nbs(path: Path, *, culprit: str) -> None:
    """Raises SourceUnavailable for a download that does not begin as an NBS bulletin, such as a web page."""
    with path.open("rb") as file:
        start = file.read(_HEADER_BYTES)
    if b"NBS GUIDANCE" not in start:
        problem = "has no byte" if not start else "is not an NBS bulletin"
        raise SourceUnavailable(culprit, problem, fix="Wait until the file is complete, or check AIRWATCH_NBM_URL")


def _instant(last_modified: str | None) -> pd.Timestamp | None:
    """A mirror's ``last_modified`` as naive UTC; None without one that can be read."""
    if last_modified is None:
        return None
    if last_modified.endswith(" ns"):
        return pd.Timestamp(int(last_modified.removesuffix(" ns"))).floor("s")
    try:
        moment = parsedate_to_datetime(last_modified)
    except ValueError:
        return None
    return pd.Timestamp(moment.astimezone(UTC).replace(tzinfo=None)) if moment.tzinfo else None


def _said_beside(files: DownloadCache, name: str) -> pd.Timestamp | None:
    """What the file beside a folder's bulletin says; None without one. Raises BadPayload for another text."""
    beside = f"{name}.published"
    try:
        text = files.read(beside, max_bytes=1_000).decode("ascii", errors="replace").strip()
    except SourceRefused:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        fix = "Write the bulletin's time of publication as 2021-07-04T17:44:10Z, or remove the file"
        raise BadPayload(files.address(beside), f"{text[:40]!r} is not a valid time", fix=fix) from error
    return pd.Timestamp((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).replace(tzinfo=None))
