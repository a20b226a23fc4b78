"""What is in the storage besides tables: copies, other names, folders, files without bytes."""

from airwatch_dagster.errors import StorageError
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.partition_files import ignored_text
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster.storage.threads import in_threads


def note_on_stored_files(storage: TableStorage, *, root: str) -> str:
    """``; ignored: …`` naming the harmless files among the partitions, empty without any.

    Raises StorageError naming files that look like partitions and are not read.
    """
    listings = in_threads(storage.listing, TABLES)
    found = [*storage.ignored_beside_tables(), *(file for listing in listings for file in listing.ignored)]
    notable = [file for file in found if not file.is_harmless]
    if notable:
        problem = f"not read, because they are no partitions: {ignored_text(notable)}"
        fix = "Move them elsewhere; `airwatch backfill` builds partitions that are missing"
        raise StorageError(root, problem, fix=fix)
    return f"; ignored: {ignored_text(found)}" if found else ""
