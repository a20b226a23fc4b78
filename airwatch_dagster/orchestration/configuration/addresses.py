"""Addresses of servers: what is wrong with one, and how one is shown."""

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

_NOT_IN_ADDRESSES: Final = re.compile(r"[\x00-\x20\x7f<>\"{}|\\^`]")
"""Characters that an address holds only percent-encoded. Source: RFC 3986, section 2."""

_AUTHORITY: Final = re.compile(r"[^/?#]*")
"""User, password, host and port: what follows ``://``. Source: RFC 3986, section 3.2."""


def without_credentials(uri: str) -> str:
    """The address without user name, password and query; one that is not valid loses at least these.

    Text that is no address stays as it is.
    """
    scheme, separator, rest = uri.partition("://") if "://" in uri else ("", "", uri)
    authority = _AUTHORITY.match(rest)[0]  # type: ignore[index]  # it matches every text
    if "@" in authority:
        rest = rest[authority.rindex("@") + 1 :]
    elif ":" in authority:  # a password with one of / ? # in it
        rest = rest.rpartition("@")[2]
    return f"{scheme}{separator}{rest.partition('?')[0]}" if separator else rest


def address_problem(text: str, schemes: tuple[str, ...]) -> str | None:
    """What follows the address in a sentence ("has no scheme"); None for an address of one of ``schemes``."""
    if found := _NOT_IN_ADDRESSES.search(text):
        return "has a blank in it" if found[0].isspace() else f"has the character {found[0]} in it"
    scheme, separator, _ = text.partition("://")
    if not separator:
        return f"has no scheme, such as {schemes[0]}://"
    if scheme.lower() not in schemes:
        return f"has the scheme {scheme}, and not {' or '.join(schemes)}"
    try:
        parts = urlsplit(text)
    except ValueError:
        return "has brackets that hold no IPv6 address"
    return _file_problem(parts) if scheme.lower() == "file" else _server_problem(parts)


def _file_problem(parts: SplitResult) -> str | None:
    is_absolute = parts.netloc in ("", "localhost") and parts.path.startswith("/")
    return None if is_absolute else "is not an absolute path after file://"


def _server_problem(parts: SplitResult) -> str | None:
    if not parts.hostname:
        return "has no host name"
    try:
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        has_port = False
    return None if has_port else "has a port that is not a number from 1 to 65535"
