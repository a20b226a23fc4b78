"""The errors a user can meet: each names the culprit, the value, the fix, and whether a retry helps."""


class AirWatchError(Exception):
    """A problem that AirWatch can explain.

    ``culprit`` and ``problem`` say what is wrong, ``fix`` what to do; ``retry_helps`` says whether
    the same call may succeed later without any change.
    """

    def __init__(self, culprit: str, problem: str, *, fix: str, retry_helps: bool = False) -> None:
        self.culprit = culprit
        self.problem = problem
        self.fix = fix
        self.retry_helps = retry_helps
        retry = "Retrying may help." if retry_helps else "Retrying will not help."
        super().__init__(f"{culprit}: {problem}. {fix.rstrip('.')}. {retry}")


class ConfigurationError(AirWatchError):
    """A setting is missing, unknown or contradicts another."""


class SourceRefused(AirWatchError):
    """The source understood the request and said no."""


class SourceUnavailable(AirWatchError):
    """The source did not answer, or answered with something else than its format; later may work."""

    def __init__(self, culprit: str, problem: str, *, fix: str, retry_helps: bool = True) -> None:
        super().__init__(culprit, problem, fix=fix, retry_helps=retry_helps)


class BadPayload(AirWatchError):
    """The source delivered data that breaks its own format; nothing of it was stored."""


class ContractViolation(AirWatchError):
    """A table breaks its schema; nothing of it was stored."""


class StorageError(AirWatchError):
    """The table storage cannot be read or written."""
