"""The words of an alert: short, one line per failed check, and free of secrets."""

import os
import re
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

LONGEST_SENTENCE: Final = 400
"""Characters kept of one error or description; the run's page has the rest."""

MAX_FINDINGS: Final = 10
"""Checks listed in one message; the rest are counted."""

SECRET_SETTINGS: Final = (
    "EPA_AQS_EMAIL",
    "EPA_AQS_API_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AIRWATCH_SMTP_PASSWORD",
    "AIRWATCH_ALERT_WEBHOOK_URL",
)
"""Settings whose values never appear in a message, whatever a library puts in its error."""

SECRET_IN_QUERY: Final = re.compile(r"(?i)([?&](?:email|key|token|password|api_key)=)[^&\s'\"]+")
"""A credential in the query of an address."""

SECRET_BEFORE_HOST: Final = re.compile(r"(?<=://)[^/\s@]+@")
"""A user and password before the host of an address."""


@dataclass(frozen=True)
class FailedCheck:
    """One asset check that did not pass."""

    asset: str
    check: str
    severity: str
    is_blocking: bool
    partition: str | None
    description: str
    numbers: dict[str, str]

    def __str__(self) -> str:
        where = f"{self.asset}[{self.partition}]" if self.partition else self.asset
        severity = f"{self.severity}, blocking" if self.is_blocking else self.severity
        numbers = ", ".join(f"{name}={value}" for name, value in self.numbers.items())
        said = "; ".join(part for part in (self.description, numbers) if part)
        return f"{where} / {self.check} ({severity})" + (f": {said}" if said else "")


@dataclass(frozen=True)
class Alert:
    """What is sent: one run, what went wrong in it, and where to look."""

    kind: Literal["run_failed", "checks_failed"]
    job: str
    partitions: str
    run_id: str
    failed_checks: tuple[FailedCheck, ...]
    errors: tuple[str, ...]
    note: str = ""
    link: str | None = None

    @property
    def subject(self) -> str:
        what = "run failed" if self.kind == "run_failed" else "run succeeded with failed checks"
        return f"AirWatch: {what}: {self.job} {self.partitions}".rstrip()

    @property
    def text(self) -> str:
        more = len(self.failed_checks) - MAX_FINDINGS
        lines = [self.subject, *(str(check) for check in self.failed_checks[:MAX_FINDINGS])]
        lines += [f"and {more} more failed checks"] if more > 0 else []
        lines += [*self.errors, self.note, self.link or f"Run {self.run_id}"]
        return "\n".join(line for line in lines if line)

    @property
    def payload(self) -> dict[str, Any]:
        """What the webhook gets: ``text`` is what Slack and its kin show, the rest is for programs."""
        return {"text": self.text, "source": "airwatch", **asdict(self)}


def listed(value: object) -> str:
    """A value as a reader wants it: a long list shows its first three and its length."""
    if isinstance(value, (list, tuple)):
        shown = ", ".join(str(item) for item in value[:3])
        return f"{shown}, … ({len(value)})" if len(value) > 3 else shown
    return f"{value:g}" if isinstance(value, float) else str(value)


def sentence(text: str, *, longest: int = LONGEST_SENTENCE) -> str:
    """One line, free of secrets, cut to length."""
    line = redacted(" ".join(text.split()))
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def redacted(text: str) -> str:
    """The text without the value of any secret setting and without credentials in addresses."""
    for name in SECRET_SETTINGS:
        if secret := os.environ.get(name):
            text = text.replace(secret, "***")
    return SECRET_BEFORE_HOST.sub("***@", SECRET_IN_QUERY.sub(r"\1***", text))
