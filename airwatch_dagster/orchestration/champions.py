"""Who serves which month: chosen on the evidence, or appointed by a person; known to MLflow's registry either way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import dagster as dg
import pandas as pd

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.fit.champion import ChampionChoice, champion_frame, choose_champion
from airwatch_dagster.forecast.intervals import calibrate_champion
from airwatch_dagster.orchestration.experiments import crown
from airwatch_dagster.orchestration.monthly import SEED, stacked
from airwatch_dagster.orchestration.storage import TableStorage

TABLE: Final = "champion_model"


class ChampionOrder(dg.Config):
    """A person's order that a version serve the month; without a version the scores decide."""

    version: str = ""
    by: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Evidence:
    """What a choice is made on: rows of trained_models and of candidate_scores, and the champions stored so far."""

    trained: pd.DataFrame
    scores: pd.DataFrame
    tables: TableStorage


def appoint_or_choose(months: Sequence[pd.Timestamp], order: ChampionOrder, *, evidence: Evidence) -> pd.DataFrame:
    """The rows of champion_model for the months: by a person's order for the first one, or by the evidence for all."""
    if order.version:
        return appoint_champion(months[0], order, scores=evidence.scores, tables=evidence.tables)
    return choose_champions(months, evidence=evidence)


def choose_champions(months: Sequence[pd.Timestamp], *, evidence: Evidence) -> pd.DataFrame:
    """The champion of each month, each knowing its predecessor; in the columns of champion_model."""
    incumbent, rows = _stored(months[0] - pd.offsets.MonthBegin(1), evidence.tables), []
    scores = evidence.scores
    for month in months:
        candidates = evidence.trained[evidence.trained["month"] == month]
        served = _served(incumbent, "model_family")
        choice = choose_champion(month=month, trained=candidates, scores=scores, incumbent=served, seed=SEED)
        incumbent = _champion(choice, trained=candidates, scores=scores, replaced=_served(incumbent, "model_version"))
        rows.append(incumbent)
    return stacked(TABLE, rows)


def appoint_champion(
    month: pd.Timestamp, order: ChampionOrder, *, scores: pd.DataFrame, tables: TableStorage
) -> pd.DataFrame:
    """The version a person ordered to serve ``month``, as its row of champion_model.

    Raises ConfigurationError when no family of any month has that version.
    """
    before, ever_trained = _stored(month, tables), tables.read("trained_models")
    trained = ever_trained[ever_trained["model_version"] == order.version]
    if trained.empty:
        raise ConfigurationError(
            "models promote", f"there is no version {order.version!r}", fix="`airwatch models` lists the versions"
        )
    family = str(trained["model_family"].iloc[0])
    why = f"{order.by} appointed {family} (version {order.version}) for {month:%Y-%m}: {order.reason}"
    choice = ChampionChoice(month, family, _served(before, "model_family"), "person", why)
    return _champion(choice, trained=trained, scores=scores, replaced=_served(before, "model_version"))


def reasons(champions: pd.DataFrame) -> dict[str, str]:
    """Month → why its champion serves, for MLflow."""
    return dict(zip(champions["month"].dt.strftime("%Y-%m"), champions["reason"], strict=True))


def _champion(
    choice: ChampionChoice, *, trained: pd.DataFrame, scores: pd.DataFrame, replaced: str | None
) -> pd.DataFrame:
    """The choice as a row, with intervals calibrated for its family; the registry's alias follows it."""
    if choice.model_family is None:
        return champion_frame(choice, trained=trained, interval_calibration=None, previous_version=replaced)
    bands = calibrate_champion(scores, trained=trained, model_family=choice.model_family, month=choice.month)
    row = champion_frame(choice, trained=trained, interval_calibration=bands.to_json(), previous_version=replaced)
    crown(str(row["model_version"].iloc[0]), month=choice.month, reason=choice.reason)
    return row


def _stored(month: pd.Timestamp, tables: TableStorage) -> pd.DataFrame:
    return tables.read(TABLE, [f"{month:%Y-%m}"], allow_missing=True)


def _served(champion: pd.DataFrame, column: str) -> str | None:
    """The column of a serving champion's row; None when nobody served."""
    return str(champion[column].iloc[0]) if len(champion) and champion["is_serving"].iloc[0] else None
