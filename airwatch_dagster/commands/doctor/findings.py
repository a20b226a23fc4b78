"""What a check finds, and the command that mends it."""

import errno
import math
import os
import re
import shlex
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from airwatch_dagster.errors import AirWatchError
from airwatch_dagster.orchestration.configuration.settings import settings_reference

Level = Literal["ok", "warning", "error"]

WORDS: Final[dict[Level, str]] = {"ok": "ok  ", "warning": "WARN", "error": "FAIL"}
"""First word of a line, by level."""

AGAIN: Final = "airwatch doctor"
"""The command where only a later try may help."""

_VARIABLE: Final = re.compile(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b")
_AREA: Final = re.compile(r"(?:Did you mean|Write) ((?:cbsa|state):[\w:,]+)")
_BUCKET: Final = re.compile(r"bucket '([^']+)' does not exist")
_INSTANCE: Final = re.compile(r"cannot open its instance at (?P<home>\S+) \((?P<kind>\w+)")
_COMMAND: Final = re.compile(r"`((?:airwatch|mlflow|dagster) \w+ [^`]+)`")

_PROXY: Final = re.compile(r"\bHTTPS?_PROXY\b")

_KEYS: Final = "export AWS_ACCESS_KEY_ID=KEY AWS_SECRET_ACCESS_KEY=SECRET"
_COMMANDS: Final = {
    "EPA_AQS_EMAIL": "export EPA_AQS_EMAIL=YOU@HOST EPA_AQS_API_KEY=KEY",
    "AIRWATCH_ALERT_EMAIL_TO": "export AIRWATCH_SMTP_HOST=HOST",
    "AIRWATCH_ALERT_WEBHOOK_URL": "export AIRWATCH_ALERT_WEBHOOK_URL=https://HOST/PATH",
    "AWS_ACCESS_KEY_ID": _KEYS,
    "AWS_SECRET_ACCESS_KEY": _KEYS,
    "AWS_SESSION_TOKEN": "aws sso login",
    "AWS_DEFAULT_REGION": "export AWS_DEFAULT_REGION=us-east-1",
    "AWS_ENDPOINT_URL": "export AWS_ENDPOINT_URL=http://HOST:PORT",
}
"""Commands for variables whose default does not mend; other variables of AWS, requests and Dagster are unset."""


@dataclass(frozen=True)
class Finding:
    """The result of one check, or one of its results."""

    what: str
    level: Level
    says: str
    """What was found; for a problem the value, the fix, and whether a retry helps. One line without secrets."""
    run: str | None = None
    """The command that mends it; None where nothing is to mend."""

    @property
    def line(self) -> str:
        """For people: the level, what was checked, what was found, and last the command."""
        end = f" Run: {self.run}" if self.run else ""
        return f"{WORDS[self.level]}  {self.what}: {self.says}{end}"


@dataclass(frozen=True)
class Check:
    """One kind of finding."""

    what: str
    find: Callable[[], Iterable[Finding]]
    """Whatever it raises is a finding too."""
    run: str
    """The command for an error that names no better one."""
    max_s: float = math.inf
    """Seconds that a server may keep it waiting; a check that takes longer is abandoned, and says so. Without a server
    all the time there is: a busy machine takes long, and is not wrong."""
    needs: str = ""
    """The check before it, of the same server, without which this one is not made when that raised."""


def ok(what: str, says: str) -> Finding:
    """Nothing to do."""
    return Finding(what, "ok", says)


def warning(what: str, says: str, *, run: str) -> Finding:
    """Something to know that stops no run; it does not make the command fail."""
    return Finding(what, "warning", says, run)


def error(what: str, says: str, *, run: str) -> Finding:
    """Something that stops runs or makes them wrong."""
    return Finding(what, "error", says, run)


def of_error(what: str, raised: Exception, *, run: str) -> Finding:
    """The finding of an error; its command is that of the error's setting or advice, else ``run``."""
    return Finding(what, "error", _sentence(raised), _command(raised) or run)


def _sentence(raised: Exception) -> str:
    """The error on one line without secrets; one that AirWatch does not explain with the place that raised it."""
    from airwatch_dagster.orchestration.alerts.messages import one_line
    from airwatch_dagster.orchestration.configuration.redaction import redacted

    if isinstance(raised, AirWatchError):
        return redacted(" ".join(redacted(str(raised)).split()))
    if isinstance(raised, OSError) and raised.filename and raised.strerror:
        says = f"{raised.filename}: {raised.strerror.lower()}. Make it a file or folder that this user may use"
        return redacted(f"{says}. Retrying will not help.")
    frames = traceback.extract_tb(raised.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
    known = f"{type(raised).__name__} at {place}: {one_line(str(raised))}".rstrip(": ")
    return f"the check failed with {known}. Correct what it names, or report it to the project. Retrying may help."


def _command(raised: Exception) -> str | None:
    """The command for an error of AirWatch: what it advises, else the setting at fault set to what works."""
    if not isinstance(raised, AirWatchError):
        return None
    if isinstance(raised.__cause__, OSError) and (command := _of_system(raised.__cause__, Path(raised.culprit))):
        return command
    if found := _AREA.search(raised.fix):
        return f"export AIRWATCH_AREA={found[1]}"
    if found := _COMMAND.search(raised.fix):
        return found[1]
    if found := _PROXY.search(raised.fix):
        return f"unset {found[0]} {found[0].lower()}"
    if "MLFLOW_TRACKING_USERNAME" in raised.fix:
        return "export MLFLOW_TRACKING_USERNAME=NAME MLFLOW_TRACKING_PASSWORD=PASSWORD"
    if found := _BUCKET.search(raised.problem):
        return f"aws s3 mb s3://{found[1]}"
    if found := _INSTANCE.search(raised.problem):
        is_database = found["kind"] in ("OperationalError", "DagsterPostgresException", "DagsterStorageException")
        return (
            "docker compose up -d --wait postgres" if is_database else f"${{EDITOR:-vi}} {found['home']}/dagster.yaml"
        )
    variable = _VARIABLE.match(raised.culprit)
    return None if variable is None else _set_right(variable[0])


def _of_system(raised: OSError, path: Path) -> str | None:
    """The command for a file that the operating system refuses; None where it is not about rights or room."""
    found = next((one for one in (path, *path.parents) if os.path.lexists(one)), path)
    if not path.is_absolute() or found == Path(found.anchor):
        return None
    existing = shlex.quote(str(found))
    return {
        errno.EACCES: f'sudo chown -R "$(id -un)" {existing}',
        errno.EPERM: f'sudo chown -R "$(id -un)" {existing}',
        errno.EROFS: f'sudo mount -o remount,rw "$(findmnt -no TARGET -T {existing})"',
        errno.ENOSPC: f"df -h {existing}; df -i {existing}",
        errno.EDQUOT: f"quota -s; du -xh {existing} | sort -h | tail",
    }.get(raised.errno or 0)


def _set_right(variable: str) -> str:
    """A blank value counts as unset, and the environment wins over ``.env``."""
    defaults = {one.name: one.default for one in settings_reference()}
    if variable in _COMMANDS or variable not in defaults:
        return _COMMANDS.get(variable, f"unset {variable}")
    default = defaults[variable]
    return f"export {variable}={default}" if default and not re.search(r"[\s$]", default) else f"export {variable}="
