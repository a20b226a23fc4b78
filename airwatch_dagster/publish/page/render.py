"""A bulletin as a page, as an e-mail and as a part of the archive."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final

from jinja2 import BytecodeCache, Environment, PackageLoader, StrictUndefined, select_autoescape
from jinja2.bccache import Bucket
from markupsafe import Markup

from airwatch_dagster.publish.content import Bulletin
from airwatch_dagster.publish.once import once
from airwatch_dagster.publish.page import charts, inline, sentences
from airwatch_dagster.publish.page.archive import ArchiveDay, years
from airwatch_dagster.publish.page.area_map import area_map
from airwatch_dagster.publish.page.filters import filters_of
from airwatch_dagster.publish.page.language import Language, language_of
from airwatch_dagster.publish.page.nation_map import nation_map
from airwatch_dagster.publish.page.palette import LOOKS
from airwatch_dagster.publish.page.states import by_state, state_rows

MOST_EMAIL_SITES: Final = 15
"""Sites in an e-mail, worst first."""

REMEMBERED: Final = 128
"""Parts of pages that are remembered: those of a nation's newest bulletin, 53 states in two languages."""


@dataclass(frozen=True)
class Links:
    """Addresses of the files beside a page, relative to it."""

    archive: str = "index.html"
    json: str = "latest.json"
    csv: str = "forecasts.csv"
    geojson: str = "sites.geojson"
    other_language: str | None = None
    """The same page in the other language."""
    before: str | None = None
    """The bulletin of the day before."""
    after: str | None = None
    up: str | None = None
    """The national overview, from a state's page."""


def page(bulletin: Bulletin, *, language: str = "en", links: Links | None = None, with_charts: bool = True) -> str:
    """One self-contained HTML document: no request, no font, no script from elsewhere.

    A site's panel has its 60-day chart and its neighbours, 3.5 kB a site, ``with_charts`` only.

    Raises ConfigurationError for an unknown language.
    """
    words = language_of(language)
    return _html(
        "bulletin.html",
        words,
        links=links or Links(),
        map=area_map(bulletin.sites, with_labels=with_charts),
        sites=_sites(bulletin, language, with_charts=with_charts),
        with_charts=with_charts,
        **_of_bulletin(bulletin, language),
    )


def overview(bulletin: Bulletin, pages: Mapping[str, str], *, language: str = "en", links: Links | None = None) -> str:
    """The page of a nation: a map of all sites, and the states, worst first. ``pages`` maps postal abbreviations to the
    files of ``state_pages``."""
    words = language_of(language)
    return _html(
        "overview.html",
        words,
        links=links or Links(),
        map=nation_map(bulletin),
        states=state_rows(by_state(bulletin), dict(pages)),
        **_of_bulletin(bulletin, language),
    )


def state_pages(
    bulletin: Bulletin, *, language: str = "en", links: Links | None = None, with_charts: bool = False
) -> dict[str, str]:
    """Postal abbreviation → page of the state's sites; without charts, so that a nation stays within 3 MB."""
    return {
        postal: page(part, language=language, links=links, with_charts=with_charts)
        for postal, part in by_state(bulletin).items()
    }


def archive(
    days: Sequence[ArchiveDay], *, language: str = "en", is_simulated: bool = False, findings: str | None = None
) -> str:
    """The calendar of all bulletins, each day in the colour of its highest AQI and linked to its page.

    ``findings``: address of the pages of monthly findings, where there are any.
    """
    words = language_of(language)
    return _html(
        "archive.html",
        words,
        links=Links(),
        years=list(years(days)),
        newest=max(days, key=lambda one: one.issue_date, default=None),
        weekday_initials=words.weekday_initials(),
        is_simulated=is_simulated,
        findings=findings,
    )


def email_html(bulletin: Bulletin, *, language: str = "en", address: str | None = None) -> str:
    """The bulletin as a light HTML mail: styles inline, no picture, no script. ``address``: of its page, when known."""
    return _email("email.html", bulletin, language, address)


def email_text(bulletin: Bulletin, *, language: str = "en", address: str | None = None) -> str:
    """The bulletin as plain text. ``address``: of its page, when known."""
    return re.sub(r"\n{3,}", "\n\n", _email("email.txt", bulletin, language, address)).strip() + "\n"


def _email(template: str, bulletin: Bulletin, language: str, address: str | None) -> str:
    words = language_of(language)
    horizon = sentences.headline_tile(bulletin).horizon_days
    forecast = [(site, day) for site in bulletin.sites for day in site.days if day.horizon_days == horizon]
    return _rendered(
        template,
        words,
        address=address,
        email_sites=forecast[:MOST_EMAIL_SITES],
        more_sites=len(forecast[MOST_EMAIL_SITES:]),
        **_of_bulletin(bulletin, language),
    )


@once(most=REMEMBERED)
def _of_bulletin(bulletin: Bulletin, language: str) -> dict[str, Any]:
    """What all pages and mails show."""
    words, trust = language_of(language), bulletin.trust
    return {
        "bulletin": bulletin,
        "is_simulated": bulletin.is_simulated,
        "headline": sentences.headline(bulletin, words),
        "headline_air": sentences.air(bulletin, sentences.headline_tile(bulletin), words),
        "headline_highest": sentences.highest(sentences.headline_tile(bulletin), words),
        "headline_tile": sentences.headline_tile(bulletin),
        "early_line": sentences.early_line(bulletin, words),
        "today_line": sentences.today_line(bulletin, words),
        "change": sentences.change(bulletin, words),
        "change_mark": sentences.change_mark(bulletin),
        "tiles": list(zip(bulletin.tiles, charts.interval_bars(bulletin.tiles), strict=True)),
        "categories_shown": {day.category for site in bulletin.sites for day in site.days},
        "trust_lines": list(sentences.trust_lines(trust, bulletin, words)) if trust else [],
        "trust_chart": charts.trust_chart(trust.days) if trust else None,
        "trust_chart_text": sentences.trust_chart_text(trust, words) if trust else "",
        "reliability": charts.reliability_dots(trust.reliability) if trust else [],
        "reliability_limits": charts.reliability_limits(trust.reliability) if trust else [],
        "reliability_text": sentences.reliability_text(trust.reliability, words) if trust else "",
    }


@once(most=REMEMBERED)
def _sites(bulletin: Bulletin, language: str, *, with_charts: bool) -> Markup:
    """The list of sites: most of a page, and the same in that of its day and in the newest."""
    known = _of_bulletin(bulletin, language)
    text = _rendered(
        "sites.html",
        language_of(language),
        with_charts=with_charts,
        spark=partial(charts.sparkline, top_ugm3=charts.sparkline_top(bulletin.sites)),
        site_chart=charts.site_chart,
        limits=charts.LIMITS_UGM3[: sentences.ALWAYS_SHOWN],
        **{name: known[name] for name in ("bulletin", "tiles", "headline_tile")},
    )
    return Markup(text)  # noqa: S704


def _html(template: str, words: Language, *, with_charts: bool = True, **values: Any) -> str:
    values |= {"with_charts": with_charts, "style": Markup(inline.style())}  # noqa: S704
    inside = {"script": Markup(inline.script()), "policy": inline.policy()}  # noqa: S704
    return inline.with_used_style(re.sub(r"\n\s+", "\n", _rendered(template, words, **inside, **values)))


def _rendered(template: str, words: Language, **values: Any) -> str:
    return _environment(words.code).get_template(template).render(say=words.say, looks=LOOKS, **values)


class _Compiled(BytecodeCache):
    """Templates as code, compiled once for all languages."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


_COMPILED: Final = _Compiled()


@cache
def _environment(code: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("airwatch_dagster.publish.page"),
        autoescape=select_autoescape(enabled_extensions=("html",)),
        undefined=StrictUndefined,
        auto_reload=False,
        bytecode_cache=_COMPILED,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters_of(language_of(code))
    return environment
