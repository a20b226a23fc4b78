"""Who served when, and a person's word on who serves next."""

from typing import Any

import dagster as dg
import pandas as pd

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.experiments import REGISTERED_MODEL
from airwatch_dagster.orchestration.partitions import MONTHS
from airwatch_dagster.orchestration.resources import opened_storage
from airwatch_dagster.orchestration.runs import materialize_partition
from airwatch_dagster.orchestration.settings import storage_root

CHAMPION_COLUMNS = ["month", "is_serving", "model_family", "model_version", "decided_by", "skill_over_damped", "reason"]
VERSION_COLUMNS = ["model_version", "model_family", "month", "holdout_rmse_1d_ugm3", "holdout_skill_1d", "model_uri"]


def listed(*, as_json: bool = False, versions: int = 18) -> str:
    """The champion of every month and the newest versions, as text; all versions as JSON."""
    tables = opened_storage(storage_root())
    champions = tables.read("champion_model")[CHAMPION_COLUMNS].sort_values("month")
    trained = tables.read("trained_models")
    fitted = trained[trained["is_fitted"]].sort_values("month", kind="stable")[VERSION_COLUMNS]
    if as_json:
        both = pd.Series({"champions": champions.to_dict("records"), "versions": fitted.to_dict("records")})
        return str(both.to_json(date_format="iso", indent=2))
    if champions.empty:
        return "No champion yet; run `airwatch backfill` or `make demo`."
    return "\n".join(
        ["Who serves when, and why", *map(_served, champions.itertuples()), "", *_newest(fitted, versions)]
    )


def _served(row: Any) -> str:
    if not row.is_serving:
        return f"  {row.month:%Y-%m}  {'nobody':<25} {row.reason}"
    return f"  {row.month:%Y-%m}  {row.model_family:<20} {row.model_version:>4} {row.reason}"


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


def appoint(definitions: dg.Definitions, *, version: str | None, by: str, reason: str, month: str | None) -> str:
    """Materialize the month's champion_model with a person's order; without a version, the one replaced last.

    Returns one sentence on who serves now. Raises RunFailed when the version does not exist.
    """
    month = month or str(MONTHS.get_last_partition_key())
    order = {"version": version or _replaced(month), "by": by, "reason": reason}
    with dg.DagsterInstance.get() as instance:
        materialize_partition(definitions, "champion_model", month, config=order, instance=instance)
    row = opened_storage(storage_root()).read("champion_model", [month]).iloc[0]
    return f"{row['reason']}. It serves from the next prediction on; it replaced version {row['previous_version']}."


def _replaced(month: str) -> str:
    row = opened_storage(storage_root()).read("champion_model", [month])
    version = row["previous_version"].iloc[0] if len(row) else None
    if version is None:
        raise ConfigurationError(
            "models rollback",
            f"the champion of {month} replaced nobody",
            fix="Use `airwatch models promote VERSION`",
        )
    return str(version)
