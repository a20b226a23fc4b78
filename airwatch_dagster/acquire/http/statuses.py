"""Statuses of a response that a later request may not get."""

from typing import TYPE_CHECKING

from airwatch_dagster.acquire.http.session import TRANSIENT_STATUSES, retry_after_s
from airwatch_dagster.errors import SourceUnavailable

if TYPE_CHECKING:
    import requests


class Throttled(SourceUnavailable):
    """The server asked to wait."""

    def __init__(self, culprit: str, problem: str, *, wait_s: float | None) -> None:
        super().__init__(culprit, problem, fix="Wait before the next request")
        self.wait_s = wait_s
        """Seconds that the server asked for; None when it named none."""


def check_status(response: "requests.Response", culprit: str, *, now_s: float, fix: str) -> None:
    """Raises Throttled when the server asks to wait, and SourceUnavailable for another status that may pass."""
    status = response.status_code
    problem = f"the server responded with status {status}"
    if status == 429 or (status == 503 and "Retry-After" in response.headers):
        wait_s = retry_after_s(response.headers.get("Retry-After"), now_s=now_s)
        requested = f", and asked to wait {wait_s:.0f} s" if wait_s is not None else ""
        raise Throttled(culprit, f"{problem}{requested}", wait_s=wait_s)
    if status >= 500 or status in TRANSIENT_STATUSES or 300 <= status < 400:
        raise SourceUnavailable(culprit, problem, fix=fix)
