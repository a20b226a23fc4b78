"""AQS's codes of states, counties and statistical areas, and the names and codes that other years give these areas."""

import re
from collections import Counter
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.readings import key_codes

FOREIGN_STATES: Final = ("80", "CC")
"""State codes of border sites abroad: Mexico and Canada. AirWatch reads the United States with the territories that AQS
lists (66 Guam, 72 Puerto Rico, 78 Virgin Islands). Source: AQS API list/states."""

_CODE: Final = re.compile("[0-9]{5}")


@cache
def cbsa_names() -> dict[str, str]:
    """Name of every core-based statistical area by its 5-digit code, as AQS uses them (delineation of 2013).

    Source: AQS API list/cbsas of 2026-05-12, 1,006 areas; accents that it garbles are restored in three names. 61 areas
    are relics of 2009, to which no county belongs any more.
    """
    return _packaged_names("cbsas.csv")


@cache
def state_names() -> dict[str, str]:
    """Name of every state, territory and border country by its AQS code.

    Source: AQS API list/states of 2026-05-12.
    """
    return _packaged_names("states.csv")


@cache
def county_names() -> dict[tuple[str, str], str]:
    """Name of every county, such as Cook, by its state and county code.

    Source: US Census Bureau, cartographic boundary files of 2017 (public domain), which have the counties that AQS
    uses, Connecticut's among them.
    """
    table = _packaged("counties.csv")
    return dict(zip(zip(table["state_code"], table["county_code"], strict=True), table["name"], strict=True))


@cache
def postal_codes() -> dict[str, str]:
    """Postal abbreviation of every state, such as IL, by its AQS code; those abroad have none. Source: as
    ``state_names``."""
    table = _packaged("states.csv")
    return {code: postal for code, postal in zip(table["code"], table["postal"], strict=True) if postal}


@cache
def us_states() -> frozenset[str]:
    """AQS codes of the states and territories of the US: all that AQS lists but those of FOREIGN_STATES."""
    return frozenset(state_names()) - set(FOREIGN_STATES)


def is_foreign(state_codes: pd.Series) -> np.ndarray:
    """Mask of the rows of FOREIGN_STATES."""
    written = [*FOREIGN_STATES, *(f"{code}.0" for code in FOREIGN_STATES)]
    return state_codes.astype(object).isin(written).to_numpy(dtype=bool)


@cache
def cbsa_states(code: str) -> tuple[str, ...]:
    """AQS codes of the states that a statistical area spans, sorted; from its name (``…, IL-IN-WI``)."""
    states = _packaged("states.csv")
    by_postal: dict[str, str] = dict(zip(states["postal"], states["code"], strict=True))
    return tuple(sorted(by_postal[one] for one in _postals(cbsa_names()[code])))


def cbsa_code_of_county(state_code: str, county_code: str, published: str | None = None) -> str | None:
    """AQS's code of the statistical area that a county belongs to; None for a county outside all areas.

    The county decides, because areas are renamed and renumbered every few years while AQS keeps the delineation of
    2013. ``published`` (a row's area: name or code) counts only for a county that the table lacks.

    Source of the table, county by county: EPA's list of all AQS sites of 2024-08-20 (2,128 counties); for counties that
    never had a site OMB Bulletin 13-01 of 2013-02 (392); for Connecticut's planning regions, which replace its counties
    since 2022, OMB Bulletin 23-01 of 2023-07 (7 of 9; two were drawn anew).
    """
    county = (state_code, county_code)
    table = _cbsa_codes_by_county()
    return table[county] if county in table else _code_published(published)


def cbsa_codes(rows: pd.DataFrame, published: pd.Series | None = None) -> tuple[pd.Series, dict[str, int]]:
    """``cbsa_code_of_county`` of every row (state_code, county_code), and the row count of every unknown area.

    An area is unknown when its county is not in the table and AQS lists neither its name nor its code.
    """
    keys = rows[["state_code", "county_code"]].assign(area=published)
    _, first_rows, key_of_row = np.unique(key_codes(keys, list(keys.columns)), return_index=True, return_inverse=True)
    distinct = keys.iloc[first_rows].astype(object)
    distinct = distinct.where(distinct.notna(), "")
    codes = np.array([cbsa_code_of_county(*key) for key in distinct.itertuples(index=False)], dtype=object)
    unknown: Counter[str] = Counter()
    for (state, county, area), code, count in zip(
        distinct.itertuples(index=False), codes, np.bincount(key_of_row), strict=True
    ):
        if area and code is None and (state, county) not in _cbsa_codes_by_county():
            unknown[str(area)] += int(count)
    return pd.Series(codes[key_of_row], index=rows.index, dtype=object), dict(unknown)


def cbsa_code_of(name: str) -> str | None:
    """Code of the statistical area with this name, of any year and in any encoding of its accents.

    A name that AQS does not list is that of the one area of its states with the same first city, or else of the one
    whose first city it contains or that contains its own: ``Houston-Pasadena-The Woodlands, TX`` of 2023 is AQS's
    ``Houston-The Woodlands-Sugar Land, TX``. None when there is none or several.
    """
    return _cbsa_codes_by_folded_name().get(_folded(name)) or _renamed(name)


@cache
def later_cbsas() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Name and counties (5 digits: state and county) of every area of 2023 with a code that AQS does not list.

    Source: OMB Bulletin 23-01 of 2023-07, Census Bureau's delineation file list1.
    """
    table = _packaged("later_cbsas.csv")
    return {code: (name, tuple(counties.split())) for code, name, counties in table.itertuples(index=False)}


def aqs_cbsas_of(later_code: str) -> tuple[str, ...]:
    """AQS's codes of the areas to which the counties of an area of ``later_cbsas`` belong, sorted."""
    codes = {cbsa_code_of_county(county[:2], county[2:]) for county in later_cbsas()[later_code][1]}
    return tuple(sorted(code for code in codes if code is not None))


def _code_published(area: str | None) -> str | None:
    if not area:
        return None
    area = str(area).strip()
    if _CODE.fullmatch(area):
        return area if area in cbsa_names() else None
    return cbsa_code_of(area)


def _renamed(name: str) -> str | None:
    """Code of the one area in use that shares a state and a city with ``name``; see ``cbsa_code_of``."""
    cities, postals = _cities(name), set(_postals(name))
    in_use = {code: cbsa_names()[code] for code in sorted(cbsas_in_use())}
    alike = {code: _cities(known) for code, known in in_use.items() if postals & set(_postals(known))}
    same_first = [code for code, known in alike.items() if known[0] == cities[0]]
    sharing = [code for code, known in alike.items() if known[0] in cities or cities[0] in known]
    candidates = same_first or sharing
    return candidates[0] if len(candidates) == 1 else None


def _cities(name: str) -> list[str]:
    return re.split(r"-+|/", _folded(name.rpartition(", ")[0]))


def _postals(name: str) -> list[str]:
    return name.strip().upper().rpartition(", ")[2].split("-")


@cache
def _cbsa_codes_by_county() -> dict[tuple[str, str], str | None]:
    table = _packaged("county_cbsas.csv")
    counties = zip(table["state_code"], table["county_code"], strict=True)
    return dict(zip(counties, (code or None for code in table["cbsa_code"]), strict=True))


@cache
def cbsas_in_use() -> frozenset[str]:
    """Codes of the statistical areas that have a county: all that AQS lists but 61 relics of 2009."""
    return frozenset(code for code in _cbsa_codes_by_county().values() if code is not None)


@cache
def _cbsa_codes_by_folded_name() -> dict[str, str]:
    return {_folded(name): code for code, name in cbsa_names().items()}


def _folded(name: str) -> str:
    """Lower case, each run of non-ASCII letters as one question mark, because published encodings differ there."""
    return re.sub(r"[^\x00-\x7f]+", "?", name.strip()).lower()


def _packaged_names(file_name: str) -> dict[str, str]:
    table = _packaged(file_name)
    return dict(zip(table["code"], table["name"], strict=True))


def _packaged(file_name: str) -> pd.DataFrame:
    with files("airwatch_dagster.acquire").joinpath(file_name).open("r", encoding="utf-8") as file:
        return pd.read_csv(file, dtype=str, keep_default_na=False)
