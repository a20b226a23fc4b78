"""The contract of every table: columns, types, units, ranges and key, each declared once.

Belongs here: what a valid table is, how a frame is checked against it, and the data dictionary made from it. How a
table is computed or stored does not; this folder imports nothing of AirWatch but its errors.
"""

from airwatch_dagster.schemas import acquire, weather  # isort: skip  # tables in pipeline order
from airwatch_dagster.schemas import clean, enrich, fit, forecast, forecasters, publish, verify, watch
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
    "forecasters",
    "publish",
    "verify",
    "watch",
    "weather",
]
