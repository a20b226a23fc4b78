"""Evidently's page of a few columns, and the library that all such pages share."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

MIN_LIBRARY_CHARACTERS: Final = 100_000
"""A script that is longer may be Evidently's library, which has 3.5 million characters; a column has 36,000."""

DIGITS: Final = 6
"""Significant digits of the numbers of plots; Evidently writes 17."""

_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)
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

    def script(match: re.Match[str]) -> str:
        text = match[1]
        if len(text) < MIN_LIBRARY_CHARACTERS or _LIBRARY_SIGN not in text:
            return f"<script>{_LONG_NUMBER.sub(_shorter, text)}</script>"
        name = f"evidently-{hashlib.sha256(text.encode()).hexdigest()[:12]}.js"
        shared[name] = text.encode()
        return f'<script src="{name}"></script>'

    without = _SCRIPT.sub(script, html)
    return Page(_FONT.sub("local('Material Icons')", without).encode(), shared) if shared else Page(html.encode())


def _shorter(number: re.Match[str]) -> str:
    return f"{float(number[0]):.{DIGITS}g}"
