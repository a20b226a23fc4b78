"""Tables as they were at an instant: rebuilt, by the functions that made them, from the readings known by then."""

from collections.abc import Callable, Mapping
from typing import Final

import pandas as pd

from airwatch_dagster.acquire.versions import as_of
from airwatch_dagster.clean.site_days import site_days as clean_site_days
from airwatch_dagster.enrich.features import area_features
from airwatch_dagster.enrich.grid import HISTORY_DAYS
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.fit.examples import examples_with_context
from airwatch_dagster.fit.training import train_families, trained_models_frame, trained_models_row
from airwatch_dagster.fit.tuning.hyperparameters import IN_FORCE_MONTHS, params_in_force
from airwatch_dagster.orchestration.ingest.ingest_config import instant_of
from airwatch_dagster.orchestration.partitions import TRAINING_MONTHS
from airwatch_dagster.orchestration.resources import configured_area, configured_sites
from airwatch_dagster.orchestration.supplied_weather import issued_weather, with_weather
from airwatch_dagster.orchestration.training.by_month import SEED, of_month, predict_months, score_months
from airwatch_dagster.schemas.columns import FAMILIES, HORIZONS_DAYS
from airwatch_dagster.schemas.validation import validated
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster.verify.monthly import monthly_verification
from airwatch_dagster.verify.scoring import score_forecasts
from airwatch_dagster.watch.coverage import WINDOW_MONTHS, coverage
from airwatch_dagster.watch.drift import drift_findings, season_matched

KEPT_AS_MADE: Final = ("champion_model", "hyperparameters")
"""A decision, once taken, is kept as it was taken: who served, what a search chose, and why."""


def last_instant_of(text: str) -> pd.Timestamp:
    """The instant (naive UTC) a person means: a day is meant with all that was learned on it.

    Raises ConfigurationError for anything else than a day or a time.
    """
    moment = instant_of(text)
    is_day = len(text.strip()) <= len("2020-05-04")
    return moment + pd.Timedelta(days=1) - pd.Timedelta(microseconds=1) if is_day else moment


def table_as_of(table: str, partition: str, instant: pd.Timestamp, *, tables: TableStorage) -> pd.DataFrame:
    """One partition of a table as it would be, had nothing been read after ``instant`` (naive UTC).

    The monitor list, the models and the forecasts issued are those stored now: only readings have versions. Raises
    ConfigurationError for a table that is not made from readings, or that is kept as it was made.
    """
    then = AsOf(tables, instant)
    makers: Mapping[str, Callable[[list[str]], pd.DataFrame]] = {
        "raw_readings": then.raw_readings,
        "site_days": then.site_days,
        "features": then.features,
        "training_examples": then.training_examples,
        "trained_models": then.trained_models,
        "candidate_scores": then.candidate_scores,
        "predictions": then.predictions,
        "forecast_scores": then.forecast_scores,
        "verification": then.verification,
        "drift_report": then.drift_report,
        "coverage": then.coverage,
        "revisions": then.revisions,
    }
    if table not in makers:
        why = "is kept as it was made" if table in KEPT_AS_MADE else "is not made from readings"
        raise ConfigurationError("--as-of", f"{table} {why}", fix=f"Use one of {', '.join(makers)}")
    return validated(table, makers[table]([partition]))


class AsOf:
    """Every table by the keys of its partitions, from the versions that were current at an instant."""

    def __init__(self, tables: TableStorage, instant: pd.Timestamp) -> None:
        self._tables = tables
        self._instant = instant

    def raw_readings(self, days: list[str]) -> pd.DataFrame:
        """The rows of the pull then current; none of them was superseded then."""
        stored = self._tables.read("raw_readings", days, allow_missing=True)
        return as_of(stored, self._instant).assign(superseded_at=pd.Series(dtype="datetime64[ns]"))

    def site_days(self, days: list[str]) -> pd.DataFrame:
        return clean_site_days(self.raw_readings(days), monitors=self._tables.read("monitors"))

    def features(self, days: list[str]) -> pd.DataFrame:
        known = self.site_days(_days(pd.Timestamp(days[0]), pd.Timestamp(days[-1]), before=HISTORY_DAYS))
        return area_features(known, issue_dates=pd.DatetimeIndex(days), area=configured_area())

    def training_examples(self, months: list[str]) -> pd.DataFrame:
        first, last = _bounds(months)
        issued = self.features(_days(first, last, before=max(HORIZONS_DAYS)))
        known = self.site_days(_days(first, last, before=HISTORY_DAYS + max(HORIZONS_DAYS)))
        sites = configured_sites(known)
        return examples_with_context(issued, known, first_target=first, last_target=last, area_site_ids=sites)

    def trained_models(self, months: list[str]) -> pd.DataFrame:
        """Fitted for this answer and registered nowhere: without a version, a run or an address."""
        first, _ = _bounds(months)
        examples = self.training_examples(_months(first - pd.DateOffset(months=TRAINING_MONTHS), first)[:-1])
        searched = _months(first - pd.DateOffset(months=IN_FORCE_MONTHS), first)
        params = params_in_force(self._tables.read("hyperparameters", searched, allow_missing=True), month=first)
        known = with_weather(examples, by=self._instant)
        fitted = train_families(known, families=FAMILIES, month=first, seed=SEED, params=params)
        return trained_models_frame([trained_models_row(model) for model in fitted])

    def drift_report(self, months: list[str]) -> pd.DataFrame:
        """Findings alone; the page is the one stored."""
        first, last = _bounds(months)
        known = self.features(_days(first - pd.DateOffset(months=TRAINING_MONTHS), last))
        current = of_month(known, month=first, column="issue_date")
        findings, _ = drift_findings(current, reference=season_matched(known, month=first), month=first)
        return findings.assign(report_uri=None)

    def candidate_scores(self, months: list[str]) -> pd.DataFrame:
        trained = self._tables.read("trained_models", months)
        starts = [pd.Timestamp(month) for month in months]
        examples = with_weather(self.training_examples(months), by=self._instant)
        return score_months(starts, trained=trained, examples=examples)

    def predictions(self, days: list[str]) -> pd.DataFrame:
        champions = self._tables.read("champion_model", sorted({day[:7] for day in days}))
        weather = issued_weather(pd.DatetimeIndex(days), by=self._instant)
        return predict_months(self.features(days), champions=champions, weather=weather)

    def forecast_scores(self, days: list[str]) -> pd.DataFrame:
        issued = _days(pd.Timestamp(days[0]), pd.Timestamp(days[-1]), before=max(HORIZONS_DAYS))
        forecasts = self._tables.read("predictions", issued, allow_missing=True)
        return score_forecasts(forecasts, site_days=self.site_days(days), scored_at=self._instant)

    def verification(self, months: list[str]) -> pd.DataFrame:
        first, last = _bounds(months)
        scores = self.forecast_scores(_days(first, last))
        return monthly_verification(scores, candidates=self.candidate_scores(months))

    def coverage(self, months: list[str]) -> pd.DataFrame:
        first, last = _bounds(months)
        known = self.site_days(_days(first - pd.DateOffset(months=WINDOW_MONTHS - 1), last))
        starts = [pd.Timestamp(month) for month in months]
        monitors = self._tables.read("monitors")
        return coverage(known, months=starts, monitors=monitors, today=self._instant.normalize())

    def revisions(self, days: list[str]) -> pd.DataFrame:
        noticed = self._tables.read("revisions", days)
        return noticed[noticed["noticed_at"] <= self._instant]


def _days(first: pd.Timestamp, last: pd.Timestamp, *, before: int = 0) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in pd.date_range(first - pd.Timedelta(days=before), last)]


def _months(first: pd.Timestamp, last: pd.Timestamp) -> list[str]:
    return [str(month) for month in pd.period_range(first, last, freq="M")]


def _bounds(months: list[str]) -> tuple[pd.Timestamp, pd.Timestamp]:
    return pd.Timestamp(months[0]), pd.Timestamp(months[-1]) + pd.offsets.MonthEnd(0)
