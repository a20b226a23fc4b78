"""How docker compose reads ``.env``, written from its documentation and the rules of compose-go 2.13.

Docker compose is a program of its own and is not installed where these tests run.
"""

import re
from collections.abc import Mapping

SPACE = "\t\v\f\r \x85\xa0"
ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", '"': '"', "\\": "\\"}
REFERENCE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<named>[_a-zA-Z]\w*)|\{(?P<braced>[_a-zA-Z]\w*)(?P<default>:-[^}]*)?\})", re.ASCII
)


class Refused(Exception):
    """Compose stops with an error."""


def compose_values(text: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Variable → value. Raises Refused where compose does."""
    found: dict[str, str] = {}
    rest = text.removeprefix("\ufeff")
    while rest := rest.lstrip():
        if rest.startswith("#"):
            rest = rest.partition("\n")[2]
            continue
        name, has_value, rest = name_of(rest)
        if not has_value:
            found |= {name: environment[name]} if name in environment else {}
            continue
        value, is_literal, rest = value_of(rest)
        found[name] = value if is_literal else replaced(value, {**found, **environment})
    return found


def name_of(rest: str) -> tuple[str, bool, str]:
    if re.match(r"export\s", rest):
        rest = rest.removeprefix("export").lstrip(SPACE)
    for at, character in enumerate(rest):
        if character in "=:\n":
            name = rest[:at].rstrip()
            if " " in name:
                raise Refused(name)
            return name, character != "\n", rest[at + 1 :].lstrip(SPACE)
        if character not in SPACE and character not in "_.-[]" and not character.isalnum():
            raise Refused(character)
    return "", True, ""


def value_of(rest: str) -> tuple[str, bool, str]:
    quote = rest[:1]
    if quote not in ("'", '"'):
        line, _, rest = rest.partition("\n")
        return line.partition(" #")[0].rstrip(), False, rest
    text, at = "", 1
    while at < len(rest):
        character, at = rest[at], at + 1
        if character == quote:
            return (text, True, rest[at:]) if quote == "'" else (unescaped(text), False, rest[at:])
        if character == "\\" and at < len(rest):
            text += rest[at] if rest[at] == quote else character + rest[at]
            at += 1
        else:
            text += character
    raise Refused(quote)


def unescaped(text: str) -> str:
    return re.sub(r"\\([abfnrtv\"\\$])", lambda match: ESCAPES.get(match[1], "$$"), text)


def replaced(text: str, variables: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        found = variables.get(match["named"] or match["braced"], "")
        return found or (match["default"] or "")[2:]

    return REFERENCE.sub(value, text)
