"""Where published files come from: a web server, or a folder that mirrors one."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

from airwatch_dagster.acquire.http.session import get
from airwatch_dagster.errors import ConfigurationError, SourceRefused, SourceUnavailable

if TYPE_CHECKING:
    import requests

_MISSING_STATUSES: Final = (404, 410)
_WAIT_STATUSES: Final = (408, 425, 429)
"""Client errors that pass by themselves."""


@dataclass(frozen=True)
class Validators:
    """What the copy we have says about itself, so that the same bytes are not sent again."""

    etag: str | None
    last_modified: str | None
    size: int


@dataclass(frozen=True)
class Response:
    """What came with a file."""

    etag: str | None
    last_modified: str | None


class Mirror(Protocol):
    """A place that holds files by name."""

    is_remote: ClassVar[bool]
    """Whether what fails now may succeed in a minute; what is wrong in a folder stays until someone mends it."""

    def get(self, name: str, into: Path, *, culprit: str, known: Validators | None = None) -> Response | None:
        """The file's bytes in ``into``, or None when they are the ``known`` ones.

        Raises SourceRefused when there is no such file, SourceUnavailable when it cannot be had now.
        """


@dataclass(frozen=True)
class WebMirror:
    """Files under an http(s) address; revalidated by ETag and Last-Modified where the server sends them."""

    is_remote: ClassVar[bool] = True

    base_url: str
    session: "requests.Session"

    def get(self, name: str, into: Path, *, culprit: str, known: Validators | None = None) -> Response | None:
        headers = _conditions(known) if known else {}
        answer = get(self.session, f"{self.base_url}/{name}", culprit=culprit, headers=headers, body_to=into)
        status = answer.status_code
        if status == 304 and headers:
            return None
        if status in _MISSING_STATUSES:
            raise _no_such_file(culprit)
        if status >= 500 or status in _WAIT_STATUSES:
            raise SourceUnavailable(culprit, f"the server answered {status}", fix="Wait until the archive is back")
        if status != 200:
            raise SourceRefused(culprit, f"the server answered {status}", fix="Check the base address and access to it")
        return Response(answer.headers.get("ETag"), answer.headers.get("Last-Modified"))


@dataclass(frozen=True)
class FolderMirror:
    """Files in a folder; unchanged when size and modification time are."""

    is_remote: ClassVar[bool] = False

    folder: Path

    def get(self, name: str, into: Path, *, culprit: str, known: Validators | None = None) -> Response | None:
        source = self.folder / name
        if not source.is_file():
            raise _no_such_file(culprit)
        state = source.stat()
        modified = f"{state.st_mtime_ns} ns"
        if known and (known.last_modified, known.size) == (modified, state.st_size):
            return None
        try:
            shutil.copyfile(source, into)
        except OSError as error:
            raise SourceUnavailable(culprit, f"cannot be read ({error.strerror})", fix="Check the folder") from error
        return Response(None, modified)


def mirror_at(base_url: str, session: "requests.Session | None", *, setting: str) -> Mirror:
    """The mirror an address names.

    Raises ConfigurationError naming ``setting`` for other schemes than https, http and file.
    """
    parts = urlsplit(base_url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path:
        return FolderMirror(Path(url2pathname(parts.path)))
    if parts.scheme in ("https", "http") and parts.netloc:
        import requests

        return WebMirror(base_url, session or requests.Session())
    raise ConfigurationError(
        setting,
        f"{parts.scheme}://… is no address of an archive" if parts.scheme else "has no scheme",
        fix="Use https://host/path, or file:///folder for a mirror",
    )


def _conditions(known: Validators) -> dict[str, str]:
    headers = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in headers.items() if value}


def _no_such_file(culprit: str) -> SourceRefused:
    return SourceRefused(culprit, "there is no such file", fix="Check the base address and the archive's file_list.csv")
