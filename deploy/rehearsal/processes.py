"""Processes of a rehearsal: started apart from this one, found again by id, ended with everything they started."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final

MARK: Final = "AIRWATCH_REHEARSAL"
"""Variable of every process of a rehearsal: its folder."""

_STARTED: Final[dict[int, subprocess.Popen[bytes]]] = {}
"""What this process started, by id; it outlives this process, which Popen would warn of."""

_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Broken(Exception):
    """An expectation that was not met, with the last lines of the log of the process concerned."""

    def __init__(self, what: str, log: Path | None = None) -> None:
        lines = log.read_text(errors="replace").splitlines()[-20:] if log and log.exists() else []
        super().__init__("\n".join([what, *(f"    {log.name if log else ''}: {line}" for line in lines)]))


@dataclass(frozen=True)
class Usage:
    """What a process and all that it started have used so far."""

    cpu_s: float
    rss_mb: float
    processes: int


@dataclass(frozen=True)
class Process:
    """The first process of a service; it leads a session of its own."""

    pid: int
    log: Path

    @classmethod
    def start(
        cls, command: Sequence[str], *, environment: Mapping[str, str], log: Path, cwd: Path, user: str | None = None
    ) -> "Process":
        """Raises Broken when the program is not there."""
        program = shutil.which(command[0], path=environment.get("PATH"))
        if program is None:
            raise Broken(f"{command[0]} is not installed")
        with log.open("ab") as output:
            started = subprocess.Popen(  # noqa: S603 - the programs of the compose file
                [program, *command[1:]],
                env=dict(environment),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=user,
                group=user,
                extra_groups=[] if user else None,
            )
        _STARTED[started.pid] = started
        return cls(started.pid, log)

    @property
    def is_alive(self) -> bool:
        """Whether it runs; one that ended and was not collected does not."""
        if self.pid in _STARTED and _STARTED[self.pid].poll() is not None:
            return False
        fields = _stat(self.pid)
        return fields is not None and fields[0] not in "ZX"

    @property
    def exit_code(self) -> int | None:
        """Of a process that this one started and that has ended."""
        return _STARTED[self.pid].poll() if self.pid in _STARTED else None

    def family(self) -> list[int]:
        """The ids of the process, of its session, and of everything that descends from them."""
        found = {self.pid}
        table = {pid: fields for pid in _pids() if (fields := _stat(pid))}
        found |= {pid for pid, fields in table.items() if int(fields[3]) == self.pid}
        while more := {pid for pid, fields in table.items() if int(fields[1]) in found} - found:
            found |= more
        return [pid for pid in found if pid in table and table[pid][0] not in "ZX"]

    def usage(self) -> Usage:
        """CPU seconds since its start, with all that it started, and the memory of what runs now."""
        family = [(fields, pid) for pid in self.family() if (fields := _stat(pid))]
        # A process's own time and that of its children that have ended, of the user and of the system.
        ticks = sum(int(ticks) for fields, _ in family for ticks in fields[11:15])
        return Usage(ticks / _TICKS, sum(_private_mb(pid) for _, pid in family), len(family))

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process alone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill_family(self, timeout_s: float = 10.0) -> bool:
        """Kill the process and everything of its family, also what was just being started; whether all are gone."""
        deadline = time.monotonic() + timeout_s
        while family := self.family():
            for pid in family:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return not self.is_alive

    def wait(self, timeout_s: float) -> bool:
        """Whether it ended within the time."""
        deadline = time.monotonic() + timeout_s
        while self.is_alive and time.monotonic() < deadline:
            time.sleep(0.05)
        return not self.is_alive


def side_by_side(waits_for: Mapping[str, Collection[str]], act: Callable[[str], object]) -> Iterator[tuple[str, float]]:
    """Call ``act`` with each name, all at once that need not wait for another; yields each with its seconds.

    Names that are waited for and that ``waits_for`` does not have are done already. The first error of an ``act`` is
    raised once those under way have ended.
    """
    order = TopologicalSorter({name: set(others) & waits_for.keys() for name, others in waits_for.items()})
    order.prepare()
    under_way: dict[Future[float], str] = {}
    with ThreadPoolExecutor(max(1, len(waits_for))) as pool:
        while order.is_active():
            under_way.update({pool.submit(_seconds_of, act, name): name for name in order.get_ready()})
            for done in wait(under_way, return_when=FIRST_COMPLETED).done:
                name = under_way.pop(done)
                yield name, done.result()
                order.done(name)


def _seconds_of(act: Callable[[str], object], name: str) -> float:
    began = time.monotonic()
    act(name)
    return time.monotonic() - began


def holders(path: Path) -> list[int]:
    """Ids of the processes that have the file open."""
    found = []
    for pid in _pids():
        with contextlib.suppress(OSError):
            folder = f"/proc/{pid}/fd"
            if any(os.path.realpath(f"{folder}/{number}") == str(path) for number in os.listdir(folder)):  # noqa: PTH208
                found.append(pid)
    return found


def left_running(folder: Path) -> list[int]:
    """Ids of processes of the rehearsal in ``folder``."""
    mark = f"{MARK}={folder}".encode()
    found = []
    for pid in _pids():
        with contextlib.suppress(OSError):
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            if mark in environment.split(b"\0") and pid != os.getpid():
                found.append(pid)
    return found


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat from the third on: state, parent, group, session …; None once the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None


def _private_mb(pid: int) -> float:
    """Proportional memory: pages that several processes share count once."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
