"""Processes that execute runs of a backfill, from their beginning on. Importing this imports no library of the runs."""

import os
import signal
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import active_children, connection, get_context, parent_process
from time import monotonic

from airwatch_dagster.collector import collect_seldom
from airwatch_dagster.commands.stopping import GRACE_S, end_worker_on_signals


@dataclass(frozen=True)
class Workers:
    """Who executes the runs of a command."""

    processes: int
    """Runs at a time."""
    pool: ProcessPoolExecutor | None = None
    """None where this process executes the runs itself, one after the other."""


@contextmanager
def workers(processes: int, *, only_plan: bool = False) -> Iterator[Workers]:
    """``processes`` for runs, which end with the block; one is this process, and where ``only_plan`` there is no other.

    The first of several imports what runs need while this process plans them; the others begin later, see ``warm_up``.
    """
    if processes == 1 or only_plan:
        yield Workers(processes)
        return
    # Not forked: this process has threads, of the event log among others.
    spawned = get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawned, initializer=begin) as pool:
        warm_up(pool)
        try:
            yield Workers(processes, pool)
        except KeyboardInterrupt:
            _end_workers()
            raise


def warm_up(pool: ProcessPoolExecutor) -> None:
    """Have one more process begin, where none is idle and there may be one more."""
    pool.submit(os.getpid)


def begin() -> None:
    """As quiet and as quick as the command itself, ended by stop signals or with its parent; what runs need is
    imported."""
    collect_seldom()
    warnings.simplefilter("ignore")
    end_worker_on_signals()
    parent = parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=[parent.sentinel], daemon=True).start()
    import airwatch_dagster.commands.backfill.parallel
    import airwatch_dagster.definitions
    import airwatch_dagster.orchestration.instance.event_log  # noqa: F401


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os.kill(os.getpid(), signal.SIGTERM)


def _end_workers() -> None:
    """Let the workers end by themselves, then kill those that did not."""
    processes = active_children()
    for process in processes:
        process.terminate()
    deadline = monotonic() + GRACE_S - 0.5
    for process in processes:
        process.join(max(0.0, deadline - monotonic()))
        if process.is_alive():
            process.kill()
