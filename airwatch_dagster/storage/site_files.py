"""Files for people beside the tables: pages, plots and feeds in ``site/``, and notes."""

from collections.abc import Callable, Mapping, Sequence

from airwatch_dagster.storage.byte_stores import ByteStore, Entries
from airwatch_dagster.storage.locks.conflicts import until_unchanged
from airwatch_dagster.storage.threads import in_threads


class SiteFiles:
    """The files below one place that are no tables; each is complete or absent."""

    def __init__(self, files: ByteStore) -> None:
        self._files = files

    def write_page(self, name: str, content: bytes) -> str:
        """Store a file for people as ``site/<name>``, complete or not at all; returns its location."""
        self._files.put(f"site/{name}", content)
        return self.page_uri(name)

    def write_note(self, name: str, content: bytes) -> str:
        """Store a file for people beside the tables, complete or not at all; returns its location."""
        self._files.put(name, content)
        return self._files.uri(name)

    def page_uri(self, name: str) -> str:
        """Location of a file for people, stored or not."""
        return self._files.uri(f"site/{name}")

    def page(self, name: str) -> bytes | None:
        """The content of ``site/<name>``; None when there is no such file."""
        return self._files.get(f"site/{name}")

    def pages(self, folder: str) -> Entries:
        """What is directly in ``site/<folder>``."""
        return self._files.entries(f"site/{folder}".rstrip("/"))

    def remove_page(self, name: str) -> None:
        """Delete ``site/<name>``; one that is gone already is not an error. Tables cannot be deleted."""
        self._files.delete(f"site/{name}")

    def update_pages(
        self, names: Sequence[str], updated: Callable[[Mapping[str, bytes | None]], Mapping[str, bytes]]
    ) -> None:
        """Replace files of ``site/`` by what ``updated`` makes of the stored ones (None: there is none), in its order.

        The result may lack some of ``names`` and has no other. It is made again when another writer has replaced one of
        the files meanwhile. Raises VersionConflict when that happens again and again.
        """

        def attempt() -> None:
            found = dict(
                zip(names, in_threads(lambda name: self._files.get_version(f"site/{name}"), names), strict=True)
            )
            for name, content in updated({name: data for name, (data, _) in found.items()}).items():
                if not found[name][1].is_of(content):
                    self._files.replace(f"site/{name}", content, expected=found[name][1])

        until_unchanged(attempt)
