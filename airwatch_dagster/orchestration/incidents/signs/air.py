"""Sites whose forecast exceeds the limit of a rule of the air, and episodes that are over."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pandas as pd

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.alerts.air_rules import SETTING, AirRule, air_rules, percent
from airwatch_dagster.orchestration.alerts.messages import plain
from airwatch_dagster.orchestration.incidents.state import Failure, Incident, Recovery, Sign
from airwatch_dagster.orchestration.incidents.wording.causes import PIPELINE
from airwatch_dagster.publish.names import site_names
from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS
from airwatch_dagster.schemas.watch import CAUSES
from airwatch_dagster.storage.tables import TableStorage

CALM_DAYS: Final = 2
"""Issue days in a row without a chance that reaches the rule's, after which the episode of a site is over. One quiet
forecast within a week of smoke ends nothing."""


def air_signs(
    tables: TableStorage, incidents: Sequence[Incident], *, today: pd.Timestamp, now: pd.Timestamp
) -> list[Sign]:
    """What the newest forecast says to the rules, also that of the morning; ``today`` is the first day that counts.

    A file that cannot be used is a sign of its own. Raises StorageError.
    """
    known = [one for one in incidents if one.rule == "air_forecast" and one.is_open]
    try:
        rules = air_rules()
    except ConfigurationError as error:
        return [Failure(now, SETTING, rule="air_rules", error=plain(str(error)), cause=PIPELINE)]
    found: list[Sign] = [Recovery(now, SETTING, rules=("air_rules",))]
    names = {rule.name for rule in rules}
    found += [_over(one, now, event_id=one.last_event_id) for one in known if one.scope not in names]
    day, forecast = _newest_forecast(tables)
    if not rules or forecast.empty:
        return found
    places = tables.read_or_empty("monitors")
    return [*found, *_judged(rules, forecast, places, known, day=day, today=today, now=now)]


def _newest_forecast(tables: TableStorage) -> tuple[str, pd.DataFrame]:
    """The newest issue day and its forecasts; of the same day the daily ones."""
    newest = {table: max(tables.stored_partitions(table), default="") for table in ("predictions", "early_predictions")}
    table, day = max(newest.items(), key=lambda one: one[1])
    return day, tables.read(table, [day]) if day else pd.DataFrame()


def _judged(
    rules: Sequence[AirRule],
    forecast: pd.DataFrame,
    places: pd.DataFrame,
    known: Sequence[Incident],
    *,
    day: str,
    today: pd.Timestamp,
    now: pd.Timestamp,
) -> Iterator[Sign]:
    ahead, number, names = forecast[forecast["target_date"] >= today], int(day.replace("-", "")), site_names(places)
    sites = places.drop_duplicates("site_id")
    exceeding = set[tuple[str, str]]()
    for rule in rules:
        chance = ahead[PROBABILITY_COLUMNS[rule.above_ugm3]]
        rows = ahead[(chance >= rule.chance) & ahead["site_id"].isin(rule.concerned(sites))]
        for site, days in rows.sort_values("target_date").groupby("site_id"):
            exceeding.add((rule.name, str(site)))
            said = f"{names.get(str(site), site)}: {_chances(days, rule)}"
            keys = frozenset({day})
            yield Failure(now, str(site), rule.name, keys, None, number, "air_forecast", plain(said), CAUSES[0])
    for one in known:
        is_calm = (one.scope, one.asset) not in exceeding and one.scope in {rule.name for rule in rules}
        if is_calm and (pd.Timestamp(day) - pd.Timestamp(max(one.partitions))).days >= CALM_DAYS:
            yield _over(one, now, event_id=number)


def _chances(rows: pd.DataFrame, rule: AirRule) -> str:
    """``72 % on Friday 2 July, 45 % on Saturday 3 July``."""
    column = PROBABILITY_COLUMNS[rule.above_ugm3]
    pairs: list[dict[Any, Any]] = rows.to_dict("records")
    return ", ".join(f"{percent(one[column])} on {one['target_date']:%A %-d %B}" for one in pairs)


def _over(incident: Incident, now: pd.Timestamp, *, event_id: int) -> Recovery:
    return Recovery(now, incident.asset, incident.scope, incident.partitions_left, None, event_id, ("air_forecast",))
