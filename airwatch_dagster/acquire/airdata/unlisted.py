"""Monitors of a parameter that a mirror's monitor list leaves out, from its daily files and its list of sites."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pandas as pd

from airwatch_dagster.acquire.airdata.files import COMMON_NAMES, COMPLETE, pm25_rows, read_text
from airwatch_dagster.acquire.airdata.other_tables import DAILY_FILE, OTHER_TABLES, SITE_LIST
from airwatch_dagster.acquire.aqs_codes import cbsa_codes, is_foreign
from airwatch_dagster.acquire.parsing.csv_columns import Layout
from airwatch_dagster.acquire.parsing.rejections import UNTOUCHED_COPY
from airwatch_dagster.acquire.parsing.values import codes, dates
from airwatch_dagster.acquire.positions import with_known_positions
from airwatch_dagster.acquire.readings import LOCATION_COLUMNS, SITE_COLUMNS, finish_monitors
from airwatch_dagster.schemas import TABLES

_DAILY_MONITORS: Final = Layout(
    DAILY_FILE,
    COMMON_NAMES
    | {
        "site_number": "Site Num",
        "site_name": "Local Site Name",
        "date_local": "Date Local",
        "method_code": "Method Code",
    },
    OTHER_TABLES,
    "Use AirData's daily file under this name",
    complete=COMPLETE,
    repair=UNTOUCHED_COPY,
)

_SITES: Final = Layout(
    SITE_LIST,
    {
        "state_code": "State Code",
        "county_code": "County Code",
        "site_number": "Site Number",
        "latitude": "Latitude",
        "longitude": "Longitude",
        "site_name": "Local Site Name",
        "cbsa_name": "CBSA Name",
    },
    OTHER_TABLES,
    "Use AirData's aqs_sites.zip under this name",
    complete=COMPLETE,
    repair=UNTOUCHED_COPY,
)

_MONITOR: Final = [*SITE_COLUMNS, "parameter_code", "poc"]


def read_sites(path: Path) -> pd.DataFrame:
    """Every US site of ``aqs_sites.zip``: site_id, latitude, longitude, cbsa_code, site_name; one row per site.

    A line whose codes cannot be read is left out: the list only adds to what the daily files say.
    """
    table, origin = read_text(path, _SITES)
    rows = table[~is_foreign(table["state_code"])].copy()
    for name in SITE_COLUMNS:
        rows[name] = codes(rows[name], name, origin=origin)
    rows = origin.kept(rows).dropna(subset=list(SITE_COLUMNS))
    rows["cbsa_code"], _ = cbsa_codes(rows, rows.pop("cbsa_name"))
    rows["site_id"] = rows[SITE_COLUMNS[0]] + rows[SITE_COLUMNS[1]] + rows[SITE_COLUMNS[2]]
    sites = rows[["site_id", *LOCATION_COLUMNS, "cbsa_code", "site_name"]].astype(object)
    return sites.drop_duplicates("site_id", keep="last", ignore_index=True)


def monitors_in_daily_files(paths: Iterable[Path], parameter: str, *, sites: pd.DataFrame | None) -> pd.DataFrame:
    """Every monitor of ``parameter`` with a row in the daily files, in the columns of monitors without is_context.

    It opened on 1 January of its first year, as in EPA's list, and has the place, name and method of its newest row;
    ``sites`` (``read_sites``) gives what the rows lack. None is primary. Rows that cannot be read are left out here:
    whoever reads the readings reports them. Errors as ``read_daily``.
    """
    parts = [_monitors_of_file(path, parameter, sites) for path in paths]
    filled = [part for part in parts if len(part)]
    if not filled:
        return TABLES["monitors"].empty().drop(columns="is_context")
    key = list(TABLES["monitors"].key)
    rows = pd.concat(filled, ignore_index=True).sort_values([*key, "last_sample_date"], kind="stable")
    merged = rows.drop_duplicates(key, keep="last").set_index(key)
    return merged.assign(open_date=rows.groupby(key)["open_date"].min()).reset_index()[list(rows.columns)]


def _monitors_of_file(path: Path, parameter: str, sites: pd.DataFrame | None) -> pd.DataFrame:
    table, origin = read_text(path, _DAILY_MONITORS)
    rows, _ = pm25_rows(table, origin, (parameter,))
    rows["date_local"] = dates(rows["date_local"], "date_local", origin=origin)
    rows = origin.kept(rows).dropna(subset=["date_local"])
    newest = rows.sort_values("date_local", kind="stable").drop_duplicates(_MONITOR, keep="last").copy()
    newest["cbsa_code"], _ = cbsa_codes(newest, newest.pop("cbsa_name"))
    day = newest["date_local"]
    newest = newest.assign(
        open_date=day.dt.strftime("%Y-01-01"), last_sample_date=day.dt.strftime("%Y-%m-%d"), is_primary=None
    )
    known = None if sites is None else sites.drop(columns="site_name")
    placed = with_known_positions(newest, known).rows
    monitors = finish_monitors(placed, origin=origin, null_means_open=False)
    if sites is not None:
        names = monitors["site_id"].map(sites.set_index("site_id")["site_name"])
        monitors["site_name"] = monitors["site_name"].fillna(names)
    return monitors
