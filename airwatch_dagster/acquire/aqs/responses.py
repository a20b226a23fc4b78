"""AQS API responses: rows, nothing published, a refusal, or no usable response."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from airwatch_dagster.acquire.http.session import looks_like_html
from airwatch_dagster.acquire.http.statuses import check_status
from airwatch_dagster.acquire.parsing.json_bodies import parsed_json
from airwatch_dagster.errors import SourceRefused, SourceUnavailable

if TYPE_CHECKING:
    import requests

_SUCCESS: Final = "success"
_FAILED: Final = "failed"
"""How a status begins, compared without case: the API writes both Success and success."""

_NOTHING: Final = re.compile(r"\bno data\b")
"""A status when nothing matches, in lower case: "No data matched your selection", earlier "No data meets your
criteria"."""

_LATER: Final = "Try again later; if it lasts, check AIRWATCH_AQS_URL"


def rows_of(
    response: "requests.Response", *, culprit: str, redact: Callable[[str], str], now_s: float
) -> list[dict[str, Any]]:
    """The rows of a response; none when the API reports that nothing matched.

    Raises SourceRefused with the API's reasons, Throttled when the server asks to wait, and SourceUnavailable for a
    server error and for anything but a complete envelope. The envelope's url echoes the credentials and is dropped.
    """
    status_code = response.status_code
    check_status(response, culprit, now_s=now_s, fix=_LATER)
    envelope = _envelope(response.content)
    if envelope is None:
        if status_code >= 400:
            fix = "Check AIRWATCH_AQS_URL and the credentials"
            raise SourceRefused(culprit, f"HTTP {status_code} without a reason", fix=fix)
        kind = "a web page" if looks_like_html(response.content) else "an incomplete JSON envelope"
        raise SourceUnavailable(culprit, f"{kind} came instead of data", fix=_LATER)
    header, rows = envelope
    status = str(header.get("status") or "").strip()
    if status_code >= 400 or status.lower().startswith(_FAILED):
        reasons = redact("; ".join(map(str, _as_list(header.get("error")))) or status or "no reason given").rstrip(". ")
        fix = "Correct the request; for a wrong email or key check EPA_AQS_EMAIL and EPA_AQS_API_KEY"
        raise SourceRefused(culprit, f"HTTP {status_code}: {reasons}", fix=fix)
    promised = header.get("rows")
    if not _is_count(promised, rows):
        raise SourceUnavailable(culprit, f"{len(rows)} of {redact(str(promised))} rows came", fix=_LATER)
    if not (status.lower().startswith(_SUCCESS) or (_is_nothing(status) and not rows)):
        raise SourceUnavailable(culprit, f"status {redact(status)!r} is unknown", fix=_LATER)
    return rows


def _envelope(body: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
    """Header and rows (``Data``, in EPA's documentation ``Body``); None for anything else.

    Names of the envelope count in any case; a header or a row may stand without its list. There may be no rows where
    the header reports none, or an error.
    """
    content = _by_lower_name(parsed_json(body))
    header = _by_lower_name(next(iter(_as_list(content.get("header"))), None))
    rows = _as_list(content.get("data") or content.get("body") or [])
    has_list = isinstance(content.get("data"), list) or isinstance(content.get("body"), list)
    reports_none = bool(header.get("error")) or _is_nothing(str(header.get("status"))) or header.get("rows") in (0, "0")
    if not header or not (rows or has_list or reports_none) or not all(isinstance(row, dict) for row in rows):
        return None
    return header, rows


def _by_lower_name(value: Any) -> dict[str, Any]:
    """An object's values by name in lower case; nothing for what is no object."""
    return {name.lower(): inner for name, inner in value.items()} if isinstance(value, dict) else {}


def _is_nothing(status: str) -> bool:
    return _NOTHING.search(status.lower()) is not None


def _is_count(promised: Any, rows: list[Any]) -> bool:
    """Whether the header's number of rows, as a number or as text, is that of the rows; null promises none."""
    if promised in (None, ""):
        return True
    try:
        return float(promised) == len(rows)
    except (TypeError, ValueError):
        return False


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
