"""Reports to Dagster which tables are fresh, by the days and months that are stored."""

from collections.abc import Mapping
from typing import Final

import dagster as dg
from dagster._core.definitions.freshness import FreshnessState, FreshnessStateChange

UNKNOWN: Final = FreshnessState.UNKNOWN


def report(instance: dg.DagsterInstance, fresh: Mapping[str, bool], *, at: float) -> list[str]:
    """The tables whose state changed, which is reported; ``at`` is now in seconds since 1970.

    Two questions to Dagster's database, and an event for each change.
    """
    keys = {table: dg.AssetKey(table) for table in fresh}
    known = instance.get_freshness_state_records([*keys.values()])
    changed = []
    for table, key in keys.items():
        before = known[key].freshness_state if key in known else UNKNOWN
        after = FreshnessState.PASS if fresh[table] else FreshnessState.FAIL
        if before != after:
            change = FreshnessStateChange(key=key, new_state=after, previous_state=before, state_change_timestamp=at)
            instance.report_runless_asset_event(change)
            changed.append(table)
    return changed
