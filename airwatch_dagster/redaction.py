"""Secrets hidden in text, by the one function that every exit uses: errors, logs, alerts, metadata, output."""

import contextlib
import html
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, quote_plus

HIDDEN: Final = "***"

MIN_SECRET: Final = 8
"""Characters of a value that is hidden wherever it occurs; shorter ones occur within words."""

_IN_QUERY: Final = re.compile(
    r"(?i)([?&;](?:[\w.-]*(?:email|key|token|password|passwd|secret|signature|credential)[\w.-]*|sig|auth)=)[^&\s'\"<>]+"
)
"""A parameter of an address that holds a credential: the API's email and key, and a signed address's X-Amz-Credential,
X-Amz-Signature, X-Amz-Security-Token, AWSAccessKeyId and Signature."""

_BEFORE_HOST: Final = re.compile(r"(?<=://)[^/?#\s]+@")
"""User and password before the host of an address; a password may have an @ of its own."""

_HEADER: Final = re.compile(
    r"(?i)\b((?:proxy-)?authorization['\"]?\s*[:=,]\s*['\"]?)(?:(?:basic|bearer|digest|token)\s+|AWS4-HMAC-SHA256\s+.*?"
    r"Signature=)?[^\s'\",;)]+"
)
"""A header with a credential, as it stands in dumps of requests."""


_C_ATTRIBUTES: Final = ("filename", "filename2", "strerror", "reason")
"""What OSError and UnicodeError make their text of, beside their arguments."""

_SAFE_IN_ADDRESS: Final = "!#$%&'()*+,/:;=?@[]~"
"""Characters that requests leaves in an address. Source: requests.utils.requote_uri."""


def redacted(text: str, secrets: Iterable[str]) -> str:
    """``text`` without ``secrets``, plain, URL-encoded, as in JSON, in HTML or in bytes of Python, in any case; and
    without credentials in addresses and headers, whatever they are.

    Secrets of fewer than MIN_SECRET characters are left: hiding them would mask ordinary text, and show what they are.
    """
    for form in _written(tuple(secrets)):
        text = form.sub(HIDDEN, text)
    text = _HEADER.sub(rf"\1{HIDDEN}", text)
    return _BEFORE_HOST.sub(f"{HIDDEN}@", _IN_QUERY.sub(rf"\1{HIDDEN}", text))


def redact_error(error: BaseException, secrets: Iterable[str]) -> BaseException:
    """The error to raise or log in the place of ``error``: itself, without ``secrets`` in its text, its notes, its
    members, and all that caused it.

    Its type and traceback stay. Some types of libraries written in C let nobody change their text: a RuntimeError that
    says the type and the redacted text stands for such an error.
    """
    return _without(error, tuple(secrets), {})


def _without(error: BaseException, hidden: tuple[str, ...], done: dict[int, BaseException]) -> BaseException:
    if id(error) in done:
        return done[id(error)]
    done[id(error)] = error
    _redact_in_place(error, hidden)
    shown: BaseException = error
    if isinstance(error, BaseExceptionGroup):
        members = [_without(member, hidden, done) for member in error.exceptions]
        if error.message != redacted(error.message, hidden) or members != [*error.exceptions]:
            shown = BaseExceptionGroup(redacted(error.message, hidden), members)
    elif str(error) != redacted(str(error), hidden):
        shown = RuntimeError(f"{type(error).__name__}: {redacted(str(error), hidden)}")
    done[id(error)] = shown
    causes = [None if one is None else _without(one, hidden, done) for one in (error.__cause__, error.__context__)]
    has_suppressed = error.__suppress_context__
    shown.__cause__, shown.__context__ = causes
    shown.__suppress_context__, shown.__traceback__ = has_suppressed, error.__traceback__
    return shown


def _redact_in_place(error: BaseException, hidden: tuple[str, ...]) -> None:
    """Hide secrets in arguments and notes, and, if the text still shows one, in the attributes that it is made of."""
    if notes := getattr(error, "__notes__", None):
        error.__notes__ = [redacted(note, hidden) for note in notes]
    if (told := str(error)) == (clean := redacted(told, hidden)):
        return
    error.args = tuple(redacted(one, hidden) if isinstance(one, str) else one for one in error.args)
    if str(error) != redacted(str(error), hidden):
        for name in _C_ATTRIBUTES:
            if isinstance(value := getattr(error, name, None), str):
                with contextlib.suppress(AttributeError, TypeError):
                    setattr(error, name, redacted(value, hidden))
        attributes = getattr(error, "__dict__", {})
        attributes.update({name: _deep(value, hidden) for name, value in attributes.items() if name != "__notes__"})
    if str(error) != redacted(str(error), hidden):
        error.args = (clean,)


def _deep(value: Any, hidden: tuple[str, ...]) -> Any:
    """``value`` with no secret in its texts; what is no text, list, tuple or dict is the same object."""
    if isinstance(value, str):
        return redacted(value, hidden)
    if isinstance(value, dict):
        return {name: _deep(one, hidden) for name, one in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_deep(one, hidden) for one in value)
    if isinstance(value, BaseException):
        _redact_in_place(value, hidden)
    return value


@lru_cache(maxsize=64)  # every line that is logged is looked through
def _written(secrets: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """Every form of the secrets, the longest first."""
    forms = {form for secret in secrets if len(secret) >= MIN_SECRET for form in _forms(secret)}
    return tuple(re.compile(re.escape(form), re.IGNORECASE) for form in sorted(forms, key=len, reverse=True))


def _forms(secret: str) -> set[str]:
    return {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        quote(secret, safe=_SAFE_IN_ADDRESS),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
        repr(secret)[1:-1],
        repr(secret.encode())[2:-1],
    }
