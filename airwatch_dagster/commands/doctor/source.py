"""Whether each server that the chosen source needs answers with its data."""

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from airwatch_dagster.acquire.addresses import AIRDATA_URL, AIRNOW_URL, AQS_URL
from airwatch_dagster.acquire.airdata.archive import daily_years
from airwatch_dagster.commands.doctor.findings import AGAIN, Check, Finding, error, ok, warning
from airwatch_dagster.errors import AirWatchError
from airwatch_dagster.orchestration.configuration.settings import SourceSettings

MAX_S: Final = 12.0
"""Seconds that a server of EPA's may take; a list or a day's file arrives in less than one when it is up."""

AIRNOW_DAYS_AGO: Final = 2
"""Age in days of the AirNow file that is read: complete for sure, and kept for the next run."""


def checks() -> Sequence[Check]:
    """Those of the chosen source; with settings that are not valid, the one that says so."""
    try:
        settings = SourceSettings.from_environment()
    except AirWatchError:
        return (Check("source", _source, AGAIN, MAX_S),)
    is_live, has_credentials = settings.source == "live", bool(settings.aqs_email or settings.aqs_key)
    if settings.source == "aqs":
        first = Check("source", _aqs, _of_address("AIRWATCH_AQS_URL", settings.aqs_url, AQS_URL), MAX_S)
    else:
        max_s = math.inf if settings.source == "practice" else MAX_S
        first = Check("source", _source, _of_address("AIRWATCH_AIRDATA_URL", settings.airdata_url, AIRDATA_URL), max_s)
    airnow = Check("airnow", _airnow, _of_address("AIRWATCH_AIRNOW_URL", settings.airnow_url, AIRNOW_URL), MAX_S)
    aqs = Check("aqs", _aqs, _of_address("AIRWATCH_AQS_URL", settings.aqs_url, AQS_URL), MAX_S)
    return (first, *([airnow] if is_live else []), *([aqs] if is_live and has_credentials else []))


def _of_address(setting: str, address: str, own: str) -> str:
    """What mends a server that does not serve: EPA's own address in the place of a mirror's, else only time."""
    return AGAIN if address.rstrip("/") == own else f"export {setting}={own}"


def _source() -> Iterator[Finding]:
    from airwatch_dagster.orchestration.resources import opened_source

    with opened_source(SourceSettings.from_environment(), max_s=MAX_S) as source:
        files = source.file_list()
    names, parameters = files["filename"], SourceSettings.from_environment().parameters
    years = {code: daily_years(names, code) for code in parameters}
    own = years[parameters[0]]
    if not own:
        says = f"{len(files)} files are listed and none has daily PM2.5 values. Name AirData's address, or a mirror"
        yield error("source", f"{says} that has them. Retrying will not help.", run="export AIRWATCH_AIRDATA_URL=")
        return
    yield ok("source", f"daily values of {own[0]} to {own[-1]} in {len(files)} files available")
    for code in parameters[1:]:
        missing = [str(year) for year in own if year not in years[code] and year > min(years[code], default=0)]
        if missing:
            says = (
                f"no file of parameter {code} for {', '.join(missing)}; sites with only such monitors are left out then"
            )
            fix = f"Copy daily_{code}_{missing[-1]}.zip and the others to the mirror, or read {parameters[0]} alone"
            yield warning("source", f"{says}. {fix}.", run=f"export AIRWATCH_PARAMETERS={parameters[0]}")


def _airnow() -> Iterator[Finding]:
    from airwatch_dagster.acquire.sources.live import LiveSource
    from airwatch_dagster.orchestration.resources import opened_source, today

    day = today() - timedelta(days=AIRNOW_DAYS_AGO)
    with opened_source(SourceSettings.from_environment(), max_s=MAX_S) as source:
        assert isinstance(source, LiveSource)
        sites = source.airnow.daily(day).readings
    yield ok("airnow", f"readings of {day}: {len(sites)} rows")


def _aqs() -> Iterator[Finding]:
    from airwatch_dagster.orchestration.resources import aqs_states

    settings = SourceSettings.from_environment()
    what = "source" if settings.source == "aqs" else "aqs"
    yield ok(what, f"the AQS API accepts the key; it lists {aqs_states(settings)} states")
