"""Which requests the practice server disturbs, and how: drawn from a seed, or scripted one by one."""

import re
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, get_args

import numpy as np

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.practice.http import Request
from airwatch_dagster.practice.world.random_streams import uniform

FaultKind = Literal[
    "server_error",
    "maintenance_page",
    "throttled",
    "hang",
    "cut_connection",
    "truncated_json",
    "wrong_envelope",
    "html_page",
    "duplicate_rows",
    "shuffled_rows",
    "renamed_column",
    "missing_column",
    "expired_key",
    "recut_file",
]

FAULT_KINDS: Final[tuple[FaultKind, ...]] = get_args(FaultKind)

FINAL_FAULTS: Final[tuple[FaultKind, ...]] = ("renamed_column", "missing_column", "expired_key")
"""Kinds that a client has to report and must not wait out, although the next answer may be proper."""

DEFAULT_KINDS: Final = tuple(kind for kind in FAULT_KINDS if kind not in FINAL_FAULTS)
"""Kinds that pass when the request is repeated, or that leave an answer's meaning as it is."""

HANG_SECONDS: Final = 2.0
"""Seconds of silence before the connection is closed: long to a test, short to a person."""

RETRY_AFTER_SECONDS: Final = 1
"""What a throttled client is told to wait."""

_ANYTHING: Final = re.compile(r".*")
_API: Final = re.compile(r"/data/api/.+")
_API_WITH_KEY: Final = re.compile(r"/data/api/(?!metaData/isAvailable$).+")
_ROWS: Final = re.compile(r"/data/api/(dailyData|monitors)/.+")
_DAILY_ROWS: Final = re.compile(r"/data/api/dailyData/.+")
_AIRDATA_ZIP: Final = re.compile(r"/airdata/.+\.zip")

FITTING_PATHS: Final[Mapping[FaultKind, re.Pattern[str]]] = {
    "server_error": _ANYTHING,
    "maintenance_page": _ANYTHING,
    "throttled": _ANYTHING,
    "hang": _ANYTHING,
    "cut_connection": _ANYTHING,
    "truncated_json": _API,
    "wrong_envelope": _API,
    "html_page": _ANYTHING,
    "duplicate_rows": _ROWS,
    "shuffled_rows": _ROWS,
    "renamed_column": _DAILY_ROWS,
    "missing_column": _DAILY_ROWS,
    "expired_key": _API_WITH_KEY,
    "recut_file": _AIRDATA_ZIP,
}
"""Paths that a kind can happen to."""


def fits(kind: FaultKind, request: Request) -> bool:
    """Whether a kind can happen to a request; what it does to an answer that is no data is nothing all the same."""
    return FITTING_PATHS[kind].fullmatch(request.path) is not None


class Faults(Protocol):
    """Decides at every request whether and how it is disturbed; asked from several threads."""

    @property
    def hang_seconds(self) -> float: ...

    @property
    def retry_after_seconds(self) -> int: ...

    def fault_for(self, request: Request) -> FaultKind | None:
        """What happens to this request, which is counted as asked; None answers it properly."""
        ...


@dataclass
class _Tally:
    """What was asked and done so far."""

    asked: Counter[str] = field(default_factory=Counter)
    in_a_row: Counter[str] = field(default_factory=Counter)
    done: Counter[FaultKind] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class FaultPlan:
    """Disturbs a ``share`` of the requests, each by one of those of ``kinds`` that fit it, all equally likely.

    What happens to a request depends on the seed, on its path and query without credentials, and on how often it was
    asked before: not on time, on other requests or on their order. After ``max_in_a_row`` disturbances the same
    request is answered properly once, so that a client that repeats it more often than that gets through. A plan
    remembers what was asked: give every server its own. Raises ConfigurationError for a share that is none, an unknown
    kind or negative numbers.
    """

    seed: int
    share: float = 0.3
    kinds: tuple[FaultKind, ...] = DEFAULT_KINDS
    max_in_a_row: int = 3
    hang_seconds: float = HANG_SECONDS
    retry_after_seconds: int = RETRY_AFTER_SECONDS
    _tally: _Tally = field(default_factory=_Tally, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_kinds(self.kinds)
        if not 0.0 <= self.share <= 1.0 or min(self.max_in_a_row, self.hang_seconds, self.retry_after_seconds) < 0:
            fix = "Give a share from 0 to 1, and counts and seconds from 0"
            raise ConfigurationError("practice server", f"{self} is impossible", fix=fix)

    @property
    def counts(self) -> dict[FaultKind, int]:
        """How many requests were disturbed, by kind."""
        with self._tally.lock:
            return dict(self._tally.done)

    def fault_for(self, request: Request) -> FaultKind | None:
        """What happens to this request, which is counted as asked; None answers it properly."""
        identity = _identity(request)
        with self._tally.lock:
            kind = self._drawn(request, identity, self._tally.asked[identity])
            if self._tally.in_a_row[identity] >= self.max_in_a_row:
                kind = None
            self._tally.asked[identity] += 1
            self._tally.in_a_row[identity] = self._tally.in_a_row[identity] + 1 if kind else 0
            if kind:
                self._tally.done[kind] += 1
        return kind

    def _drawn(self, request: Request, identity: str, asked_before: int) -> FaultKind | None:
        kinds = [kind for kind in self.kinds if fits(kind, request)]
        draws = uniform(self.seed, f"fault {identity}", days=np.array([asked_before]), items=np.arange(2))[0]
        return kinds[int(draws[1] * len(kinds))] if kinds and draws[0] < self.share else None


class ScriptedFaults:
    """Does ``kinds`` to the requests below ``path_prefix``, one each and in order, then nothing; None answers properly.

    A kind that does not fit its request is used up without doing anything. Raises ConfigurationError for unknown kinds.
    """

    def __init__(
        self,
        kinds: Iterable[FaultKind | None],
        *,
        path_prefix: str = "/",
        hang_seconds: float = HANG_SECONDS,
        retry_after_seconds: int = RETRY_AFTER_SECONDS,
    ) -> None:
        self._to_come = list(kinds)
        _check_kinds(kind for kind in self._to_come if kind)
        self._path_prefix = path_prefix
        self._tally = _Tally()
        self.hang_seconds = hang_seconds
        self.retry_after_seconds = retry_after_seconds

    @property
    def counts(self) -> dict[FaultKind, int]:
        """How many requests were disturbed, by kind."""
        with self._tally.lock:
            return dict(self._tally.done)

    def fault_for(self, request: Request) -> FaultKind | None:
        """What happens to this request, which is counted as asked; None answers it properly."""
        with self._tally.lock:
            if not self._to_come or not request.path.startswith(self._path_prefix):
                return None
            kind = self._to_come.pop(0)
            if kind is None or not fits(kind, request):
                return None
            self._tally.done[kind] += 1
            return kind


def _check_kinds(kinds: Iterable[FaultKind]) -> None:
    for kind in kinds:
        if kind not in FAULT_KINDS:
            fix = f"Choose of {', '.join(FAULT_KINDS)}"
            raise ConfigurationError("practice server", f"{kind!r} is no kind of fault", fix=fix)


def _identity(request: Request) -> str:
    """Path and query in one order, without email and key."""
    query = sorted((name, value) for name, value in request.query.items() if name not in ("email", "key"))
    return " ".join([request.path, *(f"{name}={value}" for name, value in query)])
