"""Where the interfaces are, and which addresses are refused because they know the future."""

from typing import Final, Literal
from urllib.parse import urlsplit

from airwatch_dagster.acquire.addresses import OPEN_METEO_PREVIOUS_RUNS_URL, OPEN_METEO_SINGLE_RUNS_URL
from airwatch_dagster.acquire.http.redaction import without_credentials
from airwatch_dagster.errors import ConfigurationError

Interface = Literal["previous-runs", "single-runs"]

SETTING: Final = "AIRWATCH_OPEN_METEO_URL"
"""What errors name."""

_DEFAULT: Final[dict[Interface, str]] = {
    "previous-runs": OPEN_METEO_PREVIOUS_RUNS_URL,
    "single-runs": OPEN_METEO_SINGLE_RUNS_URL,
}

_DOMAIN: Final = ".open-meteo.com"

_CUSTOMER: Final = "customer-"
"""How hosts for customers with a key begin."""

_REFUSED: Final = {
    "historical-forecast": "stitches the first hours of every run together, which nobody knew the day before",
    "archive": "has reanalyses, which are made of later observations",
}
"""Why not, by a part of the host's name or of the path."""


def interface_of(base_url: str | None) -> Interface:
    """The interface that an address names in its host or path: single runs, or previous runs like no address."""
    return "single-runs" if base_url is not None and "single-runs" in base_url.lower() else "previous-runs"


def address_of(interface: Interface, base_url: str | None, *, has_key: bool) -> str:
    """``base_url``, or where Open-Meteo has ``interface`` (for customers with ``has_key``).

    Raises ConfigurationError for an address of the historical forecasts or the archive, for another of Open-Meteo's
    interfaces, for a customers' address without a key, and for a scheme other than http and https.
    """
    if base_url is None:
        url = _DEFAULT[interface]
        return url.replace("https://", f"https://{_CUSTOMER}") if has_key else url
    url = base_url.rstrip("/")
    shown, parts = without_credentials(url), urlsplit(url)
    host, fix = (parts.hostname or "").lower(), f"Use {_DEFAULT[interface]}"
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigurationError(SETTING, f"{shown!r} is not an address of the web", fix=fix)
    for part, why in _REFUSED.items():
        if part in host or part in parts.path.lower():
            raise ConfigurationError(SETTING, f"{shown} is refused: it {why}", fix=fix)
    if host.endswith(_DOMAIN) and host.removeprefix(_CUSTOMER) != f"{interface}-api{_DOMAIN}":
        raise ConfigurationError(SETTING, f"{shown} is not that of {interface.replace('-', ' ')}", fix=fix)
    if host.startswith(_CUSTOMER) and not has_key:
        raise ConfigurationError(SETTING, f"{shown} is for customers, and no key is set", fix=f"{fix}, or set the key")
    return url
