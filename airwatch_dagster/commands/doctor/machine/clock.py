"""This machine's clock against the time that servers in use say."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Final

from airwatch_dagster.commands.doctor.findings import Check, Finding, error, ok, warning
from airwatch_dagster.commands.wording import duration_text
from airwatch_dagster.errors import AirWatchError
from airwatch_dagster.orchestration.configuration.environment import s3_endpoint
from airwatch_dagster.orchestration.configuration.settings import RegistrySettings, SourceSettings

WARN_AFTER: Final = timedelta(minutes=5)
"""A difference that S3 tolerates (15 minutes) and that already dates versions of readings wrongly."""

FAIL_AFTER: Final = timedelta(hours=1)
"""A difference with which days begin and end at the wrong time, and S3 refuses requests."""

TIMEOUT_S: Final = 4.0
"""Seconds for the headers of a response."""

SET_CLOCK: Final = "sudo timedatectl set-ntp true"


def checks() -> Sequence[Check]:
    """One for each server; none where no server is in use."""
    try:
        servers = servers_in_use()
    except AirWatchError:  # the finding on settings says what is wrong
        return ()
    return [Check("clock", partial(_clock, name, address), SET_CLOCK, 6.0) for name, address in servers.items()]


def servers_in_use() -> dict[str, str]:
    """The servers that say the time, by name: of the source, of S3, and of MLflow."""
    settings, tracking = SourceSettings.from_environment(), RegistrySettings.from_environment().mlflow_tracking_uri
    sources = {
        "airdata": {"AirData": settings.airdata_url},
        "aqs": {"AQS": settings.aqs_url},
        "live": {"AirData": settings.airdata_url, "AirNow": settings.airnow_url},
        "practice": {},
    }
    s3 = {"S3": s3_endpoint()}
    found = {**sources[settings.source], **(s3 if settings.storage.startswith("s3://") else {}), "MLflow": tracking}
    return {name: address for name, address in found.items() if address.lower().startswith(("http://", "https://"))}


def _clock(name: str, address: str) -> Iterator[Finding]:
    """Silent where the server does not answer or says no time: another finding is about that."""
    import requests

    try:
        response = requests.head(address, timeout=TIMEOUT_S, allow_redirects=False)
    except (requests.RequestException, OSError):
        return
    says = response.headers.get("Date")
    moment = _moment(says) if says else None
    if moment is not None:
        yield finding_of(name, now=datetime.now(UTC), server=moment)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def finding_of(name: str, *, now: datetime, server: datetime) -> Finding:
    """What a difference between this machine's ``now`` and the server's means."""
    off = abs(now - server)
    if off <= WARN_AFTER:
        return ok("clock", f"agrees with that of {name}")
    which = "behind" if now < server else "ahead of"
    by = f"{duration_text(off.total_seconds())} {which} that of {name}"
    says = f"this machine's clock, {now:%Y-%m-%d %H:%M} UTC, is {by}"
    if off <= FAIL_AFTER:
        return warning("clock", f"{says}. Set this clock, or that server's.", run=SET_CLOCK)
    effect = "Days would begin and end at the wrong time, and versions of readings be dated wrongly"
    return error("clock", f"{says}. {effect}. Set this clock, or that server's. Retrying will not help.", run=SET_CLOCK)
