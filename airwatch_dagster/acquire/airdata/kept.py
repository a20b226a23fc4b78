"""What was read of files that have not changed since, kept beside the downloads: a day's run need not read a nation's
year again to find its day in it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import pandas as pd

from airwatch_dagster.acquire.http.atomic_file import temporary_beside

_NUMBERS: Final = b"airwatch"
"""Key of the numbers in a file's metadata."""

_ROWS_AT_ONCE: Final = 16_384
"""Rows of a part of a file, some ten days of the nation: days are found without reading the others."""

_DAY: Final = "date_local"


@dataclass(frozen=True)
class Kept:
    """A frame, and what is known of it as a whole."""

    frame: pd.DataFrame
    numbers: Mapping[str, Any]
    """As JSON has them."""


@dataclass(frozen=True)
class KeptReads:
    """Frames in ``folder``, each under a name and for the state of what it was read from."""

    folder: Path

    def find(self, name: str, state: Sequence[str], *, days: tuple[date, date] | None = None) -> Kept | None:
        """What was kept for exactly this ``state``, or its rows of ``days``; None for another state or none.

        Rows are in the order of their index. A file that cannot be read counts as none: it is made again.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self._path(name, state)
        limits = (
            [(_DAY, ">=", pd.Timestamp(days[0])), (_DAY, "<=", pd.Timestamp(days[1]))] if days is not None else None
        )
        try:
            table = pq.read_table(path, filters=limits, page_checksum_verification=True)
            numbers = json.loads(table.schema.metadata[_NUMBERS])
        except (pa.ArrowException, OSError, KeyError, ValueError):
            return None
        return Kept(table.unify_dictionaries().to_pandas().sort_index(), numbers)

    def keep(self, name: str, state: Sequence[str], kept: Kept) -> None:
        """Replaces what was kept under ``name``. The frame's index is of whole numbers and increases."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        frame = kept.frame.sort_values(_DAY, kind="stable") if _DAY in kept.frame else kept.frame
        table = pa.Table.from_pandas(frame, preserve_index=True)
        table = table.replace_schema_metadata({**table.schema.metadata, _NUMBERS: json.dumps(kept.numbers)})
        path = self._path(name, state)
        with temporary_beside(path) as temporary:
            pq.write_table(table, temporary, row_group_size=_ROWS_AT_ONCE, write_page_checksum=True)
            temporary.replace(path)
        for other in path.parent.glob("*.parquet"):
            if other != path:
                other.unlink(missing_ok=True)

    def _path(self, name: str, state: Sequence[str]) -> Path:
        digest = hashlib.sha256("\n".join([_digest_of_readers(), *state]).encode()).hexdigest()
        return self.folder / name / f"{digest[:16]}.parquet"


@cache
def _digest_of_readers() -> str:
    """Of the code that reads: after an upgrade every file is read again."""
    package, digest = Path(__file__).parents[2], hashlib.sha256()
    for folder in ("acquire", "schemas"):
        for path in sorted((package / folder).rglob("*")):
            if path.suffix in (".py", ".csv"):
                digest.update(path.read_bytes())
    return digest.hexdigest()
