"""Where a stored forecast came from: the model and who chose it, the readings it rests on, the runs that made it."""

from dataclasses import dataclass
from typing import Any

import dagster as dg
import pandas as pd

from airwatch_dagster.commands.as_of import TablesAsOf
from airwatch_dagster.enrich.geometry import Places, distance_km
from airwatch_dagster.enrich.neighbours import FAR_KM
from airwatch_dagster.fit.champion.service_periods import service_periods
from airwatch_dagster.orchestration.registry.links import dagster_run_url
from airwatch_dagster.storage.tables import TableStorage


@dataclass(frozen=True)
class Learned:
    """What a model version was fitted on."""

    model_family: str
    model_version: str
    mlflow_run_id: str | None
    trained_for: pd.Timestamp | None
    training_rows: int | None
    first_target_date: pd.Timestamp | None
    last_target_date: pd.Timestamp | None


@dataclass(frozen=True)
class Decision:
    """Why the version was in force on the issue day."""

    reason: str
    decided_by: str
    decided_by_person: str | None
    decided_at: pd.Timestamp | None
    serves_from: pd.Timestamp
    serves_until: pd.Timestamp


@dataclass(frozen=True)
class Reading:
    """The site's last reading when the features were made, and what surrounds it."""

    date_local: pd.Timestamp
    pm25_ugm3: float | None
    """As it was known when the features were made; null when it is not stored any more."""
    pm25_now_ugm3: float | None
    """As it is stored today."""
    is_provisional: bool | None
    sources: tuple[str, ...]
    first_seen_at: pd.Timestamp | None
    """When the newest of its rows was first seen, UTC."""
    neighbours: int
    """Other sites up to 800 km away with a valid value on the issue day."""


@dataclass(frozen=True)
class MadeBy:
    """The Dagster run that made a partition."""

    table: str
    partition: str
    run_id: str | None
    """Null when this Dagster instance did not make it."""
    made_at: pd.Timestamp | None
    code_version: str | None
    url: str | None


@dataclass(frozen=True)
class ForecastProvenance:
    """One forecast and where it came from."""

    forecast: dict[str, Any]
    """Its row of ``predictions``."""
    observed_ugm3: float | None
    """What came true, where it is known."""
    model: Learned
    decision: Decision | None
    """None when champion_model was made anew since, with another version."""
    reading: Reading
    runs: tuple[MadeBy, ...]


def forecast_provenance(
    forecasts: pd.DataFrame, *, tables: TableStorage, instance: dg.DagsterInstance
) -> list[ForecastProvenance]:
    """The origin of each row of ``predictions``."""
    return [_Search(row, tables, instance).origin() for row in forecasts.to_dict("records")]


class _Search:
    """What is on record about one forecast."""

    def __init__(self, forecast: dict[Any, Any], tables: TableStorage, instance: dg.DagsterInstance) -> None:
        self._forecast = {str(name): value for name, value in forecast.items()}
        self._tables = tables
        self._instance = instance
        self._issued: pd.Timestamp = forecast["issue_date"]
        self._site = str(forecast["site_id"])

    def origin(self) -> ForecastProvenance:
        decision = self._decision()
        model = self._model(decision)
        features = self._made("features", f"{self._issued:%Y-%m-%d}")
        reading = self._reading(features)
        runs = (
            self._made("predictions", f"{self._issued:%Y-%m-%d}"),
            self._chosen(decision),
            *((self._made("trained_models", f"{model.trained_for:%Y-%m}"),) if model.trained_for else ()),
            features,
            self._made("raw_readings", f"{reading.date_local:%Y-%m-%d}"),
        )
        known = None if decision is None else _decision_of(decision)
        return ForecastProvenance(self._forecast, self._observed(), model, known, reading, runs)

    def _decision(self) -> Any:
        """The term in force on the issue day, if its version is the one that made the forecast."""
        champions = self._tables.read("champion_model", [f"{self._issued:%Y-%m}"], allow_missing=True)
        term: Any
        for term in service_periods(champions).itertuples():
            is_then = term.serves_from <= self._issued <= term.serves_until
            if is_then and term.model_version == self._forecast["model_version"]:
                return term
        return None

    def _model(self, decision: Any) -> Learned:
        """From the decision, else from trained_models, else from MLflow's registry."""
        if decision is not None and pd.notna(decision.trained_for):
            return _learned(decision._asdict(), decision.trained_for)
        version = self._forecast["model_version"]
        trained = self._tables.read("trained_models")
        for row in trained[trained["model_version"] == version].to_dict("records"):
            return _learned(row, row["month"])
        from airwatch_dagster.orchestration.registry.mlflow_client import registered_version

        told = registered_version(str(version))
        return _learned({**self._forecast, **told}, told["month"])

    def _observed(self) -> float | None:
        day = f"{self._forecast['target_date']:%Y-%m-%d}"
        truth = _site_row(self._tables.read("site_days", [day], allow_missing=True), self._site)
        return float(truth["pm25_ugm3"]) if truth is not None and truth["is_valid"] else None

    def _reading(self, features: MadeBy) -> Reading:
        day = self._issued - pd.Timedelta(days=int(self._forecast["days_since_observed"]))
        known_at = features.made_at or self._written("features", f"{self._issued:%Y-%m-%d}")
        then = TablesAsOf(self._tables, known_at)
        rows = then.read("raw_readings", [f"{day:%Y-%m-%d}"])
        rows = rows[rows["state_code"] + rows["county_code"] + rows["site_number"] == self._site]
        known = _site_row(then.read("site_days", [f"{day:%Y-%m-%d}"]), self._site)
        now = _site_row(self._tables.read("site_days", [f"{day:%Y-%m-%d}"], allow_missing=True), self._site)
        return Reading(
            day,
            None if known is None else float(known["pm25_ugm3"]),
            None if now is None else float(now["pm25_ugm3"]),
            None if known is None else bool(known["is_provisional"]),
            tuple(sorted(rows["source"].unique())),
            rows["first_seen_at"].max() if len(rows) else None,
            _neighbours(then.read("site_days", [f"{self._issued:%Y-%m-%d}"]), site=known or now),
        )

    def _written(self, table: str, partition: str) -> pd.Timestamp:
        return pd.Timestamp(self._tables.stored_partitions(table)[partition]).tz_convert(None)

    def _chosen(self, decision: Any) -> MadeBy:
        """The run after the decision was taken; orders that follow it make the partition again."""
        since = None if decision is None or pd.isna(decision.decided_at) else decision.decided_at
        return self._made("champion_model", f"{self._issued:%Y-%m}", since=since)

    def _made(self, table: str, partition: str, *, since: pd.Timestamp | None = None) -> MadeBy:
        """By the latest run, or by the first one ``since`` a moment (UTC)."""
        after = None if since is None else since.tz_localize("UTC").timestamp()
        wanted = dg.AssetRecordsFilter(dg.AssetKey(table), asset_partitions=[partition], after_timestamp=after)
        for record in self._instance.fetch_materializations(wanted, limit=1, ascending=after is not None).records:
            made_at = pd.Timestamp(record.timestamp, unit="s").floor("us")
            assert record.asset_materialization is not None
            code = (record.asset_materialization.tags or {}).get("dagster/code_version")
            return MadeBy(table, partition, record.run_id, made_at, code, dagster_run_url(record.run_id))
        return MadeBy(table, partition, None, None, None, None)


def _learned(row: dict[str, Any], trained_for: pd.Timestamp) -> Learned:
    def known(name: str) -> Any:
        return None if pd.isna(row[name]) else row[name]

    rows = known("training_rows")
    return Learned(
        model_family=str(row["model_family"]),
        model_version=str(row["model_version"]),
        mlflow_run_id=known("mlflow_run_id"),
        trained_for=trained_for,
        training_rows=None if rows is None else int(rows),
        first_target_date=known("first_target_date"),
        last_target_date=known("last_target_date"),
    )


def _decision_of(term: Any) -> Decision:
    person, moment = (None if pd.isna(value) else value for value in (term.decided_by_person, term.decided_at))
    return Decision(term.reason, term.decided_by, person, moment, term.serves_from, term.serves_until)


def _site_row(site_days: pd.DataFrame, site: str) -> Any:
    rows = site_days[site_days["site_id"] == site].to_dict("records")
    return rows[0] if rows else None


def _neighbours(site_days: pd.DataFrame, *, site: Any) -> int:
    if site is None:
        return 0
    others = site_days[site_days["is_valid"] & (site_days["site_id"] != site["site_id"])]
    here = Places.of(pd.DataFrame([site]))
    return int((distance_km(Places.of(others), here) < FAR_KM).sum())
