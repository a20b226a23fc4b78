"""`python -m airwatch_dagster.cli`."""

from airwatch_dagster.cli import main

main()
