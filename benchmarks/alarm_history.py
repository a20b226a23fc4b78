"""Site-days and changes of monitors of a folder of AirData files, and the area-months that alarms are replayed on."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.airdata.archive import AirDataArchive
from airwatch_dagster.acquire.area import Area, distance_to_nearest_km
from airwatch_dagster.acquire.pulls import PullRequest
from airwatch_dagster.acquire.sources.airdata import AirDataSource
from airwatch_dagster.clean.site_days import site_days
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.watch.monitor_changes import monitor_changes
from airwatch_dagster.watch.monitor_spells import joined_spells, monitor_spells, no_spells

CONTEXT_KM: Final = 420.0
"""Sites this near to an area are replayed with it. AirWatch reads 800 km by default; no rule looks beyond 400 km."""

HISTORY_MONTHS: Final = 37
"""Months before a month that are read with it."""

SEASONS: Final = {12: "winter", 1: "winter", 2: "winter", 3: "spring", 4: "spring", 5: "spring"} | {
    **dict.fromkeys((6, 7, 8), "summer"),
    **dict.fromkeys((9, 10, 11), "autumn"),
}

SMOKE_UGM3: Final = 35.4
"""A day of smoke: a quarter of the area's sites are above this, the top of the AQI's moderate category."""

SMOKE_DAYS: Final = 2
"""Days of smoke that make a smoke month, from June to October; a label that no rule of AirWatch sees."""


@dataclass(frozen=True)
class AreaHistory:
    """What AirWatch stores of one area: its sites and the context sites around it."""

    area: str
    name: str
    site_days: pd.DataFrame
    in_area: frozenset[str]
    changes: pd.DataFrame

    @property
    def scale(self) -> str:
        return {"us": "nation", "state": "state"}.get(self.area.partition(":")[0], "metropolitan area")

    def as_of(self, day: pd.Timestamp) -> "AreaHistory":
        """What is stored at the end of ``day``, of the month it is in and HISTORY_MONTHS before."""
        first = day.replace(day=1) - pd.DateOffset(months=HISTORY_MONTHS)
        dates, changes = self.site_days["date_local"], self.changes
        changes = changes[changes["changed_on"] <= day]
        return self.with_rows(self.site_days[dates.between(first, day)], changes=changes)

    def of_month(self, history: "AreaHistory", month: pd.Timestamp) -> "AreaHistory":
        """The area with the rows of its own sites in a month of ``history``."""
        rows = history.site_days
        is_own = rows["date_local"].between(month, month_end(month)) & rows["site_id"].isin(self.in_area)
        return self.with_rows(rows[is_own])

    def with_rows(self, rows: pd.DataFrame, *, changes: pd.DataFrame | None = None) -> "AreaHistory":
        return AreaHistory(self.area, self.name, rows, self.in_area, self.changes if changes is None else changes)


def read_folder(
    folder: Path, *, years: Sequence[int], area: str = "us", cache: Path | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """``site_days`` and ``monitor_changes`` of an area and CONTEXT_KM around it, by AirWatch's own reader and rules."""
    files = [cache / f"{name}.parquet" for name in ("site_days", "monitor_changes")] if cache else []
    if files and all(file.exists() for file in files):
        return pd.read_parquet(files[0]), pd.read_parquet(files[1])
    days, spells = [], no_spells()
    with (
        tempfile.TemporaryDirectory() as downloads,
        AirDataArchive(folder.resolve().as_uri(), download_dir=Path(downloads)) as archive,
    ):
        source = AirDataSource(archive, Area.parse(area), context_km=CONTEXT_KM)
        monitors = source.monitors().monitors
        for year in years:
            rows = source.pull(PullRequest.of_year(year)).rows
            versions = TABLES["raw_readings"].empty()[["first_seen_at", "superseded_at"]].reindex(rows.index)
            rows = rows.assign(**dict(versions.items()))
            days.append(site_days(rows, monitors=monitors))
            spells = joined_spells(spells, monitor_spells(rows))
    stored = TABLES["monitor_changes"].empty()
    today = pd.Timestamp(year=max(years) + 1, month=6, day=1)
    tables = (
        pd.concat(days, ignore_index=True),
        monitor_changes(spells, monitors=monitors.assign(is_context=False), stored=stored, today=today),
    )
    for table, file in zip(tables, files, strict=False):
        file.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(file)
    return tables


def area_history(all_site_days: pd.DataFrame, changes: pd.DataFrame, area: str) -> AreaHistory:
    """The rows that AirWatch would store with AIRWATCH_AREA=``area``."""
    parsed = Area.parse(area)
    places = all_site_days.drop_duplicates("site_id", keep="last")
    own = parsed.contains(places["state_code"], places["cbsa_code"]).to_numpy()
    is_near = distance_to_nearest_km(places, places[own]) <= CONTEXT_KM
    kept = set(places["site_id"][own | is_near])
    return AreaHistory(
        area=area,
        name=parsed.name,
        site_days=all_site_days[all_site_days["site_id"].isin(kept)].reset_index(drop=True),
        in_area=frozenset(places["site_id"][own]),
        changes=changes[changes["site_id"].isin(kept)].reset_index(drop=True),
    )


def is_smoke_month(history: AreaHistory, month: pd.Timestamp) -> bool:
    """Whether smoke lay over the area: SMOKE_DAYS days on which a quarter of its sites are above SMOKE_UGM3."""
    if not 6 <= month.month <= 10:
        return False
    rows = month_rows(history, month)
    share = (rows["pm25_ugm3"] > SMOKE_UGM3).groupby(rows["date_local"]).mean()
    return int((share >= 0.25).sum()) >= SMOKE_DAYS


def month_rows(history: AreaHistory, month: pd.Timestamp) -> pd.DataFrame:
    """Valid rows of the area's own sites in the month."""
    rows = history.site_days
    is_wanted = rows["date_local"].between(month, month_end(month)) & rows["site_id"].isin(history.in_area)
    return rows[is_wanted & rows["is_valid"]]


def month_end(month: pd.Timestamp) -> pd.Timestamp:
    return month + pd.offsets.MonthEnd(0)


def resampled(history: AreaHistory, month: pd.Timestamp, *, seed: int) -> AreaHistory:
    """``history`` up to the month's end, its month made of weeks drawn from that month and the two around it.

    A week is drawn for all sites together, so that smoke stays in the air of all of them, and keeps its weekdays.
    """
    draw = np.random.default_rng([seed, month.year, month.month])
    rows, end = history.site_days, month_end(month)
    weeks = list(_weeks(month, end))
    first, last = month - pd.DateOffset(months=1), end + pd.DateOffset(months=1)
    parts = [rows[rows["date_local"] < month]]
    for start, days in weeks:
        offsets = [n for n in range(-9, 10) if start + pd.Timedelta(weeks=n) >= first]
        offsets = [n for n in offsets if start + pd.Timedelta(days=7 * n + days - 1) <= last]
        shift = pd.Timedelta(weeks=int(draw.choice(offsets)))
        drawn = rows[rows["date_local"].between(start + shift, start + shift + pd.Timedelta(days=days - 1))]
        parts.append(drawn.assign(date_local=drawn["date_local"] - shift))
    return history.with_rows(pd.concat(parts, ignore_index=True))


def _weeks(first: pd.Timestamp, last: pd.Timestamp) -> Iterator[tuple[pd.Timestamp, int]]:
    """First day and length of the month's weeks; the last one is shorter."""
    for start in pd.date_range(first, last, freq="7D"):
        yield start, min(7, (last - start).days + 1)
