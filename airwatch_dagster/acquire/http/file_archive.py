"""An archive of published files at one URL, cached in a folder."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from airwatch_dagster.acquire.http.download_cache import DownloadCache
from airwatch_dagster.acquire.http.mirrors import mirror_at
from airwatch_dagster.acquire.http.redaction import without_credentials

if TYPE_CHECKING:
    import requests


class FileArchive:
    """Base of the archive clients; as a context manager it closes the session it opened, never a given one."""

    DEFAULT_URL: ClassVar[str]
    SETTING: ClassVar[str]
    """The environment variable that replaces DEFAULT_URL; named in errors."""

    def __init__(
        self,
        base_url: str | None = None,
        *,
        download_dir: Path,
        session: "requests.Session | None" = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        backoff_scale: float = 1.0,
        max_s: float | None = None,
    ) -> None:
        """The files at ``base_url`` (https://, http:// or file:// folder), cached in ``download_dir``.

        ``backoff_scale`` scales the waits between retries; with ``max_s`` each file is tried once, for at most about so
        many seconds. Raises ConfigurationError for another scheme.
        """
        url = (self.DEFAULT_URL if base_url is None else base_url).rstrip("/")
        self._files = DownloadCache(
            mirror_at(url, session, setting=self.SETTING, max_s=max_s),
            without_credentials(url),
            download_dir,
            clock=clock,
            sleep=sleep,
            backoff_scale=backoff_scale,
            is_retried=max_s is None,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._files.base_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the session that the archive opened itself."""
        self._files.mirror.close()
