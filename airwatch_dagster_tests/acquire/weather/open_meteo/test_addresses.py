"""Addresses that know the future are refused by name."""

import pytest

from airwatch_dagster.acquire.weather.open_meteo.addresses import Interface, address_of
from airwatch_dagster.errors import ConfigurationError

PREVIOUS = "https://previous-runs-api.open-meteo.com/v1/forecast"
CUSTOMERS = "https://customer-previous-runs-api.open-meteo.com/v1/forecast"


def test_without_an_address_it_is_that_of_the_interface() -> None:
    assert address_of("previous-runs", None, has_key=False) == PREVIOUS
    assert address_of("previous-runs", None, has_key=True) == CUSTOMERS
    assert address_of("single-runs", None, has_key=False) == "https://single-runs-api.open-meteo.com/v1/forecast"


@pytest.mark.parametrize("interface", ["previous-runs", "single-runs"])
@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("https://historical-forecast-api.open-meteo.com/v1/forecast", "stitches the first hours of every run"),
        ("https://customer-historical-forecast-api.open-meteo.com/v1/forecast", "stitches the first hours"),
        ("https://HISTORICAL-FORECAST-API.open-meteo.com/v1/forecast", "stitches the first hours"),
        ("https://archive-api.open-meteo.com/v1/archive", "has reanalyses"),
        ("https://customer-archive-api.open-meteo.com/v1/archive", "has reanalyses"),
        ("https://weather.example.org/v1/archive", "has reanalyses"),
    ],
)
def test_what_leaks_the_future_is_refused_with_the_reason(interface: Interface, address: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why) as raised:
        address_of(interface, address, has_key=True)
    assert address in str(raised.value)
    assert f"{interface}-api.open-meteo.com" in raised.value.fix


@pytest.mark.parametrize("host", ["api", "single-runs-api", "ensemble-api"])
def test_another_interface_of_open_meteo_is_refused(host: str) -> None:
    with pytest.raises(ConfigurationError, match="is not that of previous runs"):
        address_of("previous-runs", f"https://{host}.open-meteo.com/v1/forecast", has_key=False)


def test_an_address_for_customers_needs_a_key() -> None:
    assert address_of("previous-runs", f"{CUSTOMERS}/", has_key=True) == CUSTOMERS
    with pytest.raises(ConfigurationError, match="no key is set"):
        address_of("previous-runs", CUSTOMERS, has_key=False)


def test_a_server_of_ones_own_is_used_as_it_is() -> None:
    assert address_of("previous-runs", "http://127.0.0.1:8080/v1/forecast", has_key=False).startswith("http://127")


@pytest.mark.parametrize("address", ["file:///data", "previous-runs-api.open-meteo.com", "https://"])
def test_what_is_no_address_of_the_web_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="is not an address of the web"):
        address_of("previous-runs", address, has_key=False)


def test_no_message_shows_a_query_or_a_password() -> None:
    with pytest.raises(ConfigurationError) as raised:
        address_of("previous-runs", "https://me:secret@archive-api.open-meteo.com/v1?apikey=hidden", has_key=True)
    assert "secret" not in str(raised.value)
    assert "hidden" not in str(raised.value)
