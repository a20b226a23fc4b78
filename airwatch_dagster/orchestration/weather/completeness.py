"""Which days of weather forecasts lack something that asking again may bring."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from airwatch_dagster.storage.tables import TableStorage

TABLE: Final = "weather_forecasts"


def lacking_horizons(rows: pd.DataFrame, days: Sequence[str], *, horizons: Sequence[int]) -> dict[str, list[int]]:
    """Day → the ``horizons`` that no site has a row of. A day without any row lacks them all, whatever they are.

    ``rows`` has issue_date and horizon_days. Days that lack nothing are left out.
    """
    found = rows.groupby(rows["issue_date"].dt.strftime("%Y-%m-%d"))["horizon_days"].agg(set)
    lacking = {day: [one for one in horizons if one not in found.get(day, set())] for day in days}
    return {day: missing for day, missing in lacking.items() if missing or day not in found.index}


def incomplete_days(tables: TableStorage, days: Sequence[str], *, horizons: Sequence[int]) -> set[str]:
    """The stored ones of ``days`` that are empty or lack one of the ``horizons`` altogether."""
    stored = sorted(set(tables.stored_partitions(TABLE)) & set(days))
    rows = tables.read(TABLE, stored, columns=["issue_date", "horizon_days"])
    return set(lacking_horizons(rows, stored, horizons=horizons))
