"""Areas of which nothing is published though it should be."""

from typing import Final

import pandas as pd

from airwatch_dagster.acquire.area import Area, cbsa_names, state_names
from airwatch_dagster.schemas import TABLES

DARK_AFTER_DAYS: Final = 2
"""Days on which something was due and all of it missing until an area counts as dark: one is an ordinary gap."""

LISTED_AREAS: Final = 10
"""Areas a sentence names; the rest are counted."""


def area_outages(coverage: pd.DataFrame, *, area: Area) -> dict[str, str]:
    """Month (``2021-07``) → which areas went dark in it, when, for how long and with how many sites; months with any.

    An area is each state or statistical area that ``area`` names, each state of the whole country: one site's outage
    is a gap in an area, not its darkness. Context sites take no part. It is dark on a day on which
    every due site is ``missing``; a reading, an invalid one too, or a deadline to come proves otherwise. Days without
    a sampler due count neither way, so that filters are judged by their own days. Of each area the longest spell of
    the month is told, the first among equals; a spell is not followed into the next month.
    """
    own = coverage[~coverage["is_context"] & area.contains(coverage["state_code"], coverage["cbsa_code"])]
    spells = _spells(_days(own.assign(area=_area_names(own, area))))
    dark = spells[spells["days"] >= DARK_AFTER_DAYS].sort_values(["days", "first_day"], ascending=[False, True])
    worst = dark.drop_duplicates(["month", "area"])
    return {str(month): _sentence(areas) for month, areas in worst.groupby("month", sort=True)}


def _days(coverage: pd.DataFrame) -> pd.DataFrame:
    """Per area and day on which anything was due or read: due sites without a reading, and whether that is all."""
    is_missing = coverage["status"] == "missing"
    rows = coverage.assign(month=TABLES["coverage"].partition_keys_of(coverage), missing_sites=is_missing)
    known = rows[rows["status"] != "not_scheduled"].assign(is_dark=is_missing)
    days = known.groupby(["area", "month", "date_local"], sort=True)
    return days.agg(missing_sites=("missing_sites", "sum"), is_dark=("is_dark", "all")).reset_index()


def _spells(days: pd.DataFrame) -> pd.DataFrame:
    """Runs of dark days within an area and month: first_day, number of days and most sites due."""
    spell = (~days["is_dark"]).cumsum().rename("spell")
    dark = days[days["is_dark"]].groupby(["area", "month", spell], sort=True)
    spells = dark.agg(first_day=("date_local", "min"), days=("date_local", "size"), sites=("missing_sites", "max"))
    return spells.reset_index()


def _area_names(coverage: pd.DataFrame, area: Area) -> pd.Series:
    """Name of the part of ``area`` that each row lies in; the code where there is no name."""
    cbsa, state = coverage["cbsa_code"], coverage["state_code"]
    of_state = state.isin(area.state_codes) | area.is_everywhere
    names = state.map(state_names()).fillna("state " + state)
    return names.where(of_state, cbsa.map(cbsa_names()).fillna("area " + cbsa))


def _sentence(areas: pd.DataFrame) -> str:
    told = [
        f"{row.area} from {row.first_day:%Y-%m-%d}: {row.days} days with samplers due, {row.sites} "
        f"{'site' if row.sites == 1 else 'sites'} due and none published"
        for row in areas.head(LISTED_AREAS).itertuples()
    ]
    more = [f"{len(areas) - LISTED_AREAS} more areas"] if len(areas) > LISTED_AREAS else []
    return "Dark: " + "; ".join([*told, *more])
