"""Arrow asks the system for memory, in the tests and in every process that loads AirWatch."""

import subprocess
import sys

import pyarrow as pa


def test_arrow_does_not_use_an_allocator_of_its_own() -> None:
    assert pa.default_memory_pool().backend_name == "system"


def test_a_process_that_loads_airwatch_after_dagster_does_so_too() -> None:
    code = "import dagster, airwatch_dagster, pyarrow; print(pyarrow.default_memory_pool().backend_name)"

    result = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout == "system\n"
