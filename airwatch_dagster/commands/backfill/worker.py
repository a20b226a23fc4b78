"""The beginning of a process that executes runs of a backfill. Importing it imports no library."""

import os
import signal
import threading
import warnings
from multiprocessing import connection, parent_process

from airwatch_dagster.collector import collect_seldom
from airwatch_dagster.commands.stopping import end_worker_on_signals


def begin() -> None:
    """As quiet and as quick as the command itself, and ended by stop signals or with its parent."""
    collect_seldom()
    warnings.simplefilter("ignore")
    end_worker_on_signals()
    parent = parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=[parent.sentinel], daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
