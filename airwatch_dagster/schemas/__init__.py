"""The contract: every table's columns, once. Imports nothing of ours but errors."""

from airwatch_dagster.schemas import acquire, clean, enrich, fit, forecast, verify, watch, weather
from airwatch_dagster.schemas.base import CONTRACTS, TABLES, Grain, Table, TableSpec

__all__ = [
    "CONTRACTS",
    "TABLES",
    "Grain",
    "Table",
    "TableSpec",
    "acquire",
    "clean",
    "enrich",
    "fit",
    "forecast",
    "verify",
    "watch",
    "weather",
]
