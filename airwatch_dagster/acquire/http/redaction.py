"""Credentials hidden in URLs, messages and logs."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, quote_plus, urlsplit, urlunsplit

_HIDDEN: Final = "(hidden)"

_QUERY: Final = re.compile(r"\?\S*")
"""A query and everything up to the next blank: it can contain credentials."""


def without_credentials(url: str) -> str:
    """The URL without user, password, query and fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def without_queries(text: str) -> str:
    """``text`` with the query of every URL and path replaced by ``?(hidden)``."""
    return _QUERY.sub(f"?{_HIDDEN}", text)


def without_secrets(text: str, secrets: Mapping[str, str]) -> str:
    """``text`` without the values of ``secrets`` (parameter name to value), plain or URL-encoded, in any case.

    The value of every ``name=…`` is hidden too, whatever it is.
    """
    for secret in secrets.values():
        for written in {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}:
            text = re.sub(re.escape(written), _HIDDEN, text, flags=re.IGNORECASE)
    names = "|".join(map(re.escape, secrets))
    return re.sub(rf"\b({names})=[^&\s\"']+", rf"\1={_HIDDEN}", text, flags=re.IGNORECASE)
