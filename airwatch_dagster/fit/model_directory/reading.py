"""A fitted model from the files of its directory: every value is checked, and nothing of a broken file is used."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airwatch_dagster.errors import ModelRefused
from airwatch_dagster.fit.model_directory import structure as s
from airwatch_dagster.fit.model_directory.manifest import FILE_NAME, MAX_FILE_BYTES, MAX_FILES, RESTORE
from airwatch_dagster.fit.model_directory.parts import (
    FOREST_FILE,
    NETWORK_FILE,
    RIDGE_FILE,
    SITE_REGRESSIONS_FILE,
    boosted_file,
    boosted_of,
    forest_of,
    network_of,
    ridge_of,
    site_regressions_of,
)
from airwatch_dagster.fit.models.baselines import Climatology, DampedPersistence, Persistence
from airwatch_dagster.fit.models.boosted_trees import BoostedTrees
from airwatch_dagster.fit.models.families import NETWORK, Blend, Estimator, FittedModel
from airwatch_dagster.fit.models.learned import LearnedCorrection
from airwatch_dagster.fit.models.weather_correction import WeatherCorrection


def model_of(files: Mapping[str, bytes]) -> FittedModel:
    """The model in these files, by name; it forecasts what the written one did, to the last bit.

    Raises ModelRefused, with the file as its culprit, for a file that is missing, unknown or not as documented.
    """
    structure = s.decoded(_file(files, s.FILE))
    if isinstance(structure, s.LearnedStructure):
        expected, weather = _names(structure), _weather(structure, files)
        estimator: Estimator = _learned(structure, files)
    else:
        expected, weather, estimator = {s.FILE}, None, _baseline(structure)
    for unknown in sorted(set(files) - expected):
        raise ModelRefused(unknown, f"is not a file of {structure.family}", fix="Remove the file")
    return FittedModel(structure.family, estimator, weather)


def files_in(directory: Path) -> dict[str, bytes]:
    """Name → content of the files in a directory.

    Raises ModelRefused for what is not a regular file with a name of a model's, and for too many or too large ones.
    """
    try:
        paths = sorted(directory.iterdir())
    except OSError as error:
        problem = f"cannot be read ({(error.strerror or type(error).__name__).lower()})"
        raise ModelRefused(str(directory), problem, fix=RESTORE) from None
    if len(paths) > MAX_FILES:
        raise ModelRefused(str(directory), f"has {len(paths)} files, more than {MAX_FILES}", fix=RESTORE)
    return {path.name: read_file(path, max_bytes=MAX_FILE_BYTES) for path in paths}


def read_file(path: Path, *, max_bytes: int) -> bytes:
    """The content of a regular file, no link, with a name of a model's. Raises ModelRefused for any other, and for one
    that is larger."""
    if not FILE_NAME.fullmatch(path.name) or path.is_symlink() or (path.exists() and not path.is_file()):
        raise ModelRefused(path.name[:60], "is not a file of a model", fix="Remove it")
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except FileNotFoundError:
        raise ModelRefused(path.name, "is missing", fix=RESTORE) from None
    except OSError as error:
        problem = f"cannot be read ({(error.strerror or type(error).__name__).lower()})"
        raise ModelRefused(path.name, problem, fix="Make it readable for this user") from None
    if len(data) > max_bytes:
        problem = f"has more than {max_bytes:,} bytes"
        raise ModelRefused(path.name, problem, fix=RESTORE)
    return data


def _file(files: Mapping[str, bytes], name: str) -> bytes:
    if name not in files:
        raise ModelRefused(name, "is missing", fix=RESTORE)
    return files[name]


def _baseline(structure: s.Structure) -> Estimator:
    if isinstance(structure, s.DampedStructure):
        return DampedPersistence(tuple(structure.damping))
    if isinstance(structure, s.ClimatologyStructure):
        nested = structure.by_site_season.items()
        by_site_season = {(site, int(season)): value for site, own in nested for season, value in own.items()}
        return Climatology(structure.overall, tuple(structure.by_season), structure.by_site, by_site_season)
    return Persistence()


def _names(structure: s.LearnedStructure) -> set[str]:
    own = {"ridge": {RIDGE_FILE}, "random_forest": {FOREST_FILE}, NETWORK: {NETWORK_FILE}}
    own["catboost"] = {boosted_file(horizon) for horizon in structure.horizons_days}
    weather = {boosted_file(int(horizon), "weather") for horizon in structure.weather_values_change}
    return {s.FILE, SITE_REGRESSIONS_FILE}.union(weather, *(own[member] for member in structure.members))


def _learned(structure: s.LearnedStructure, files: Mapping[str, bytes]) -> Estimator:
    horizons = structure.horizons_days
    baseline = DampedPersistence(tuple(structure.damping))
    regressions = site_regressions_of(_file(files, SITE_REGRESSIONS_FILE), horizons)
    members = []
    for member in structure.members:
        corrections = _corrections(member, structure, files)
        members.append(FittedModel(member, LearnedCorrection(baseline, regressions, corrections)))
    if structure.family != "blend":
        return members[0].estimator
    return Blend(tuple(members), tuple(structure.members.values()))


def _corrections(member: str, structure: s.LearnedStructure, files: Mapping[str, bytes]) -> dict[int, Any]:
    horizons, columns = structure.horizons_days, len(structure.inputs)
    if member == "ridge":
        return {**ridge_of(_file(files, RIDGE_FILE), horizons, columns=columns)}
    if member == "random_forest":
        return {**forest_of(_file(files, FOREST_FILE), horizons, columns=columns)}
    if member == NETWORK:
        return {**network_of(_file(files, NETWORK_FILE), horizons, columns=columns)}
    return _boosted(structure.values_change, files, "catboost")


def _weather(structure: s.LearnedStructure, files: Mapping[str, bytes]) -> WeatherCorrection | None:
    trees = _boosted(structure.weather_values_change, files, "weather")
    needed = {int(horizon): tuple(names) for horizon, names in structure.weather_needed.items()}
    return WeatherCorrection(tuple(structure.weather), needed, trees) if trees else None


def _boosted(values_change: Mapping[str, list[float]], files: Mapping[str, bytes], of: str) -> dict[int, BoostedTrees]:
    named = [(int(horizon), boosted_file(int(horizon), of), values) for horizon, values in values_change.items()]
    return {horizon: boosted_of(_file(files, file), file=file, values_change=values) for horizon, file, values in named}
