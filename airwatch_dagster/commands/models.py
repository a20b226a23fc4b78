"""Who served when, and a person's word on who serves next."""

from collections.abc import Iterator
from typing import Any, Final

import dagster as dg
import pandas as pd

from airwatch_dagster.commands.backfill.runs import materialize_partition
from airwatch_dagster.fit.champion.service_periods import newest_first, service_periods
from airwatch_dagster.orchestration.registry.links import REGISTERED_MODEL
from airwatch_dagster.orchestration.resources import opened_storage
from airwatch_dagster.orchestration.settings import storage_root
from airwatch_dagster.orchestration.training.champion_override import (
    ChampionOverride,
    day_of,
    last_forecast,
    month_next_served,
    month_of,
    replaced_version,
    validate_override,
)
from airwatch_dagster.storage.tables import TableStorage

CHAMPION_COLUMNS: Final = (
    *("month", "is_serving", "model_family", "model_version", "serves_from", "serves_until"),
    *("decided_by", "decided_by_person", "decided_at", "order_kind", "skill_over_damped", "reason"),
    *("trained_for", "first_target_date", "last_target_date", "training_rows"),
)
VERSION_COLUMNS: Final = (
    *("model_version", "model_family", "month", "holdout_rmse_1d_ugm3", "holdout_skill_1d", "model_uri"),
)


def listed(*, as_json: bool = False, versions: int = 18) -> str:
    """Every decision on who serves, and the newest versions, as text; all versions as JSON."""
    tables = opened_storage(storage_root())
    champions = decided(tables.read("champion_model"))[[*CHAMPION_COLUMNS]]
    trained = tables.read("trained_models")
    fitted = trained[trained["is_fitted"]].sort_values("month", kind="stable")[[*VERSION_COLUMNS]]
    if as_json:
        both = pd.Series({"champions": champions.to_dict("records"), "versions": fitted.to_dict("records")})
        return str(both.to_json(date_format="iso", indent=2))
    if champions.empty:
        return "No champion yet; run `airwatch backfill` or `make demo`."
    return "\n".join(["Who serves when, and why", *_served(champions), "", *_newest(fitted, versions)])


def decided(champions: pd.DataFrame) -> pd.DataFrame:
    """All decisions in the order they were taken, with ``serves_until``: null for one overtaken before it served."""
    oldest_first = newest_first(champions)[::-1].sort_values("month", kind="stable").reset_index(drop=True)
    numbered = oldest_first.assign(number=oldest_first.index)
    in_force = service_periods(numbered).set_index("number")["serves_until"]
    return oldest_first.assign(serves_until=pd.to_datetime(in_force.reindex(oldest_first.index)))


def _served(champions: pd.DataFrame) -> Iterator[str]:
    """A line per month, and below it one per order for it."""
    for _, decisions in champions.groupby("month"):
        for number, row in enumerate(decisions.itertuples()):
            when = f"{row.month:%Y-%m}" if number == 0 else "       "
            who = f"{row.model_family:<20} {row.model_version:>4}" if row.is_serving else f"{'nobody':<25}"
            yield f"  {when}  {who} {row.reason}{_order(row)}"


def _order(row: Any) -> str:
    """When a person's order was given and until when it held; nothing for a choice by evidence."""
    if pd.isna(row.order_kind):
        return ""
    held = "served no day" if pd.isna(row.serves_until) else f"to {row.serves_until:%Y-%m-%d}"
    return f" ({row.order_kind}, {row.decided_at:%Y-%m-%d %H:%M} UTC; {held})"


def _newest(fitted: pd.DataFrame, versions: int) -> list[str]:
    """The versions trained last, with how they did on their holdout at one day."""
    head = f"Newest versions of {REGISTERED_MODEL}: number, family, month trained for, holdout RMSE and skill at 1 day"
    rows = fitted.tail(versions).itertuples()
    return [
        head,
        *(f"  {row.model_version:>4}  {row.model_family:<20} {row.month:%Y-%m}  {_holdout(row)}" for row in rows),
    ]


def _holdout(row: Any) -> str:
    if pd.isna(row.holdout_rmse_1d_ugm3):
        return "not tested"
    return f"{row.holdout_rmse_1d_ugm3:5.2f} µg/m³  {row.holdout_skill_1d:+.2f}"


def promote(
    *,
    version: str | None,
    by: str,
    reason: str,
    month: str | None = None,
    serves_from: str | None = None,
) -> str:
    """Add a person's order to the month's champion_model; without a version, to bring back the one replaced last.

    Returns who serves now, from when on, and what becomes of forecasts made already. Raises ConfigurationError for an
    order that cannot be carried out.
    """
    from airwatch_dagster.definitions import defs

    tables = opened_storage(storage_root())
    served = month_of(month or (f"{day_of(serves_from):%Y-%m}" if serves_from else month_next_served(tables)))
    order = ChampionOverride(
        version=version or replaced_version(served, tables),
        by=by,
        reason=reason,
        serves_from=serves_from or "",
        is_rollback=version is None,
    )
    validate_override(order, month=served, tables=tables)
    key = f"{served:%Y-%m}"
    with dg.DagsterInstance.get() as instance:
        materialize_partition(defs, "champion_model", key, config=order.model_dump(), instance=instance)
    return _carried_out(tables.read("champion_model", [key]).iloc[0], tables)


def _carried_out(row: pd.Series, tables: TableStorage) -> str:
    replaced = f" It replaced version {row['previous_version']}." if pd.notna(row["previous_version"]) else ""
    first, last = row["serves_from"], last_forecast(row["month"], tables)
    if last is None or first > last:
        until = "It makes the next forecast"
        return (
            f"{row['reason'].rstrip('.')}.{replaced} {until}, issued on {first:%Y-%m-%d}; earlier ones stay as issued."
        )
    remake = f"airwatch backfill {first:%Y-%m-%d} {last:%Y-%m-%d}"
    return f"{row['reason'].rstrip('.')}.{replaced} `{remake}` makes its forecasts; earlier ones stay as issued."
