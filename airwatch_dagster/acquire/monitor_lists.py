"""A fresh monitor list beside the one of before: which designations changed."""

import pandas as pd

from airwatch_dagster.schemas import TABLES


def with_changes(fresh: pd.DataFrame, *, stored: pd.DataFrame, seen_at: pd.Timestamp) -> pd.DataFrame:
    """``fresh`` in the columns of monitors: ``primary_changed_at`` is ``seen_at`` (UTC) where a designation changed.

    A monitor whose ``is_primary`` is as stored keeps the moment stored with it; one that is new has none.
    """
    spec = TABLES["monitors"]
    key = list(spec.key)
    before = stored.set_index(key)[["is_primary", "primary_changed_at"]]
    known = before.reindex(pd.MultiIndex.from_frame(fresh[key]))
    changed = known["is_primary"].notna().to_numpy() & (
        known["is_primary"].to_numpy() != fresh["is_primary"].to_numpy()
    )
    moment = pd.Series(known["primary_changed_at"].to_numpy(dtype="datetime64[ns]"), index=fresh.index)
    return fresh.assign(primary_changed_at=moment.mask(changed, seen_at))[spec.column_names]
