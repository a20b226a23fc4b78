"""Which machine this is, for files whose writer may be another's."""

import socket
from functools import cache
from pathlib import Path


@cache
def machine_id() -> str:
    """The machine, the same in all its containers: the id of its boot, else its name."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return socket.gethostname()
