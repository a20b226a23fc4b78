"""Secrets hidden in text, by the one function that every exit uses: errors, logs, alerts, metadata, output."""

import json
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus

HIDDEN: Final = "***"

MIN_SECRET: Final = 8
"""Characters of a value that is hidden wherever it occurs; shorter ones occur within words."""

_IN_QUERY: Final = re.compile(
    r"(?i)([?&;](?:[\w.-]*(?:email|key|token|password|passwd|secret|signature|credential)[\w.-]*|sig|auth)=)[^&\s'\"<>]+"
)
"""A parameter of an address that holds a credential: the API's email and key, and a signed address's X-Amz-Credential,
X-Amz-Signature, X-Amz-Security-Token, AWSAccessKeyId and Signature."""

_BEFORE_HOST: Final = re.compile(r"(?<=://)[^/\s@]+@")
"""User and password before the host of an address."""

_HEADER: Final = re.compile(
    r"(?i)\b((?:proxy-)?authorization['\"]?\s*[:=,]\s*['\"]?)(?:(?:basic|bearer|digest|token)\s+|AWS4-HMAC-SHA256\s+.*?"
    r"Signature=)?[^\s'\",;)]+"
)
"""A header with a credential, as it stands in dumps of requests."""


def redacted(text: str, secrets: Iterable[str]) -> str:
    """``text`` without ``secrets``, plain, URL-encoded or as in JSON, in any case; and without credentials in addresses
    and headers, whatever they are.

    Secrets of fewer than MIN_SECRET characters are left: hiding them would mask ordinary text, and show what they are.
    """
    written = {form for secret in secrets if len(secret) >= MIN_SECRET for form in _forms(secret)}
    for form in sorted(written, key=len, reverse=True):
        text = re.sub(re.escape(form), HIDDEN, text, flags=re.IGNORECASE)
    text = _HEADER.sub(rf"\1{HIDDEN}", text)
    return _BEFORE_HOST.sub(f"{HIDDEN}@", _IN_QUERY.sub(rf"\1{HIDDEN}", text))


def redact_error(error: BaseException, secrets: Iterable[str]) -> None:
    """Hide secrets in the message of ``error`` and of those that caused it, in place: its type and traceback stay.

    An error whose text does not come from its arguments has none but its redacted text afterwards.
    """
    hidden, seen = tuple(secrets), set[int]()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        if (told := str(found)) != (clean := redacted(told, hidden)):
            found.args = tuple(redacted(one, hidden) if isinstance(one, str) else one for one in found.args)
            if str(found) != redacted(str(found), hidden):
                found.args = (clean,)
        found = found.__cause__ or found.__context__


def _forms(secret: str) -> set[str]:
    return {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
    }
