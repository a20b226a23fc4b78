"""What templates do with values: ``{{ day | short_day }}``."""

import textwrap
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from jinja2 import pass_context
from jinja2.runtime import Context

from airwatch_dagster.publish.content import Bulletin, DayForecast, Site, Tile
from airwatch_dagster.publish.page import sentences
from airwatch_dagster.publish.page.language import Language, capitalised
from airwatch_dagster.publish.page.palette import text_on
from airwatch_dagster.schemas.columns import MODERATE_TOP_UGM3

_OfDay = TypeVar("_OfDay", DayForecast, Tile)

Filters = dict[str, Callable[..., Any]]

MAIL_WIDTH: Final = 72
"""Characters of a line of plain text."""


def filters_of(language: Language) -> Filters:
    """The filters of a language; some read ``bulletin`` among the template's values."""
    return {
        "number": language.number,
        "percent": language.percent,
        "chance": language.chance,
        "category": language.category,
        "family": language.family,
        "day_with_year": language.day_with_year,
        "short_day": language.short_day,
        "short_date": language.short_date,
        "weekday": language.weekday,
        "month": language.month,
        "time": language.time,
        "capitalised": capitalised,
        "text_on": text_on,
        "forecaster": partial(sentences.forecaster, language=language),
        "rival_interval": partial(sentences.rival_interval, language=language),
        "record": partial(sentences.record, language=language),
        "record_in_short": partial(sentences.record_in_short, language=language),
        "chart_text": partial(sentences.chart_text, language=language),
        "chances": sentences.chances,
        "of_horizon": of_horizon,
        "safe_link": safe_link,
        "is_provisional": is_provisional,
        "wrapped": lambda text: textwrap.fill(text, MAIL_WIDTH),
        "relative_day": _of_bulletin(lambda day, bulletin: language.relative_day(day, bulletin.today)),
        "agency": _of_bulletin(lambda one, bulletin: sentences.agency(one, bulletin, language)),
        "observed": _of_bulletin(sentences.observed_on_issue_date),
        "chance_of_bad": _of_bulletin(partial(chance_of_bad, language=language)),
    }


def _of_bulletin(function: Callable[[Any, Bulletin], Any]) -> Callable[..., Any]:
    """``function`` as a filter that takes the bulletin from the template's values."""

    @pass_context
    def filtered(context: Context, value: Any) -> Any:
        return function(value, context["bulletin"])

    return filtered


def chance_of_bad(site: Site, bulletin: Bulletin, language: Language) -> str:
    """Probability that the headline's day is above the top of Moderate at a site."""
    horizon = sentences.headline_tile(bulletin).horizon_days
    found = (day.probabilities[MODERATE_TOP_UGM3] for day in site.days if day.horizon_days == horizon)
    chance = next(found, None)
    return "–" if chance is None else language.chance(chance)


def safe_link(address: str) -> str:
    """The address if a browser opens it as a page, else a link to nowhere: a ``javascript:`` address never."""
    return address if address.startswith(("http://", "https://")) else "#"


def of_horizon(items: Sequence[_OfDay], tile: Tile) -> _OfDay | None:
    """The one of ``items``, days or tiles, that is about the tile's target day; None when none is."""
    return next((one for one in items if one.horizon_days == tile.horizon_days), None)


def is_provisional(site: Site) -> bool:
    """Whether the newest day of a site is AirNow's."""
    return bool(site.past) and site.past[-1].is_provisional
