"""One attempt at an ingestion: the command in its own process, forked from a warm one, killed at a given effort."""

import math
import multiprocessing
import os
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from airwatch_dagster_tests.installations import Installation

Ending = Literal["done", "failed", "killed", "hung"]

POLL_S: Final = 0.01
"""Seconds between two checks of a running attempt."""

LONGEST_ATTEMPT_S: Final = 120.0
"""Seconds after which an attempt counts as hanging; undisturbed ones take under ten."""

PROCESSES: Final = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["__main__", f"{__package__}.warm"])
"""Where attempts are forked."""


@dataclass(frozen=True)
class Effort:
    """The cost of a pull, in seconds."""

    clock: float
    work: float


NEVER: Final = Effort(math.inf, math.inf)


@dataclass(frozen=True)
class Attempt:
    """One start of the command."""

    ending: Ending
    effort: Effort
    output: str
    """Its output; empty when it was killed."""


BUILT: Final = "Error: everything is built"
"""Begins the message of a command whose runs succeeded, though a check of the data failed."""

_OUTPUT: Final = "output.txt"
"""File in an installation with the output of its last attempt."""


def _ingest(installation: Installation, arguments: list[str]) -> None:
    """One attempt in its own process, which exits with the exit code of the command."""
    result = installation.airwatch(*arguments)
    crash = result.exception
    crash_text = "" if crash is None or isinstance(crash, SystemExit) else "".join(traceback.format_exception(crash))
    (installation.folder / _OUTPUT).write_text(result.output + crash_text, encoding="utf-8")
    # A single monitor that pauses for a day fails a check of the built tables; the ingestion itself is done.
    raise SystemExit(0 if BUILT in result.output else result.exit_code)


def warm_up() -> None:
    """Start the process that attempts are forked from, which takes seconds."""
    process = PROCESSES.Process(target=_work_s, args=(None,))
    process.start()
    process.join()


def run_attempt(installation: Installation, arguments: list[str], *, killed_at: Effort = NEVER) -> Attempt:
    """``airwatch ARGUMENTS`` in this installation, killed at an effort, or when it hangs."""
    (installation.folder / _OUTPUT).unlink(missing_ok=True)
    process = PROCESSES.Process(target=_ingest, args=(installation, arguments))
    ending: Ending | None = None
    work, started = 0.0, time.monotonic()
    process.start()
    while process.is_alive():
        process.join(POLL_S)
        work = max(work, _work_s(process.pid))
        effort = Effort(time.monotonic() - started, work)
        if ending is None and (ending := _overdue(effort, killed_at)) is not None:
            process.kill()
    output = installation.folder / _OUTPUT
    text = output.read_text(encoding="utf-8").strip() if output.exists() else ""
    return Attempt(ending or ("failed" if process.exitcode else "done"), effort, text)


def _overdue(effort: Effort, killed_at: Effort) -> Literal["killed", "hung"] | None:
    if effort.clock >= killed_at.clock or effort.work >= killed_at.work:
        return "killed"
    return "hung" if effort.clock > LONGEST_ATTEMPT_S else None


def _work_s(process_id: int | None) -> float:
    """Seconds of computing of a process so far; 0 when it is gone, and where the system does not say."""
    try:
        ticks = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[11:13]
    except OSError:
        return 0.0
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
