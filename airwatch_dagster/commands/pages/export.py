"""`airwatch export`: a table's days as a file for other programs, with a manifest that says what it is."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import pandas as pd

from airwatch_dagster import __version__
from airwatch_dagster.commands.table_names import unknown_table
from airwatch_dagster.errors import ConfigurationError, StorageError
from airwatch_dagster.orchestration.configuration.settings import Settings
from airwatch_dagster.orchestration.resources import opened_storage, utc_now
from airwatch_dagster.publish.export import AREA_MEANS, METHOD, Form, Region, columns_of, region_means, written
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.local_folder import LocalFolder
from airwatch_dagster.storage.tables import TableStorage

FREQUENCIES: Final = {"day": "D", "month": "M", "detected": "D"}
"""pandas frequency of the partitions of a grain."""


def export_table(
    table: str,
    first: datetime,
    last: datetime,
    *,
    form: Form,
    by: Region | None,
    folder: str,
    overwrite: bool,
    echo: Callable[[str], None],
) -> None:
    """Write the stored partitions of ``table`` from ``first`` to ``last`` to a file in ``folder``, and its manifest.

    Raises ConfigurationError for an unknown table, days in the wrong order, a form or region that the table has not,
    and a file that exists without ``overwrite``; StorageError when nothing of the range is stored.
    """
    _check(table, first, last, form=form, by=by)
    settings = Settings.from_environment()
    tables = opened_storage(settings.storage)
    keys, rows = _stored(tables, table, first, last)
    rows = region_means(table, rows, by=by) if by else _placed(tables, rows) if form == "geojson" else rows
    name = "_".join([table, *([f"by_{by}"] if by else []), f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}"])
    content = written(rows, form)
    manifest = {
        **_manifest(tables, table, keys, rows, settings=settings),
        "file": f"{name}.{form}",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "first": f"{first:%Y-%m-%d}",
        "last": f"{last:%Y-%m-%d}",
        **({"method": METHOD} if by else {}),
    }
    place = LocalFolder(folder, setting="--to")
    if not overwrite and place.exists(f"{name}.{form}"):
        raise ConfigurationError("--to", f"{place.uri(f'{name}.{form}')} exists", fix="Add --overwrite to replace it")
    place.put(f"{name}.{form}", content)
    place.put(f"{name}.manifest.json", (json.dumps(manifest, ensure_ascii=False, indent=2) + "\n").encode())
    echo(f"{len(rows):,} rows  {place.uri(f'{name}.{form}')}")
    echo(f"what they are  {place.uri(f'{name}.manifest.json')}")


def _check(table: str, first: datetime, last: datetime, *, form: Form, by: Region | None) -> None:
    if table not in TABLES:
        raise unknown_table("export", table, list(TABLES))
    if last < first:
        raise ConfigurationError(
            "export", f"LAST {last:%Y-%m-%d} is before FIRST {first:%Y-%m-%d}", fix="Give the earlier day first"
        )
    if by and table not in AREA_MEANS:
        raise ConfigurationError("--by", f"{table} has no means by region", fix=f"Use {' or '.join(AREA_MEANS)}")
    if form == "geojson" and (by or "site_id" not in TABLES[table].column_names):
        what = "means by region have no point" if by else f"{table} has no sites"
        raise ConfigurationError("--format", f"{what}, which GeoJSON needs", fix="Use csv or parquet")


def _stored(tables: TableStorage, table: str, first: datetime, last: datetime) -> tuple[list[str], pd.DataFrame]:
    """The stored partitions of the range, and their rows; the whole table when it has no partitions."""
    spec = TABLES[table]
    if spec.grain == "none":
        return [], tables.read(table)
    wanted = pd.period_range(first, last, freq=FREQUENCIES[spec.grain]).astype(str)
    keys = [key for key in tables.stored_partitions(table) if key in set(wanted)]
    if not keys:
        fix = f"Build them: airwatch backfill {first:%Y-%m-%d} {last:%Y-%m-%d}"
        raise StorageError(table, f"none of {wanted[0]}…{wanted[-1]} is stored", fix=fix)
    return keys, tables.read(table, keys)


def _placed(tables: TableStorage, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the positions of their sites, from the monitor list where the table has none."""
    if "latitude" in rows:
        return rows
    places = tables.read("monitors").drop_duplicates("site_id")[["site_id", "latitude", "longitude"]]
    return rows.merge(places, on="site_id", how="left", validate="many_to_one")


def _manifest(
    tables: TableStorage, table: str, keys: list[str], rows: pd.DataFrame, *, settings: Settings
) -> dict[str, Any]:
    times = tables.stored_partitions(table)
    moments = [times[key] for key in keys] or list(tables.whole_tables().values())
    as_of = max(moments)
    source = "simulated air, not real readings" if tables.holds_simulated() else "US EPA AQS and AirNow"
    return {
        "table": table,
        "description": TABLES[table].description,
        "rows": len(rows),
        "partitions": len(keys),
        "as_of": f"{as_of:%Y-%m-%dT%H:%M:%SZ}",
        "exported_at": f"{utc_now():%Y-%m-%dT%H:%M:%SZ}",
        "area": settings.area,
        "source": source,
        "airwatch_version": __version__,
        "how_to_cite": f"AirWatch {__version__}, table {table}, from {source}, as of {as_of:%Y-%m-%d}.",
        "columns": columns_of(table, rows),
    }
