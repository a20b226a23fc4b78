"""Evidently's page of a few columns, and the library that all such pages share."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

MIN_LIBRARY_CHARACTERS: Final = 100_000
"""A script that is longer may be Evidently's library, which has 3.5 million characters; a column has 36,000."""

DIGITS: Final = 6
"""Significant digits of the numbers of plots; Evidently writes 17."""

_BEGIN, _END = "<script>", "</script>"
_FONT: Final = re.compile(r"url\(data:font/[\w-]+;base64,([\w+/=]+)\)")
_LONG_NUMBER: Final = re.compile(r"-?\d+\.\d{7,}(?:e[+-]?\d+)?")
_LIBRARY_SIGN: Final = "drawDashboard"


@dataclass(frozen=True)
class Page:
    """An HTML page, and the files beside it that it needs, by name; pages of one version of Evidently share them."""

    html: bytes
    shared: Mapping[str, bytes] = field(default_factory=dict)


def light_page(html: str) -> Page:
    """Evidently's standalone page without its library, which it then loads from a file beside it.

    A page that is built otherwise, as by another version of Evidently, stays whole.
    """
    shared: dict[str, bytes] = {}
    without = "".join(_with_light_scripts(html, shared))
    return Page(_FONT.sub("local('Material Icons')", without).encode(), shared) if shared else Page(html.encode())


def _with_light_scripts(html: str, shared: dict[str, bytes]) -> Iterator[str]:
    """The page in parts, with short numbers in its scripts; a library goes into ``shared``."""
    at = 0
    while (begin := html.find(_BEGIN, at)) >= 0 and (end := html.find(_END, begin)) >= 0:
        yield html[at:begin]
        text, at = html[begin + len(_BEGIN) : end], end + len(_END)
        if len(text) < MIN_LIBRARY_CHARACTERS or _LIBRARY_SIGN not in text:
            yield f"{_BEGIN}{_LONG_NUMBER.sub(_shorter, text)}{_END}"
            continue
        content = text.encode()
        name = f"evidently-{hashlib.sha256(content).hexdigest()[:12]}.js"
        shared[name] = content
        yield f'<script src="{name}">{_END}'
    yield html[at:]


def _shorter(number: re.Match[str]) -> str:
    return f"{float(number[0]):.{DIGITS}g}"
