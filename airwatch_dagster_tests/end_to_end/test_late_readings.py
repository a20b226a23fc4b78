"""Readings that arrive later, in any order, do not change a table as of an earlier moment."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pandas as pd
import pytest

from airwatch_dagster.acquire.readings import READING_COLUMNS
from airwatch_dagster.acquire.versions import merge_pull
from airwatch_dagster.commands.inspect.as_of import last_instant_of, table_as_of
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests.end_to_end.small_history import NOW, corrupted, days, store, true_readings
from airwatch_dagster_tests.installations import Installation

MARCH: Final = pd.Timestamp("2021-03-01")

FIRST_SEEN: Final = pd.Timestamp("2021-03-02 18:00")
"""When the readings up to the first of March were pulled."""

PARTITIONS: Final = {
    "raw_readings": "2021-03-01",
    "site_days": "2021-03-01",
    "features": "2021-03-01",
    "training_examples": "2021-02",
    "predictions": "2021-03-01",
}


def history(pulls: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The stored versions after one pull a day; everything is in the scope of each."""
    stored = TABLES["raw_readings"].empty()
    for number, pull in enumerate(pulls):
        seen_at = FIRST_SEEN + pd.Timedelta(days=number)
        everything = pd.Series(True, index=stored.index)
        stored = merge_pull(stored, pull[list(READING_COLUMNS)], seen_at=seen_at, in_scope=everything)
    return stored


@pytest.fixture(scope="module")
def pulls() -> list[pd.DataFrame]:
    """The readings of two months; then, of the same days, twice with changed values, withdrawn rows and new ones."""
    rows = true_readings()
    timely = rows[rows["date_local"].between("2021-01-01", MARCH)]
    return [timely, *(corrupted(timely, after=pd.Timestamp.min, seed=seed) for seed in (1, 2))]


@pytest.fixture(scope="module")
def rebuilt(
    one_backfill: Installation, pulls: list[pd.DataFrame], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., pd.DataFrame]:
    """A table as of a moment, from the history after some of the pulls."""

    def table(name: str, instant: pd.Timestamp, used: tuple[int, ...]) -> pd.DataFrame:
        tables = storage_with(history([pulls[number] for number in used]), one_backfill, folder / str(used))
        with one_backfill.activated():
            return table_as_of(name, PARTITIONS[name], instant, tables=tables)

    folder = tmp_path_factory.mktemp("late")
    return table


def storage_with(readings: pd.DataFrame, like: Installation, folder: Path) -> TableStorage:
    """A storage with these readings, and the monitors and champions of an installation."""
    tables = TableStorage.open(str(folder))
    if not tables.exists("monitors"):
        store(tables, "raw_readings", readings, days("2021-01-01", MARCH))
        tables.write("monitors", {None: like.tables.read("monitors")})
        tables.write("champion_model", {"2021-03": like.tables.read("champion_model", ["2021-03"])})
    return tables


@pytest.mark.slow
@pytest.mark.parametrize("table", PARTITIONS)
def test_later_rows_in_any_order_do_not_change_a_table_as_of_an_earlier_moment(
    table: str, rebuilt: Callable[..., pd.DataFrame]
) -> None:
    timely, late, permuted = (
        rebuilt(table, last_instant_of("2021-03-02"), used) for used in [(0,), (0, 1, 2), (0, 2, 1)]
    )

    assert len(timely) > 0
    pd.testing.assert_frame_equal(late, timely, check_exact=True)
    pd.testing.assert_frame_equal(permuted, timely, check_exact=True)
    assert not rebuilt(table, NOW, (0, 1, 2)).equals(timely), "late rows must count now"


def test_the_order_of_the_rows_within_a_pull_does_not_matter(pulls: list[pd.DataFrame]) -> None:
    shuffled = [pull.sample(frac=1.0, random_state=number) for number, pull in enumerate(pulls)]

    pd.testing.assert_frame_equal(history(shuffled), history(pulls), check_exact=True)
