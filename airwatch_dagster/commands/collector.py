"""Python's collector of unused objects in the processes of a command."""

import atexit
import gc
from functools import cache
from typing import Final

COLLECT_AFTER: Final = (10_000, 20, 20)
"""Objects after which Python looks for unused ones, and looks until it visits older ones; its own are 700, 10, 10. The
imports of a command make hundreds of thousands that stay: looking again and again took 0.7 of 3.6 CPU-s of `status`,
and 2.4 of 31 of a backfill, instead of 0.9."""


@cache
def collect_seldom() -> None:
    """Once per process: unused objects are looked for seldom, and not at all at the end, which took a second of CPU."""
    gc.set_threshold(*COLLECT_AFTER)
    atexit.register(gc.freeze)
