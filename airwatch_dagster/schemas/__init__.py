"""The contract: every table's columns, once. Imports nothing of ours but errors."""

from airwatch_dagster.schemas import acquire, clean, enrich, fit, forecast, monitor
from airwatch_dagster.schemas.base import TABLES, Grain, Table, TableSpec

__all__ = ["TABLES", "Grain", "Table", "TableSpec", "acquire", "clean", "enrich", "fit", "forecast", "monitor"]
