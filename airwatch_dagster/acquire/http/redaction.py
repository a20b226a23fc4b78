"""Credentials hidden in URLs, messages and logs."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from airwatch_dagster.redaction import HIDDEN, redacted

_HIDDEN_QUERY: Final = "?(hidden)"

_QUERY: Final = re.compile(r"\?\S*")
"""A query and everything up to the next blank: it can contain credentials."""


def without_credentials(url: str) -> str:
    """The URL without user, password, query and fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def without_queries(text: str) -> str:
    """``text`` with the query of every URL and path replaced by ``?(hidden)``."""
    return _QUERY.sub(_HIDDEN_QUERY, text)


def without_secrets(text: str, secrets: Mapping[str, str]) -> str:
    """``text`` without the values of ``secrets`` (parameter name to value), as ``redacted`` hides them.

    The value of every ``name=…`` is hidden too, whatever it is.
    """
    text = redacted(text, secrets.values())
    names = "|".join(map(re.escape, secrets))
    return re.sub(rf"\b({names})=[^&\s\"']+", rf"\1={HIDDEN}", text, flags=re.IGNORECASE)
