"""Encodings of published text."""

import codecs
from typing import Final

ENCODINGS: Final = ("utf-8", "iso-8859-1")
"""Encodings that EPA's files use, in the order to try; the second accepts any bytes."""


def decode(content: bytes) -> str:
    """``content`` as UTF-8 without its byte-order mark, or else as ISO-8859-1."""
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return content.decode(ENCODINGS[0])
    except UnicodeDecodeError:
        return content.decode(ENCODINGS[1])
