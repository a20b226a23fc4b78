"""What every table has: a strict pandera schema, a key, a grain, and a date that decides the partition."""

import re
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import pandas as pd
import pandera.pandas as pa
from pandera.engines.pandas_engine import NpString

Grain = Literal["day", "month", "detected", "none"]
"""What one partition holds: a local day, a month, what was detected on a day (UTC), or the whole table."""


class Table(pa.DataFrameModel):
    """Base of all table schemas: exactly the declared columns, in order, with coerced dtypes."""

    class Config:
        """pandera's settings of every table."""

        strict = True
        ordered = True
        coerce = True


class _Text(NpString):
    """Text as pandera checks it. For a column without failure cases pandera builds and prints an empty table of them,
    which takes longer than all other checks of a few rows together."""

    def check(self, pandera_dtype: Any, data_container: Any = None) -> Any:
        if data_container is not None and pd.api.types.infer_dtype(data_container) in ("string", "empty"):
            return True
        return super().check(pandera_dtype, data_container)


@dataclass(frozen=True)
class TableSpec:
    """A table by its one name, which is also its asset key, storage folder and dictionary heading."""

    name: str
    model: type[Table]
    grain: Grain
    """What one partition holds."""
    key: tuple[str, ...]
    """Columns that identify a row."""
    partition_column: str | None
    """The date column that decides a row's partition; None for unpartitioned tables."""
    may_be_supplied: bool = False
    """Whether a user may supply files of it, so that they are read with care."""

    @cached_property
    def schema(self) -> pa.DataFrameSchema:
        """The pandera schema, with uniqueness of the key."""
        schema = self.model.to_schema()
        schema.unique = list(self.key)
        for column in schema.columns.values():
            if isinstance(column.dtype, NpString):
                column.dtype = _Text()  # type: ignore[call-arg]
        return schema

    @property
    def description(self) -> str:
        """What the table holds: the docstring of its schema."""
        return (self.model.__doc__ or "").strip()

    @property
    def column_names(self) -> list[str]:
        """Names of the columns, in order."""
        return list(self.schema.columns)

    def empty(self) -> pd.DataFrame:
        """A frame without rows, each column in its dtype: the content of a partition that is empty on purpose."""
        return self._without_rows.copy()

    @cached_property
    def _without_rows(self) -> pd.DataFrame:
        return pd.DataFrame({name: pd.Series(dtype=str(column.dtype)) for name, column in self.schema.columns.items()})

    def partition_keys_of(self, frame: pd.DataFrame) -> pd.Series:
        """The partition key of each row, ``2021-07-04`` or ``2021-07``. Raises ValueError without partitions."""
        if self.partition_column is None:
            raise ValueError(f"{self.name} is not partitioned")
        return frame[self.partition_column].dt.strftime("%Y-%m" if self.grain == "month" else "%Y-%m-%d")


TABLES: dict[str, TableSpec] = {}
"""Every table by name, in pipeline order; filled when the stage modules of this package are imported."""

GIVEN: dict[str, TableSpec] = {}
"""Tables that a user supplies and AirWatch only reads."""

CONTRACTS: Final[Mapping[str, TableSpec]] = ChainMap(GIVEN, TABLES)
"""All tables, the supplied ones last."""


def table(
    *,
    grain: Grain,
    key: Sequence[str],
    partition_column: str | None = None,
    is_given: bool = False,
    may_be_supplied: bool = False,
) -> Callable[[type[Any]], type[Any]]:
    """Register a schema class as the table of its name in snake_case.

    One that ``is_given`` is supplied by the user; one that ``may_be_supplied`` has an asset that may copy user's files.
    """

    def register(model: type[Any]) -> type[Any]:
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", model.__name__).lower()
        spec = TableSpec(name, model, grain, tuple(key), partition_column, is_given or may_be_supplied)
        (GIVEN if is_given else TABLES)[name] = spec
        return model

    return register
