"""`airwatch models`: champions by month with reasons, registered versions, and manual overrides."""

from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from airwatch_dagster.commands.backfill.runs import materialize_partition, report_lost_runs
from airwatch_dagster.commands.champions.promotion_loss import promotion_loss
from airwatch_dagster.commands.days import day_in_digits
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.fit.champion.guard_rails import display_name
from airwatch_dagster.fit.champion.service_periods import newest_first, service_periods
from airwatch_dagster.orchestration.configuration.settings import storage_root
from airwatch_dagster.orchestration.instance.opening import opened_instance
from airwatch_dagster.orchestration.registry.links import REGISTERED_MODEL
from airwatch_dagster.orchestration.resources import opened_storage
from airwatch_dagster.orchestration.training.champion_override import (
    ChampionOverride,
    day_of,
    last_forecast,
    month_next_served,
    month_of,
    replaced_version,
    validate_override,
)
from airwatch_dagster.schemas.columns import FAMILIES
from airwatch_dagster.storage.tables import TableStorage

CHAMPION_COLUMNS: Final = (
    *("month", "is_serving", "model_family", "model_version", "serves_from", "serves_until"),
    *("decided_by", "decided_by_person", "decided_at", "order_kind", "skill_over_damped", "reason"),
    *("trained_for", "first_target_date", "last_target_date", "training_rows"),
)
VERSION_COLUMNS: Final = (
    *("model_version", "model_family", "month", "holdout_rmse_1d_ugm3", "holdout_skill_1d", "model_uri"),
)


def list_models(*, as_json: bool = False, versions: int = 18) -> str:
    """Every decision on the champion and the newest ``versions`` as text; all versions as JSON."""
    tables = opened_storage(storage_root())
    champions = decisions_in_order(tables.read("champion_model"))[[*CHAMPION_COLUMNS]]
    trained = tables.read("trained_models")
    fitted = trained[trained["is_fitted"]].sort_values("month", kind="stable")[[*VERSION_COLUMNS]]
    if as_json:
        both = pd.Series({"champions": champions.to_dict("records"), "versions": fitted.to_dict("records")})
        return str(both.to_json(date_format="iso", indent=2))
    if champions.empty:
        return "No champion yet; run `airwatch backfill` or `make demo`."
    lines = ["Champions: month, family, version, reason", *_champion_lines(champions), ""]
    lines += [f"Newest versions of {REGISTERED_MODEL}: number, family, month, holdout RMSE and skill at 1 day"]
    return "\n".join([*lines, *map(_version_line, fitted.tail(versions).itertuples())])


def decisions_in_order(champions: pd.DataFrame) -> pd.DataFrame:
    """All decisions in the order they were taken, with ``serves_until``: null for one replaced before its first day."""
    oldest_first = newest_first(champions)[::-1].sort_values("month", kind="stable").reset_index(drop=True)
    numbered = oldest_first.assign(number=oldest_first.index)
    until = service_periods(numbered).set_index("number")["serves_until"]
    return oldest_first.assign(serves_until=pd.to_datetime(until.reindex(oldest_first.index)))


def _champion_lines(champions: pd.DataFrame) -> Iterator[str]:
    """A line per month; below it, one per manual override."""
    for _, decisions in champions.groupby("month"):
        for number, row in enumerate(decisions.itertuples()):
            month = f"{row.month:%Y-%m}" if number == 0 else "       "
            model = f"{row.model_family:<20} {row.model_version:>4}" if row.is_serving else f"{'no champion':<25}"
            yield f"  {month}  {model} {row.reason}{_override(row)}"


def _override(row: Any) -> str:
    """When an override was given and until when it was in force; empty for a choice by evidence."""
    if pd.isna(row.order_kind):
        return ""
    in_force = "never in force" if pd.isna(row.serves_until) else f"to {row.serves_until:%Y-%m-%d}"
    return f" ({row.order_kind}, {row.decided_at:%Y-%m-%d %H:%M} UTC; {in_force})"


def _version_line(row: Any) -> str:
    holdout = "not tested"
    if not pd.isna(row.holdout_rmse_1d_ugm3):
        holdout = f"{row.holdout_rmse_1d_ugm3:5.2f} µg/m³  {row.holdout_skill_1d:+.2f}"
    return f"  {row.model_version:>4}  {row.model_family:<20} {row.month:%Y-%m}  {holdout}"


def promote(
    *,
    version: str | None,
    by: str,
    reason: str,
    month: str | None = None,
    serves_from: str | None = None,
    accepts_loss: bool = False,
) -> str:
    """Add a manual override to the month's champion_model; without a ``version``, a rollback of the newest decision.

    The name of a model family stands for its newest version that may serve.

    Returns the new champion, its first issue day, and what happens to forecasts already issued. Raises
    ConfigurationError for an invalid override, and unless ``accepts_loss`` for a version that is worse than the
    champion or a baseline in its place.
    """
    from airwatch_dagster.definitions import defs

    tables = opened_storage(storage_root())
    serves_from = day_in_digits(serves_from) if serves_from else None
    served = month_of(month or (f"{day_of(serves_from):%Y-%m}" if serves_from else month_next_served(tables)))
    version = newest_of_family(version, served, tables) if version in FAMILIES else version
    override = ChampionOverride(
        version=version or replaced_version(served, tables),
        by=by,
        reason=reason,
        serves_from=serves_from or "",
        is_rollback=version is None,
    )
    validate_override(override, month=served, tables=tables)
    if version is not None and not accepts_loss and (loss := promotion_loss(version, month=served, tables=tables)):
        raise ConfigurationError("models promote", loss, fix="To promote it all the same, add --yes")
    key = f"{served:%Y-%m}"
    with opened_instance() as instance:
        report_lost_runs(instance)
        materialize_partition(defs, "champion_model", key, config=override.model_dump(), instance=instance)
    return _effect(tables.read("champion_model", [key]).iloc[0], tables)


def newest_of_family(family: str, month: pd.Timestamp, tables: TableStorage) -> str:
    """The family's newest version that may serve the month. Raises ConfigurationError when it has none."""
    trained = tables.read("trained_models")
    own = trained[(trained["model_family"] == family) & trained["is_fitted"] & (trained["month"] <= month)]
    if own.empty:
        problem = f"{display_name(family)} has no version for {month:%Y-%m}"
        raise ConfigurationError("models promote", problem, fix="Choose a version that `airwatch models` lists")
    return str(own.sort_values("month")["model_version"].iloc[-1])


def _effect(row: pd.Series, tables: TableStorage) -> str:
    """The decision, the version it replaced, and the forecasts it changes."""
    replaced = f" It replaces version {row['previous_version']}." if pd.notna(row["previous_version"]) else ""
    decision = f"{row['reason'].rstrip('.')}.{replaced}"
    first, last = row["serves_from"], last_forecast(row["month"], tables)
    if last is None or first > last:
        start = f"It serves from the next forecast on, issued on {first:%Y-%m-%d}"
        return f"{decision} {start}. Issued forecasts do not change."
    command = f"airwatch backfill {first:%Y-%m-%d} {last:%Y-%m-%d}"
    return f"{decision} Run `{command}` to recompute the forecasts of these days. Earlier forecasts do not change."
