"""A message as it leaves: a subject, lines, what programs get; and text that is short, plain and without secrets."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from airwatch_dagster.orchestration.configuration.redaction import redacted

MAX_TEXT: Final = 400
"""Characters of one error or description in a message; the run's page has the rest."""

_MARKUP: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
"""Characters that chats read as markup. Source: Slack, Formatting message text."""

_MENTION: Final = re.compile(r"@(?=(?:here|all|channel|everyone|team)\b)", re.IGNORECASE)
"""What calls everybody in Mattermost, Rocket.Chat, Discord and Teams; Slack's own form has angle brackets."""

_LINK: Final = re.compile(r"\](?=\()")
"""The middle of a link whose text hides its address, in Markdown."""

_CLASS: Final = re.compile(r"(?<![\w.])(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Warning|Interrupt)(?::\s*|\b)")
"""The class of an error of Python, with its module, as it stands before a message."""

_PATH: Final = re.compile(r"(?:file://|(?<![\w:/.~>]))/(?:[\w.+@=-]+/)+(?=[\w.+@=-])")
"""The folders of an absolute path; an address has its host before."""

_NOTHING: Final = "\N{ZERO WIDTH SPACE}"


@dataclass(frozen=True)
class Message:
    """What one message says."""

    subject: str
    lines: tuple[str, ...] = ()
    """For people: what, where, since when, what follows, the cause, and what to do."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """For programs: ``kind`` and what belongs to it, as JSON can hold it."""

    @property
    def text(self) -> str:
        """The subject and the lines."""
        return "\n".join((self.subject, *filter(None, self.lines)))

    @property
    def payload(self) -> dict[str, Any]:
        """What the webhook gets: ``text`` is what Slack and its kin show, the rest is for programs, and not escaped."""
        return {"text": for_chat(self.text), "source": "airwatch", **self.data}


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


def plain(text: str, *, max_length: int = MAX_TEXT) -> str:
    """As ``one_line``, also without classes of Python and folders of this machine: ``…/predictions.parquet``."""
    return one_line(_PATH.sub("…/", _CLASS.sub("", redacted(" ".join(text.split())))), max_length=max_length)


def for_chat(text: str) -> str:
    """``text`` that a chat shows as it is: no tags, no hidden links, and nobody is called.

    Names of sites and texts of errors come from elsewhere.
    """
    return _LINK.sub(f"]{_NOTHING}", _MENTION.sub(f"@{_NOTHING}", text.translate(_MARKUP)))
