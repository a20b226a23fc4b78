"""What a fault makes of an answer."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, Final

from airwatch_dagster.practice.faults.faults import FaultKind, Faults
from airwatch_dagster.practice.http import Response

RENAMED: Final = ("arithmetic_mean", "sample_mean")
"""A field every client needs, and what it is called when a column is renamed."""

MISSING: Final = "date_local"
"""The field, needed by every client too, that is left out when a column is missing."""

DUPLICATED_EVERY: Final = 3
"""Every so many rows one is repeated at the end."""

_PAGE: Final = b"<!DOCTYPE html>\n<html><head><title>%s</title></head><body><h1>%s</h1></body></html>\n"
_HTML: Final = "text/html; charset=utf-8"

_Envelope = dict[str, Any]


def with_fault(proper: Response, kind: FaultKind | None, faults: Faults) -> Response:
    """What is sent in place of a proper answer; the proper one where a kind has nothing to damage.

    Broken bodies, rows and files need an answer with status 200, and rows need rows: refusals and 304 stay themselves.
    """
    if kind is None:
        return proper
    if kind == "throttled":
        wait = {"Retry-After": str(faults.retry_after_seconds)}
        return Response(429, b"Too many requests\n", headers=wait)
    if kind == "hang":
        return replace(proper, seconds_until_hang_up=faults.hang_seconds)
    if kind in _INSTEAD:
        return _INSTEAD[kind]
    if proper.status != 200:
        return proper
    if kind in _ENVELOPES:
        return _rewritten(proper, _ENVELOPES[kind])
    return _BODIES[kind](proper)


def _rewritten(proper: Response, change: Callable[[_Envelope], tuple[int, Any]]) -> Response:
    status, content = change(json.loads(proper.body))
    return replace(proper, status=status, body=json.dumps(content).encode())


def _other_content(envelope: _Envelope) -> tuple[int, Any]:
    return 200, {"message": "Endpoint request timed out"}


def _refusal(envelope: _Envelope) -> tuple[int, Any]:
    """EPA's envelope of a refusal, with the time and url of the answer it replaces."""
    echo = {name: envelope["Header"][0][name] for name in ("request_time", "url")}
    return 400, {"Header": [{"status": "Failed", **echo, "error": ["The email or the key is not valid."]}], "Data": []}


def _with_duplicates(envelope: _Envelope) -> tuple[int, Any]:
    return _with_rows(envelope, [*envelope["Data"], *envelope["Data"][::DUPLICATED_EVERY]])


def _in_another_order(envelope: _Envelope) -> tuple[int, Any]:
    rows = envelope["Data"]
    return _with_rows(envelope, [*rows[1::2], *reversed(rows[::2])])


def _with_renamed_column(envelope: _Envelope) -> tuple[int, Any]:
    names = dict([RENAMED])
    rows = [{names.get(name, name): value for name, value in row.items()} for row in envelope["Data"]]
    return _with_rows(envelope, rows)


def _without_column(envelope: _Envelope) -> tuple[int, Any]:
    rows = [{name: value for name, value in row.items() if name != MISSING} for row in envelope["Data"]]
    return _with_rows(envelope, rows)


def _with_rows(envelope: _Envelope, rows: list[Any]) -> tuple[int, Any]:
    first = {**envelope["Header"][0], "rows": len(rows)}
    return 200, {"Header": [first], "Data": rows}


def _cut(proper: Response) -> Response:
    return replace(proper, bytes_until_cut=len(proper.body) // 2)


def _truncated(proper: Response) -> Response:
    return replace(proper, body=proper.body[: len(proper.body) // 2])


def _replaced_midway(proper: Response) -> Response:
    """First half of this file, second half of the one that took its place: a damaged zip under validators of its own.

    They are those of an earlier version, so that whoever asks with them is sent the file that is there now.
    """
    half = len(proper.body) // 2
    body = proper.body[:half] + _packed_again(proper.body)[half:]
    modified = parsedate_to_datetime(proper.headers["Last-Modified"]) - timedelta(days=1)
    validators = {
        "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        "Last-Modified": format_datetime(modified, usegmt=True),
    }
    return replace(proper, body=body, headers={**proper.headers, **validators})


def _packed_again(content: bytes) -> bytes:
    """The same members in other bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(packed, "w") as after:
        for member in before.infolist():
            after.writestr(member.filename, before.read(member), zipfile.ZIP_DEFLATED, compresslevel=9)
    return packed.getvalue()


_INSTEAD: Final[Mapping[FaultKind, Response]] = {
    "server_error": Response(500, b"Internal Server Error\n"),
    "maintenance_page": Response(503, _PAGE % ((b"Down for maintenance",) * 2), _HTML),
    "html_page": Response(200, _PAGE % ((b"Welcome",) * 2), _HTML),
}

_ENVELOPES: Final[Mapping[FaultKind, Callable[[_Envelope], tuple[int, Any]]]] = {
    "wrong_envelope": _other_content,
    "duplicate_rows": _with_duplicates,
    "shuffled_rows": _in_another_order,
    "renamed_column": _with_renamed_column,
    "missing_column": _without_column,
    "expired_key": _refusal,
}

_BODIES: Final[Mapping[FaultKind, Callable[[Response], Response]]] = {
    "cut_connection": _cut,
    "truncated_json": _truncated,
    "recut_file": _replaced_midway,
}
