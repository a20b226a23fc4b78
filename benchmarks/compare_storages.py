"""Do two storages hold the same tables, bit by bit?

    python benchmarks/compare_storages.py BEFORE AFTER [--renamed hyper_parameters=hyperparameters]

BEFORE and AFTER are folders written by two versions of the code from the same readings. Each partition is compared with
its namesake: same bytes, or else same columns, dtypes, rows and values, nulls included. Columns that name a moment of
the run or an MLflow run (VOLATILE) differ between any two runs; they are compared for nulls alone. One line a table,
one more for each difference. The exit code is 1 when a value differs or a partition of BEFORE is missing in AFTER.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

VOLATILE = (
    *("first_seen_at", "superseded_at", "primary_changed_at", "checked_at", "noticed_at", "decided_at", "scored_at"),
    *("mlflow_run_id", "model_uri", "report_uri", "page_uri"),
)
"""Columns that hold when, by which run or where a row was written."""

SENTENCES = ("reason",)
"""Columns whose wording may improve: compared only with --sentences."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--renamed", action="append", default=[], metavar="OLD=NEW", help="a table with another name")
    parser.add_argument("--sentences", action="store_true", help="compare sentences word by word too")
    arguments = parser.parse_args()
    renamed = dict(pair.split("=", 1) for pair in arguments.renamed)
    ignored = VOLATILE if arguments.sentences else (*VOLATILE, *SENTENCES)
    before, after = partitions(arguments.before), partitions(arguments.after)
    before = {(renamed.get(table, table), key): path for (table, key), path in before.items()}
    is_same = True
    for table in sorted({table for table, _ in before} | {table for table, _ in after}):
        lines = list(compare_table(table, before, after, ignored))
        is_same &= not any(line.startswith("  DIFFERENT") for line in lines)
        print("\n".join(lines))
    print("same" if is_same else "DIFFERENT")
    return 0 if is_same else 1


def partitions(root: Path) -> dict[tuple[str, str], Path]:
    """Every Parquet file below ``root`` by table and partition key; "" for a table without partitions."""
    if not root.is_dir():
        sys.exit(f"{root} is not a folder")
    found = {(path.parent.name, path.stem): path for path in root.glob("*/*.parquet")}
    return found | {(path.stem, ""): path for path in root.glob("*.parquet")}


def compare_table(
    table: str,
    before: dict[tuple[str, str], Path],
    after: dict[tuple[str, str], Path],
    ignored: Sequence[str],
) -> Iterator[str]:
    """One line of counts, then one for each partition that differs (the first ten)."""
    mine, theirs = ({key for name, key in side if name == table} for side in (before, after))
    shared = sorted(mine & theirs)
    equal_bytes, equal_values, different = 0, 0, []
    for key in shared:
        old, new = before[table, key], after[table, key]
        if old.read_bytes() == new.read_bytes():
            equal_bytes += 1
            continue
        found = differences(pq.read_table(old).to_pandas(), pq.read_table(new).to_pandas(), ignored)
        if found:
            different.append(f"  DIFFERENT {key or 'whole table'}: {'; '.join(found)}")
        else:
            equal_values += 1
    yield f"{table}: {len(shared)} partitions, {equal_bytes} with equal bytes, {equal_values} with equal values"
    yield from different[:10]
    if len(different) > 10:
        yield f"  DIFFERENT … and {len(different) - 10} more partitions"
    if only := sorted(mine - theirs):
        yield f"  DIFFERENT only before: {len(only)} partitions, {only[0] or 'whole table'} … {only[-1]}"
    if only := sorted(theirs - mine):
        yield f"  only after: {len(only)} partitions, {only[0] or 'whole table'} … {only[-1]}"


def differences(before: pd.DataFrame, after: pd.DataFrame, ignored: Sequence[str]) -> list[str]:
    """What differs, in words; rows in their stored order."""
    found = []
    if list(before.columns) != list(after.columns):
        changed = sorted(set(before.columns) ^ set(after.columns))
        found.append(f"columns {', '.join(changed) or 'in another order'}")
    if len(before) != len(after):
        return [*found, f"{len(before)} rows before, {len(after)} after"]
    for name in before.columns.intersection(after.columns):
        old, new = before[name], after[name]
        if name in ignored:
            if not old.isna().equals(new.isna()):
                found.append(f"{name}: nulls elsewhere")
            continue
        if old.dtype != new.dtype:
            found.append(f"{name}: {old.dtype} before, {new.dtype} after")
        elif not old.equals(new):
            found.append(f"{name}: {changed_values(old, new)}")
    return found


def changed_values(old: pd.Series, new: pd.Series) -> str:
    """How many values differ and by how much, or the first pair of texts."""
    differs = ~((old == new) | (old.isna() & new.isna()))
    if pd.api.types.is_numeric_dtype(old) and not pd.api.types.is_bool_dtype(old):
        largest = (old[differs].astype(float) - new[differs].astype(float)).abs().max()
        return f"{differs.sum()} of {len(old)} values, by up to {largest:g}"
    first = differs.idxmax()
    pair = [re.sub(r"\s+", " ", str(side[first]))[:60] for side in (old, new)]
    return f"{differs.sum()} of {len(old)} values, such as {pair[0]!r} → {pair[1]!r}"


if __name__ == "__main__":
    sys.exit(main())
