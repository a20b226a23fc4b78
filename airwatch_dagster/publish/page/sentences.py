"""What the page says in words, from a bulletin and a language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from airwatch_dagster.publish.content import (
    AgencyForecast,
    Bulletin,
    ReliabilityPoint,
    Rival,
    Site,
    SiteRecord,
    Tile,
    TomorrowRecord,
    Trust,
)
from airwatch_dagster.publish.page.charts import LIMITS_UGM3
from airwatch_dagster.publish.page.language import Language
from airwatch_dagster.schemas.columns import AQI_CATEGORIES, FAMILIES, MODERATE_TOP_UGM3
from airwatch_dagster.schemas.forecasters import AGENCIES, NEAREST_SITE

ALWAYS_SHOWN: Final = 3
"""Limits of every tile, from 9.0 up; those above only when a site may exceed them."""

LEAST_SHOWN: Final = 0.01
"""A probability above the third limit from which a tile shows it."""


def headline_tile(bulletin: Bulletin) -> Tile:
    """Tomorrow's tile; the first one when there is none."""
    tomorrow = bulletin.today + timedelta(days=1)
    return next((tile for tile in bulletin.tiles if tile.target_date == tomorrow), bulletin.tiles[0])


def headline(bulletin: Bulletin, language: Language) -> str:
    """``Tomorrow, Sunday 29 November: Good at all 9 sites. Highest: Steelworks, AQI 49; 36 % chance of …``."""
    tile = headline_tile(bulletin)
    return f"{air(bulletin, tile, language)} {highest(tile, language)}"


def today_line(bulletin: Bulletin, language: Language) -> str:
    """The first day's air in one sentence; empty when the headline is about it already."""
    first = bulletin.tiles[0]
    if first is headline_tile(bulletin):
        return ""
    where = language.say("headline.highest_plain", site=first.worst_site.name, aqi=first.worst.aqi)
    return f"{air(bulletin, first, language)} {where}"


def early_line(bulletin: Bulletin, language: Language) -> str:
    """That the forecasts are early, when and from how many sites they are made; empty for the daily ones."""
    early = bulletin.early
    if early is None:
        return ""
    made = language.time(early.issued_at)
    return language.say("early.issue", time=made, observed=early.observed_sites, count=early.sites)


def highest(tile: Tile, language: Language) -> str:
    """The worst site, and the probability of the category above its own there."""
    number = AQI_CATEGORIES.index(tile.worst.category)
    values = {"site": tile.worst_site.name, "aqi": tile.worst.aqi}
    if number >= len(LIMITS_UGM3):
        return language.say("headline.highest_plain", **values)
    chance = language.chance(tile.worst.probabilities[LIMITS_UGM3[number]])
    worse = AQI_CATEGORIES[number + 1]
    last = "last" if number + 2 == len(AQI_CATEGORIES) else "chance"
    return language.say(f"headline.highest_{last}", chance=chance, category=language.category(worse), **values)


def air(bulletin: Bulletin, tile: Tile, language: Language) -> str:
    """``Tomorrow, Sunday 29 November: Moderate at 3 of 9 sites, Good at 6.``; the worst category first."""
    when = language.day_in_words(tile.target_date, bulletin.today)
    found = [(language.category(name), count) for name, count in reversed(list(tile.sites_by_category.items()))]
    sites = sum(count for _, count in found)
    if len(found) == 1:
        return language.say("headline.all", when=when, category=found[0][0], count=sites)
    (category, count), *others = found
    parts = [language.say("headline.some", category=category, count=count, sites=sites)]
    parts += [language.say("headline.others", category=name, count=number) for name, number in others]
    return f"{when}: {', '.join(parts)}."


def change(bulletin: Bulletin, language: Language) -> str:
    """How the headline's AQI moved since the bulletin before; empty when that is not known."""
    if bulletin.change_in_aqi is None:
        return ""
    direction = (bulletin.change_in_aqi > 0) - (bulletin.change_in_aqi < 0)
    key = {1: "change.up", -1: "change.down", 0: "change.none"}[direction]
    return language.say(key, count=abs(bulletin.change_in_aqi))


def agency(forecast: AgencyForecast, bulletin: Bulletin, language: Language) -> str:
    """One agency forecast, such as ``Chicago, tomorrow: Good, AQI 42``."""
    when = language.relative_day(forecast.target_date, bulletin.today) or language.short_day(forecast.target_date)
    key = "agency.category" if forecast.aqi is None else "agency.aqi"
    said = language.say(
        key,
        area=forecast.reporting_area,
        when=when,
        category=language.category(forecast.category),
        aqi=forecast.aqi,
    )
    return f"{said} {language.say('agency.action_day')}" if forecast.is_action_day else said


def change_mark(bulletin: Bulletin) -> str:
    """An arrow that repeats ``change`` for the eye."""
    moved = bulletin.change_in_aqi or 0
    return "▲" if moved > 0 else "▼" if moved < 0 else "="


@dataclass(frozen=True)
class Chance:
    """A probability of a day above a limit, as a tile shows it."""

    limit_ugm3: float
    category: str
    """The category that begins above the limit."""
    probability: float


def chances(tile: Tile) -> list[Chance]:
    """The probabilities that a tile shows, highest over the sites."""
    shown = [
        Chance(limit, AQI_CATEGORIES[number + 1], tile.highest_probability[limit])
        for number, limit in enumerate(LIMITS_UGM3)
    ]
    return [one for number, one in enumerate(shown) if number < ALWAYS_SHOWN or one.probability > LEAST_SHOWN]


def record(of: SiteRecord, language: Language) -> str:
    """How the last next-day forecasts of a site did."""
    if not of.forecasts or of.mean_abs_error_ugm3 is None:
        return language.say("record.none")
    hits = language.say("record.hits", count=of.forecasts, within=of.within_one_category, inside=of.inside_interval)
    error = language.say("record.error", error=language.number(of.mean_abs_error_ugm3))
    limit = language.number(MODERATE_TOP_UGM3)
    if not of.bad_days:
        return f"{hits} {error} {language.say('record.no_bad_day', limit=limit)}"
    bad = language.say("record.bad_days", count=of.bad_days, limit=limit)
    return f"{hits} {error} {bad} {language.say('record.missed', count=of.bad_days_missed)}"


def record_in_short(of: SiteRecord, language: Language) -> str:
    """The same in one line."""
    if not of.forecasts or of.mean_abs_error_ugm3 is None:
        return language.say("record.none")
    numbers = {
        "count": of.forecasts,
        "within": of.within_one_category,
        "error": language.number(of.mean_abs_error_ugm3),
    }
    if not of.bad_days:
        return language.say("record.no_bad", **numbers)
    return language.say("record.short", bad=of.bad_days, missed=of.bad_days_missed, **numbers)


def trust_lines(trust: Trust, bulletin: Bulletin, language: Language) -> Iterator[str]:
    """Accuracy and skill, of tomorrow first; what became of the newest forecasts, and reliability; one sentence or two
    each."""
    if trust.tomorrow is not None:
        yield tomorrow_line(trust.tomorrow, language)
    yield language.say(
        "trust.accuracy",
        count=trust.forecasts,
        first=language.short_date(trust.first_day),
        last=language.short_date(trust.last_day),
        error=language.number(trust.mean_abs_error_ugm3),
        coverage=language.percent(trust.coverage),
    )
    if trust.skill_over_persistence is not None:
        direction = "better" if trust.skill_over_persistence >= 0 else "worse"
        yield language.say(f"trust.{direction}", skill=language.percent(abs(trust.skill_over_persistence)))
    point = telling_point(trust.reliability)
    if point is not None:
        yield language.say(
            "trust.reliability",
            said=language.percent(point.forecast_probability),
            limit=language.number(point.limit_ugm3),
            happened=language.percent(point.observed_frequency),
            count=point.forecasts,
        )
    yield verdict(trust, bulletin, language)


def tomorrow_line(record: TomorrowRecord, language: Language) -> str:
    """How the forecasts of tomorrow did."""
    said = language.say(
        "trust.tomorrow",
        count=record.forecasts,
        error=language.number(record.mean_abs_error_ugm3),
        coverage=language.percent(record.coverage),
    )
    if record.skill_over_persistence is None:
        return said
    direction = "better" if record.skill_over_persistence >= 0 else "worse"
    skill = language.percent(abs(record.skill_over_persistence))
    return f"{said} {language.say(f'trust.tomorrow_{direction}', skill=skill)}"


def forecaster(name: str, language: Language) -> str:
    """A forecaster of the scoreboard for people; one that a user supplies keeps its name."""
    if name in (NEAREST_SITE, AGENCIES):
        return language.say(f"trust.by_{name}")
    return language.family(name) if name in FAMILIES else name.replace("_", " ")


def rival_interval(rival: Rival, language: Language) -> str:
    """``3 to 35 %``; a dash without one."""
    if rival.lower is None or rival.upper is None:
        return "–"
    return language.say("trust.span", lower=language.percent(rival.lower), upper=language.percent(rival.upper))


def verdict(trust: Trust, bulletin: Bulletin, language: Language) -> str:
    """What became of the forecasts of the newest observed day."""
    last = trust.last
    return language.say(
        "trust.verdict",
        when=language.day_in_words(last.day, bulletin.today),
        forecast=language.number(last.forecast_ugm3),
        observed=language.number(last.observed_ugm3),
        inside=last.inside_interval,
        within=last.within_one_category,
        count=last.sites,
    )


def telling_point(points: Sequence[ReliabilityPoint]) -> ReliabilityPoint | None:
    """The bin with most forecasts among those that said more than 10 %, else of all; None without any."""
    clear = [point for point in points if point.forecast_probability >= 0.1]
    return max(clear or points, key=lambda point: point.forecasts, default=None)


def observed_on_issue_date(site: Site, bulletin: Bulletin) -> float | None:
    """µg/m³ observed on the issue date, "yesterday" of the reader; None when nothing valid was."""
    newest = site.past[-1] if site.past else None
    return newest.observed_ugm3 if newest is not None and newest.day == bulletin.issue_date else None


def chart_text(site: Site, language: Language) -> str:
    """What the 60-day chart of a site shows, for those who cannot see it."""
    seen = [one for one in site.past if one.observed_ugm3 is not None]
    if not seen:
        return language.say("chart.nothing", site=site.name)
    peak = max(seen, key=lambda one: one.observed_ugm3 or 0.0)
    values = [one.observed_ugm3 or 0.0 for one in seen]
    return language.say(
        "chart.text",
        site=site.name,
        count=len(seen),
        mean=language.number(sum(values) / len(values)),
        highest=language.number(max(values)),
        day=language.short_date(peak.day),
    )


def trust_chart_text(trust: Trust, language: Language) -> str:
    """What the chart of the last 30 days shows, for those who cannot see it."""
    inside = sum(one.lower_ugm3 <= one.observed_ugm3 <= one.upper_ugm3 for one in trust.days)
    return language.say(
        "trust.days_text",
        count=len(trust.days),
        first=language.short_date(trust.first_day),
        last=language.short_date(trust.last_day),
        inside=inside,
    )


def reliability_text(points: Sequence[ReliabilityPoint], language: Language) -> str:
    """What the reliability diagram shows, for those who cannot see it."""
    said = [
        language.say(
            "trust.point",
            said=language.percent(point.forecast_probability),
            limit=language.number(point.limit_ugm3),
            happened=language.percent(point.observed_frequency),
        )
        for point in points
    ]
    return f"{language.say('trust.reliability_caption')} {'; '.join(said)}"
