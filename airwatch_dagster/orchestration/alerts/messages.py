"""The text of an alert: short, one line per failed check, the next command, and no secrets."""

import re
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from airwatch_dagster.orchestration.configuration.redaction import redacted

MAX_TEXT: Final = 400
"""Characters of one error or description in a message; the run's page has the rest."""

MAX_FAILED_CHECKS: Final = 10
"""Checks listed in one message; the rest are counted."""

_MARKUP: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
"""Characters that chats read as markup. Source: Slack, Formatting message text."""

_MENTION: Final = re.compile(r"@(?=(?:here|all|channel|everyone|team)\b)", re.IGNORECASE)
"""What calls everybody in Mattermost, Rocket.Chat, Discord and Teams; Slack's own form has angle brackets."""

_LINK: Final = re.compile(r"\](?=\()")
"""The middle of a link whose text hides its address, in Markdown."""

_NOTHING: Final = "\N{ZERO WIDTH SPACE}"


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
        asset = f"{self.asset}[{self.partition}]" if self.partition else self.asset
        severity = f"{self.severity}, blocking" if self.is_blocking else self.severity
        numbers = ", ".join(f"{name}={value}" for name, value in self.numbers.items())
        details = "; ".join(part for part in (self.description, numbers) if part)
        return f"{asset} / {self.check} ({severity})" + (f": {details}" if details else "")


@dataclass(frozen=True)
class Alert:
    """What is sent: one run, what failed in it, and what to do next; or a test that an alert arrives."""

    kind: Literal["run_failed", "checks_failed", "test"]
    job: str
    partitions: str
    run_id: str
    failed_checks: tuple[FailedCheck, ...]
    errors: tuple[str, ...]
    next_step: str
    """A sentence with the command to run."""
    note: str = ""
    link: str | None = None
    bulletin: str | None = None
    """Address of the newest bulletin, where it is known."""

    @property
    def subject(self) -> str:
        """One line: the outcome, the job and its partitions."""
        if self.kind == "test":
            return "AirWatch: test of the alerts"
        outcome = "run failed" if self.kind == "run_failed" else "run succeeded with failed checks"
        return " ".join(f"AirWatch: {outcome}: {self.job} {self.partitions}".split())

    @property
    def text(self) -> str:
        """Lines for people: the subject, failed checks, errors, what to do next, the run, and the bulletin."""
        more = len(self.failed_checks) - MAX_FAILED_CHECKS
        lines = [self.subject, *(str(check) for check in self.failed_checks[:MAX_FAILED_CHECKS])]
        lines += [f"and {more} more failed checks"] if more > 0 else []
        lines += [*self.errors, self.note, self.next_step, self.link or f"Run {self.run_id}"]
        lines += [f"Bulletin: {self.bulletin}"] if self.bulletin else []
        return "\n".join(line for line in lines if line)

    @property
    def payload(self) -> dict[str, Any]:
        """What the webhook gets: ``text`` is what Slack and its kin show, the rest is for programs, and not escaped."""
        return {"text": for_chat(self.text), "source": "airwatch", **asdict(self)}


def listed(value: object) -> str:
    """A value for a reader: a long list shows its first three items and its length."""
    if isinstance(value, (list, tuple)):
        shown = ", ".join(str(item) for item in value[:3])
        return f"{shown}, … ({len(value)})" if len(value) > 3 else shown
    return f"{value:g}" if isinstance(value, float) else str(value)


def one_line(text: str, *, max_length: int = MAX_TEXT) -> str:
    """The text on one line, without secrets, cut to ``max_length`` characters."""
    line = redacted(" ".join(redacted(text).split()))
    return line if len(line) <= max_length else f"{line[: max_length - 1]}…"


def for_chat(text: str) -> str:
    """``text`` that a chat shows as it is: no tags, no hidden links, and nobody is called.

    Names of sites and texts of errors come from elsewhere.
    """
    return _LINK.sub(f"]{_NOTHING}", _MENTION.sub(f"@{_NOTHING}", text.translate(_MARKUP)))
