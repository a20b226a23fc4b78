"""Faults of the practice server: drawn from a seed, or scripted one by one."""

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
    "truncated_bulletin",
]

FAULT_KINDS: Final[tuple[FaultKind, ...]] = get_args(FaultKind)

FINAL_FAULTS: Final[tuple[FaultKind, ...]] = (
    "renamed_column",
    "missing_column",
    "expired_key",
    "truncated_bulletin",
)
"""Kinds that a client must report instead of retrying, although the next response may be correct."""

DEFAULT_KINDS: Final = tuple(kind for kind in FAULT_KINDS if kind not in FINAL_FAULTS)
"""Transient kinds: a retry succeeds, or the meaning of the response is unchanged."""

HANG_SECONDS: Final = 2.0
"""Seconds of silence before the connection is closed: long for a test, short for a person."""

RETRY_AFTER_SECONDS: Final = 1
"""Seconds in the Retry-After header of ``throttled``."""

_ANYTHING: Final = re.compile(r".*")
_JSON: Final = re.compile(r"/(data/api|aq)/.+")
_API_WITH_KEY: Final = re.compile(r"/data/api/(?!metaData/isAvailable$).+")
_ROWS: Final = re.compile(r"/data/api/(dailyData|monitors)/.+")
_DAILY_ROWS: Final = re.compile(r"/data/api/dailyData/.+")
_AIRDATA_ZIP: Final = re.compile(r"/airdata/.+\.zip")
_BULLETIN: Final = re.compile(r"/(nbm|nws)/.+")

FITTING_PATHS: Final[Mapping[FaultKind, re.Pattern[str]]] = {
    "server_error": _ANYTHING,
    "maintenance_page": _ANYTHING,
    "throttled": _ANYTHING,
    "hang": _ANYTHING,
    "cut_connection": _ANYTHING,
    "truncated_json": _JSON,
    "wrong_envelope": _JSON,
    "html_page": _ANYTHING,
    "duplicate_rows": _ROWS,
    "shuffled_rows": _ROWS,
    "renamed_column": _DAILY_ROWS,
    "missing_column": _DAILY_ROWS,
    "expired_key": _API_WITH_KEY,
    "recut_file": _AIRDATA_ZIP,
    "truncated_bulletin": _BULLETIN,
}
"""Request paths to which each kind applies."""


def fits(kind: FaultKind, request: Request) -> bool:
    """Whether a kind applies to a request; responses without data stay unchanged all the same."""
    return FITTING_PATHS[kind].fullmatch(request.path) is not None


class Faults(Protocol):
    """Decides for every request whether it gets a fault, and which; called from several threads."""

    @property
    def hang_seconds(self) -> float:
        """Seconds of silence of ``hang``."""
        ...

    @property
    def retry_after_seconds(self) -> int:
        """Seconds in the Retry-After header of ``throttled``."""
        ...

    def fault_for(self, request: Request) -> FaultKind | None:
        """The fault of this request, which is counted; None for a correct response."""
        ...


@dataclass
class _Tally:
    """Requests and faults so far, by identity of the request and kind."""

    requests: Counter[str] = field(default_factory=Counter)
    consecutive: Counter[str] = field(default_factory=Counter)
    injected: Counter[FaultKind] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class FaultPlan:
    """Faults for a ``share`` of the requests, each of one of the applicable ``kinds`` with equal probability.

    The fault of a request depends on the seed, on its path and query without credentials, and on the number of earlier
    identical requests; it does not depend on time or on other requests. After ``max_in_a_row`` faults an identical
    request gets one correct response, so a client with more retries succeeds. A plan counts requests: every server
    needs its own. Raises ConfigurationError for a share outside 0 to 1, an unknown kind or negative numbers.
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
            raise ConfigurationError("practice server", f"{self} is not valid", fix=fix)

    @property
    def counts(self) -> dict[FaultKind, int]:
        """Number of faults so far, by kind."""
        with self._tally.lock:
            return dict(self._tally.injected)

    def fault_for(self, request: Request) -> FaultKind | None:
        """The fault of this request, which is counted; None for a correct response."""
        identity = _identity(request)
        kinds = [kind for kind in self.kinds if fits(kind, request)]
        with self._tally.lock:
            earlier_requests = np.array([self._tally.requests[identity]])
            draws = uniform(self.seed, f"fault {identity}", days=earlier_requests, items=np.arange(2))[0]
            is_allowed = self._tally.consecutive[identity] < self.max_in_a_row
            kind = kinds[int(draws[1] * len(kinds))] if kinds and draws[0] < self.share and is_allowed else None
            self._tally.requests[identity] += 1
            self._tally.consecutive[identity] = self._tally.consecutive[identity] + 1 if kind else 0
            if kind:
                self._tally.injected[kind] += 1
        return kind


class ScriptedFaults:
    """Faults of ``kinds`` for the requests below ``path_prefix``, one each and in order; None is a correct response.

    All later responses are correct. A kind that does not apply to its request is used up without effect. Raises
    ConfigurationError for unknown kinds.
    """

    def __init__(
        self,
        kinds: Iterable[FaultKind | None],
        *,
        path_prefix: str = "/",
        hang_seconds: float = HANG_SECONDS,
        retry_after_seconds: int = RETRY_AFTER_SECONDS,
    ) -> None:
        self._remaining = list(kinds)
        _check_kinds(kind for kind in self._remaining if kind)
        self._path_prefix = path_prefix
        self._tally = _Tally()
        self.hang_seconds = hang_seconds
        self.retry_after_seconds = retry_after_seconds

    @property
    def counts(self) -> dict[FaultKind, int]:
        """Number of faults so far, by kind."""
        with self._tally.lock:
            return dict(self._tally.injected)

    def fault_for(self, request: Request) -> FaultKind | None:
        """The fault of this request, which is counted; None for a correct response."""
        with self._tally.lock:
            if not self._remaining or not request.path.startswith(self._path_prefix):
                return None
            kind = self._remaining.pop(0)
            if kind is None or not fits(kind, request):
                return None
            self._tally.injected[kind] += 1
            return kind


def _check_kinds(kinds: Iterable[FaultKind]) -> None:
    for kind in kinds:
        if kind not in FAULT_KINDS:
            fix = f"Choose from {', '.join(FAULT_KINDS)}"
            raise ConfigurationError("practice server", f"{kind!r} is not a kind of fault", fix=fix)


def _identity(request: Request) -> str:
    """Path and sorted query, without email and key."""
    query = sorted((name, value) for name, value in request.query.items() if name not in ("email", "key", "api_key"))
    return " ".join([request.path, *(f"{name}={value}" for name, value in query)])
