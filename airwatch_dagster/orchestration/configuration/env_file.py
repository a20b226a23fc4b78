"""The one reader of ``.env``: a line means the same to `airwatch`, `make`, Dagster and docker compose, or is an error.

Values are read by python-dotenv, which Dagster uses too. docker compose has a reader of its own. A line that the two
read differently, or that only one of them reads, is a problem that names the line and its fix, and never its value.
Sources: python-dotenv 1.2; "Syntax for environment files in Docker Compose" and compose-go 2.13.
"""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.limits import MAX_ENV_BYTES

_ASSIGNMENT: Final = re.compile(
    r"[ \t]*(?:export[ \t]+)?(?P<name>(?!export[ \t])[A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(?P<value>.*)"
)
_IGNORED: Final = re.compile(r"[ \t]*(#.*)?")
_REFERENCE: Final = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-[^${}]*)?\}")
"""``${NAME}`` and ``${NAME:-default}``, the forms that both readers replace."""

_CLOSED: Final = {
    '"': re.compile(r'"(?P<text>[^"\\]*)"[ \t]*(#.*)?'),
    "'": re.compile(r"'(?P<text>(?:[^'\\]|\\(?!['\\]))*)'[ \t]*(#.*)?"),
}
"""A quoted value on one line, with the backslashes that both readers keep, and a comment."""

_ANY_CLOSED: Final = {quote: re.compile(rf"{quote}(?:\\.|[^{quote}\\])*{quote}(?P<rest>.*)") for quote in "\"'"}

_ODD_CHARACTER: Final = re.compile(r"[^\S \t]|[\x00-\x08\x0e-\x1f\x7f]")
"""Blanks and control characters that one reader cuts off and the other keeps."""

_SINGLE_QUOTES: Final = "Put the value in single quotes"
_ELSEWHERE: Final = "Set the variable in the environment instead; no way of writing it in .env means the same to all"


@dataclass(frozen=True)
class _Problem:
    problem: str
    fix: str


@dataclass(frozen=True)
class EnvFile:
    """A ``.env`` file; without one, there is no value and no problem."""

    path: Path
    text: str
    problems: tuple[ConfigurationError, ...]
    """One for each line that the readers take differently, or one for a file that is not text in UTF-8."""

    @classmethod
    def read(cls, path: Path, environment: Mapping[str, str]) -> "EnvFile":
        """The file at ``path``; ``environment`` has the variables that ``${NAME}`` may refer to, and wins over it."""
        try:
            with path.open("rb") as file:
                data = file.read(MAX_ENV_BYTES + 1)
        except FileNotFoundError:
            return cls(path, "", ())
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            problem = f"cannot be read: {reason}"
            return cls(path, "", (ConfigurationError(str(path), problem, fix="Make it a readable file, or remove it"),))
        if len(data) > MAX_ENV_BYTES:
            problem = f"is larger than {MAX_ENV_BYTES // 1024} kB, so it is no file of settings"
            return cls(path, "", (ConfigurationError(str(path), problem, fix="Name settings in it, one a line"),))
        text = data.decode("utf-8-sig", errors="replace")
        if "\0" in text or "\N{REPLACEMENT CHARACTER}" in text:
            problem, fix = "is not text in UTF-8", "Save it as UTF-8; some editors call UTF-16 'Unicode'"
            return cls(path, "", (ConfigurationError(str(path), problem, fix=fix),))
        return cls.of(path, text, environment)

    @classmethod
    def of(cls, path: Path, text: str, environment: Mapping[str, str]) -> "EnvFile":
        """The file at ``path`` that holds ``text``."""
        return cls(path, text, tuple(_problems(path, text, environment)))

    def values(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Variable → value, with references replaced from ``environment`` first, then from earlier lines."""
        from dotenv.parser import parse_stream

        found: dict[str, str] = {}
        for binding in parse_stream(io.StringIO(self.text)):
            if binding.key is not None and binding.value is not None:
                found[binding.key] = _replaced(binding.value, {**found, **environment})
        return found


def _replaced(value: str, variables: Mapping[str, str]) -> str:
    return _REFERENCE.sub(lambda match: variables.get(match["name"], (match["default"] or "")[2:]), value)


def _problems(path: Path, text: str, environment: Mapping[str, str]) -> Iterator[ConfigurationError]:
    known = dict(environment)
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    for number, line in enumerate(lines, start=1):
        assignment = _ASSIGNMENT.fullmatch(line)
        found = _problem(line, assignment, known)
        if found is not None:
            name = f" ({assignment['name']})" if assignment else ""
            yield ConfigurationError(f"{path}, line {number}{name}", found.problem, fix=found.fix)
        elif assignment is not None and assignment["name"] not in environment:
            known |= EnvFile(path, line, ()).values(known)


def _problem(line: str, assignment: re.Match[str] | None, known: Mapping[str, str]) -> _Problem | None:
    if _IGNORED.fullmatch(line) and "\r" not in line:
        return None
    if _ODD_CHARACTER.search(line):
        return _Problem("holds a control character or an unusual blank", "Type the line anew")
    if assignment is None:
        return _Problem("is not NAME=value", "Write NAME=value, or # before a comment")
    value = assignment["value"]
    if value[:1] in _CLOSED:
        return _quoted_problem(value, known)
    if value.startswith("#"):
        return _Problem("has a value that begins with #", f"{_SINGLE_QUOTES}, or leave it empty")
    if "\t#" in value.partition(" #")[0]:
        return _Problem("has a tab before a comment", "Put a space before #")
    return _dollar_problem(value.partition(" #")[0], known)


def _quoted_problem(value: str, known: Mapping[str, str]) -> _Problem | None:
    quote = value[0]
    closed = _CLOSED[quote].fullmatch(value)
    if closed is None:
        return _unread_quotes(value)
    if quote == '"':
        return _dollar_problem(closed["text"], known)
    return _Problem("has ${ within single quotes, which only compose keeps", _ELSEWHERE) if "${" in value else None


def _unread_quotes(value: str) -> _Problem:
    """Why a value that begins with a quote does not have the form that both readers take alike."""
    closed = _ANY_CLOSED[value[0]].fullmatch(value)
    if closed is None:
        return _Problem("opens a quote and does not close it", "Close the quote on the same line")
    if not _IGNORED.fullmatch(closed["rest"]):
        return _Problem("has text after the closing quote", "Put the whole value in one pair of quotes")
    if value[0] == "'" or "'" in value:
        return _Problem("has a quote or a backslash that the readers treat differently", _ELSEWHERE)
    return _Problem("has a backslash within double quotes", _SINGLE_QUOTES)


def _dollar_problem(text: str, known: Mapping[str, str]) -> _Problem | None:
    """Only compose replaces ``$NAME`` and ``$$``, and a default for an empty variable."""
    if "$" in _REFERENCE.sub("", text):
        return _Problem("has a $ that only compose replaces", f"{_SINGLE_QUOTES}, or write ${{NAME}} for a variable")
    for match in _REFERENCE.finditer(text):
        if match["default"] and known.get(match["name"]) == "":
            return _Problem(f"has a default for {match['name']}, which is set but empty", f"Unset {match['name']}")
    return None
