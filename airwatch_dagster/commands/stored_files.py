"""What is in the storage besides tables: copies, other names, folders, files without bytes."""

from airwatch_dagster.errors import StorageError
from airwatch_dagster.orchestration.resources import opened_storage
from airwatch_dagster.orchestration.settings import Settings
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.partition_files import ignored_text
from airwatch_dagster.storage.tables import in_threads


def describe_stored_files() -> str:
    """The number of stored partitions, and the harmless files beside them.

    Raises StorageError naming files that look like partitions and are not read.
    """
    root = Settings.from_environment().storage
    storage = opened_storage(root)
    listings = in_threads(storage.listing, TABLES)
    found = [*storage.ignored_beside_tables(), *(file for listing in listings for file in listing.ignored)]
    notable = [file for file in found if not file.is_harmless]
    if notable:
        problem = f"not read, because they are no partitions: {ignored_text(notable)}"
        fix = "Move them elsewhere; `airwatch backfill` builds partitions that are missing"
        raise StorageError(root, problem, fix=fix)
    partitions = sum(len(listing.partitions) for listing in listings)
    return f"{partitions:,} partitions" + (f"; ignored: {ignored_text(found)}" if found else "")
