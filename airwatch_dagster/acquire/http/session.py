"""HTTP GET requests whose failures never show the URL, because a URL can contain credentials."""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from airwatch_dagster.acquire.http.redaction import without_queries
from airwatch_dagster.acquire.http.redirects import MAX_REDIRECTS, UNNAMED, Configured, redirected, too_many
from airwatch_dagster.acquire.http.source_clock import heard
from airwatch_dagster.certificates import certificate_problem
from airwatch_dagster.errors import BadPayload, ConfigurationError, SourceUnavailable
from airwatch_dagster.limits import MAX_BODY_S, MAX_DOWNLOAD_BYTES, megabytes

if TYPE_CHECKING:
    import requests

CONNECT_TIMEOUT_S: Final = 10.0
"""Seconds to wait for a connection; EPA's servers accept within one when they are up."""

READ_TIMEOUT_S: Final = 600.0
"""Seconds to wait for the first or next byte; AQS has taken two minutes for 238 rows."""

TRANSIENT_STATUSES: Final = (408, 425, 429)
"""Client-error statuses that a retry may cure, like every 5xx."""

_CHUNK_BYTES: Final = 1 << 16
"""Bytes read at a time at most, unpacked: what a server packed a thousand times over is noticed after so many."""


class SessionHolder:
    """The caller's session, or one that is opened at first use; ``close`` closes only the latter."""

    def __init__(self, session: "requests.Session | None" = None) -> None:
        self._given = session
        self._own: requests.Session | None = None

    def session(self) -> "requests.Session":
        """The session to use now."""
        import requests

        if self._given is not None:
            return self._given
        if self._own is None:
            self._own = requests.Session()
        return self._own

    def close(self) -> None:
        """Closes the session that was opened here, if any; a later request opens another."""
        if self._own is not None:
            self._own.close()
            self._own = None


def get(
    session: "requests.Session",
    url: str,
    *,
    culprit: str,
    configured: Configured = UNNAMED,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body_to: Path | None = None,
    max_s: float | None = None,
    max_bytes: int = MAX_DOWNLOAD_BYTES,
    method: Literal["get", "head"] = "get",
) -> "requests.Response":
    """The response to one GET, its body read completely; into the file ``body_to`` if given and the status is 200.

    With ``method`` head the server is asked for the headers alone.
    Redirects are followed as ``redirected`` allows, which also says what the others raise. Raises SourceUnavailable
    when no complete response arrived, or it took longer than ``max_s`` seconds (MAX_BODY_S without), and BadPayload
    for one of more than ``max_bytes`` as sent or unpacked, of which no more is read. Neither its message nor its
    exception chain contains the URL's query; therefore it is raised outside the handler.
    """
    import requests
    from urllib3.exceptions import HTTPError

    _hide_queries_in_logs()
    timeout = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S if max_s is None else max_s)
    options: dict[str, Any] = {"headers": headers, "timeout": timeout, "stream": True}
    until = time.monotonic() + (MAX_BODY_S if max_s is None else max_s)
    try:
        response = _after_redirects(session, method, url, params, options, culprit, configured)
        with response:
            if body_to is None:
                response._content = b"".join(_body(response, until, max_bytes))  # noqa: SLF001 - as requests reads it
            elif response.status_code == 200:
                with body_to.open("wb") as file:
                    file.writelines(_body(response, until, max_bytes))
    except (requests.RequestException, HTTPError) as error:
        reason = type(error).__name__
        refused = certificate_problem(error, setting="REQUESTS_CA_BUNDLE")
    except _TooLarge:
        reason, refused = "", None
    except OSError as error:
        if error.errno is not None:  # a file of this machine's
            raise
        raise _no_certificates(error) from None
    else:
        heard(response.headers.get("Date"))
        return response
    if not reason:
        problem = f"the response is larger than {megabytes(max_bytes)}, several times the largest of EPA's"
        raise BadPayload(culprit, problem, fix=f"Check {configured.setting}")
    if refused is not None:
        problem = f"the certificate of {urlsplit(url).hostname} {refused.problem}"
        raise SourceUnavailable(culprit, problem, fix=refused.fix, retry_helps=False)
    raise _no_response(url, reason, culprit=culprit, configured=configured)


def _no_response(url: str, reason: str, *, culprit: str, configured: Configured) -> SourceUnavailable:
    """``reason`` is the name of what requests raised."""
    if reason == "ProxyError":
        problem = "the proxy of this machine's settings does not take the request"
        fix = f"Correct or unset {urlsplit(url).scheme.upper()}_PROXY, or try again later"
        return SourceUnavailable(culprit, problem, fix=fix)
    fix = f"Check the connection and {configured.setting}, or try again later"
    return SourceUnavailable(culprit, f"no complete response ({reason})", fix=fix)


class _TooLarge(Exception):
    """A body has more bytes than it may have."""


def _body(response: "requests.Response", until: float, max_bytes: int) -> Iterator[bytes]:
    """The unpacked body as it arrives. Raises _TooLarge beyond ``max_bytes``, and Timeout after ``until``."""
    import requests

    size = 0
    while part := response.raw.read1(_CHUNK_BYTES, decode_content=True):
        size += len(part)
        if size > max_bytes:
            raise _TooLarge
        if time.monotonic() > until:
            raise requests.Timeout
        yield part


def _no_certificates(error: OSError) -> ConfigurationError:
    """What requests says of REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE when it names no file: an OSError without a number."""
    path = str(error).rpartition("path: ")[2]
    fix = "Set it to a file of certificates in PEM format, or unset it for those that Python brings"
    return ConfigurationError("REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE", f"{path} does not exist", fix=fix)


def _after_redirects(
    session: "requests.Session",
    method: Literal["get", "head"],
    url: str,
    params: Mapping[str, str] | None,
    options: Mapping[str, Any],
    culprit: str,
    configured: Configured,
) -> "requests.Response":
    """The first response that is no redirect; a target without a query gets that of the request."""
    for _ in range(MAX_REDIRECTS + 1):
        request = session.head if method == "head" else session.get
        response = request(url, params=params, allow_redirects=False, **options)
        location = session.get_redirect_target(response)
        if not location:
            return response
        response.close()
        is_permanent = response.is_permanent_redirect
        url = redirected(url, location, culprit=culprit, is_permanent=is_permanent, configured=configured)
        params = None if urlsplit(url).query else params
    raise too_many(url, culprit=culprit, configured=configured)


@cache
def _hide_queries_in_logs() -> None:
    """Filters the queries out of the URLs that urllib3 logs, once per process; every handler sees the result."""
    from urllib3 import connection, connectionpool, poolmanager
    from urllib3.util import retry

    for module in (connection, connectionpool, poolmanager, retry):
        module.log.addFilter(_without_queries)


def _without_queries(record: Any) -> bool:
    """A logging filter that keeps every record and hides the queries in its arguments, or in a text without any."""
    values = record.args if isinstance(record.args, tuple) else ()
    record.args = tuple(without_queries(str(v)) if "?" in str(v) else v for v in values) or record.args
    record.msg = record.msg if values else without_queries(str(record.msg))
    return True


def looks_like_html(body: bytes) -> bool:
    """Whether a body is a web page, as gateways and maintenance windows send."""
    return body[:512].lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<")


def retry_after_s(header: str | None, *, now_s: float) -> float | None:
    """Seconds that a Retry-After header (seconds or a date) asks to wait; None without a usable header."""
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (moment - datetime.fromtimestamp(now_s, UTC)).total_seconds()) if moment.tzinfo else None
