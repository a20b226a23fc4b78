"""Areas by name: what a user who knows no code may have meant."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from airwatch_dagster.acquire.aqs_codes import (
    cbsa_code_of_county,
    cbsa_names,
    cbsas_in_use,
    county_names,
    postal_codes,
    state_names,
    us_states,
)

LIKENESS: Final = 0.75
"""Similarity of a name and a misspelt one, by difflib, above which it is offered."""


@dataclass(frozen=True)
class NamedArea:
    """An area as AIRWATCH_AREA names it."""

    setting: str
    """``cbsa:41180`` or ``state:29``."""
    name: str
    """``St. Louis, MO-IL`` or ``Missouri``."""
    county: str = ""
    """The county by which it was found, such as ``Cook, IL``; empty when its own name was."""


def areas_named(text: str) -> list[NamedArea]:
    """Areas whose name has every word of ``text``, and those with such a county; else those with a similar name.

    A word may be the beginning of a word of the name, in any case; whole words come first. A state has its postal
    abbreviation too.
    """
    words = _words(text)
    if not words:
        return []
    own, counties = list(_areas()), list(_areas_of_counties())
    found = [area for area in own if _has(words, f"{area.name} {_postal(area)}")]
    settings = {area.setting for area in found}
    found += [area for area in counties if _has(words, area.county) and area.setting not in settings]
    found.sort(key=lambda area: not set(words) <= set(_words(f"{area.county or area.name} {_postal(area)}")))
    return found or _similar(" ".join(words), own)


def _areas() -> Iterator[NamedArea]:
    for code in sorted(us_states()):
        yield NamedArea(f"state:{code}", state_names()[code])
    for code in sorted(cbsas_in_use(), key=lambda one: cbsa_names()[one]):
        yield NamedArea(f"cbsa:{code}", cbsa_names()[code])


def _areas_of_counties() -> Iterator[NamedArea]:
    """The statistical area, else the state, of every county."""
    for (state, county), name in county_names().items():
        if state not in us_states():
            continue
        code = cbsa_code_of_county(state, county)
        setting, area = (f"cbsa:{code}", cbsa_names()[code]) if code else (f"state:{state}", state_names()[state])
        yield NamedArea(setting, area, f"{name}, {postal_codes()[state]}")


def _postal(area: NamedArea) -> str:
    kind, _, code = area.setting.partition(":")
    return postal_codes()[code] if kind == "state" else ""


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _has(words: list[str], name: str) -> bool:
    parts = _words(name)
    return all(any(part.startswith(word) for part in parts) for word in words)


def _similar(text: str, areas: list[NamedArea]) -> list[NamedArea]:
    """By the whole name without its states, or by its first city."""
    cities = [" ".join(_words(re.split(r"-|,|/", area.name)[0])) for area in areas]
    near = difflib.get_close_matches(text, cities, n=3, cutoff=LIKENESS)
    return [area for city in dict.fromkeys(near) for area, first in zip(areas, cities, strict=True) if first == city]
