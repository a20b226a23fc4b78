"""Which redirects of a server are followed: those that send credentials nowhere new."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from airwatch_dagster.acquire.http.redaction import without_credentials, without_secrets
from airwatch_dagster.errors import ConfigurationError, SourceUnavailable

MAX_REDIRECTS: Final = 5
"""Redirects of one request; a server that needs more sends it in a circle."""

_PORTS: Final = {"http": 80, "https": 443}
_SIGN_IN: Final = "otherwise a proxy or a sign-in page is in the way"


@dataclass(frozen=True)
class Configured:
    """A server as the user configured it, for errors."""

    base_url: str = ""
    setting: str = "the base URL"
    """The environment variable that names the base URL."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Values that no message shows, by parameter."""

    def shown(self, url: str) -> str:
        """The URL for messages: without credentials, query and secrets."""
        address = without_credentials(url)
        return without_secrets(address, self.secrets) if self.secrets else address


UNNAMED: Final = Configured()
"""A server that no setting names."""


def redirected(url: str, location: str, *, culprit: str, is_permanent: bool, configured: Configured) -> str:
    """The URL to request next: on the same host, from http to https or with the same scheme and port.

    It keeps the user and password of ``url``. Every other redirect raises an error with both addresses, without
    credentials and queries: ConfigurationError for one that is permanent, else SourceUnavailable.
    """
    here = urlsplit(url)
    try:
        target = urlsplit(urljoin(url, location))
        is_followed = _origin(here) == _origin(target) or _is_upgrade(here, target)
    except ValueError:
        problem = f"{configured.shown(url)} redirects to an address that is not valid"
        raise SourceUnavailable(culprit, problem, fix=f"Check {configured.setting}, or try again later") from None
    if is_followed:
        user, at, _ = here.netloc.rpartition("@")
        netloc = target.netloc if "@" in target.netloc else f"{user}{at}{target.netloc}"
        return urlunsplit((target.scheme, netloc, target.path, target.query, ""))
    address = configured.shown(urlunsplit(target))
    problem = f"{configured.shown(url)} redirects to {address}, which is not followed"
    if (here.scheme, target.scheme) == ("https", "http"):
        fix = f"Check {configured.setting} and the network: what leaves https may be read and altered on the way"
    else:
        base = _new_base(url, address, configured)
        fix = f"Set {configured.setting} to {base} if the service moved there; {_SIGN_IN}"
    if is_permanent:
        raise ConfigurationError(configured.setting, problem, fix=fix)
    raise SourceUnavailable(culprit, problem, fix=fix)


def too_many(url: str, *, culprit: str, configured: Configured) -> SourceUnavailable:
    """The error for a server that redirects a request in a circle."""
    problem = f"{configured.shown(url)} was redirected more than {MAX_REDIRECTS} times"
    return SourceUnavailable(culprit, problem, fix=f"Check {configured.setting}, or try again later")


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _is_upgrade(here: SplitResult, target: SplitResult) -> bool:
    return (here.scheme, target.scheme) == ("http", "https") and here.hostname == target.hostname


def _new_base(url: str, address: str, configured: Configured) -> str:
    """The base URL at the new address, if the rest of the path is the same there; else the address as it is."""
    base = configured.shown(configured.base_url)
    return address.removesuffix(configured.shown(url).removeprefix(base)) if base else address
