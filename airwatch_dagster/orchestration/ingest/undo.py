"""An import undone: the history of readings as if it had not happened."""

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.airdata.download_scope import in_areas
from airwatch_dagster.acquire.versions import without_pull
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.ingest.downloads import is_fuller_than_download
from airwatch_dagster.orchestration.ingest.ingest_config import Ingest
from airwatch_dagster.orchestration.tables.table_asset import AssetResult
from airwatch_dagster.schemas.columns import SITE_POC


def undone(seen_at: pd.Timestamp, history: pd.DataFrame, *, ingest: Ingest) -> AssetResult:
    """``history`` without the import seen at ``seen_at`` (naive UTC); the metadata records what was undone.

    Raises ConfigurationError for a pull that was no import, and for one that a later pull builds on.
    """
    among = covered_versions(history, seen_at, ingest.covers)
    restored = without_pull(history, seen_at, among=among)
    metadata = {
        "run_undone_import": f"{seen_at.isoformat()} UTC",
        "run_undone_file": ingest.download.name if ingest.download else "every file seen then",
        "run_removed_versions": len(history) - len(restored),
        "run_restored_versions": int((among & history["superseded_at"].eq(seen_at).to_numpy()).sum()),
    }
    return AssetResult(restored, metadata=metadata)


def covered_versions(history: pd.DataFrame, seen_at: pd.Timestamp, covers: str | None) -> np.ndarray:
    """Mask of ``history`` in the areas ``covers``, with their sites as of the import at ``seen_at``; all when None.

    Raises ConfigurationError when the versions seen then are not of a download: what a pull reads from a source is not
    at hand to be imported again.
    """
    begun = history[history["first_seen_at"] == seen_at]
    if (is_fuller_than_download(begun) | (begun["poc"] == SITE_POC)).any():
        problem = (
            f"what was seen at {seen_at} was pulled from {', '.join(sorted(begun['source'].unique()))}, not imported"
        )
        raise ConfigurationError("raw_readings", problem, fix="Name an imported file, or the time it was seen at")
    return np.ones(len(history), dtype=bool) if covers is None else in_areas(history, covers, like=begun)
