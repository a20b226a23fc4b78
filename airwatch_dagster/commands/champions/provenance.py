"""The provenance of a stored forecast: its model, the decision behind it, its readings, and the runs that built it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import dagster as dg
import pandas as pd

from airwatch_dagster.commands.inspect.as_of import TablesAsOf
from airwatch_dagster.enrich.geometry import Places, distance_km
from airwatch_dagster.enrich.neighbours import FAR_KM
from airwatch_dagster.fit.champion.service_periods import service_periods
from airwatch_dagster.orchestration.registry.links import dagster_run_url
from airwatch_dagster.storage.tables import TableStorage

Row = Mapping[str, Any]
"""Values by name; null (None) where nothing is known."""

MODEL: Final = ("model_family", "model_version", "mlflow_run_id", "trained_for", "training_rows")
TRAINING_DAYS: Final = ("first_target_date", "last_target_date")
DECISION: Final = ("reason", "decided_by", "decided_by_person", "decided_at", "serves_from", "serves_until")


@dataclass(frozen=True)
class ForecastProvenance:
    """One forecast and where it came from."""

    forecast: Row
    """Its row of ``predictions``."""
    observed_ugm3: float | None
    """The observed 24-hour mean, µg/m³; null while there is no valid one."""
    model: Row
    """The version and what it was fitted on: ``MODEL`` and ``TRAINING_DAYS``."""
    decision: Row | None
    """Why the version was in force on the issue day: ``DECISION``. Null when a later choice replaced the decision."""
    reading: Row
    """The site's last reading when the features were computed. ``pm25_ugm3`` as known then and ``pm25_now_ugm3`` as
    stored today, ``first_seen_at`` of its newest row (UTC), and ``neighbours``: other sites up to 800 km away with a
    valid value on the issue day."""
    runs: tuple[Row, ...]
    """The Dagster runs that built the partitions; ``run_id`` is null for one that this instance does not know."""


def forecast_provenance(forecast: Row, *, tables: TableStorage, instance: dg.DagsterInstance) -> ForecastProvenance:
    """The provenance of a row of ``predictions``."""
    issued, site = forecast["issue_date"], str(forecast["site_id"])
    day, month = f"{issued:%Y-%m-%d}", f"{issued:%Y-%m}"
    decision = _decision(forecast, tables)
    model = _model(forecast, decision, tables)
    features = _run(instance, "features", day)
    reading_day = issued - pd.Timedelta(days=int(forecast["days_since_observed"]))
    computed_at = features["made_at"] or pd.Timestamp(tables.stored_partitions("features")[day]).tz_convert(None)
    reading = _reading(site, reading_day, issued, now=tables, then=TablesAsOf(tables, computed_at))
    truth = _site_day(tables, site, forecast["target_date"])
    decided_at = None if decision is None else decision["decided_at"]
    runs = [_run(instance, "predictions", day), _run(instance, "champion_model", month, since=decided_at)]
    if model["trained_for"] is not None:
        runs.append(_run(instance, "trained_models", f"{model['trained_for']:%Y-%m}"))
    return ForecastProvenance(
        forecast=_with_nulls(forecast),
        observed_ugm3=float(truth["pm25_ugm3"]) if truth and truth["is_valid"] else None,
        model=model,
        decision=None if decision is None else {name: decision[name] for name in DECISION},
        reading=reading,
        runs=(*runs, features, _run(instance, "raw_readings", f"{reading_day:%Y-%m-%d}")),
    )


def _decision(forecast: Row, tables: TableStorage) -> Row | None:
    """The decision in force on the issue day, if it names the version of the forecast."""
    champions = tables.read("champion_model", [f"{forecast['issue_date']:%Y-%m}"], allow_missing=True)
    for period in service_periods(champions).to_dict("records"):
        is_in_force = period["serves_from"] <= forecast["issue_date"] <= period["serves_until"]
        if is_in_force and period["model_version"] == forecast["model_version"]:
            return _with_nulls(period)
    return None


def _model(forecast: Row, decision: Row | None, tables: TableStorage) -> Row:
    """From the decision, else from ``trained_models``, else from MLflow's registry."""
    found = decision
    if found is None or found["trained_for"] is None:
        trained = tables.read("trained_models")
        rows = trained[trained["model_version"] == forecast["model_version"]].to_dict("records")
        if rows:
            found = rows[0]
        else:
            from airwatch_dagster.orchestration.registry.mlflow_client import registered_version

            found = {**forecast, **registered_version(str(forecast["model_version"]))}
        found = _with_nulls({**found, "trained_for": found["month"]})
    model = {name: found[name] for name in (*MODEL, *TRAINING_DAYS)}
    rows_fitted = model["training_rows"]
    return {**model, "training_rows": None if rows_fitted is None else int(rows_fitted)}


def _reading(site: str, day: pd.Timestamp, issued: pd.Timestamp, *, now: TableStorage, then: TablesAsOf) -> Row:
    known, stored = _site_day(then, site, day), _site_day(now, site, day)
    rows = then.read("raw_readings", [f"{day:%Y-%m-%d}"])
    rows = rows[rows["state_code"] + rows["county_code"] + rows["site_number"] == site]
    around = then.read("site_days", [f"{issued:%Y-%m-%d}"])
    place = known or stored
    return {
        "date_local": day,
        "pm25_ugm3": None if known is None else float(known["pm25_ugm3"]),
        "pm25_now_ugm3": None if stored is None else float(stored["pm25_ugm3"]),
        "is_provisional": None if known is None else bool(known["is_provisional"]),
        "sources": sorted(rows["source"].unique()),
        "first_seen_at": rows["first_seen_at"].max() if len(rows) else None,
        "neighbours": 0 if place is None else _neighbours(around, place),
    }


def _site_day(tables: TableStorage | TablesAsOf, site: str, day: pd.Timestamp) -> dict[Any, Any] | None:
    found = tables.read("site_days", [f"{day:%Y-%m-%d}"], allow_missing=True)
    rows = found[found["site_id"] == site].to_dict("records")
    return rows[0] if rows else None


def _neighbours(site_days: pd.DataFrame, place: Mapping[Any, Any]) -> int:
    others = site_days[site_days["is_valid"] & (site_days["site_id"] != place["site_id"])]
    return int((distance_km(Places.of(others), Places.of(pd.DataFrame([place]))) < FAR_KM).sum())


def _run(instance: dg.DagsterInstance, table: str, partition: str, *, since: pd.Timestamp | None = None) -> Row:
    """The latest run that built the partition, or the first one ``since`` a moment (UTC).

    The run of a decision is the first after it: later overrides write the partition too.
    """
    after = None if since is None else since.tz_localize("UTC").timestamp()
    wanted = dg.AssetRecordsFilter(dg.AssetKey(table), asset_partitions=[partition], after_timestamp=after)
    found = instance.fetch_materializations(wanted, limit=1, ascending=after is not None).records
    run: dict[str, Any] = {"table": table, "partition": partition}
    if not found or found[0].asset_materialization is None:
        return {**run, **dict.fromkeys(("run_id", "made_at", "code_version", "url"))}
    return {
        **run,
        "run_id": found[0].run_id,
        "made_at": pd.Timestamp(found[0].timestamp, unit="s").floor("us"),
        "code_version": (found[0].asset_materialization.tags or {}).get("dagster/code_version"),
        "url": dagster_run_url(found[0].run_id),
    }


def _with_nulls(row: Mapping[Any, Any]) -> Row:
    return {str(name): None if pd.isna(value) else value for name, value in row.items()}
