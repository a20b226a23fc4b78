"""The data dictionary, generated from the contract; run as a module, this rewrites README.md beside it."""

from pathlib import Path
from typing import Final

import pandera.pandas as pa

from airwatch_dagster.schemas import CONTRACTS, TableSpec

DICTIONARY_PATH: Final = Path(__file__).with_name("README.md")

PARTITION_FILES: Final = {
    "day": "one file a day, `{name}/YYYY-MM-DD.parquet`, by `{column}`",
    "month": "one file a month, `{name}/YYYY-MM.parquet`, by `{column}`",
    "detected": "one file a day of notice (UTC), `{name}/YYYY-MM-DD.parquet`, by `{column}`",
    "none": "one file, `{name}.parquet`",
}

HEAD: Final = """# Data dictionary

Every table of AirWatch, in the order data flows. Generated from the schemas in this folder by `make dictionary`; do
not edit. Days are local standard days; instants are UTC. Units are in the column names. A column holds no nulls
unless it says so.
"""


def data_dictionary() -> str:
    """The dictionary of all tables as Markdown."""
    return "\n".join([HEAD, *(_section(spec) for spec in CONTRACTS.values())])


def _section(spec: TableSpec) -> str:
    files = PARTITION_FILES[spec.grain].format(name=spec.name, column=spec.partition_column)
    key = ", ".join(f"`{name}`" for name in spec.key)
    rows = [f"| `{name}` | {column.dtype} | {_meaning(column)} |" for name, column in spec.schema.columns.items()]
    head = ["| column | type | meaning |", "|---|---|---|"]
    return "\n".join(
        [f"## {spec.name}", "", spec.description, "", f"Key: {key}. Stored as {files}.", "", *head, *rows, ""]
    )


def _meaning(column: pa.Column) -> str:
    notes = [f"{name} {value}" for name, value in _bounds(column)]
    notes += ["may be null"] if column.nullable else []
    return f"{column.description}{' (' + '; '.join(notes) + ')' if notes else ''}".replace("|", "\\|")


def _bounds(column: pa.Column) -> list[tuple[str, str]]:
    words = {"greater_than_or_equal_to": "≥", "less_than_or_equal_to": "≤", "isin": "one of"}
    found = [
        (words[check.name], next(iter(check.statistics.values()))) for check in column.checks if check.name in words
    ]
    return [(word, ", ".join(map(str, value)) if word == "one of" else f"{value:g}") for word, value in found]


if __name__ == "__main__":
    DICTIONARY_PATH.write_text(data_dictionary(), encoding="utf-8")
