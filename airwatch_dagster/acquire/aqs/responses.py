"""AQS API responses: rows, nothing published, a refusal, or no usable response."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from airwatch_dagster.acquire.http.session import TRANSIENT_STATUSES, looks_like_html, retry_after_s
from airwatch_dagster.errors import SourceRefused, SourceUnavailable

if TYPE_CHECKING:
    import requests

_SUCCESS: Final = "success"
_NOTHING: Final = "no data matched"
_FAILED: Final = "failed"
"""How a status begins, compared without case: the API writes both Success and success."""

_WAIT: Final = "Wait; EPA's service recovers by itself"


class Throttled(SourceUnavailable):
    """The server asked to wait."""

    def __init__(self, culprit: str, problem: str, *, wait_s: float | None) -> None:
        super().__init__(culprit, problem, fix="Wait before the next request")
        self.wait_s = wait_s
        """Seconds that the server asked for; None when it named none."""


def rows_of(
    response: "requests.Response", *, culprit: str, redact: Callable[[str], str], now_s: float
) -> list[dict[str, Any]]:
    """The rows of a response; none when the API reports that nothing matched.

    Raises SourceRefused with the API's reasons, Throttled when the server asks to wait, and SourceUnavailable for a
    server error and for anything but a complete envelope. The envelope's url echoes the credentials and is dropped.
    """
    status_code = response.status_code
    _check_status(response, culprit, now_s)
    envelope = _envelope(response.content)
    if envelope is None:
        if status_code >= 400:
            fix = "Check AIRWATCH_AQS_URL and the credentials"
            raise SourceRefused(culprit, f"HTTP {status_code} without a reason", fix=fix)
        kind = "a web page" if looks_like_html(response.content) else "an incomplete JSON envelope"
        raise SourceUnavailable(culprit, f"{kind} came instead of data", fix=_WAIT)
    header, rows = envelope
    status = str(header.get("status", "")).strip()
    if status_code >= 400 or status.lower().startswith(_FAILED):
        reasons = redact("; ".join(map(str, _as_list(header.get("error")))) or status or "no reason given").rstrip(". ")
        fix = "Correct the request; for a wrong email or key check EPA_AQS_EMAIL and EPA_AQS_API_KEY"
        raise SourceRefused(culprit, f"HTTP {status_code}: {reasons}", fix=fix)
    if status.lower().startswith(_NOTHING) and not rows:
        return []
    if status.lower() != _SUCCESS:
        raise SourceUnavailable(culprit, f"status {redact(status)!r} is unknown", fix=_WAIT)
    promised = header.get("rows")
    if promised is not None and promised != len(rows):
        raise SourceUnavailable(culprit, f"{len(rows)} of {promised} rows came", fix=_WAIT)
    return rows


def _check_status(response: "requests.Response", culprit: str, now_s: float) -> None:
    """Raises Throttled or SourceUnavailable for a status that a later request may not get."""
    status = response.status_code
    problem = f"the server responded with status {status}"
    if status == 429 or (status == 503 and "Retry-After" in response.headers):
        wait_s = retry_after_s(response.headers.get("Retry-After"), now_s=now_s)
        requested = f", and asked to wait {wait_s:.0f} s" if wait_s is not None else ""
        raise Throttled(culprit, f"{problem}{requested}", wait_s=wait_s)
    if status >= 500 or status in TRANSIENT_STATUSES or 300 <= status < 400:
        raise SourceUnavailable(culprit, problem, fix=_WAIT)


def _envelope(body: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
    """Header and rows (``Data``, in EPA's documentation ``Body``); None for anything else."""
    try:
        content = json.loads(body)
    except ValueError:
        return None
    header = _as_list(content.get("Header"))[:1] if isinstance(content, dict) else []
    rows = content.get("Data", content.get("Body")) if header else None
    if not header or not isinstance(header[0], dict):
        return None
    if rows is None and "error" in header[0]:
        rows = []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return None
    return header[0], rows


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
