"""The files of the folder ``site/``: names and contents."""

import json
from collections.abc import Collection
from dataclasses import replace
from datetime import date, timedelta
from importlib.resources import files
from typing import Final

import pandas as pd

from airwatch_dagster.publish.content import Bulletin
from airwatch_dagster.publish.feeds.atom import Entry, atom
from airwatch_dagster.publish.feeds.forecasts import forecasts_csv, latest_json, sites_geojson
from airwatch_dagster.publish.material import records
from airwatch_dagster.publish.page.archive import ArchiveDay
from airwatch_dagster.publish.page.language import language_of
from airwatch_dagster.publish.page.render import Links, archive, email_html, email_text, overview, page, state_pages
from airwatch_dagster.publish.page.sentences import early_line, headline
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.columns import MODERATE_TOP_UGM3, TOMORROW

LANGUAGES: Final = ("en", "es")
"""Languages of the pages; the first has no language in its file names."""

MOST_SITES_ON_A_PAGE: Final = 60
"""More sites of several states get an overview and a page per state: a site takes about 10 kB."""

FORMS: Final = ("latest", "sites", "verification")
"""Feeds with a JSON Schema."""


LATEST: Final = "latest.json"
"""The newest bulletin as data, whose issue date tells which is the newest; written before the other files of it."""

VERIFICATION: Final = "verification.json"
"""The scores of the last days, to which each bulletin adds its own."""

ARCHIVE: Final = ("feed.atom", "index.html", "index.es.html")
"""The files that list all bulletins."""


def page_name(issue_date: date, language: str = LANGUAGES[0]) -> str:
    """``2026-11-28.html``, or ``2026-11-28.es.html``."""
    return _in_language(f"{issue_date:%Y-%m-%d}.html", language)


def day_files(bulletin: Bulletin, *, days: Collection[date]) -> dict[str, bytes]:
    """The pages of an issue day, by file name; linked to those of the days before and after that are in ``days``."""
    found: dict[str, bytes] = {}
    beside = {
        name: day
        for name, day in (
            ("before", bulletin.issue_date - timedelta(days=1)),
            ("after", bulletin.issue_date + timedelta(days=1)),
        )
        if day in days
    }
    for language in LANGUAGES:
        others = {name: page_name(day, language) for name, day in beside.items()}
        found |= _pages(bulletin, f"{bulletin.issue_date:%Y-%m-%d}", language, **others)
    return found


def _pages(bulletin: Bulletin, stem: str, language: str, **beside: str) -> dict[str, bytes]:
    """One page, or an overview and its states' pages; ``beside`` are links to other days."""
    name = _in_language(f"{stem}.html", language)
    other = next(one for one in LANGUAGES if one != language)
    links = Links(
        archive=_in_language("index.html", language), other_language=_in_language(f"{stem}.html", other), **beside
    )
    if len(bulletin.sites) <= MOST_SITES_ON_A_PAGE or len({site.state for site in bulletin.sites}) == 1:
        return {name: page(bulletin, language=language, links=links).encode()}
    parts = state_pages(bulletin, language=language, links=replace(links, up=name))
    names = {postal: _in_language(f"{stem}.{postal}.html", language) for postal in parts}
    whole = overview(bulletin, names, language=language, links=links)
    return {name: whole.encode(), **{names[postal]: text.encode() for postal, text in parts.items()}}


def latest_files(bulletin: Bulletin, *, root: str | None = None) -> dict[str, bytes]:
    """The newest bulletin as page, e-mail and data, and the schemas of the data.

    Mails link to the day's page below ``root``, the site's address for readers, when it is known.
    """

    def address(language: str) -> str | None:
        return f"{root.rstrip('/')}/{page_name(bulletin.issue_date, language)}" if root else None

    found = {
        LATEST: latest_json(bulletin),
        "forecasts.csv": forecasts_csv(bulletin),
        "sites.geojson": sites_geojson(bulletin),
    }
    for language in LANGUAGES:
        texts = {
            "latest.email.html": email_html(bulletin, language=language, address=address(language)),
            "latest.email.txt": email_text(bulletin, language=language, address=address(language)),
        }
        found |= {_in_language(name, language): text.encode() for name, text in texts.items()}
        found |= _pages(bulletin, "latest", language)
    folder = files("airwatch_dagster.publish.feeds")
    return found | {name: folder.joinpath(name).read_bytes() for name in (f"{form}.schema.json" for form in FORMS)}


def archive_files(
    rows: pd.DataFrame, *, area: str, updated: pd.Timestamp, is_simulated: bool, findings: str | None = None
) -> dict[str, bytes]:
    """The calendar of all bulletins and the Atom feed, from rows of the table ``bulletin``; ``updated`` is UTC,
    ``findings`` the address of the pages of monthly findings, where there are any."""
    tomorrow = rows[rows["horizon_days"] == TOMORROW].sort_values("issue_date")
    found = {"feed.atom": atom(_entries(tomorrow), area=area, updated=updated.to_pydatetime())}
    for language in LANGUAGES:
        days = [
            ArchiveDay(
                row["issue_date"].date(), int(row["aqi"]), row["aqi_category"], page_name(row["issue_date"], language)
            )
            for row in records(tomorrow)
        ]
        found[_in_language("index.html", language)] = archive(
            days, language=language, is_simulated=is_simulated, findings=findings
        ).encode()
    return found


def rows_of(bulletin: Bulletin, *, page_uri: str) -> pd.DataFrame:
    """What a bulletin said, as rows of the table ``bulletin``."""
    words = language_of(LANGUAGES[0])
    early = early_line(bulletin, words)
    said = " ".join([headline(bulletin, words), *([words.say("early.word"), early] if early else [])])
    rows = [
        {
            "issue_date": pd.Timestamp(bulletin.issue_date),
            "horizon_days": tile.horizon_days,
            "target_date": pd.Timestamp(tile.target_date),
            "sites": sum(tile.sites_by_category.values()),
            "worst_site_id": tile.worst_site.site_id,
            "worst_site_name": tile.worst_site.name,
            "pm25_ugm3": tile.worst.pm25_ugm3,
            "aqi": tile.worst.aqi,
            "aqi_category": tile.worst.category,
            "probability_above_35_4": tile.highest_probability[MODERATE_TOP_UGM3],
            "headline": said,
            "page_uri": page_uri,
            "is_early": bulletin.early is not None,
        }
        for tile in bulletin.tiles
    ]
    return pd.DataFrame(rows)[TABLES["bulletin"].column_names]


def is_newer(bulletin: Bulletin, latest: bytes | None) -> bool:
    """Whether ``bulletin`` takes the place of the one in ``latest``, the stored latest.json (None without the file).

    It replaces those of earlier days, and that of its own day unless it is early and the stored one is not.
    """
    if not latest:
        return True
    stored = json.loads(latest)
    before = date.fromisoformat(stored["issue_date"])
    goes_back = bulletin.early is not None and not stored.get("early")
    return bulletin.issue_date > before or (bulletin.issue_date == before and not goes_back)


def _entries(rows: pd.DataFrame) -> list[Entry]:
    return [Entry(row["issue_date"].date(), row["headline"], page_name(row["issue_date"])) for row in records(rows)]


def _in_language(name: str, language: str) -> str:
    stem, _, ending = name.rpartition(".")
    return name if language == LANGUAGES[0] else f"{stem}.{language}.{ending}"
