"""Errors for users: each names the culprit, the value, the fix, and whether a retry helps."""

from collections.abc import Sequence
from typing import Any


class AirWatchError(Exception):
    """A problem with a known cause and fix.

    ``culprit`` names the setting, file or service at fault, ``problem`` the value or event, ``fix`` the action of the
    user. ``retry_helps`` is true if the same call may succeed later without any change.
    """

    def __init__(self, culprit: str, problem: str, *, fix: str, retry_helps: bool = False) -> None:
        self.culprit = culprit
        self.problem = problem
        self.fix = fix
        self.retry_helps = retry_helps
        end = "" if fix.endswith("?") else "."
        super().__init__(f"{culprit}: {problem}. {fix.rstrip('.')}{end}{self._on_retrying()}")

    def _on_retrying(self) -> str:
        return " Retrying may help." if self.retry_helps else " Retrying will not help."

    def __reduce__(self) -> tuple[Any, ...]:
        """How pickle hands the error to another process, such as the one that waits for the runs of a backfill."""
        return _raised_elsewhere, (type(self), self.args, vars(self))


def _raised_elsewhere(kind: type[AirWatchError], args: tuple[Any, ...], attributes: dict[str, Any]) -> AirWatchError:
    error = kind.__new__(kind)
    error.args = args
    vars(error).update(attributes)
    return error


class ConfigurationError(AirWatchError):
    """A setting or an argument is missing, invalid or contradicts another; that a retry does not help goes unsaid."""

    def _on_retrying(self) -> str:
        return super()._on_retrying() if self.retry_helps else ""


class SourceRefused(AirWatchError):
    """The source understood the request and refused it, or does not have the requested data."""


class SourceUnavailable(AirWatchError):
    """The source did not respond, or returned a malformed response. Retrying may help."""

    def __init__(self, culprit: str, problem: str, *, fix: str, retry_helps: bool = True) -> None:
        super().__init__(culprit, problem, fix=fix, retry_helps=retry_helps)


class BadPayload(AirWatchError):
    """The source returned data that violates its own format; none of it was stored."""


class ContractViolation(AirWatchError):
    """A table violates its schema; none of it was stored."""


class StorageError(AirWatchError):
    """The table storage cannot be read or written."""


class ModelRefused(AirWatchError):
    """The files of a model are missing, not those that were logged, or not a model of AirWatch; none of it is used."""


class ChecksFailed(Exception):
    """Every run succeeded and its tables are stored, but checks of the data failed."""

    def __init__(self, checks: Sequence[str]) -> None:
        count = f"{len(checks)} checks" if len(checks) > 1 else "a check"
        super().__init__(f"everything is built, but {count} failed: " + "; ".join(checks))


class RunFailed(Exception):
    """A Dagster run failed; the message is the error of the failed step and the run's id.

    Defined here so that the command line can catch it before Dagster is imported.
    """

    def __init__(self, table: str, sentence: str, run_id: str) -> None:
        # All arguments go to Exception, so that pickle can rebuild the error in another process.
        super().__init__(table, sentence, run_id)

    def __str__(self) -> str:
        table, sentence, run_id = self.args
        return f"{table} failed: {sentence} (Dagster run {run_id})"
