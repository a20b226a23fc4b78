"""JSON bodies of responses."""

import json
from typing import Any, Final

from airwatch_dagster.acquire.parsing.encoding import decode
from airwatch_dagster.limits import MIN_BYTES_PER_OBJECT, MIN_BYTES_PER_VALUE

_ANY_COUNT: Final = 100
"""Objects and lists that a body may have whatever its size."""


def parsed_json(body: bytes, *, min_bytes_per_value: int = MIN_BYTES_PER_VALUE) -> Any:
    """The JSON value of a body in one of the encodings that EPA uses; None for anything else.

    None too for a body that consists of brackets and commas more than of values: in memory it would be many times as
    large.
    """
    objects, values = body.count(b"{") + body.count(b"["), body.count(b",")
    if objects > _ANY_COUNT + len(body) // MIN_BYTES_PER_OBJECT or values > len(body) // min_bytes_per_value:
        return None
    try:
        return json.loads(decode(body))
    except (ValueError, RecursionError):
        return None
