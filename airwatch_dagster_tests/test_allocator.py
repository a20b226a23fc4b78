"""Arrow asks the system for memory, in the tests and in every command."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa

from airwatch_dagster_tests.installations import Installation


def test_arrow_does_not_use_an_allocator_of_its_own() -> None:
    assert pa.default_memory_pool().backend_name == "system"


def test_neither_does_it_in_a_process_that_a_command_starts(tmp_path: Path) -> None:
    environment = {**Installation.at(tmp_path).environment, "PATH": ""}
    asks = "import pyarrow; print(pyarrow.default_memory_pool().backend_name)"
    command = [sys.executable, "-m", "airwatch_dagster.commands.with_settings", "python", "-c", asks]

    assert subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout == "system\n"
