"""Tables as they were known at an instant: a read-only view of the storage, computed on demand."""

from collections.abc import Sequence
from typing import Final

import dagster as dg
import pandas as pd

from airwatch_dagster.acquire.versions import as_of
from airwatch_dagster.clean.site_days import site_days as clean_site_days
from airwatch_dagster.enrich.features import area_features
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.fit.examples import examples_with_context
from airwatch_dagster.fit.training import train_families, trained_models_frame, trained_models_row
from airwatch_dagster.fit.tuning.hyperparameters import active_params
from airwatch_dagster.fit.weather_inputs import without_unknown_weather
from airwatch_dagster.forecast.predictions import issued
from airwatch_dagster.orchestration.ingest.ingest_config import instant_of
from airwatch_dagster.orchestration.issue_times import issue_moments
from airwatch_dagster.orchestration.metadata.monthly_findings import judged_months
from airwatch_dagster.orchestration.metadata.sensor_flags import flags_of
from airwatch_dagster.orchestration.partitions import running_day, upstream_partitions
from airwatch_dagster.orchestration.resources import configured_area, configured_parameters, configured_sites
from airwatch_dagster.orchestration.supplied.compared_forecasts import cases_of
from airwatch_dagster.orchestration.training.by_month import SEED, of_month, predict_months, score_months
from airwatch_dagster.orchestration.weather.known import known_at_issue
from airwatch_dagster.publish.names import site_names
from airwatch_dagster.schemas.columns import FAMILIES
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster.verify.monthly import monthly_verification
from airwatch_dagster.verify.scoreboard import by_month
from airwatch_dagster.verify.scoring import score_forecasts
from airwatch_dagster.watch.coverage import coverage as coverage_of
from airwatch_dagster.watch.drift import drift_findings, season_matched

Days = pd.DatetimeIndex
"""Days, or the first days of months."""

REBUILT: Final = (
    *("raw_readings", "site_days", "features", "training_examples", "trained_models", "candidate_scores"),
    *("predictions", "forecast_scores", "early_scores", "verification"),
    *("scoreboard", "scoreboard_events", "monthly_findings", "drift_report", "coverage"),
    *("revisions", "sensor_flags"),
)
"""Tables that depend on readings."""

AS_STORED: Final = (
    "monitors",
    "hyperparameters",
    "trained_models",
    "champion_model",
    "predictions",
    "early_predictions",
)
"""Inputs without versions: what reads them reads the rows stored now."""


def last_instant_of(text: str) -> pd.Timestamp:
    """The instant (naive UTC) that ``text`` names; a day names its last microsecond.

    Raises ConfigurationError for text that is neither a date nor a time.
    """
    moment = instant_of(text)
    is_day = len(text.strip()) <= len("2020-05-04")
    return moment + pd.Timedelta(days=1) - pd.Timedelta(microseconds=1) if is_day else moment


def table_as_of(table: str, partition: str, instant: pd.Timestamp, *, tables: TableStorage) -> pd.DataFrame:
    """One partition of a table as it would be, had nothing been read after ``instant`` (naive UTC).

    Raises ConfigurationError for a table that does not depend on readings, and for one that records decisions.
    """
    if table not in REBUILT:
        raise ConfigurationError("--as-of", f"{table} has no versions", fix=f"Use one of {', '.join(REBUILT)}")
    return validated(table, TablesAsOf(tables, instant).rebuilt(table, [partition]))


class TablesAsOf:
    """The stored tables, had nothing been read after ``instant`` (naive UTC).

    A table that depends on readings is computed when it is read: by the function its asset calls, from the partitions
    its asset reads. Only readings have versions: monitors, models, champions and forecasts it reads are those of now.
    """

    def __init__(self, tables: TableStorage, instant: pd.Timestamp) -> None:
        self._tables = tables
        self._instant = instant

    def read(self, table: str, partitions: Sequence[str] | None, *, allow_missing: bool = False) -> pd.DataFrame:
        """As ``TableStorage.read``; a day whose readings are not stored has none."""
        if table == "weather_forecasts":
            stored = self._tables.read(table, partitions, allow_missing=allow_missing)
            return stored[stored["issued_at"] <= self._instant]
        if table in AS_STORED or partitions is None:
            return self._tables.read(table, partitions, allow_missing=allow_missing)
        return self.rebuilt(table, partitions)

    def rebuilt(self, table: str, partitions: Sequence[str]) -> pd.DataFrame:
        """These partitions of one of ``REBUILT``, models and forecasts included."""
        if table == "raw_readings":
            known = as_of(self._tables.read(table, partitions, allow_missing=True), self._instant)
            return known.assign(superseded_at=pd.Series(dtype="datetime64[ns]"))
        if table == "revisions":
            detected = self._tables.read(table, partitions)
            return detected[detected["noticed_at"] <= self._instant]
        from airwatch_dagster.definitions import defs

        inputs = self._inputs(defs.resolve_assets_def(table), partitions)
        frame: pd.DataFrame = getattr(self, f"_{table}")(pd.DatetimeIndex(list(partitions)), **inputs)
        return frame

    def _inputs(self, asset: dg.AssetsDefinition, partitions: Sequence[str]) -> dict[str, pd.DataFrame]:
        """The frames a run of the asset over ``partitions`` loads, by its own partition mappings and metadata."""
        inputs = {}
        for name, key in asset.keys_by_input_name.items():
            declared = asset.node_def.input_def_named(name)
            if not declared.dagster_type.is_nothing:
                upstream = upstream_partitions(asset, key, partitions)
                is_optional = bool(declared.metadata.get("allow_missing_partitions"))
                inputs[name] = self.read(key.to_user_string(), upstream, allow_missing=is_optional)
        return inputs

    def _site_days(self, days: Days, raw_readings: pd.DataFrame, monitors: pd.DataFrame) -> pd.DataFrame:
        return clean_site_days(raw_readings, monitors=monitors, parameters=configured_parameters())

    def _features(self, days: Days, site_days: pd.DataFrame) -> pd.DataFrame:
        return area_features(site_days, issue_dates=days, area=configured_area())

    def _training_examples(
        self, months: Days, features: pd.DataFrame, site_days: pd.DataFrame, weather_forecasts: pd.DataFrame
    ) -> pd.DataFrame:
        bounds = {"first_target": months[0], "last_target": months[-1] + pd.offsets.MonthEnd(0)}
        weather, sites = known_at_issue(weather_forecasts), configured_sites(site_days)
        return examples_with_context(features, site_days, **bounds, area_site_ids=sites, weather=weather)

    def _trained_models(
        self, months: Days, training_examples: pd.DataFrame, hyperparameters: pd.DataFrame
    ) -> pd.DataFrame:
        """Fitted for this view and registered nowhere: without a version, a run or an address."""
        params = active_params(hyperparameters, month=months[0])
        examples = without_unknown_weather(training_examples)
        fitted = train_families(examples, families=FAMILIES, month=months[0], seed=SEED, params=params)
        return trained_models_frame([trained_models_row(model) for model in fitted])

    def _candidate_scores(
        self, months: Days, training_examples: pd.DataFrame, trained_models: pd.DataFrame
    ) -> pd.DataFrame:
        return score_months(list(months), trained=trained_models, examples=training_examples)

    def _predictions(
        self, days: Days, features: pd.DataFrame, champion_model: pd.DataFrame, weather_forecasts: pd.DataFrame
    ) -> pd.DataFrame:
        weather = known_at_issue(weather_forecasts)
        made = predict_months(features, champions=champion_model, weather=weather)
        return issued(made, at=issue_moments(made["issue_date"], now=self._instant))

    def _forecast_scores(self, days: Days, predictions: pd.DataFrame, site_days: pd.DataFrame) -> pd.DataFrame:
        return score_forecasts(predictions, site_days=site_days, scored_at=self._instant)

    def _early_scores(self, days: Days, early_predictions: pd.DataFrame, **inputs: pd.DataFrame) -> pd.DataFrame:
        return score_forecasts(early_predictions, site_days=inputs["site_days"], scored_at=self._instant)

    def _verification(
        self, months: Days, forecast_scores: pd.DataFrame, candidate_scores: pd.DataFrame
    ) -> pd.DataFrame:
        return monthly_verification(forecast_scores, candidates=candidate_scores)

    def _scoreboard(self, months: Days, **inputs: pd.DataFrame) -> pd.DataFrame:
        return by_month(self._compared(**inputs), table="scoreboard")

    def _scoreboard_events(self, months: Days, **inputs: pd.DataFrame) -> pd.DataFrame:
        return by_month(self._compared(**inputs), table="scoreboard_events")

    def _compared(
        self,
        forecast_scores: pd.DataFrame,
        candidate_scores: pd.DataFrame,
        early_scores: pd.DataFrame,
        site_days: pd.DataFrame,
    ) -> pd.DataFrame:
        return cases_of(
            forecast_scores,
            candidates=candidate_scores,
            site_days=site_days,
            early=early_scores,
            tables=self._tables,
            by=self._instant,
        )

    def _sensor_flags(self, days: Days, **inputs: pd.DataFrame) -> pd.DataFrame:
        return flags_of(days, lambda table, keys: self.read(table, self._stored(table, keys)))

    def _stored(self, table: str, keys: Sequence[str]) -> list[str]:
        """Those of the days whose readings are stored."""
        stored = self._tables.stored_partitions("raw_readings")
        return [key for key in keys if key in stored]

    def _monthly_findings(self, months: Days, site_days: pd.DataFrame, monitors: pd.DataFrame) -> pd.DataFrame:
        changes, area = self._tables.read_or_empty("monitor_changes"), configured_area()
        names = site_names(monitors)
        return judged_months(list(months), site_days=site_days, changes=changes, names=names, area=area)

    def _drift_report(self, months: Days, features: pd.DataFrame) -> pd.DataFrame:
        """The findings, without a page."""
        current = of_month(features, month=months[0], column="issue_date")
        reference, began = season_matched(features, month=months[0]), features["issue_date"].min()
        found, _ = drift_findings(current, reference=reference, month=months[0], began=began)
        return found.assign(report_uri=None)

    def _coverage(self, months: Days, site_days: pd.DataFrame, monitors: pd.DataFrame) -> pd.DataFrame:
        today = pd.Timestamp(running_day(self._instant))
        return coverage_of(site_days, months=list(months), monitors=monitors, today=today)
