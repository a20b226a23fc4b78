"""Pre-flight checks of settings and services; each problem is reported with its fix, and none hides another."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from airwatch_dagster.errors import AirWatchError
from airwatch_dagster.orchestration.configuration.environment import (
    env_file_problems,
    overridden,
    secret_file_problems,
    state_problems,
)
from airwatch_dagster.orchestration.configuration.settings import AreaSettings, Settings, SourceSettings, storage_root

MAX_SOURCE_S: Final = 20.0
"""Seconds that the source's list of files may take; it arrives in less than one when the server is up."""

DAILY_FILE: Final = r"^daily_88101_(\d{4})\.zip$"
"""Name of AirData's file of a year's daily values, with the year."""


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    what: str
    is_ok: bool
    says: str
    """What was found; for a problem the value, the fix, and whether a retry helps. One line without secrets."""


def examine() -> Iterator[Finding]:
    """Findings on settings, area, source, storage, weather, other forecasts, MLflow, Dagster's instance and alerts, in
    this order.

    Problems with ``.env``, files of secrets, the state folder, certificates and files of the AWS client are findings of
    their own beside these. Each is given as soon as it is known. Whatever a check raises is its finding, and the others
    are made all the same; of a problem that stops several checks, the later ones only say where it was named.
    """
    named: dict[str, str] = {}
    for finding in _findings():
        if not finding.is_ok and finding.says in named:
            yield Finding(finding.what, False, f"not checked: needs what is wrong with {named[finding.says]}")
            continue
        if not finding.is_ok:
            named[finding.says] = finding.what
        yield finding


def _findings() -> Iterator[Finding]:
    yield from _problems(".env", env_file_problems)
    yield from _problems("secrets", secret_file_problems)
    yield from _problems("state", state_problems)
    wrong = [*_problems("settings", Settings.problems), *_problems("settings", _webhook_problems)]
    yield from wrong or [_finding("settings", _settings)]
    yield from _problems("certificates", _certificate_problems)
    yield from _problems("aws", _aws_problems)
    for what, check in _checks():
        yield _finding(what, check)


def _checks() -> Iterator[tuple[str, Callable[[], str]]]:
    yield "area", _area
    yield "source", _source
    yield "storage", _storage
    yield "weather", _weather
    yield "other_forecasts", _other_forecasts
    yield "mlflow", _mlflow
    yield "dagster", _dagster
    yield "alerts", _alerts


def _finding(what: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, check())
    except Exception as error:  # noqa: BLE001 - the other checks must be made
        return Finding(what, False, _sentence(error))


def _problems(what: str, check: Callable[[], Sequence[AirWatchError]]) -> list[Finding]:
    """One finding per problem; none when there is no problem."""
    try:
        return [Finding(what, False, _sentence(error)) for error in check()]
    except Exception as error:  # noqa: BLE001 - the other checks must be made
        return [Finding(what, False, _sentence(error))]


def _sentence(error: Exception) -> str:
    """The error on one line without secrets; one that AirWatch does not explain with the place that raised it."""
    from airwatch_dagster.orchestration.alerts.messages import one_line, redacted

    if isinstance(error, AirWatchError):
        return redacted(" ".join(str(error).split()))
    if isinstance(error, OSError) and error.filename and error.strerror:
        says = f"{error.filename}: {error.strerror.lower()}. Make it a file or folder that this user may use"
        return redacted(f"{says}. Retrying will not help.")
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
    known = f"{type(error).__name__} at {place}: {one_line(str(error))}".rstrip(": ")
    return f"the check failed with {known}. Correct what it names, or report it to the project. Retrying may help."


def _webhook_problems() -> Sequence[AirWatchError]:
    from airwatch_dagster.orchestration.alerts.channels import webhook_problems

    return webhook_problems()


def _settings() -> str:
    names = overridden()
    wins = f"; the environment wins over .env for {', '.join(names)}" if names else ""
    one = Settings.from_environment()
    return f"source {one.source}, area {one.area}, storage {one.storage}, state {one.state}{wins}"


def _certificate_problems() -> Sequence[AirWatchError]:
    from airwatch_dagster.orchestration.configuration.client_files import certificate_problems

    return certificate_problems()


def _aws_problems() -> Sequence[AirWatchError]:
    from airwatch_dagster.orchestration.configuration.client_files import aws_problems

    return aws_problems()


def _area() -> str:
    from airwatch_dagster.acquire.area import Area

    area = Area.parse(AreaSettings.from_environment().area)
    return f"{area.name} ({area}){_sites_text()}"


def _sites_text() -> str:
    """``: 9 sites with 11 monitors, 28 more within 800 km``; empty while no monitor list is stored or can be read."""
    from airwatch_dagster.commands.wording import counted
    from airwatch_dagster.orchestration.resources import opened_storage

    try:
        storage = opened_storage(storage_root())
        monitors = storage.read("monitors") if storage.exists("monitors") else None
    except AirWatchError:  # the finding on the storage says what is wrong
        return ""
    if monitors is None:
        return ""
    own, around = (monitors[monitors["is_context"] == is_context] for is_context in (False, True))
    context = f"; {counted(around['site_id'].nunique(), 'site')} around it" if len(around) else ""
    sites = counted(own["site_id"].nunique(), "site")
    return f": {sites} with {counted(len(own), 'monitor')}{context}"


def _source() -> str:
    from airwatch_dagster.orchestration.resources import opened_source

    with opened_source(SourceSettings.from_environment(), max_s=MAX_SOURCE_S) as source:
        files = source.file_list()
        if files.empty:
            return f"{len(source.monitors().monitors)} monitors in the area"
        years = files["filename"].str.extract(DAILY_FILE, expand=False).dropna()
        values = f"daily values of {years.min()} to {years.max()} in " if len(years) else ""
        return f"{values}{len(files)} files available"


def _storage() -> str:
    from airwatch_dagster.commands.inspect.stored_files import note_on_stored_files
    from airwatch_dagster.orchestration.resources import opened_storage

    root = storage_root()
    storage = opened_storage(root)
    storage.require_writable()
    return f"{root} can be read and written{note_on_stored_files(storage, root=root)}"


def _weather() -> str:
    from airwatch_dagster.orchestration.supplied.supplied_weather import describe_weather

    return describe_weather()


def _other_forecasts() -> str:
    from airwatch_dagster.orchestration.supplied.compared_forecasts import OTHER_FORECASTS

    return OTHER_FORECASTS.describe()


def _mlflow() -> str:
    from airwatch_dagster.orchestration.registry.mlflow_client import describe_mlflow

    return describe_mlflow()


def _dagster() -> str:
    from airwatch_dagster.orchestration.instance.opening import opened_instance

    with opened_instance() as instance:
        return f"instance at {instance.root_directory}, {instance.get_runs_count():,} runs"


def _alerts() -> str:
    from airwatch_dagster.orchestration.alerts.settings import AlertSettings

    one = AlertSettings.from_environment()
    channels = {"webhook": one.alert_webhook_url, f"e-mail to {one.alert_email_to}": one.alert_email_to}
    used = [channel for channel, value in channels.items() if value]
    return f"by {' and '.join(used)}" if used else "only logged; AIRWATCH_ALERT_WEBHOOK_URL and …_EMAIL_TO are not set"
