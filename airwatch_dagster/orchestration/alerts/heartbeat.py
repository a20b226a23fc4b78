"""The dead-man ping: a monitor of heartbeats elsewhere raises the alarm when it no longer comes.

It comes from the tick of the sensor that sends every other message, so that its absence tells what no message can:
the daemon, the code location, the machine or its network is down.
"""

import logging
from typing import Final

from airwatch_dagster.errors import AirWatchError, ConfigurationError
from airwatch_dagster.orchestration.alerts.settings import HeartbeatSettings
from airwatch_dagster.orchestration.configuration.addresses import address_problem

SETTING: Final = "AIRWATCH_HEARTBEAT_URL"

PING_EVERY_S: Final = 300.0
"""Seconds between two pings: a monitor that waits a quarter of an hour has missed three."""

PING_MAX_S: Final = 5
"""Seconds that the monitor may take."""


def ping(*, log: logging.Logger) -> None:
    """Ask for AIRWATCH_HEARTBEAT_URL, if it is set; what goes wrong is logged, and the next ping comes all the same."""
    try:
        ping_once(HeartbeatSettings.from_environment())
    except AirWatchError as failure:
        log.warning("%s", failure)


def heartbeat_problems() -> list[ConfigurationError]:
    """What is wrong with the address, which is not shown; empty when nothing is or none is set."""
    url = HeartbeatSettings.from_environment().heartbeat_url
    problem = address_problem(url.get_secret_value(), ("https", "http")) if url else None
    fix = "Use the http or https address that the monitor of heartbeats gave you"
    return [ConfigurationError(SETTING, f"its value {problem}", fix=fix)] if problem else []


def ping_once(settings: HeartbeatSettings) -> bool:
    """Whether a ping arrived; False without an address. Raises AirWatchError, which does not show the address."""
    if settings.heartbeat_url is None:
        return False
    import requests

    try:
        answer = requests.get(settings.heartbeat_url.get_secret_value(), timeout=PING_MAX_S, allow_redirects=False)
        answer.raise_for_status()
    except OSError as error:  # a RequestException, or a missing file of certificates
        response = getattr(error, "response", None)
        why = f"response {response.status_code}" if response is not None else type(error).__name__
        fix = f"Check {SETTING}"
        raise AirWatchError("heartbeat", f"was not taken ({why})", fix=fix, retry_helps=True) from None
    if answer.is_redirect:
        problem = f"redirects (response {answer.status_code}), which would hand the secret address on"
        raise ConfigurationError(SETTING, problem, fix="Set it to the address it redirects to")
    return True
