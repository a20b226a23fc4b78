"""`airwatch explain`: which model issued a forecast, why it was in force, and from which data, as text or JSON."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pandas as pd

from airwatch_dagster.commands.champions.provenance import ForecastProvenance, Row, forecast_provenance
from airwatch_dagster.commands.days import day_in_digits
from airwatch_dagster.commands.wording import counted, pm25_text
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.orchestration.configuration.settings import storage_root
from airwatch_dagster.orchestration.instance.opening import opened_instance
from airwatch_dagster.orchestration.registry.links import REGISTERED_MODEL, mlflow_command, mlflow_ui
from airwatch_dagster.orchestration.resources import opened_storage
from airwatch_dagster.orchestration.training.champion_override import day_of
from airwatch_dagster.publish.names import site_names
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import HORIZONS_DAYS, SITE_ID_PATTERN
from airwatch_dagster.storage.tables import TableStorage


def explain_forecasts(day: str, site: str, *, by_issue_day: bool = False, as_json: bool = False) -> str:
    """The provenance of a site's forecasts for a day, or issued on it with ``by_issue_day``.

    Raises ConfigurationError for an invalid day or site, and when no such forecast is stored.
    """
    tables, wanted, site_id = opened_storage(storage_root()), day_of(day_in_digits(day), "DAY"), _site_id(site)
    forecasts = _forecasts(tables, wanted, site_id, by_issue_day=by_issue_day)
    with opened_instance() as instance:
        found = [forecast_provenance(row, tables=tables, instance=instance) for row in forecasts]
    if as_json:
        return json.dumps([_plain(asdict(one)) for one in found], indent=2)
    verb = "issued" if by_issue_day else "for"
    monitors = tables.read("monitors") if tables.exists("monitors") else TABLES["monitors"].empty()
    place = f"{site_names(monitors).get(site_id, 'site')} ({site_id})"
    title = f"{counted(len(found), 'forecast')} {verb} {wanted:%Y-%m-%d} at {place}"
    return "\n\n".join([title, *("\n".join(_lines(one)) for one in found)])


def _site_id(text: str) -> str:
    site = re.sub(r"[-\s]", "", text)
    if not re.fullmatch(SITE_ID_PATTERN, site):
        fix = "Use state, county and site number, such as 170310001 or 17-031-0001"
        raise ConfigurationError("SITE", f"{text!r} is not a valid site", fix=fix)
    return site


def _forecasts(tables: TableStorage, day: pd.Timestamp, site: str, *, by_issue_day: bool) -> list[Row]:
    issue_days = [day] if by_issue_day else [day - pd.Timedelta(days=horizon) for horizon in HORIZONS_DAYS]
    keys = [f"{issued:%Y-%m-%d}" for issued in issue_days]
    stored = tables.read("predictions", keys, allow_missing=True)
    of_day = stored[stored["issue_date" if by_issue_day else "target_date"] == day]
    rows = of_day[of_day["site_id"] == site]
    if rows.empty:
        others = f"{of_day['site_id'].nunique()} other sites have one" if len(of_day) else "nor for any other site"
        problem = f"no forecast {'issued' if by_issue_day else 'for'} {day:%Y-%m-%d} is stored for {site}, {others}"
        fix = f"`airwatch inspect predictions {keys[0]}` lists the sites, `airwatch inspect predictions` the days"
        raise ConfigurationError("explain", problem, fix=fix)
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


def _lines(one: ForecastProvenance) -> Iterator[str]:
    row = one.forecast
    lead = f"{row['horizon_days']} day{'s' if row['horizon_days'] > 1 else ''} ahead"
    interval = f"{pm25_text(row['pm25_lower_ugm3'])} to {pm25_text(row['pm25_upper_ugm3'])}"
    value = f"{pm25_text(row['pm25_ugm3'])} µg/m³ (90 %: {interval}), AQI {row['aqi']} {row['aqi_category']}"
    yield f"Issued {row['issue_date']:%Y-%m-%d} for {row['target_date']:%Y-%m-%d}, {lead}: {value}"
    if one.observed_ugm3 is not None:
        yield f"  observed    {pm25_text(one.observed_ugm3)} µg/m³"
    yield from _model(one.model)
    yield from _decision(one.decision)
    yield from _reading(one.reading)
    yield from _runs(one.runs)


def _model(model: Row) -> Iterator[str]:
    yield f"  model       {model['model_family']}, version {model['model_version']} of {REGISTERED_MODEL}"
    if model["first_target_date"] is not None and model["last_target_date"] is not None:
        days = f"{model['first_target_date']:%Y-%m-%d} to {model['last_target_date']:%Y-%m-%d}"
        rows = f"{model['training_rows']:,} examples of target days {days}"
        yield f"  trained     on {rows}, for {model['trained_for']:%Y-%m}"
    if run_id := model["mlflow_run_id"]:
        ui = mlflow_ui()
        yield f"  MLflow run  {f'{ui}/#/runs/{run_id}' if ui else f'{run_id}; open with `{mlflow_command()}`'}"


def _decision(decision: Row | None) -> Iterator[str]:
    if decision is None:
        yield "  selected    the month's champion was re-selected later; no decision names this version"
        return
    who = decision["decided_by_person"] or decision["decided_by"].replace("_", " ")
    when = "" if decision["decided_at"] is None else f", {decision['decided_at']:%Y-%m-%d %H:%M} UTC"
    days = f"{decision['serves_from']:%Y-%m-%d} to {decision['serves_until']:%Y-%m-%d}"
    yield f"  selected    {decision['reason']}"
    yield f"              by {who}{when}; in force on issue days {days}"


def _reading(reading: Row) -> Iterator[str]:
    if reading["pm25_ugm3"] is None:
        yield f"  based on    a reading of {reading['date_local']:%Y-%m-%d} that is no longer stored"
    else:
        state = "provisional" if reading["is_provisional"] else "final"
        seen = "" if reading["first_seen_at"] is None else f", first seen {reading['first_seen_at']:%Y-%m-%d %H:%M} UTC"
        value = f"{pm25_text(reading['pm25_ugm3'])} µg/m³, {state}, from {' and '.join(reading['sources'])}{seen}"
        yield f"  based on    the site's reading of {reading['date_local']:%Y-%m-%d}: {value}"
    if reading["pm25_now_ugm3"] is not None and reading["pm25_now_ugm3"] != reading["pm25_ugm3"]:
        yield f"              revised since, to {pm25_text(reading['pm25_now_ugm3'])} µg/m³"
    yield f"              and {reading['neighbours']} neighbours up to 800 km away with a value on the issue day"


def _runs(runs: tuple[Row, ...]) -> Iterator[str]:
    for number, run in enumerate(runs):
        label = "Dagster" if number == 0 else ""
        built = "not built in this Dagster instance"
        if run["run_id"] is not None:
            code = f", airwatch {run['code_version']}" if run["code_version"] else ""
            built = f"{run['url'] or 'run ' + run['run_id']}, {run['made_at']:%Y-%m-%d %H:%M} UTC{code}"
        partition = f"{run['table']}[{run['partition']}]"
        yield f"  {label:<11} {partition:<27} {built}"


def _plain(value: Any) -> Any:
    """The value in JSON's types: days and times as ISO text, null for an unknown one."""
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value
