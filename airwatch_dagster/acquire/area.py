"""The forecast area: statistical areas, states or the whole country, and the sites around it."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.aqs_codes import FOREIGN_STATES, aqs_cbsas_of, cbsa_names, later_cbsas, state_names
from airwatch_dagster.acquire.area_names import areas_named
from airwatch_dagster.errors import ConfigurationError
from airwatch_dagster.geo import great_circle_km

_ROWS_PER_BLOCK: Final = 512
"""Sites compared with all area sites at once; limits memory to a few dozen MB for the whole country."""

_MAX_OFFERED: Final = 3
"""Areas that an error offers."""

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
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if not parts:
            raise ConfigurationError("AIRWATCH_AREA", f"{text!r} names no area", fix=_SYNTAX)
        if "us" in map(str.lower, parts):
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

    @property
    def title(self) -> str:
        """A name for people, such as "Chicago-Naperville-Elgin, IL-IN-WI"."""
        names = [cbsa_names()[code] for code in self.cbsa_codes] + [state_names()[code] for code in self.state_codes]
        return "United States" if self.is_everywhere else "; ".join(names)

    @property
    def name(self) -> str:
        """The area for people: ``St. Louis, MO-IL``, several separated by semicolons, or ``United States``."""
        if self.is_everywhere:
            return "United States"
        names = [cbsa_names()[code] for code in self.cbsa_codes] + [state_names()[code] for code in self.state_codes]
        return "; ".join(names)

    def parts(self, state_codes: Iterable[str]) -> list["Area"]:
        """The areas within it that are looked at on their own: each of several that it names, and for the whole country
        each state of ``state_codes``. None for one area."""
        if self.is_everywhere:
            return [Area(state_codes=(code,)) for code in sorted({*state_codes}.difference(FOREIGN_STATES))]
        named = [Area(cbsa_codes=(code,)) for code in self.cbsa_codes]
        named += [Area(state_codes=(code,)) for code in self.state_codes]
        return named if len(named) > 1 else []

    def contains(self, state_code: pd.Series, cbsa_code: pd.Series) -> pd.Series:
        """Mask of the rows in the area; a null code is outside every state and statistical area.

        ``us`` contains the territories that AQS lists, and no site of Mexico or Canada.
        """
        if self.is_everywhere:
            return ~state_code.isin(FOREIGN_STATES)
        return state_code.isin(self.state_codes) | cbsa_code.isin(self.cbsa_codes)


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


def _parse_part(part: str) -> tuple[str, str]:
    kind, separator, code = (piece.strip().lower() for piece in part.partition(":"))
    known = {"cbsa": cbsa_names, "state": state_names}.get(kind)
    if known is None or not separator:
        named = areas_named(part)
        own = [area for area in named if not area.county] or named
        offered = " or ".join(f"{area.setting} ({area.name})" for area in own[:_MAX_OFFERED])
        fix = f"Did you mean {offered}?" if own else f"{_SYNTAX}. `airwatch areas WORD` lists codes"
        raise ConfigurationError("AIRWATCH_AREA", f"{part!r} is not a valid area", fix=fix)
    if kind == "state" and code.upper() in FOREIGN_STATES:
        problem = f"{part!r} is {state_names()[code.upper()]}, whose sites are not read"
        raise ConfigurationError("AIRWATCH_AREA", problem, fix="Choose states of the US, or us")
    if kind == "cbsa" and code in later_cbsas():
        raise _later_code(code)
    if not code.isdigit() or code not in known():
        similar = ", ".join(_near(code, known()))
        raise ConfigurationError(
            "AIRWATCH_AREA",
            f"{code!r} is not a valid {kind} code; AQS does not list it",
            fix=f"Did you mean {similar}?" if similar else _SYNTAX,
        )
    return kind, code


def _later_code(code: str) -> ConfigurationError:
    """The error for an area of 2023: AQS's areas of its counties, or the lack of them."""
    (name, counties), old = later_cbsas()[code], aqs_cbsas_of(code)
    states = sorted({county[:2] for county in counties})
    instead = [f"cbsa:{one}" for one in old] or [f"state:{one}" for one in states]
    counted = " and ".join(f"{one} ({cbsa_names()[one]})" for one in old) or "no area"
    problem = f"{code} ({name}) is an area of 2023; AQS keeps those of 2013 and counts its counties to {counted}"
    return ConfigurationError("AIRWATCH_AREA", problem, fix=f"Write {','.join(instead)}")


def _near(code: str, names: dict[str, str]) -> list[str]:
    """Up to five ``code (name)`` whose name contains ``code``, or whose code or name resembles it."""
    holding = [known for known, name in names.items() if code and code in name.lower()]
    by_name = {name.lower(): known for known, name in names.items()}
    alike = difflib.get_close_matches(code, names, n=3, cutoff=0.6)
    alike += [by_name[name] for name in difflib.get_close_matches(code, by_name, n=3, cutoff=0.6)]
    return [f"{known} ({names[known]})" for known in dict.fromkeys([*holding, *alike])][:5]
