"""SIGTERM and SIGINT end a command within five seconds, whatever it is computing."""

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final

import click

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

GRACE_S: Final = 3.0
"""Seconds a command has to end by itself."""

WORKER_GRACE_S: Final = 1.5
"""Seconds a process that a command started has: it is gone before its command gives up waiting."""

RELEASE_S: Final = 1.5
"""Seconds for releasing what a computation holds that did not end by itself."""

RESUMES: Final = "Stopped. Start the same command again to resume."

requested: Final = threading.Event()
"""Set once a stop signal has arrived."""


@contextlib.contextmanager
def stoppable(message: str = "Stopped.") -> Iterator[None]:
    """Within, a stop signal raises KeyboardInterrupt; the command then prints ``message`` and exits with 128 + signal.

    A computation that does not notice is ended after ``GRACE_S``, and what its run holds is released. Handlers are
    installed whatever the process inherited: where SIGINT is ignored, as under `nohup` or `&`, Dagster would ignore
    SIGTERM as well. For use in the main thread; in another one it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with _handlers(signal.default_int_handler), _watched(GRACE_S, message):
        try:
            yield
        except KeyboardInterrupt:
            requested.wait(1.0)
            click.echo(message)
            raise SystemExit(128 + _received) from None


def end_worker_on_signals() -> None:
    """Make this worker process end by a stop signal: at once while it is idle, within ``WORKER_GRACE_S`` otherwise."""
    from airwatch_dagster.commands.backfill.runs import under_way

    def interrupt(number: int, _: FrameType | None) -> None:
        if not under_way():
            os._exit(128 + number)
        raise KeyboardInterrupt

    _ENTERED.enter_context(_handlers(interrupt))
    _ENTERED.enter_context(_watched(WORKER_GRACE_S))


_ENTERED: Final = contextlib.ExitStack()
"""What a worker process keeps until it ends."""

_received: int = signal.SIGINT
"""The stop signal that arrived."""


@contextlib.contextmanager
def _handlers(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, disposition in before.items():
            signal.signal(number, disposition)


@contextlib.contextmanager
def _watched(grace_s: float, message: str = "") -> Iterator[None]:
    """A thread learns of each signal at once, even while the main thread computes in native code or waits."""
    ours, signals = socket.socketpair()
    signals.setblocking(False)
    before = signal.set_wakeup_fd(signals.fileno())
    threading.Thread(target=_watch, args=(ours, grace_s, message), daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        signals.close()


def _watch(signals: socket.socket, grace_s: float, message: str) -> None:
    """End the process ``grace_s`` after a stop signal; return when the socket is closed before one arrives."""
    global _received  # noqa: PLW0603 - a process ends by one signal
    with signals:
        number = next((byte[0] for byte in iter(lambda: signals.recv(1), b"") if byte[0] in STOP_SIGNALS), None)
    if number is None:
        return
    _received = number
    requested.set()
    time.sleep(grace_s)
    release = threading.Thread(target=_release, daemon=True)
    release.start()
    release.join(RELEASE_S)
    if message:
        os.write(1, f"{message}\n".encode())
    os._exit(128 + number)


def _release() -> None:
    if runs := sys.modules.get("airwatch_dagster.commands.backfill.runs"):
        runs.abandon()
