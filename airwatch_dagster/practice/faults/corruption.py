"""Corruption of responses, by kind of fault."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final

from airwatch_dagster.practice.faults.faults import FaultKind, Faults
from airwatch_dagster.practice.formats.aqs import Row
from airwatch_dagster.practice.http import Response

RENAMED: Final = ("arithmetic_mean", "sample_mean")
"""A field that every client needs, and its new name for ``renamed_column``."""

MISSING: Final = "date_local"
"""A field that every client needs, left out for ``missing_column``."""

DUPLICATED_EVERY: Final = 3
"""One of so many rows is repeated at the end for ``duplicate_rows``."""

_PAGE: Final = b"<!DOCTYPE html>\n<html><head><title>%s</title></head><body><h1>%s</h1></body></html>\n"
_HTML: Final = "text/html; charset=utf-8"


def with_fault(response: Response, kind: FaultKind | None, faults: Faults) -> Response:
    """The response with a fault of ``kind`` (None: without one).

    Corrupt bodies, rows and files require status 200 and rows that can be corrupted: other responses stay unchanged.
    """
    if kind is None:
        return response
    if kind == "throttled":
        wait = {"Retry-After": str(faults.retry_after_seconds)}
        return Response(429, b"Too many requests\n", headers=wait)
    if kind == "hang":
        return replace(response, seconds_until_hang_up=faults.hang_seconds)
    if kind in _REPLACEMENTS:
        return _REPLACEMENTS[kind]
    if response.status != 200:
        return response
    if kind in _BODIES:
        return _BODIES[kind](response)
    envelope = json.loads(response.body)
    rows = _ROWS[kind](envelope["Data"])
    content = {"Header": [{**envelope["Header"][0], "rows": len(rows)}], "Data": rows}
    return replace(response, body=json.dumps(content).encode())


def _refused(response: Response) -> Response:
    """EPA's envelope of a refusal, with the time and URL of the response it replaces."""
    echo = {name: json.loads(response.body)["Header"][0][name] for name in ("request_time", "url")}
    header = {"status": "Failed", **echo, "error": ["The email or the key is not valid."]}
    return replace(response, status=400, body=json.dumps({"Header": [header], "Data": []}).encode())


def _half(response: Response) -> Response:
    """The first half of a text, as a file that is still being written, with an ETag of its own if it has one: a client
    that repeats it receives the whole."""
    body = response.body[: len(response.body) // 2]
    headers = {**response.headers}
    if "ETag" in headers:
        headers["ETag"] = _etag(body)
    return replace(response, body=body, headers=headers)


def _replaced_midway(response: Response) -> Response:
    """The first half of this file and the second half of its replacement: a damaged zip with its own validators.

    The validators are those of an earlier version, so a client that repeats them receives the current file.
    """
    half = len(response.body) // 2
    body = response.body[:half] + _repacked(response.body)[half:]
    modified = parsedate_to_datetime(response.headers["Last-Modified"]) - timedelta(days=1)
    validators = {
        "ETag": _etag(body),
        "Last-Modified": format_datetime(modified, usegmt=True),
    }
    return replace(response, body=body, headers={**response.headers, **validators})


def _etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _repacked(content: bytes) -> bytes:
    """A zip with the same members and other bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(packed, "w") as after:
        for member in before.infolist():
            entry = zipfile.ZipInfo(member.filename, date_time=(2000, 1, 1, 0, 0, 0))
            after.writestr(entry, before.read(member), zipfile.ZIP_DEFLATED, compresslevel=9)
    return packed.getvalue()


_REPLACEMENTS: Final[Mapping[FaultKind, Response]] = {
    "server_error": Response(500, b"Internal Server Error\n"),
    "maintenance_page": Response(503, _PAGE % ((b"Down for maintenance",) * 2), _HTML),
    "html_page": Response(200, _PAGE % ((b"Welcome",) * 2), _HTML),
}

_BODIES: Final[Mapping[FaultKind, Callable[[Response], Response]]] = {
    "cut_connection": lambda response: replace(response, bytes_until_cut=len(response.body) // 2),
    "truncated_json": lambda response: replace(response, body=response.body[: len(response.body) // 2]),
    "wrong_envelope": lambda response: replace(response, body=b'{"message": "Endpoint request timed out"}'),
    "expired_key": _refused,
    "recut_file": _replaced_midway,
    "truncated_bulletin": _half,
}

_ROWS: Final[Mapping[FaultKind, Callable[[list[Row]], list[Row]]]] = {
    "duplicate_rows": lambda rows: [*rows, *rows[::DUPLICATED_EVERY]],
    "shuffled_rows": lambda rows: [*rows[1::2], *reversed(rows[::2])],
    "renamed_column": lambda rows: [
        {RENAMED[1] if name == RENAMED[0] else name: value for name, value in row.items()} for row in rows
    ],
    "missing_column": lambda rows: [{name: value for name, value in row.items() if name != MISSING} for row in rows],
}
