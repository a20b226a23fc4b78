"""Every change of state that a process makes, by its place in the code; and the end of the process at one of them.

Watched are files that are opened for writing, moved, linked or removed, folders, commits of SQLite databases, and
requests that change something on a server.
"""

import http.client
import io
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final, Literal

Moment = Literal["before", "in the middle", "after"]

PRODUCT: Final = "airwatch_dagster"

_FILE_EVENTS: Final = {
    "os.rename": 1,
    "os.link": 1,
    "os.symlink": 1,
    "os.remove": 0,
    "os.mkdir": 0,
    "os.rmdir": 0,
    "os.truncate": 0,
}
"""Audit event → position of the path that changes."""

_WRITES: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_NAMES: Final = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "RUN"),
    (re.compile(r"m-[0-9a-f]{32}"), "MODEL"),
    (re.compile(r"[0-9a-f]{12,64}"), "HEX"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d+Z?"), "MOMENT"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "DAY"),
    (re.compile(r"\d{4}-\d\d(?!\d)"), "MONTH"),
    (re.compile(r"\.[a-z0-9_]{8}\.part$"), ".part"),
    (re.compile(r"\.artifact\.uploading\.\w+"), ".artifact.uploading"),
    (re.compile(r"=[\w-]+"), "=…"),
    (re.compile(r"(?<![A-Za-z])\d+"), "N"),
)
"""What differs from run to run in a path."""

_CHANGED: Final = re.compile(
    r"\s*(INSERT|UPDATE|DELETE|CREATE|DROP|ALTER)\s+(?:OR \w+ )?(?:INTO |FROM |TABLE |UNIQUE )?(\w+)"
)
"""A statement that changes a database, and which of its tables."""

_READ_BY_POST: Final = re.compile(r"/(search|get|list)\b")


@dataclass(frozen=True)
class Change:
    """One kind of change at one place of the code."""

    kind: str
    """``write``, ``rename``, ``commit``, ``PUT`` …"""
    what: str
    """The file, table or object, without what differs from run to run."""
    where: str
    """The function of AirWatch that makes it, or ``Dagster`` or ``MLflow`` below none."""

    def __str__(self) -> str:
        return f"{self.kind} {self.what} | {self.where}"


@dataclass(frozen=True)
class KillOrder:
    """The end of a process at the first change of one kind and place."""

    change: str
    moment: Moment


class ChangeWatch:
    """Calls ``seen`` with each change of this process below ``roots``, and ends the process as ``order`` says.

    Lasts as long as the process: an audit hook cannot be removed.
    """

    def __init__(
        self,
        roots: Mapping[str, Path],
        *,
        seen: Callable[[Change], None] = lambda _: None,
        order: KillOrder | None = None,
    ) -> None:
        self._roots = {os.path.realpath(path): name for name, path in roots.items()}
        self._seen, self._order = seen, order
        self._here = threading.local()

    def start(self) -> None:
        """Watch from now on."""
        sys.addaudithook(self._audited)
        self._watch_sql()
        self._watch_requests()

    # Files

    def _audited(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if not isinstance(path, str | bytes | os.PathLike) or not (flags or 0) & _WRITES:
                return
            kind = "write"
        elif event in _FILE_EVENTS:
            path, kind = arguments[_FILE_EVENTS[event]], event.removeprefix("os.")
            if not isinstance(path, str | bytes | os.PathLike):
                return
            if os.path.lexists(path) != (kind in ("remove", "rmdir", "truncate")) and kind != "rename":
                return  # nothing changes
        else:
            return
        if getattr(self._here, "is_inside", False):
            return
        self._here.is_inside = True
        try:
            what = self._named(os.fsdecode(path))
            if what is not None:
                self._changed(kind, what, sys._getframe(1))
        finally:
            self._here.is_inside = False

    def _named(self, path: str) -> str | None:
        """The path below a root, without what differs from run to run; None for one below none."""
        folder, name = os.path.split(path)
        whole = f"{os.path.realpath(folder)}/{name}"
        for root, called in self._roots.items():
            if whole == root or whole.startswith(f"{root}/"):
                return _generic(f"{called}{whole.removeprefix(root)}")
        return None

    # Databases

    def _watch_sql(self) -> None:
        from sqlalchemy import Engine, event

        event.listen(Engine, "before_cursor_execute", self._executes)
        event.listen(Engine, "commit", self._commits)
        event.listen(Engine, "rollback", lambda connection: _pending(connection).clear())

    def _executes(
        self, connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool
    ) -> None:
        if statement.lstrip().upper().startswith("VACUUM"):
            self._changed("vacuum", _database(connection), sys._getframe(1))
        match = _CHANGED.match(statement)
        if match is None:
            return
        what = f"{match[1].lower()} {match[2]}"
        for row in getattr(context, "compiled_parameters", None) or ():
            kind = row.get("dagster_event_type") or row.get("status") or row.get("key")
            kinds = f" {kind}" if isinstance(kind, str) and kind.isupper() else ""
            _pending(connection).setdefault(f"{what}{kinds}", None)
        _pending(connection).setdefault(what, None) if not _pending(connection) else None

    def _commits(self, connection: Any) -> None:
        pending = _pending(connection)
        if pending:
            changes = list(pending)
            pending.clear()
            what = ", ".join(changes[:3]) + (f" and {len(changes) - 3} more" if len(changes) > 3 else "")
            self._changed("commit", f"{_database(connection)}: {what}", sys._getframe(1))

    # Requests

    def _watch_requests(self) -> None:
        self._watch_s3()
        self._watch_mlflow()
        self._cut_bodies()

    def _watch_s3(self) -> None:
        from botocore.httpsession import URLLib3Session

        send = URLLib3Session.send

        def sent(session: Any, request: Any) -> Any:
            if request.method in ("GET", "HEAD"):
                return send(session, request)
            path, _, query = request.url.partition("://")[2].partition("/")[2].partition("?")
            what = _generic("/".join(path.split("/")[2:]))  # without bucket and prefix
            query = "".join(f"?{name}" for name in re.findall(r"\b(uploads|uploadId|delete)\b", query))
            after = self._changed(request.method, f"{what}{query}", sys._getframe(1))
            answer = send(session, request)
            after()
            return answer

        URLLib3Session.send = sent

    def _watch_mlflow(self) -> None:
        from requests.adapters import HTTPAdapter

        send = HTTPAdapter.send

        def sent(adapter: Any, request: Any, *arguments: Any, **options: Any) -> Any:
            path = _generic(request.url.partition("://")[2].partition("/")[2].partition("?")[0])
            if request.method in ("GET", "HEAD") or _READ_BY_POST.search(path):
                return send(adapter, request, *arguments, **options)
            after = self._changed(request.method, path, sys._getframe(1))
            answer = send(adapter, request, *arguments, **options)
            after()
            return answer

        HTTPAdapter.send = sent

    def _cut_bodies(self) -> None:
        send = http.client.HTTPConnection.send

        def sent(connection: Any, data: Any) -> None:
            if getattr(self._here, "cuts_body", False) and not _is_head(data):
                body = data.read() if hasattr(data, "read") else bytes(data)
                send(connection, body[: len(body) // 2])
                _end()
            send(connection, data)

        http.client.HTTPConnection.send = sent  # type: ignore[method-assign]

    # The end

    def _changed(self, kind: str, what: str, frame: FrameType) -> Callable[[], None]:
        """Note the change, or end the process; the answer is to be called after a request."""
        change = Change(kind, what, _function(frame))
        if self._order is None or str(change) != self._order.change:
            self._seen(change)
            return lambda: None
        moment, self._order = self._order.moment, None
        if moment == "before":
            _end()
        if kind.isupper():
            self._here.cuts_body = moment == "in the middle"
            return _end
        sys.setprofile(_ends_in_middle if moment == "in the middle" else _ending_after(kind))
        return lambda: None


def _end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _ending_after(kind: str) -> Callable[[FrameType, str, Any], None]:
    """Of the calls of this thread, the next one or the commit has ended when the process does."""

    def profiled(frame: FrameType, event: str, called: Any) -> None:
        if frame.f_code.co_filename == __file__:  # on the way to the change
            return
        if kind not in ("commit", "vacuum") or (
            event == "c_return" and getattr(called, "__name__", "") in ("commit", "execute")
        ):
            _end()

    return profiled


def _ends_in_middle(frame: FrameType, event: str, called: Any) -> None:
    """The first write to the file is cut in half, which is what a full disk or a lost page leaves."""
    name = getattr(called, "__name__", "")
    if event != "c_return" or name not in ("write", "writelines", "sendfile", "backup"):
        return
    file = frame.f_locals.get("fdst") if name == "sendfile" else getattr(called, "__self__", None)
    if isinstance(file, io.BytesIO | io.StringIO):  # memory, on the way to the file
        return
    if hasattr(file, "truncate") and hasattr(file, "fileno"):
        file.flush()
        os.ftruncate(file.fileno(), os.fstat(file.fileno()).st_size // 2)
    _end()


def _is_head(data: Any) -> bool:
    return isinstance(data, bytes | bytearray) and re.match(rb"[A-Z]+ \S+ HTTP/1", data) is not None


def _pending(connection: Any) -> dict[str, None]:
    """What the connection's transaction has changed so far."""
    pending: dict[str, None] = connection.info.setdefault("changes of the drill", {})
    return pending


def _database(connection: Any) -> str:
    return _generic((connection.engine.url.database or "memory").rpartition("/")[2])


def _generic(path: str) -> str:
    for pattern, name in _NAMES:
        path = pattern.sub(name, path)
    return path


def _function(frame: FrameType | None) -> str:
    """The innermost function of the product above a frame, else the library that the thread belongs to."""
    for one in _frames(frame):
        module = str(one.f_globals.get("__name__", ""))
        if module.startswith(f"{PRODUCT}."):
            return f"{module.removeprefix(f'{PRODUCT}.')}.{one.f_code.co_name}"
    libraries = [str(one.f_globals.get("__name__", "")).partition(".")[0] for one in _frames(frame)]
    return next(
        (name for name in reversed(libraries) if name in ("mlflow", "dagster", "catboost", "evidently")), "other"
    )


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
