"""Other programs read the stored tables as the documentation shows: DuckDB and Polars, and Athena by its statement."""

import json
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from airwatch_dagster.schemas import CONTRACTS
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests.s3_servers import S3Server
from airwatch_dagster_tests.simulated_air import simulated_site_days

pytestmark = pytest.mark.slow

HIVE_TYPES = {
    "str": "string",
    "bool": "boolean",
    "boolean": "boolean",
    "int64": "bigint",
    "Int64": "bigint",
    "float32": "float",
    "float64": "double",
    "datetime64[ns]": "timestamp",
}
"""Athena's name of each type of the schemas. Source: Amazon Athena, data types."""

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "read-tables.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
SPARK = [one for one in EXAMPLES if "pyspark" in one]
ATHENA = [one for one in EXAMPLES if "CREATE EXTERNAL TABLE" in one]
ON_FOLDERS = [one for one in EXAMPLES if "data/site_days" in one and one not in SPARK]
ON_S3 = [one for one in EXAMPLES if "8333" in one]


@pytest.fixture(scope="module")
def site_days() -> pd.DataFrame:
    days = simulated_site_days(sites=3, first="2026-09-20", days=50)
    return days.assign(is_valid=(days.index % 5 != 0))


@pytest.fixture(scope="module")
def expected(site_days: pd.DataFrame) -> list[tuple[str, int, float]]:
    october = site_days[site_days["date_local"].between("2026-10-01", "2026-10-31") & site_days["is_valid"]]
    found = [
        (str(site), len(rows), float(rows["pm25_ugm3"].max())) for site, rows in october.groupby("site_id", sort=True)
    ]
    return sorted(found, key=lambda row: (-row[2], row[0]))


def stored(root: str, site_days: pd.DataFrame) -> None:
    by_day = {f"{day:%Y-%m-%d}": rows for day, rows in site_days.groupby("date_local")}
    TableStorage.open(root).write("site_days", by_day)


SHOW = """
import json, os
rows = worst.rows() if hasattr(worst, "rows") else worst.itertuples(index=False)
print(json.dumps([(site, int(days), float(highest)) for site, days, highest in rows]), flush=True)
os._exit(0)
"""
"""Ends at once: nothing that the program has started is waited for."""


def rows_of(example: str) -> list[tuple[str, int, float]]:
    """What an example of the page finds, in a process of its own.

    The threads with which Polars reads S3 outlive its query. Minutes later one of them ended the process of the tests
    with a segmentation fault, in the middle of another test.
    """
    command = [sys.executable, "-W", "ignore", "-c", example + SHOW]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [(site, days, highest) for site, days, highest in json.loads(done.stdout)]


@pytest.fixture(params=["moto", pytest.param("seaweed", marks=pytest.mark.slow)])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    found: S3Server = request.getfixturevalue(f"{request.param}_server")
    found.use(monkeypatch)
    return found


def test_the_page_has_an_example_of_each_kind() -> None:
    assert [len(ON_FOLDERS), len(ON_S3), len(SPARK), len(ATHENA), len(EXAMPLES)] == [2, 2, 1, 1, 6]


@pytest.mark.parametrize("example", ON_FOLDERS)
def test_a_folder_is_read(
    example: str,
    site_days: pd.DataFrame,
    expected: list[tuple[str, int, float]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored(str(tmp_path / "data"), site_days)
    monkeypatch.chdir(tmp_path)

    assert rows_of(example) == expected
    assert len(expected) == 3


@pytest.mark.parametrize("example", ON_S3)
def test_s3_is_read(
    example: str,
    site_days: pd.DataFrame,
    expected: list[tuple[str, int, float]],
    server: S3Server,
) -> None:
    place = f"{server.bucket}/{uuid.uuid4().hex}"
    stored(f"s3://{place}", site_days)

    here = example.replace("http://127.0.0.1:8333", server.endpoint).replace("airwatch/tables", place)

    assert rows_of(here) == expected


@pytest.mark.parametrize("table", [spec.name for spec in CONTRACTS.values() if spec.partition_column])
def test_the_statement_for_athena_has_all_columns_of_a_table(
    table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    TableStorage.open(str(tmp_path / "data")).write(table, {"2026-10-01": CONTRACTS[table].empty()})
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}

    exec(compile(ATHENA[0].replace('"site_days"', f'"{table}"'), str(PAGE), "exec"), names)

    first, *columns, last, stored_as, location = names["statement"].splitlines()
    assert [first, last, stored_as] == [f"CREATE EXTERNAL TABLE {table} (", ")", "STORED AS PARQUET"]
    assert location == f"LOCATION 's3://bucket/tables/{table}/'"
    declared = CONTRACTS[table].schema.columns
    assert [line.strip().rstrip(",") for line in columns] == [
        f"`{name}` {HIVE_TYPES[str(column.dtype)]}" for name, column in declared.items()
    ]
