"""Responses of AirNow's historical forecasts: rows, none issued, a refusal, or no usable response."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from airwatch_dagster.acquire.http.session import looks_like_html
from airwatch_dagster.acquire.http.statuses import check_status
from airwatch_dagster.acquire.parsing.json_bodies import parsed_json
from airwatch_dagster.acquire.parsing.rejections import MAX_SHOWN_CHARACTERS
from airwatch_dagster.errors import ConfigurationError, SourceRefused, SourceUnavailable

if TYPE_CHECKING:
    import requests

KEY_SETTING: Final = "AIRNOW_API_KEY"

ADDRESS_SETTING: Final = "AIRWATCH_AIRNOW_API_URL"

_ERROR: Final = "webserviceerror"
"""The field of an error, in lower case. It comes with status 200 too."""

_WHAT: Final = r"(forecasts?|data|records?|results?|rows?|values?|information|matches)"

_NOTHING: Final = re.compile(
    rf"\bno (\w+ ){{0,3}}{_WHAT}\b|\b{_WHAT} .*\bnot (available|found)\b|\bnothing .*\bfound\b"
)
"""A message when no forecast was issued, in lower case; its wording is not published."""

_KEY: Final = re.compile(r"\bkey\b|authenticat|authori[sz]")
"""A message about the key, in lower case: "Request not authenticated."."""

_OTHER_REASON: Final = re.compile(r"parameter|invalid|limit|exceed|missing|required|service|longer|maintenance|error")
"""What a message about the request or the service says, in lower case, even if it says "no data" too."""

_LATER: Final = f"Try again later; if it lasts, check {ADDRESS_SETTING}"

_KEY_FIX: Final = (
    "Set it to the key that AirNow's API page shows for your account, or unset it to do without the service"
)

_REFUSED: Final = (
    f"Check {ADDRESS_SETTING}. How long a range of days may be, and how far back they go, AirNow does not publish: if "
    "the message is about the days, choose later ones"
)


def rows_of(response: "requests.Response", *, culprit: str, redact: Callable[[str], str], now_s: float) -> list[Any]:
    """The rows of a response; none when the service says that there is no forecast.

    Raises ConfigurationError naming AIRNOW_API_KEY for a key that is refused, SourceRefused with the service's message
    for any other refusal, Throttled as ``check_status``, and SourceUnavailable for a server error and for anything but
    a list or an error envelope in JSON.
    """
    check_status(response, culprit, now_s=now_s, fix=_LATER)
    status, content = response.status_code, parsed_json(response.content)
    message = None if (found := _message(content)) is None else redact(found)[:MAX_SHOWN_CHARACTERS].rstrip(". ")
    said = f": {message}" if message else " without a reason"
    if status in (401, 403) or (message and _KEY.search(message.lower())):
        raise ConfigurationError(KEY_SETTING, f"{culprit} refused it (HTTP {status}{said})", fix=_KEY_FIX)
    if message is not None and status == 200 and _is_nothing(message):
        return []
    if status >= 400 or message is not None:
        raise SourceRefused(culprit, f"HTTP {status}{said}", fix=_REFUSED)
    if not isinstance(content, list):
        kind = "a web page" if looks_like_html(response.content) else "no complete list in JSON"
        raise SourceUnavailable(culprit, f"{kind} came instead of forecasts", fix=_LATER)
    return content


def _is_nothing(message: str) -> bool:
    text = message.lower()
    return _NOTHING.search(text) is not None and _OTHER_REASON.search(text) is None


def _message(content: Any) -> str | None:
    """The text of an error envelope, empty if it has none; None for any other content."""
    if not isinstance(content, dict):
        return None
    for name, errors in content.items():
        if name.lower() == _ERROR:
            listed = errors if isinstance(errors, list) else [errors]
            texts = [text for one in listed for text in (one.values() if isinstance(one, dict) else [one]) if text]
            return "; ".join(map(str, texts))
    return None
