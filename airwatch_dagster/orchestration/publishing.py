"""Makes the bulletins of a run from the stored tables, and keeps the folder ``site/`` of pages and feeds."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

import pandas as pd

from airwatch_dagster import __version__
from airwatch_dagster.orchestration.configuration.settings import LinkSettings, SiteSettings
from airwatch_dagster.orchestration.findings_pages import INDEX as FINDINGS
from airwatch_dagster.orchestration.registry.links import mlflow_ui
from airwatch_dagster.orchestration.resources import configured_area, utc_now
from airwatch_dagster.orchestration.supplied.compared_forecasts import supplied_forecasts
from airwatch_dagster.publish.bulletin import bulletin_of
from airwatch_dagster.publish.content import Bulletin
from airwatch_dagster.publish.feeds.verification import verification_json
from airwatch_dagster.publish.material import PAST_DAYS, SCOREBOARD_DAYS, Material
from airwatch_dagster.publish.site import (
    ARCHIVE,
    LATEST,
    VERIFICATION,
    archive_files,
    day_files,
    is_newer,
    latest_files,
    page_name,
    rows_of,
)
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.storage.tables import TableStorage

DAYS_WITH_RIVALS: Final = 7
"""Last issue days of a run whose bulletins compare with other forecasters, which takes as long as all the rest."""

EARLY: Final = "early_predictions"


def bulletins_of(tables: TableStorage, days: Sequence[pd.Timestamp]) -> list[Bulletin]:
    """The bulletins of these issue days, in order; none for a day without a forecast."""
    material, read_at = material_of(tables, min(days), max(days)), tables.stored_partitions("raw_readings")
    made_at, area, is_simulated = utc_now(), configured_area().title, tables.holds_simulated()
    known = {"dagster": LinkSettings.from_environment().ui_url, "mlflow": mlflow_ui()}
    links = {name: address for name, address in known.items() if address}
    found = []
    for day in sorted(days):
        stored = read_at.get(f"{day:%Y-%m-%d}")
        one = bulletin_of(
            material,
            day,
            area=area,
            made_at=made_at,
            data_as_of=pd.Timestamp(stored).tz_convert(None) if stored else made_at,
            is_simulated=is_simulated,
            version=__version__,
            links=links,
            with_rivals=(max(days) - day).days < DAYS_WITH_RIVALS,
        )
        found += [one] if one else []
    return found


def material_of(tables: TableStorage, first: pd.Timestamp, last: pd.Timestamp) -> Material:
    """What the bulletins of the issue days ``first`` to ``last`` are made from, as far as it is stored."""
    past = _days(first - pd.Timedelta(days=PAST_DAYS), last)
    around = _days(first, last + pd.Timedelta(days=1))
    months = [str(month) for month in pd.period_range(first, last, freq="M")]
    status = ("site_id", "date_local", "status")
    early = _days_with_early_forecasts(tables, past)
    issued = [tables.read(name, days, allow_missing=True) for name, days in (("predictions", past), (EARLY, early))]
    return Material(
        predictions=pd.concat([rows for rows in issued if len(rows)] or issued[:1], ignore_index=True),
        site_days=tables.read("site_days", past, allow_missing=True),
        forecast_scores=tables.read("forecast_scores", past, allow_missing=True),
        monitors=tables.read_or_empty("monitors"),
        champion_model=tables.read("champion_model"),
        coverage=tables.read("coverage", months, allow_missing=True, columns=status),
        revisions=tables.read("revisions", around, allow_missing=True),
        monitor_changes=tables.read_or_empty("monitor_changes"),
        agency_forecasts=tables.read("agency_forecasts", [*past, around[-1]], allow_missing=True),
        other_forecasts=supplied_forecasts(pd.Series(pd.date_range(first - pd.Timedelta(days=SCOREBOARD_DAYS), last))),
        early_days=frozenset(map(pd.Timestamp, early)),
        weather=_weather_models(tables, _days(first, last)),
    )


def _weather_models(tables: TableStorage, days: Sequence[str]) -> pd.DataFrame:
    """Each day's models of weather; none where weather has no source."""
    columns = ["issue_date", "weather_model"]
    return tables.read("weather_forecasts", days, allow_missing=True, columns=columns).drop_duplicates()


def _days_with_early_forecasts(tables: TableStorage, days: Sequence[str]) -> list[str]:
    """Those of ``days`` that have early forecasts and no daily ones yet."""
    return sorted((set(days) & set(tables.stored_partitions(EARLY))) - set(tables.stored_partitions("predictions")))


def store_pages(tables: TableStorage, bulletins: Sequence[Bulletin]) -> pd.DataFrame:
    """Write the pages of the bulletins; returns their rows of the table ``bulletin``."""
    frames = [TABLES["bulletin"].empty()]
    days = {one.issue_date for one in bulletins} | _days_with_pages(tables, bulletins)
    for one in bulletins:
        for name, content in day_files(one, days=days).items():
            tables.write_page(name, content)
        frames.append(rows_of(one, page_uri=tables.page_uri(page_name(one.issue_date))))
    return pd.concat(frames[1:] or frames, ignore_index=True)


def _days_with_pages(tables: TableStorage, bulletins: Sequence[Bulletin]) -> set[date]:
    """Of the days beside those of ``bulletins``, those that have a page already."""
    beside = {one.issue_date + timedelta(days=step) for one in bulletins for step in (-1, 1)}
    others = beside - {one.issue_date for one in bulletins}
    return {day for day in others if tables.page(page_name(day)) is not None}


def update_site(tables: TableStorage, bulletins: Sequence[Bulletin], days: Sequence[pd.Timestamp]) -> None:
    """Bring the archive, the feeds and the newest page up to date after the rows of ``days`` are stored.

    What another run adds to these files at the same time, on any machine, stays.
    """
    area = configured_area().title
    newest = latest_files(bulletins[-1], root=SiteSettings.from_environment().site_url) if bulletins else {}
    scores = tables.read("forecast_scores", _days(min(days), max(days)), allow_missing=True)
    issued = tables.read("site_days", _days(min(days) - pd.Timedelta(days=3), max(days)), allow_missing=True)

    def updated(stored: Mapping[str, bytes | None]) -> dict[str, bytes]:
        is_newest = bool(bulletins) and is_newer(bulletins[-1], stored.get(LATEST))
        verification = verification_json(stored[VERIFICATION], scores=scores, site_days=issued, area=area)
        rows, is_simulated = tables.read("bulletin"), tables.holds_simulated()
        files = {**(newest if is_newest else {}), VERIFICATION: verification}
        findings = FINDINGS if tables.page(FINDINGS) is not None else None
        return files | archive_files(rows, area=area, updated=utc_now(), is_simulated=is_simulated, findings=findings)

    tables.update_pages([*newest, VERIFICATION, *ARCHIVE], updated)


def _days(first: pd.Timestamp, last: pd.Timestamp) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in pd.date_range(first, last)]
