"""The first day that the Dagster UI lists: earlier days would only be thousands of missing partitions."""

from collections.abc import Iterable
from datetime import date

from airwatch_dagster.orchestration.configuration.settings import FirstDaySettings
from airwatch_dagster.orchestration.partitions import FIRST_DAY
from airwatch_dagster.orchestration.resources import opened_storage


def first_listed_day() -> date:
    """AIRWATCH_FIRST_DAY, or the first stored day where that is earlier; read when the code location is loaded.

    A stored day is always listed: runs of the UI read listed days only. Without the setting and a stored day, the first
    day there is. Of an S3 storage the setting alone counts, because a store that does not answer must not keep the code
    location from loading.
    """
    settings = FirstDaySettings.from_environment()
    earliest = date.fromisoformat(FIRST_DAY)
    if "://" in settings.storage:
        return settings.first_day or earliest
    stored = next(iter(opened_storage(settings.storage).stored_partitions("raw_readings")), None)
    days = [day for day in (settings.first_day, date.fromisoformat(stored) if stored else None) if day]
    return max(earliest, min(days, default=earliest))


def listed_spans(spans: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """First and last day, or month, of each span as far as they are listed; spans before the first listed one are left
    out: the code location that runs have knows them only once it is loaded anew."""
    return [(since_listed(first), last) for first, last in spans if since_listed(first) <= last]


def since_listed(partition: str) -> str:
    """The day or month, or the first listed one where it is earlier: where a run of the UI or its daemon may begin."""
    return max(partition, f"{first_listed_day():%Y-%m-%d}"[: len(partition)])
