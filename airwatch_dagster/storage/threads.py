"""Several files at a time."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

THREADS: Final = 8
"""Files read or written at a time. Measured: decoding gains up to 4, waiting for an S3 server up to 8 and more."""

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def in_threads(function: Callable[[_In], _Out], items: Iterable[_In]) -> list[_Out]:
    """Results in the order of ``items``. Raises the first item's error once the calls that have started are done."""
    work = list(items)
    if len(work) < 2:
        return [function(item) for item in work]
    made: dict[int, _Out] = {}
    failed: dict[int, BaseException] = {}
    waiting = iter(list(enumerate(work)))  # of all threads: each takes the next item, which costs less than a future

    def take(_: int) -> None:
        for number, item in waiting:
            try:
                made[number] = function(item)
            except BaseException as error:  # noqa: BLE001 - raised below, once all threads are done
                failed[number] = error
            if failed:
                return

    threads = min(THREADS, len(work))
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(take, range(threads)))
    if failed:
        raise failed[min(failed)]
    return [made[number] for number in range(len(work))]
