"""The forecast area: statistical areas, states or the whole country, and the sites around it."""

import difflib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.geo import great_circle_km

_ROWS_PER_BLOCK: Final = 512
"""Sites compared with all area sites at once; limits memory to a few dozen MB for the whole country."""

_SYNTAX: Final = "Write cbsa:16980, state:17, several separated by commas, or us"


@dataclass(frozen=True)
class Area:
    """Statistical areas and states, or the whole country; codes are sorted and listed by AQS."""

    cbsa_codes: tuple[str, ...] = ()
    state_codes: tuple[str, ...] = ()
    is_everywhere: bool = False

    @classmethod
    def parse(cls, text: str) -> "Area":
        """The area that a setting such as ``cbsa:16980,state:18`` or ``us`` names.

        Raises ConfigurationError for another syntax, and for a code that AQS does not list, suggesting similar ones.
        """
        parts = [part.strip().lower() for part in text.split(",") if part.strip()]
        if not parts:
            raise ConfigurationError("AIRWATCH_AREA", f"{text!r} names no area", fix=_SYNTAX)
        if "us" in parts:
            return cls(is_everywhere=True)
        codes = [_parse_part(part) for part in parts]
        return cls(
            cbsa_codes=tuple(sorted({code for kind, code in codes if kind == "cbsa"})),
            state_codes=tuple(sorted({code for kind, code in codes if kind == "state"})),
        )

    def __str__(self) -> str:
        if self.is_everywhere:
            return "us"
        return ",".join([f"cbsa:{code}" for code in self.cbsa_codes] + [f"state:{code}" for code in self.state_codes])

    def contains(self, state_code: pd.Series, cbsa_code: pd.Series) -> pd.Series:
        """Mask of the rows in the area; a null code is outside every state and statistical area."""
        if self.is_everywhere:
            return pd.Series(True, index=state_code.index)
        return state_code.isin(self.state_codes) | cbsa_code.isin(self.cbsa_codes)

    def context_mask(self, sites: pd.DataFrame, context_km: float) -> pd.Series:
        """Mask of ``sites`` (latitude, longitude, is_area) outside the area but within ``context_km`` of its sites."""
        is_area = sites["is_area"].astype(bool)
        outside = ~is_area.to_numpy()
        near = np.zeros(len(sites), dtype=bool)
        if context_km > 0:
            near[outside] = distance_to_nearest_km(sites[outside], sites[~outside]) <= context_km
        return pd.Series(near, index=sites.index)


def distance_to_nearest_km(places: pd.DataFrame, anchors: pd.DataFrame) -> np.ndarray:
    """Great-circle distance in km from each place to its nearest anchor; infinite without anchors.

    Both have latitude and longitude in degrees.
    """
    nearest = np.full(len(places), np.inf)
    if len(anchors) == 0:
        return nearest
    to = np.radians(anchors[["latitude", "longitude"]].drop_duplicates().to_numpy(dtype=float))
    here = np.radians(places[["latitude", "longitude"]].to_numpy(dtype=float))
    for start in range(0, len(here), _ROWS_PER_BLOCK):
        block = here[start : start + _ROWS_PER_BLOCK]
        nearest[start : start + _ROWS_PER_BLOCK] = great_circle_km(
            block[:, :1], block[:, 1:], to[None, :, 0], to[None, :, 1]
        ).min(axis=1)
    return nearest


@cache
def cbsa_names() -> dict[str, str]:
    """Name of every core-based statistical area by its 5-digit code, as AQS uses them (delineation of 2013-15).

    Source: AQS API list/cbsas of 2026-05-12, 1,006 areas; accents that it garbles are restored in three names.
    """
    return _packaged_names("cbsas.csv")


@cache
def state_names() -> dict[str, str]:
    """Name of every state, territory and border country by its AQS code.

    Source: AQS API list/states of 2026-05-12.
    """
    return _packaged_names("states.csv")


@cache
def us_states() -> frozenset[str]:
    """AQS codes of the states and territories of the US: all that AQS lists but Mexico (80) and Canada (CC)."""
    return frozenset(state_names()) - {"80", "CC"}


@cache
def cbsa_states(code: str) -> tuple[str, ...]:
    """AQS codes of the states that a statistical area spans, sorted; from its name (``…, IL-IN-WI``)."""
    states = _packaged("states.csv")
    by_postal: dict[str, str] = dict(zip(states["postal"], states["code"], strict=True))
    postal = cbsa_names()[code].rpartition(", ")[2].split("-")
    return tuple(sorted(by_postal[one] for one in postal))


def cbsa_code_of(name: str) -> str | None:
    """Code of the statistical area with this name, in any encoding of its accents; None when AQS does not list it."""
    return _cbsa_codes_by_folded_name().get(_folded(name))


def _packaged_names(file_name: str) -> dict[str, str]:
    table = _packaged(file_name)
    return dict(zip(table["code"], table["name"], strict=True))


def _packaged(file_name: str) -> pd.DataFrame:
    with files("airwatch_dagster.acquire").joinpath(file_name).open("r", encoding="utf-8") as file:
        return pd.read_csv(file, dtype=str, keep_default_na=False)


@cache
def _cbsa_codes_by_folded_name() -> dict[str, str]:
    return {_folded(name): code for code, name in cbsa_names().items()}


def _folded(name: str) -> str:
    """Lower case, each run of non-ASCII letters as one question mark, because published encodings differ there."""
    return re.sub(r"[^\x00-\x7f]+", "?", name.strip()).lower()


def _parse_part(part: str) -> tuple[str, str]:
    kind, separator, code = (piece.strip() for piece in part.partition(":"))
    known = {"cbsa": cbsa_names, "state": state_names}.get(kind)
    if known is None or not separator:
        raise ConfigurationError("AIRWATCH_AREA", f"{part!r} is not a valid area", fix=_SYNTAX)
    if not code.isdigit() or code not in known():
        near = ", ".join(_near(code, known()))
        raise ConfigurationError(
            "AIRWATCH_AREA",
            f"{code!r} is not a valid {kind} code; AQS does not list it",
            fix=f"Did you mean {near}" if near else _SYNTAX,
        )
    return kind, code


def _near(code: str, names: dict[str, str]) -> list[str]:
    """Up to five ``code (name)`` whose name contains ``code``, or whose code or name resembles it."""
    holding = [known for known, name in names.items() if code and code in name.lower()]
    by_name = {name.lower(): known for known, name in names.items()}
    alike = difflib.get_close_matches(code, names, n=3, cutoff=0.6)
    alike += [by_name[name] for name in difflib.get_close_matches(code, by_name, n=3, cutoff=0.6)]
    return [f"{known} ({names[known]})" for known in dict.fromkeys([*holding, *alike])][:5]
