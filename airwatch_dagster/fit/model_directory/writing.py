"""A fitted model as the files of its directory."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from airwatch_dagster.fit.model_directory import structure as s
from airwatch_dagster.fit.model_directory.parts import (
    FOREST_FILE,
    NETWORK_FILE,
    RIDGE_FILE,
    SITE_REGRESSIONS_FILE,
    boosted_bytes,
    boosted_file,
    forest_bytes,
    network_bytes,
    ridge_bytes,
    site_regressions_bytes,
)
from airwatch_dagster.fit.models.baselines import Climatology, DampedPersistence, Persistence
from airwatch_dagster.fit.models.boosted_trees import BoostedTrees
from airwatch_dagster.fit.models.families import NETWORK, Blend, FittedModel
from airwatch_dagster.fit.models.learned import LearnedCorrection
from airwatch_dagster.fit.models.training_set import CORRECTION_INPUTS
from airwatch_dagster.fit.models.weather_correction import WeatherCorrection


def files_of(model: FittedModel) -> dict[str, bytes]:
    """Name → content of every file of a model; the same model gives the same bytes.

    The files of a family are the same in a blend that it is a member of. Raises TypeError for an estimator that no
    family has, and ValueError for a blend whose members were not fitted together.
    """
    estimator = model.estimator
    if isinstance(estimator, LearnedCorrection):
        return _learned_files(model, [(model.family, estimator)], [1.0])
    if isinstance(estimator, Blend):
        members = [(member.family, member.estimator) for member in estimator.members]
        return _learned_files(model, members, estimator.weights)
    return {s.FILE: s.encoded(_baseline_structure(estimator))}


def write_directory(files: dict[str, bytes], directory: Path) -> None:
    """Write the files into a new directory; those above it are made where they are missing."""
    directory.mkdir(parents=True)
    for name, data in files.items():
        (directory / name).write_bytes(data)


def _baseline_structure(estimator: Any) -> s.Structure:
    if isinstance(estimator, Persistence):
        return s.PersistenceStructure()
    if isinstance(estimator, DampedPersistence):
        return s.DampedStructure(damping=list(estimator.phi))
    if isinstance(estimator, Climatology):
        return s.ClimatologyStructure(
            overall=estimator.overall,
            by_season=list(estimator.by_season),
            by_site=estimator.by_site,
            by_site_season=_by_site_season(estimator),
        )
    raise TypeError(f"{type(estimator).__name__} is the estimator of no family")


def _by_site_season(estimator: Climatology) -> dict[str, dict[Any, float]]:
    nested: dict[str, dict[Any, float]] = {}
    for (site, season), departure in estimator.by_site_season.items():
        nested.setdefault(site, {})[str(season)] = departure
    return nested


def _learned_files(
    model: FittedModel, members: Sequence[tuple[str, Any]], weights: Sequence[float]
) -> dict[str, bytes]:
    first = members[0][1]
    for name, one in members:
        same = all(own is first.site_regressions.get(horizon) for horizon, own in one.site_regressions.items())
        if not (one.baseline == first.baseline and same and list(one.site_regressions) == list(first.site_regressions)):
            raise ValueError(f"{name} was not fitted together with {members[0][0]}")
    by_family = {name: one.corrections for name, one in members}
    boosted = by_family.get("catboost", {})
    weather = model.weather or WeatherCorrection((), {}, {})
    structure = s.LearnedStructure(
        family=model.family,  # type: ignore[arg-type]  # checked by pydantic
        members=dict(zip(by_family, weights, strict=True)),  # type: ignore[arg-type]
        damping=list(first.baseline.phi),
        inputs=list(CORRECTION_INPUTS),
        horizons_days=list(first.site_regressions),
        weather=list(weather.inputs),
        weather_needed={str(horizon): list(names) for horizon, names in weather.needed.items()},
        weather_values_change=_values_change(weather.trees),
        values_change=_values_change(boosted),
    )
    files = {s.FILE: s.encoded(structure), SITE_REGRESSIONS_FILE: site_regressions_bytes(first.site_regressions)}
    if "ridge" in by_family:
        files[RIDGE_FILE] = ridge_bytes(by_family["ridge"])
    if "random_forest" in by_family:
        files[FOREST_FILE] = forest_bytes(by_family["random_forest"])
    if NETWORK in by_family:
        files[NETWORK_FILE] = network_bytes(by_family[NETWORK])
    files |= {boosted_file(horizon): boosted_bytes(one) for horizon, one in boosted.items()}
    return files | {boosted_file(horizon, "weather"): boosted_bytes(one) for horizon, one in weather.trees.items()}


def _values_change(boosted: Mapping[int, BoostedTrees]) -> dict[str, list[float]]:
    return {str(horizon): one.values_change.tolist() for horizon, one in boosted.items()}
