"""Area outages: areas in which every due reading is missing."""

from typing import Final

import pandas as pd

from airwatch_dagster.acquire.aqs_codes import cbsa_names, state_names
from airwatch_dagster.acquire.area import Area
from airwatch_dagster.schemas import TABLES

MIN_OUTAGE_DAYS: Final = 2
"""Days with due readings, all missing, that make an outage; a single one is an ordinary gap."""

MAX_AREAS_NAMED: Final = 10
"""Areas that a warning names; further ones are counted."""


def area_outages(coverage: pd.DataFrame, *, area: Area) -> dict[str, str]:
    """A warning per month (``2021-07``) with outages: areas, first days, lengths and numbers of sites.

    ``coverage`` is the table of that name. An area is each state or statistical area that ``area`` names, or each state
    of the whole country. It has an outage while every due site is ``missing``; a reading (valid or not) or a deadline
    to come ends it. Days without a due sampler do not count, so areas of filters are judged on sampling days. Context
    sites are ignored. The warning names the longest outage of each area, the first of equal ones; an outage ends with
    its month.
    """
    own = coverage[~coverage["is_context"] & area.contains(coverage["state_code"], coverage["cbsa_code"])]
    spells = _outage_spells(own.assign(area=_area_names(own, area)))
    outages = spells[spells["days"] >= MIN_OUTAGE_DAYS].sort_values(["days", "first_day"], ascending=[False, True])
    worst = outages.drop_duplicates(["month", "area"])
    return {str(month): _sentence(areas) for month, areas in worst.groupby("month", sort=True)}


def _outage_spells(coverage: pd.DataFrame) -> pd.DataFrame:
    """Runs of outage days within an area and month: first_day, number of days and highest number of missing sites.

    Days with due sites or readings count; on an outage day all of these sites are missing.
    """
    is_missing = coverage["status"] == "missing"
    rows = coverage.assign(month=TABLES["coverage"].partition_keys_of(coverage), missing_sites=is_missing)
    known = rows[rows["status"] != "not_scheduled"].assign(is_outage=is_missing)
    by_day = known.groupby(["area", "month", "date_local"], sort=True)
    days = by_day.agg(missing_sites=("missing_sites", "sum"), is_outage=("is_outage", "all")).reset_index()
    spell = (~days["is_outage"]).cumsum().rename("spell")
    outages = days[days["is_outage"]].groupby(["area", "month", spell], sort=True)
    spells = outages.agg(first_day=("date_local", "min"), days=("date_local", "size"), sites=("missing_sites", "max"))
    return spells.reset_index()


def _area_names(coverage: pd.DataFrame, area: Area) -> pd.Series:
    """Name of the state or statistical area of each row; the code when it has no name."""
    cbsa, state = coverage["cbsa_code"], coverage["state_code"]
    of_state = state.isin(area.state_codes) | area.is_everywhere
    names = state.map(state_names()).fillna("state " + state)
    return names.where(of_state, cbsa.map(cbsa_names()).fillna("area " + cbsa))


def _sentence(areas: pd.DataFrame) -> str:
    shown = [
        f"{row.area} from {row.first_day:%Y-%m-%d}: {row.days} days with samplers due, {row.sites} "
        f"{'site' if row.sites == 1 else 'sites'} due and none published"
        for row in areas.head(MAX_AREAS_NAMED).itertuples()
    ]
    more = [f"{len(areas) - MAX_AREAS_NAMED} more areas"] if len(areas) > MAX_AREAS_NAMED else []
    return "Outage: " + "; ".join([*shown, *more])
