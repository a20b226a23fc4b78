"""The settings users give in the environment or in `.env`, read once a run and checked."""

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Literal, get_args

from airwatch_dagster.acquire.airdata.archive import AIRDATA_URL
from airwatch_dagster.acquire.airnow.archive import AIRNOW_URL
from airwatch_dagster.acquire.aqs.client import AQS_URL
from airwatch_dagster.acquire.aqs.rate_limiter import AQS_INTERVAL_S
from airwatch_dagster.errors import ConfigurationError

SourceName = Literal["practice", "airdata", "aqs", "live"]

DEFAULT_CONTEXT_KM: Final = 800.0
"""Monitors up to this many km around the area carry most of the next-day signal (Chicago: skill +0.06 without,
+0.20 with)."""


@dataclass(frozen=True)
class Settings:
    """What to read, for where, and where to keep it."""

    source: SourceName
    area: str
    context_km: float
    storage: str
    weather: str | None
    """Where forecasts of the weather lie, as storage does; null while none are used."""
    state: Path
    airdata_url: str
    airnow_url: str
    aqs_url: str
    aqs_interval_s: float
    """Seconds between the starts of two API requests."""
    aqs_email: str | None
    aqs_key: str | None
    mlflow_tracking_uri: str
    search_minutes: float
    """Minutes a month's search of hyper-parameters may take; 0 searches nothing."""
    practice_today: date | None
    """The practice server's clock, and ours when we read from one; null for the real day."""

    def __repr__(self) -> str:
        return f"Settings(source={self.source!r}, area={self.area!r}, storage={self.storage!r})"

    @property
    def is_rehearsal(self) -> bool:
        """Whether nothing is asked of EPA: simulated air, or other addresses throughout."""
        addresses = {self.airdata_url, self.airnow_url, self.aqs_url}
        return self.source == "practice" or not addresses & {AIRDATA_URL, AIRNOW_URL, AQS_URL}

    @property
    def has_aqs_credentials(self) -> bool:
        """Whether the AQS API can be asked at all."""
        return bool(self.aqs_email and self.aqs_key)

    @classmethod
    def from_environment(cls) -> "Settings":
        """Settings of this process. Raises ConfigurationError for an unknown source or a distance that is no number."""
        source = _source()
        state = Path(os.environ.get("AIRWATCH_STATE") or ".airwatch").absolute()
        return cls(
            source=source,
            area=os.environ.get("AIRWATCH_AREA") or "cbsa:16980",
            context_km=_context_km(source),
            storage=storage_root(),
            weather=os.environ.get("AIRWATCH_WEATHER") or None,
            state=state,
            airdata_url=os.environ.get("AIRWATCH_AIRDATA_URL") or AIRDATA_URL,
            airnow_url=os.environ.get("AIRWATCH_AIRNOW_URL") or AIRNOW_URL,
            aqs_url=os.environ.get("AIRWATCH_AQS_URL") or AQS_URL,
            aqs_interval_s=_aqs_interval_s(),
            aqs_email=os.environ.get("EPA_AQS_EMAIL") or None,
            aqs_key=os.environ.get("EPA_AQS_API_KEY") or None,
            search_minutes=_search_minutes(),
            practice_today=_practice_today(),
            mlflow_tracking_uri=os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{state / 'mlflow.db'}",
        )


def storage_root() -> str:
    """Where tables lie: AIRWATCH_STORAGE, a folder or ``s3://bucket/prefix``."""
    return os.environ.get("AIRWATCH_STORAGE") or "./data"


def _source() -> SourceName:
    name = os.environ.get("AIRWATCH_SOURCE") or "practice"
    if name not in get_args(SourceName):
        raise ConfigurationError(
            "AIRWATCH_SOURCE", f"{name!r} is no source", fix=f"Use one of {', '.join(get_args(SourceName))}"
        )
    return name  # type: ignore[return-value]


def _context_km(source: SourceName) -> float:
    text = os.environ.get("AIRWATCH_CONTEXT_KM")
    if not text:
        return 0.0 if source == "aqs" else DEFAULT_CONTEXT_KM
    try:
        distance = float(text)
    except ValueError:
        distance = -1.0
    if not 0.0 <= distance <= 20_000.0:
        raise ConfigurationError(
            "AIRWATCH_CONTEXT_KM", f"{text!r} is no distance in km", fix="Use a number from 0 to 20000, 800 by default"
        )
    return distance


def _aqs_interval_s() -> float:
    """EPA's own API is never asked faster than EPA allows; another address may be."""
    text = os.environ.get("AIRWATCH_AQS_INTERVAL_S")
    if not text:
        return AQS_INTERVAL_S
    is_epa = (os.environ.get("AIRWATCH_AQS_URL") or AQS_URL).rstrip("/") == AQS_URL
    least = AQS_INTERVAL_S if is_epa else 0.0
    try:
        interval_s = float(text)
    except ValueError:
        interval_s = -1.0
    if not least <= interval_s <= 3600.0:
        problem = f"{text!r} is no time between requests in seconds" + (" that EPA allows" if is_epa else "")
        fix = f"Use a number from {least:g} to 3600, or leave it unset for {AQS_INTERVAL_S:g}"
        raise ConfigurationError("AIRWATCH_AQS_INTERVAL_S", problem, fix=fix)
    return interval_s


def _search_minutes() -> float:
    text = os.environ.get("AIRWATCH_SEARCH_MINUTES") or "0"
    try:
        minutes = float(text)
    except ValueError:
        minutes = -1.0
    if not 0.0 <= minutes <= 1440.0:
        fix = "Use minutes from 0, which searches nothing, to 1440"
        raise ConfigurationError("AIRWATCH_SEARCH_MINUTES", f"{text!r} is no time for a search in minutes", fix=fix)
    return minutes


def _practice_today() -> date | None:
    text = os.environ.get("AIRWATCH_PRACTICE_TODAY")
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            "AIRWATCH_PRACTICE_TODAY", f"{text!r} is no day", fix="Use YYYY-MM-DD, or leave it unset for the real day"
        ) from None
