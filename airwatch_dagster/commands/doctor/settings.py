"""Settings: each bad one by its own line; lines of ``.env``, the state folder, and files that other clients read."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from typing import Final

from airwatch_dagster.commands.doctor.findings import AGAIN, Check, Finding, of_error, ok, warning
from airwatch_dagster.errors import AirWatchError
from airwatch_dagster.orchestration.configuration.environment import (
    env_file_problems,
    installation,
    names_in_env_file,
    overridden,
    secret_file_problems,
    setting_names,
    state_problems,
    unknown_settings,
)
from airwatch_dagster.orchestration.configuration.settings import Settings


def _settings() -> Iterator[Finding]:
    from airwatch_dagster.orchestration.alerts.channels import webhook_problems
    from airwatch_dagster.orchestration.alerts.heartbeat import heartbeat_problems

    yield from (_unknown(name) for name in unknown_settings())
    problems = [*Settings.problems(), *webhook_problems(), *heartbeat_problems()]
    if problems:
        yield from (of_error("settings", problem, run=AGAIN) for problem in problems)
        return
    names, one = overridden(), Settings.from_environment()
    wins = f"; the environment wins over .env for {', '.join(names)}" if names else ""
    yield ok("settings", f"source {one.source}, area {one.area}, storage {one.storage}, state {one.state}{wins}")


def _unknown(name: str) -> Finding:
    """A name that nothing reads: its setting keeps the default, and nothing else says so."""
    meant = get_close_matches(name, setting_names(), n=1, cutoff=0.75)
    says = f"{name} is no setting, so it changes nothing. " + (f"Did you mean {meant[0]}?" if meant else "Remove it.")
    in_file = name in names_in_env_file()
    change = f"sed -i 's/{name}/{meant[0]}/' {shlex.quote(str(installation() / '.env'))}" if meant and in_file else ""
    return warning("settings", says, run=change or (f'export {meant[0]}="${name}"' if meant else f"unset {name}"))


def _certificates() -> Sequence[AirWatchError]:
    from airwatch_dagster.orchestration.configuration.client_files import certificate_problems

    return certificate_problems()


def _aws() -> Sequence[AirWatchError]:
    from airwatch_dagster.orchestration.configuration.client_files import aws_problems

    return aws_problems()


def _silent_unless_wrong(what: str, problems: Callable[[], Sequence[AirWatchError]], run: str) -> Check:
    """A check with one finding per problem, and none without a problem."""
    return Check(what, lambda: [of_error(what, problem, run=run) for problem in problems()], run)


CHECKS: Final = (
    _silent_unless_wrong(".env", env_file_problems, f"${{EDITOR:-vi}} {installation() / '.env'}"),
    _silent_unless_wrong("secrets", secret_file_problems, "make secrets"),
    _silent_unless_wrong("state", state_problems, "export AIRWATCH_STATE="),
    Check("settings", _settings, AGAIN),
    _silent_unless_wrong("certificates", _certificates, AGAIN),
    _silent_unless_wrong("aws", _aws, AGAIN),
)
