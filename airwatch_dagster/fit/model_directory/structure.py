"""``model.json``: what a model is, and every number of it that is not in an array."""

import json
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from airwatch_dagster.errors import ModelRefused
from airwatch_dagster.fit.model_directory.manifest import RESTORE
from airwatch_dagster.fit.models.baselines import MAX_LEAD_DAYS, SEASONS
from airwatch_dagster.fit.models.training_set import CORRECTION_INPUTS
from airwatch_dagster.fit.weather_inputs import STATE_INPUTS, WEATHER_INPUTS
from airwatch_dagster.schemas.columns import HORIZONS_DAYS

FILE: Final = "model.json"

FORMAT: Final = "airwatch model"

FORMAT_VERSION: Final = 1
"""Raised when files of before cannot be read any more."""

USE_ITS_OWN: Final = "Use the AirWatch that wrote it"

MAX_BYTES: Final = 32 * 2**20
"""Bytes of ``model.json``. Climatology of 1,000 sites takes about 150 kB."""


class _Structure(BaseModel):
    """What every ``model.json`` has; nothing else than what is declared, in exact types, all numbers finite."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    format: Literal["airwatch model"] = "airwatch model"
    format_version: Literal[1] = 1


class PersistenceStructure(_Structure):
    """Persistence has no numbers."""

    family: Literal["persistence"] = "persistence"


class DampedStructure(_Structure):
    """Damped persistence."""

    family: Literal["damped_persistence"] = "damped_persistence"
    damping: list[float]
    """By lead in days, the last for all longer ones."""

    @model_validator(mode="after")
    def _complete(self) -> "DampedStructure":
        _require(len(self.damping) == MAX_LEAD_DAYS, f"damping has {len(self.damping)} numbers, not {MAX_LEAD_DAYS}")
        return self


class ClimatologyStructure(_Structure):
    """Climatology; µg/m³."""

    family: Literal["climatology"] = "climatology"
    overall: float
    by_season: list[float]
    by_site: dict[str, float]
    by_site_season: dict[str, dict[Literal["0", "1", "2", "3"], float]]

    @model_validator(mode="after")
    def _complete(self) -> "ClimatologyStructure":
        _require(len(self.by_season) == len(SEASONS), f"by_season has {len(self.by_season)} numbers")
        return self


class LearnedStructure(_Structure):
    """A learned family, or a blend of some. Its members share the baseline and the site regressions."""

    family: Literal["ridge", "random_forest", "catboost", "blend"]
    members: dict[Literal["ridge", "random_forest", "catboost", "neural_network"], float]
    """Family → weight, in the order of the sum."""
    damping: list[float]
    inputs: list[str]
    """Columns of the corrections' inputs."""
    horizons_days: list[int]
    weather: list[str] = []
    """Inputs of the correction by weather, without ``STATE_INPUTS``; empty without one."""
    weather_needed: dict[str, list[str]] = {}
    """Horizon that weather corrects → inputs without which its forecast is not corrected."""
    weather_values_change: dict[str, list[float]] = {}
    """Horizon that weather corrects → CatBoost's importance of each of its inputs."""
    values_change: dict[str, list[float]] = {}
    """Horizon → CatBoost's importance of each input."""

    @model_validator(mode="after")
    def _consistent(self) -> "LearnedStructure":
        _require(len(self.damping) == MAX_LEAD_DAYS, f"damping has {len(self.damping)} numbers, not {MAX_LEAD_DAYS}")
        _require(self.family == "blend" or list(self.members) == [self.family], "members are not those of the family")
        _require(bool(self.members) and sum(self.members.values()) > 0, "members have no weight")
        known = [horizon for horizon in HORIZONS_DAYS if horizon in self.horizons_days]
        _require(known == self.horizons_days, "horizons_days are not those of AirWatch")
        boosted = [str(horizon) for horizon in self.horizons_days] if "catboost" in self.members else []
        _require(list(self.values_change) == boosted, "values_change is not for each horizon")
        lengths = {len(values) for values in self.values_change.values()}
        _require(lengths <= {len(self.inputs)}, "values_change is not for each input")
        self._check_weather()
        return self

    def _check_weather(self) -> None:
        known = [name for name in WEATHER_INPUTS if name in self.weather]
        _require(known == self.weather, "weather has an unknown input")
        needed = {name for names in self.weather_needed.values() for name in names}
        _require(needed <= set(self.weather), "weather_needed is not among weather")
        corrected = [str(horizon) for horizon in self.horizons_days if str(horizon) in self.weather_values_change]
        _require(corrected == list(self.weather_values_change), "weather_values_change has an unknown horizon")
        _require(corrected == list(self.weather_needed), "weather_needed is not for each horizon of weather")
        lengths = {len(values) for values in self.weather_values_change.values()}
        _require(lengths <= {len(self.weather) + len(STATE_INPUTS)}, "weather_values_change is not for each input")


Structure = PersistenceStructure | DampedStructure | ClimatologyStructure | LearnedStructure

_BY_FAMILY: Final[dict[str, type[Structure]]] = {
    "persistence": PersistenceStructure,
    "damped_persistence": DampedStructure,
    "climatology": ClimatologyStructure,
    **dict.fromkeys(("ridge", "random_forest", "catboost", "blend"), LearnedStructure),
}


def encoded(structure: Structure) -> bytes:
    """``model.json``; floats are written so that they are read back to the last bit."""
    return (json.dumps(structure.model_dump(), allow_nan=False) + "\n").encode()


def decoded(data: bytes) -> Structure:
    """The structure in ``model.json``.

    Raises ModelRefused for another format or version, an unknown family, other inputs than this AirWatch has, and
    anything missing, additional or of another type.
    """
    content = _json(data)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise _refusal(f"is not a description of a model: its format is not {FORMAT!r}")
    if content.get("format_version") != FORMAT_VERSION:
        problem = f"has the format version {str(content.get('format_version'))[:20]!r}, and this AirWatch reads"
        raise _refusal(f"{problem} {FORMAT_VERSION}", fix=USE_ITS_OWN)
    family = content.get("family")
    if not isinstance(family, str) or family not in _BY_FAMILY:
        raise _refusal(f"has the family {str(family)[:40]!r}, which this AirWatch does not know", fix=USE_ITS_OWN)
    if issubclass(_BY_FAMILY[family], LearnedStructure):
        _require_inputs(content.get("inputs"))
    try:
        return _BY_FAMILY[family].model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part)[:40] for part in first["loc"])
        raise _refusal(f"is damaged: {place} {first['msg'].removeprefix('Value error, ')}".replace("  ", " ")) from None


def _require_inputs(inputs: Any) -> None:
    known = list(CORRECTION_INPUTS)
    if isinstance(inputs, list) and inputs != known:
        other = sorted({str(name) for name in inputs} ^ set(known))
        differs = f": {', '.join(other[:3])}" if other else ", in their order"
        raise _refusal(f"is of a model with other inputs than this AirWatch has{differs}"[:300], fix=USE_ITS_OWN)


def _json(data: bytes) -> Any:
    if len(data) > MAX_BYTES:
        raise _refusal(f"has {len(data):,} bytes, more than {MAX_BYTES:,}")
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise _refusal("is not JSON") from None


def _refusal(problem: str, *, fix: str = RESTORE) -> ModelRefused:
    return ModelRefused(FILE, problem, fix=fix)


def _require(holds: bool, problem: str) -> None:
    if not holds:
        raise ValueError(problem)
