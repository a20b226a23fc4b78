"""Runs the checks: each on its own, those that wait for servers side by side, all within a time limit."""

import logging
import math
import os
import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from time import monotonic
from typing import Final

from airwatch_dagster.commands.doctor import findings
from airwatch_dagster.commands.doctor.checks import HEAVY_MODULES, LOCAL, lanes
from airwatch_dagster.commands.doctor.findings import Check, Finding

MAX_S: Final = 26.0
"""Seconds that all checks may take together; with the start of Python the command stays below 30."""


LEAST_S: Final = 6.0
"""Seconds that a check must have had before its silence counts as that of its server."""

NO_TIME: Final = "not checked: the time for all checks was over, because this machine is busy."
NOT_CHECKED: Final = "not checked: needs what is wrong with"
NO_ANSWER: Final = "no answer within"
"""Beginnings of what doctor itself says; equal ones are not one problem."""


def examine(*, alert_test: bool = False, max_s: float = MAX_S) -> Iterator[Finding]:
    """Every finding, as soon as it is known: first those of this machine, then those of servers as they answer.

    Whatever a check raises is its finding, and the others are made all the same. Of a problem that stops several
    checks, the later ones only say where it was named. A check that takes longer than its share is abandoned. With
    ``alert_test`` a test alert is sent through each channel.
    """
    end = monotonic() + max_s
    with _quiet_libraries():
        yield from _named_once(_findings(end, alert_test=alert_test))


def _named_once(found: Iterator[Finding]) -> Iterator[Finding]:
    named: dict[str, Finding] = {}
    for finding in found:
        is_own = finding.level != "error" or finding.says.startswith((NOT_CHECKED, NO_ANSWER))
        first = finding if is_own else named.setdefault(finding.says, finding)
        yield finding if first.what == finding.what else _not_checked(finding.what, first)


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Without the warnings that libraries log while they try again: a finding says how that ended."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _findings(end: float, *, alert_test: bool) -> Iterator[Finding]:
    yield from run_lanes([LOCAL], end=end)
    _import_heavy_modules()
    yield from run_lanes(lanes(alert_test=alert_test), end=end)


def _import_heavy_modules() -> None:
    """One after another: threads that import the same packages at once can see half of them.

    A package that cannot be imported is the finding of the check that needs it.
    """
    for name in HEAVY_MODULES:
        try:
            import_module(name)
        except Exception:  # noqa: BLE001, S112 - the check that needs it raises the same again
            continue


@dataclass(eq=False)
class _Lane:
    """Checks of one server or folder, one after another in a thread of their own."""

    checks: Sequence[Check]
    began: float = field(default_factory=monotonic)
    """When the current check began."""
    position: int = 0
    """The current check."""

    @property
    def is_done(self) -> bool:
        return self.position >= len(self.checks)


def run_lanes(lanes: Iterable[Sequence[Check]], *, end: float) -> Iterator[Finding]:
    """The findings of all lanes as they come; at ``end`` (monotonic seconds) the last check is abandoned.

    A check that takes too long keeps its thread, which ends with the process; the rest of its lane, which needs the
    same server, is not checked.
    """
    found: queue.SimpleQueue[tuple[_Lane, Finding | None]] = queue.SimpleQueue()
    under_way = [_Lane(checks) for checks in lanes if checks]
    for lane in under_way:
        threading.Thread(target=_run, args=(lane, found), daemon=True).start()
    while under_way:
        due = {id(lane): min(lane.began + lane.checks[lane.position].max_s, end) for lane in under_way}
        try:
            lane, finding = found.get(timeout=max(0.0, min(due.values()) - monotonic()))
        except queue.Empty:
            for late in [lane for lane in under_way if due[id(lane)] <= monotonic()]:
                under_way.remove(late)
                yield from _abandoned(late)
            continue
        if lane not in under_way:
            continue
        if finding is not None:
            yield finding
            continue
        lane.position, lane.began = lane.position + 1, monotonic()
        if lane.is_done:
            under_way.remove(lane)


def _run(lane: _Lane, found: "queue.SimpleQueue[tuple[_Lane, Finding | None]]") -> None:
    """The findings of a lane's checks, and None after each check."""
    raised_by: dict[str, Finding] = {}
    for check in lane.checks:
        try:
            needed = raised_by.get(check.needs)
            for finding in check.find() if needed is None else [_not_checked(check.what, needed)]:
                found.put((lane, finding))
        except Exception as raised:  # noqa: BLE001 - the other checks must be made
            raised_by[check.what] = findings.of_error(check.what, raised, run=check.run)
            found.put((lane, raised_by[check.what]))
        found.put((lane, None))


def _not_checked(what: str, needed: Finding) -> Finding:
    return findings.error(what, f"{NOT_CHECKED} {needed.what}.", run=needed.run or findings.AGAIN)


def is_busy() -> bool:
    """Whether at least twice as many programs wanted to run in the last minute as there are processors."""
    return os.getloadavg()[0] > 2 * (os.cpu_count() or 1)


def _abandoned(lane: _Lane) -> Iterator[Finding]:
    """What is said of the check that took too long, and of the rest of its lane.

    One that hardly began when the time for all was over says nothing about its server, nor does one that asks none
    while more programs want to run than there are processors: the machine is busy.
    """
    slow, waited_s = lane.checks[lane.position], monotonic() - lane.began
    if waited_s < min(slow.max_s, LEAST_S) or (math.isinf(slow.max_s) and is_busy()):
        for check in lane.checks[lane.position :]:
            yield findings.warning(check.what, NO_TIME, run=findings.AGAIN)
        return
    waited = max(1, round(waited_s))
    server, disk = "Start the server that it asks, or correct the address", "A disk or a program keeps it waiting"
    says = f"{NO_ANSWER} {waited} s. {disk if math.isinf(slow.max_s) else server}. Retrying may help."
    silent = findings.error(slow.what, says, run=slow.run)
    yield silent
    yield from (_not_checked(check.what, silent) for check in lane.checks[lane.position + 1 :])
