"""One HTTP request whose failure says nothing about its address: addresses can hold credentials."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from airwatch_dagster.errors import SourceUnavailable

if TYPE_CHECKING:
    import requests

CONNECT_TIMEOUT_S: Final = 10.0
"""Seconds to wait for a connection; EPA's servers accept within one when they are up."""

READ_TIMEOUT_S: Final = 600.0
"""Seconds to wait for the first or next byte; AQS has taken two minutes for 238 rows."""

_CHUNK_BYTES: Final = 1 << 20

_QUERY: Final = re.compile(r"\?\S*")
"""A query and all that follows it up to the next blank: it can hold credentials."""


def get(
    session: "requests.Session",
    url: str,
    *,
    culprit: str,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    redirects: bool = True,
    body_to: Path | None = None,
) -> "requests.Response":
    """The answer to one GET, its body read whole, into the file ``body_to`` when given and the status is 200.

    Raises SourceUnavailable when no complete answer came. Neither its message nor its chain holds the address,
    which is why it is raised outside the handler.
    """
    import requests

    _hide_queries_from_logs()
    timeout = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
    try:
        answer = session.get(
            url, params=params, headers=headers, timeout=timeout, allow_redirects=redirects, stream=body_to is not None
        )
        if body_to is not None:
            _save_body(answer, body_to)
        return answer
    except requests.RequestException as error:
        reason = type(error).__name__
    raise SourceUnavailable(culprit, f"no complete answer ({reason})", fix="Check connection and base address, or wait")


def _hide_queries_from_logs() -> None:
    """urllib3 writes addresses to its logs; whatever a handler records of them has no query any more."""
    from urllib3 import connection, connectionpool, poolmanager
    from urllib3.util import retry

    for module in (connection, connectionpool, poolmanager, retry):
        module.log.addFilter(_without_queries)


def _without_queries(record: Any) -> bool:
    """Lets every record pass, the queries of its addresses and paths replaced."""
    words = record.args if isinstance(record.args, tuple) else ()
    record.args = tuple(_QUERY.sub("?(hidden)", str(w)) if "?" in str(w) else w for w in words) or record.args
    return True


def looks_like_html(body: bytes) -> bool:
    """Whether a body is a web page, as gateways and maintenance windows send."""
    return body[:512].lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<")


def retry_after_s(header: str | None, *, now_s: float) -> float | None:
    """Seconds that a Retry-After header (seconds or a date) asks to wait; None when it says nothing usable."""
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (moment - datetime.fromtimestamp(now_s, UTC)).total_seconds()) if moment.tzinfo else None


def _save_body(answer: "requests.Response", path: Path) -> None:
    with answer, path.open("wb") as file:
        if answer.status_code == 200:
            for chunk in answer.iter_content(_CHUNK_BYTES):
                file.write(chunk)
