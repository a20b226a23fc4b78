"""The data dictionary, generated from the contract; run as a module, this rewrites README.md beside it."""

from pathlib import Path
from typing import Final

import pandera.pandas as pa

from airwatch_dagster.schemas import CONTRACTS, TableSpec
from airwatch_dagster.schemas.weather import ISSUE_DAY

DICTIONARY_PATH: Final = Path(__file__).with_name("README.md")

PARTITION_FILES: Final = {
    "day": "one file per day, `{name}/YYYY-MM-DD.parquet`, by `{column}`",
    "month": "one file per month, `{name}/YYYY-MM.parquet`, by `{column}`",
    "detected": "one file per day of detection (UTC), `{name}/YYYY-MM-DD.parquet`, by `{column}`",
    "none": "one file, `{name}.parquet`",
}

UNIT_OF_SUFFIX: Final = {
    "_ugm3": "µg/m³",
    "_km": "km",
    "_m": "m",
    "_mm": "mm",
    "_ms": "m/s",
    "_c": "°C",
    "_pct": "%",
    "_days": "days",
    "_minutes": "min",
}
"""Unit of a numeric column by the end of its name; other columns declare theirs with the column."""

HEAD: Final = """# Data dictionary

Every table of AirWatch, in the order data flows. Generated from the schemas in this folder by `make dictionary`; do
not edit. Days are local standard days; instants are UTC. A column without a unit is a text, a date, a count, a share,
an index or a logarithm. A column contains no nulls unless its meaning says so.
"""


def data_dictionary() -> str:
    """The dictionary of all tables as Markdown."""
    return "\n".join([HEAD, *(_section(spec) for spec in CONTRACTS.values())])


def unit_of(name: str, column: pa.Column) -> str | None:
    """The column's unit as declared, else by the end of its name; None for text, dates and plain numbers."""
    declared = (column.metadata or {}).get("unit")
    if declared or not str(column.dtype).lower().startswith(("int", "float")):
        return declared
    quantity = name.removesuffix(ISSUE_DAY)
    return next((unit for suffix, unit in UNIT_OF_SUFFIX.items() if quantity.endswith(suffix)), None)


def _section(spec: TableSpec) -> str:
    files = PARTITION_FILES[spec.grain].format(name=spec.name, column=spec.partition_column)
    key = ", ".join(f"`{name}`" for name in spec.key)
    columns = ["| column | type | unit | meaning |", "|---|---|---|---|"]
    for name, column in spec.schema.columns.items():
        columns.append(f"| `{name}` | {column.dtype} | {unit_of(name, column) or ''} | {_meaning(column)} |")
    return "\n".join([f"## {spec.name}", "", spec.description, "", f"Key: {key}. Stored as {files}.", "", *columns, ""])


def _meaning(column: pa.Column) -> str:
    signs = {"greater_than_or_equal_to": "≥", "less_than_or_equal_to": "≤", "isin": "one of"}
    found = [(signs[one.name], next(iter(one.statistics.values()))) for one in column.checks if one.name in signs]
    notes = [f"{sign} {', '.join(map(str, value)) if sign == 'one of' else f'{value:g}'}" for sign, value in found]
    notes += ["may be null"] if column.nullable else []
    return f"{column.description}{' (' + '; '.join(notes) + ')' if notes else ''}".replace("|", "\\|")


if __name__ == "__main__":
    DICTIONARY_PATH.write_text(data_dictionary(), encoding="utf-8")
