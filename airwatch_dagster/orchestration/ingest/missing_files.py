"""Files of a parameter that the source does not have: the days are read without them, and a person should know."""

from collections.abc import Sequence
from typing import Final

from airwatch_dagster.acquire.pulls import Pull
from airwatch_dagster.orchestration.tables.checks import Check

MISSING_FILES_CHECK: Final = {
    "every_parameter_read": Check(
        "The source has the daily file of every parameter that AIRWATCH_PARAMETERS names",
        follows="Sites that have only such monitors have no values and no forecasts, and are missing around others.",
        todo="Put the file into the mirror, or set AIRWATCH_PARAMETERS=88101, and read the days again: "
        "`airwatch backfill DAY DAY --refresh`.",
    )
}


def missing_file_warnings(pull: Pull, *, partitions: Sequence[str]) -> dict[str, str]:
    """Partition (day) → the files that the source does not have for its year."""
    by_year: dict[str, list[str]] = {}
    for name, year in pull.missing_files.items():
        by_year.setdefault(str(year), []).append(name)
    return {day: f"the source has no {', '.join(by_year[day[:4]])}" for day in partitions if day[:4] in by_year}
