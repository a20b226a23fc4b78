"""What is wrong with the registered models that the tables name: for `airwatch doctor`, without forecasting."""

from collections.abc import Iterator, Sequence
from typing import Final

from airwatch_dagster.errors import AirWatchError, ModelRefused
from airwatch_dagster.fit.champion.service_periods import newest_first
from airwatch_dagster.orchestration.registry.model_loading import LoggedModel, verify_files
from airwatch_dagster.storage.tables import TableStorage

COLUMNS: Final = ["month", "model_family", "model_version", "model_files"]


def serving_model(tables: TableStorage) -> LoggedModel | None:
    """The model of the newest decision on the latest month with a champion; None without any."""
    months = sorted(map(str, tables.stored_partitions("champion_model")), reverse=True)
    for month in months:
        newest = newest_first(tables.read("champion_model", [month])).head(1)
        if len(newest) and newest["is_serving"].iloc[0]:
            return LoggedModel.of(newest.iloc[0])
    return None


def unreadable_months(tables: TableStorage) -> list[str]:
    """Months (YYYY-MM) with models that were logged as pickles, which are not read."""
    trained = tables.read("trained_models", columns=COLUMNS, allow_missing=True)
    of_before = trained[trained["model_version"].notna() & trained["model_files"].isna()]
    return sorted(of_before["month"].dt.strftime("%Y-%m").unique())


def model_problems(tables: TableStorage) -> Iterator[AirWatchError]:
    """One error for the model that serves, if its files cannot be used, and one for all months of before.

    Reads the files of one model. Raises SourceUnavailable when MLflow does not answer.
    """
    serving = serving_model(tables)
    if serving is not None:
        try:
            verify_files(serving)
        except ModelRefused as error:
            yield error
    if months := unreadable_months(tables):
        yield _of_before(months)


def _of_before(months: Sequence[str]) -> ModelRefused:
    span = months[0] if len(months) == 1 else f"{len(months)} months from {months[0]} to {months[-1]}"
    command = f"airwatch backfill {months[0]}-01 {months[-1]}-01 --tables trained_models,champion_model --refresh"
    problem = (
        "were logged as pickles, which are not read: forecasts and scores of these months cannot be computed again"
    )
    return ModelRefused(f"models of {span}", problem, fix=f"Train them again: `{command}`")
