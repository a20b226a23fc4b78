"""What a file of EPA's "Download Daily Data" page covers: what its rows show, or what the user states.

The page offers files of a state, a statistical area (CBSA), a county and a site. A row that is missing from a file was
withdrawn only if the file covers its place and day.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.pulls import is_among, is_provisional
from airwatch_dagster.acquire.readings import READING_KEY, SITE_COLUMNS
from airwatch_dagster.errors import ConfigurationError

_SITE_DAY: Final = (*SITE_COLUMNS, "date_local")

_DIGITS: Final = {"state": 2, "cbsa": 5, "county": 5, "site": 9}
"""Digits of the code of each kind of area that the page offers; a site's begin with its county's, and those with its
state's."""

_SYNTAX: Final = "Write state:27, cbsa:33460, county:27-053 or site:270530962, several separated by commas"

MAX_LISTED: Final = 4
"""Areas or sites named in one sentence; a file of many states has fifty."""


@dataclass(frozen=True)
class DownloadArea:
    """An area that the page offers, or the part of a statistical area in one state."""

    site_prefix: str = ""
    """First digits of its sites' ids: a state's 2, a county's 5, or a site's 9; empty for a whole statistical area."""
    cbsa: str | None = None

    @classmethod
    def parse(cls, text: str) -> "DownloadArea":
        """The area that ``state:27``, ``county:27-053`` or ``cbsa:39300+state:44`` names.

        Raises ConfigurationError for another syntax.
        """
        found: dict[str, str] = {}
        for part in text.strip().lower().split("+"):
            kind, _, code = (piece.strip() for piece in part.partition(":"))
            digits = code.replace("-", "")
            name = "cbsa" if kind == "cbsa" else "site_prefix"
            if not re.fullmatch(rf"[0-9]{{{_DIGITS.get(kind, 1)}}}", digits) or kind not in _DIGITS or name in found:
                raise ConfigurationError("--covers", f"{text.strip()!r} is not an area of the page", fix=_SYNTAX)
            found[name] = digits
        return cls(**found)

    def __str__(self) -> str:
        code = self.site_prefix
        texts = {2: f"state:{code}", 5: f"county:{code[:2]}-{code[2:]}", 9: f"site:{code}"}
        return "+".join(filter(None, [f"cbsa:{self.cbsa}" if self.cbsa else "", texts.get(len(code), "")]))

    def contains(self, sites: pd.DataFrame) -> np.ndarray:
        """Mask of ``sites`` (site_id, cbsa_code) in the area."""
        is_inside = sites["site_id"].str.startswith(self.site_prefix).to_numpy(dtype=bool)
        return is_inside if self.cbsa is None else is_inside & sites["cbsa_code"].eq(self.cbsa).to_numpy(dtype=bool)


@dataclass(frozen=True)
class CoveredDays:
    """An area, and the days of it that a file is complete for."""

    area: DownloadArea
    first: pd.Timestamp
    last: pd.Timestamp


@dataclass(frozen=True, eq=False)
class DownloadScope:
    """Scope of a download: the stored rows that it would contain if they were still published.

    These are the rows of its areas, from the first to the last day that it has of each: days beyond are unknown, since
    an earlier file ends earlier. A row of a parameter that the whole file lacks is in scope only where it is replaced;
    the file may have been filtered.
    """

    parts: tuple[CoveredDays, ...]
    rows: pd.DataFrame
    """The file's rows in the columns of raw_readings without versions."""

    def __call__(self, history: pd.DataFrame) -> pd.Series:
        """Mask of the rows of ``history`` (columns of raw_readings) in scope."""
        is_known = history["parameter_code"].isin(self.rows["parameter_code"].unique())
        return (is_known | is_replaced(history, self.rows)) & (self.part_of(history) >= 0)

    def part_of(self, history: pd.DataFrame) -> np.ndarray:
        """Index of the first of ``parts`` that holds each row of ``history``, by place and day; -1 outside of all."""
        days, found = history["date_local"], np.full(len(history), -1)
        sites, site_of_row = sites_of(history, like=self.rows)
        for index, part in reversed(list(enumerate(self.parts))):
            is_inside = part.area.contains(sites)[site_of_row]
            found[is_inside & days.between(part.first, part.last).to_numpy()] = index
        return found

    def __str__(self) -> str:
        """As the option ``--covers`` takes it."""
        return ",".join(str(part.area) for part in self.parts)


def download_scope(readings: pd.DataFrame, covers: str | None = None, *, culprit: str = "The file") -> DownloadScope:
    """Scope of a download with these rows: the areas that ``covers`` states, else what the rows show.

    Rows that share a site, a county, or a statistical area and state show no more than these have in common: a county's
    file looks like the file of a state with monitors in one county only, and outside a scope nothing is withdrawn.
    Rows of several states without a common area are files of these states together, and each is judged by itself.
    Empty without rows. Raises ConfigurationError for an unknown area, an area without rows, and rows outside all areas.
    """
    sites, site_of_row = sites_of(readings)
    areas = list(_shown(sites)) if covers is None else _stated(covers, sites, culprit)
    parts = []
    for area in areas:
        days = readings["date_local"][area.contains(sites)[site_of_row]]
        parts.append(CoveredDays(area, days.min(), days.max()))
    return DownloadScope(tuple(parts), readings)


def in_areas(rows: pd.DataFrame, covers: str, *, like: pd.DataFrame | None = None) -> np.ndarray:
    """Mask of ``rows`` in the areas that ``covers`` states; ``like`` as for ``sites_of``."""
    sites, site_of_row = sites_of(rows, like=like)
    return np.any([area.contains(sites) for area in _parsed(covers)], axis=0)[site_of_row]


def sites_of(rows: pd.DataFrame, *, like: pd.DataFrame | None = None) -> tuple[pd.DataFrame, np.ndarray]:
    """The distinct sites of ``rows`` (site_id, cbsa_code), and the position of each row's.

    A site has the last statistical area that its rows name, or that the rows ``like`` name if they have the site: EPA
    redraws the areas.
    """
    site_ids = rows["state_code"] + rows["county_code"] + rows["site_number"]
    positions, distinct = pd.factorize(site_ids)
    named = pd.Series(rows["cbsa_code"].to_numpy(dtype=object), index=positions).groupby(level=0).last()
    sites = pd.DataFrame({"site_id": pd.Series(distinct, dtype=object), "cbsa_code": named.astype(object)})
    if like is not None and len(like):
        others = sites_of(like)[0].set_index("site_id")["cbsa_code"]
        is_known = sites["site_id"].isin(others.index)
        sites["cbsa_code"] = sites["cbsa_code"].mask(is_known, sites["site_id"].map(others))
    return sites, positions


def is_replaced(history: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    """Mask of the rows of ``history`` whose monitor-day ``rows`` publish under another POC or parameter.

    The site's day then has a row that is new; or, if it was provisional, any final one.
    """
    current = history[history["superseded_at"].isna()]
    fresh = rows[~is_among(rows, current, READING_KEY)]
    is_final = is_among(history, rows[~is_provisional(rows)], _SITE_DAY)
    return is_among(history, fresh, _SITE_DAY) | (is_provisional(history) & is_final)


def listed(names: Sequence[str]) -> str:
    """Some names and the number of the others, for a sentence."""
    others = len(names) - MAX_LISTED
    return ", ".join(names[:MAX_LISTED]) + (f" and {others} more" if others > 0 else "")


def _shown(sites: pd.DataFrame) -> Iterator[DownloadArea]:
    """The common area of all sites, else one for each state, in order."""
    if sites.empty:
        return
    common = _common(sites)
    if common is not None:
        yield common
        return
    for _, of_state in sites.groupby(sites["site_id"].str[:2]):
        area = _common(of_state)
        assert area is not None, "sites of one state have the state in common"
        yield area


def _common(sites: pd.DataFrame) -> DownloadArea | None:
    """What every area of the page that holds all of ``sites`` has in common; None when there is no such area."""
    prefixes = ({site[:digits] for site in sites["site_id"]} for digits in (9, 5, 2))
    prefix = next((shared.pop() for shared in prefixes if len(shared) == 1), "")
    codes = set(sites["cbsa_code"].fillna(""))
    cbsa = codes.pop() if len(codes) == 1 and len(prefix) <= 2 else ""
    return DownloadArea(prefix, cbsa or None) if prefix or cbsa else None


def _parsed(covers: str) -> list[DownloadArea]:
    areas = list(dict.fromkeys(DownloadArea.parse(text) for text in covers.split(",") if text.strip()))
    if not areas:
        raise ConfigurationError("--covers", f"{covers!r} names no area", fix=_SYNTAX)
    return areas


def _stated(covers: str, sites: pd.DataFrame, culprit: str) -> list[DownloadArea]:
    areas = _parsed(covers)
    inside = {area: area.contains(sites) for area in areas}
    for area in (area for area, is_inside in inside.items() if not is_inside.any()):
        problem = f"no row is of {area}, which it is said to cover"
        raise ConfigurationError(culprit, problem, fix="Correct --covers, or leave that area out")
    outside = sites["site_id"][~np.any(list(inside.values()), axis=0)].tolist()
    if outside:
        number = f"{len(outside)} site{'s' if len(outside) > 1 else ''}"
        problem = f"has rows of {number} outside {covers}: {listed(sorted(outside))}"
        raise ConfigurationError(culprit, problem, fix="State every area that the file covers with --covers")
    return areas
