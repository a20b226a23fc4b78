"""Encodings of published text, and of text that a program saved anew."""

import codecs
from typing import Final

ENCODINGS: Final = ("utf-8", "iso-8859-1")
"""Encodings that EPA's files use, in the order to try; the second accepts any bytes."""

_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte-order marks, the longer ones first. Excel saves "Unicode text" as UTF-16."""

_MANY, _FEW = 0.8, 0.1
"""Shares of zero bytes among the high and the low bytes of UTF-16 without a mark: English text has a zero in nearly
every high byte, and none in the low ones."""


def decode(content: bytes) -> str:
    """``content`` as UTF-8 without its byte-order mark, or else as ISO-8859-1."""
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return content.decode(ENCODINGS[0])
    except UnicodeDecodeError:
        return content.decode(ENCODINGS[1])


def wide_encoding(start: bytes) -> str | None:
    """Python's name of UTF-16 or UTF-32, if the first bytes of a file show it; None for all other encodings."""
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    pairs = len(start) // 2
    if pairs == 0:
        return None
    zeros = [start[side : 2 * pairs : 2].count(0) / pairs for side in (0, 1)]
    if zeros[1] > _MANY and zeros[0] < _FEW:
        return "utf-16-le"
    return "utf-16-be" if zeros[0] > _MANY and zeros[1] < _FEW else None
