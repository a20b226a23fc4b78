"""Histories merged from pulls."""

import pandas as pd

from airwatch_dagster.acquire.pulls import Pull
from airwatch_dagster.acquire.versions import merge_pull
from airwatch_dagster.schemas import TABLES

RAW = TABLES["raw_readings"]


def merged(history: pd.DataFrame, pull: Pull, seen_at: pd.Timestamp | None = None) -> pd.DataFrame:
    """History after the pull, at the pull's own time or else at ``seen_at``."""
    moment = pull.seen_at or seen_at
    assert moment is not None
    result = merge_pull(history, pull.rows, seen_at=moment, in_scope=pull.in_scope)
    RAW.schema.validate(result)
    return result


def current(history: pd.DataFrame) -> pd.DataFrame:
    """The rows that are not superseded."""
    return history[history["superseded_at"].isna()]
