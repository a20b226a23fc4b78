"""The message that another model serves: information, which opens and ends nothing."""

from typing import Any, Final

import pandas as pd

from airwatch_dagster.fit.champion.guard_rails import display_name
from airwatch_dagster.fit.champion.service_periods import service_periods
from airwatch_dagster.orchestration.alerts.messages import Message, plain
from airwatch_dagster.orchestration.registry.links import dagster_url
from airwatch_dagster.storage.tables import TableStorage

TABLE: Final = "champion_model"

SHOWN: Final = (
    "month",
    "model_family",
    "model_version",
    "previous_family",
    "decided_by",
    "decided_by_person",
    "reason",
)
"""Columns of the decision that programs get."""


def champion_change(tables: TableStorage) -> tuple[str, Message] | None:
    """A name of the newest decision, and the message, if it put another family in service or a person made it.

    None for the same family as before, newly trained, and where no model serves. Raises StorageError.
    """
    newest = max(tables.stored_partitions(TABLE), default="")
    periods = service_periods(tables.read(TABLE, [newest])) if newest else pd.DataFrame()
    if periods.empty or not periods["is_serving"].iloc[-1]:
        return None
    row = periods.iloc[-1].to_dict()
    before, person = row["previous_family"], row["decided_by_person"]
    is_new_family = pd.notna(before) and before != row["model_family"]
    if not is_new_family and pd.isna(person):
        return None
    by_person = f" {row['model_version']}" if pd.notna(person) else ""
    return f"{row['serves_from']:%Y-%m-%d} {row['model_family']}{by_person}", _message(row)


def _message(row: dict[Any, Any]) -> Message:
    name, before = display_name(row["model_family"]), row["previous_family"]
    instead = f", instead of {display_name(before)}" if pd.notna(before) and before != row["model_family"] else ""
    person = row["decided_by_person"]
    link = dagster_url()
    shown = {one: None if pd.isna(row[one]) else str(row[one]) for one in SHOWN}
    return Message(
        subject=f"AirWatch: {name} forecasts from {row['serves_from']:%-d %B %Y} on{instead}",
        lines=(
            f"Why: {plain(str(row['reason']), max_length=800)}",
            _evidence(row),
            f"Decided by: {person}" if pd.notna(person) else "Decided by: the evidence of past months",
            "What to do: nothing; `airwatch models` lists the versions, and `airwatch models rollback` goes back.",
            *([f"{link}/assets/{TABLE}"] if link else []),
        ),
        data={"kind": "champion_changed", "champion": shown},
    )


def _evidence(row: dict[Any, Any]) -> str:
    """The figures of the gate; empty without a comparison."""
    if pd.isna(row["skill_over_damped"]):
        return ""
    low = row["skill_over_damped_lower"]
    least = f" ({100 * low:.1f} % or more in 95 of 100 samples of days)" if pd.notna(low) else ""
    return (
        f"Figures: saves {100 * row['skill_over_damped']:.1f} % of the squared error of damped persistence{least}, on "
        f"{row['compared_rows']:,} forecasts of {row['compared_days']:,} days"
    )
