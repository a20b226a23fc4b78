"""Where published files are read from: a web server, or a folder that mirrors one."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

from airwatch_dagster.acquire.http.redirects import Configured
from airwatch_dagster.acquire.http.session import TRANSIENT_STATUSES, SessionHolder, get
from airwatch_dagster.errors import BadPayload, ConfigurationError, SourceRefused, SourceUnavailable
from airwatch_dagster.limits import MAX_DOWNLOAD_BYTES, megabytes

if TYPE_CHECKING:
    import requests

_MISSING_STATUSES: Final = (404, 410)


@dataclass(frozen=True)
class Validators:
    """Identity of a cached copy, so that the server need not send the same bytes twice."""

    etag: str | None
    last_modified: str | None
    size: int


@dataclass(frozen=True)
class Response:
    """Validators that arrived with a file."""

    etag: str | None
    last_modified: str | None


class Mirror(Protocol):
    """A place with files by name."""

    is_remote: ClassVar[bool]
    """Whether a retry may help: a server may respond otherwise, a folder stays as it is until a person fixes it."""

    def get(
        self,
        name: str,
        into: Path,
        *,
        culprit: str,
        known: Validators | None = None,
        max_bytes: int = MAX_DOWNLOAD_BYTES,
    ) -> Response | None:
        """Writes the file's bytes to ``into``; None when they are the ``known`` ones.

        Raises SourceRefused when there is no such file, SourceUnavailable when it cannot be read now, BadPayload when
        it has more than ``max_bytes``.
        """

    def describe(self, name: str, *, culprit: str) -> Response:
        """The validators of a file, without its bytes. Errors as ``get``."""

    def close(self) -> None:
        """Closes what the mirror opened itself."""


@dataclass(frozen=True)
class WebMirror:
    """Files below an http(s) URL; revalidated by ETag and Last-Modified where the server sends them."""

    is_remote: ClassVar[bool] = True

    base_url: str
    connection: SessionHolder
    max_s: float | None = None
    """Seconds that a file may take; None for no limit."""
    setting: str = "the base URL"
    """The environment variable that names the base URL."""

    def get(
        self,
        name: str,
        into: Path,
        *,
        culprit: str,
        known: Validators | None = None,
        max_bytes: int = MAX_DOWNLOAD_BYTES,
    ) -> Response | None:
        """As ``Mirror.get``; status 5xx and TRANSIENT_STATUSES may be gone at the next request, others not.

        A redirect that is not followed raises what ``redirected`` says.
        """
        conditions = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified} if known else {}
        headers = {name: value for name, value in conditions.items() if value}
        response = get(
            self.connection.session(),
            f"{self.base_url}/{name}",
            culprit=culprit,
            configured=Configured(self.base_url, self.setting),
            headers=headers,
            body_to=into,
            max_s=self.max_s,
            max_bytes=max_bytes,
        )
        if response.status_code == 304 and headers:
            return None
        return self._found(response, culprit)

    def describe(self, name: str, *, culprit: str) -> Response:
        """As ``Mirror.describe``, by a request for the headers alone."""
        response = get(
            self.connection.session(),
            f"{self.base_url}/{name}",
            culprit=culprit,
            configured=Configured(self.base_url, self.setting),
            max_s=self.max_s,
            method="head",
        )
        return self._found(response, culprit)

    def _found(self, response: "requests.Response", culprit: str) -> Response:
        status = response.status_code
        if status in _MISSING_STATUSES:
            raise _no_such_file(culprit)
        problem = f"the server responded with status {status}"
        if status >= 500 or status in TRANSIENT_STATUSES:
            raise SourceUnavailable(culprit, problem, fix=f"Try again later; if it lasts, check {self.setting}")
        if status != 200:
            raise SourceRefused(culprit, problem, fix=f"Check {self.setting} and your access to it")
        return Response(response.headers.get("ETag"), response.headers.get("Last-Modified"))

    def close(self) -> None:
        """Closes the session if it was opened here."""
        self.connection.close()


@dataclass(frozen=True)
class FolderMirror:
    """Files in a folder; unchanged while size and modification time are."""

    is_remote: ClassVar[bool] = False

    folder: Path

    def get(
        self,
        name: str,
        into: Path,
        *,
        culprit: str,
        known: Validators | None = None,
        max_bytes: int = MAX_DOWNLOAD_BYTES,
    ) -> Response | None:
        """As ``Mirror.get``; an unreadable file raises SourceUnavailable."""
        modified = self.describe(name, culprit=culprit).last_modified
        source = self.folder / name
        state = source.stat()
        if known and (known.last_modified, known.size) == (modified, state.st_size):
            return None
        if state.st_size > max_bytes:
            problem = (
                f"has {megabytes(state.st_size)}, and may have {megabytes(max_bytes)}, several times EPA's largest"
            )
            raise BadPayload(culprit, problem, fix="Put EPA's file in its place")
        try:
            shutil.copyfile(source, into)
        except OSError as error:
            raise SourceUnavailable(culprit, f"cannot be read ({error.strerror})", fix="Check the folder") from error
        return Response(None, modified)

    def describe(self, name: str, *, culprit: str) -> Response:
        """As ``Mirror.describe``: the time of the last change, in nanoseconds since 1970."""
        source = self.folder / name
        if not source.is_file():
            raise _no_such_file(culprit)
        return Response(None, f"{source.stat().st_mtime_ns} ns")

    def close(self) -> None:
        """Nothing is open between calls."""


def mirror_at(base_url: str, session: "requests.Session | None", *, setting: str, max_s: float | None = None) -> Mirror:
    """The mirror at a URL; a file of a server may take ``max_s`` seconds, without limit by default.

    Raises ConfigurationError naming ``setting`` for a scheme other than https, http and file.
    """
    parts = urlsplit(base_url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path:
        return FolderMirror(Path(url2pathname(parts.path)))
    if parts.scheme in ("https", "http") and parts.netloc:
        return WebMirror(base_url, SessionHolder(session), max_s, setting)
    raise ConfigurationError(
        setting,
        f"{parts.scheme}://… is not a valid archive URL" if parts.scheme else "has no scheme",
        fix="Use https://host/path, or file:///folder for a mirror",
    )


def _no_such_file(culprit: str) -> SourceRefused:
    return SourceRefused(culprit, "there is no such file", fix="Check the base URL and the archive's file_list.csv")
