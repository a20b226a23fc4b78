"""Rules about the air itself: what they find is information, never an alarm."""

from dataclasses import dataclass

import numpy as np

from airwatch_dagster.watch.verdicts import limits as shared
from airwatch_dagster.watch.verdicts.area_month import AreaMonth
from airwatch_dagster.watch.verdicts.bootstrap import interval
from airwatch_dagster.watch.verdicts.finding import Finding, not_judged
from airwatch_dagster.watch.verdicts.rules import limits
from airwatch_dagster.watch.verdicts.rules.levels import surroundings

UGM3 = "µg/m³"


def season(one: AreaMonth) -> list[Finding]:
    """Level of the month against the same season of earlier years, at the sites that have both."""
    history, is_season = one.history, season_days(one)
    reference_days, values = int(is_season.sum()), int(np.isfinite(history.pm25[is_season][:, one.is_in]).sum())
    if reference_days < limits.SEASON_DAYS or values < limits.SEASON_VALUES:
        why = (
            f"{values} values of {reference_days} days in this season of earlier years; {limits.SEASON_VALUES} of "
            f"{limits.SEASON_DAYS} days needed"
        )
        return not_judged(why, unit=UGM3, days=history.day_count)
    inside, around = _departure(one, one.is_in, is_season), _departure(one, surroundings(one), is_season)
    days = int(np.isfinite(inside.daily).sum())
    if days < shared.MIN_READINGS:
        why = f"{days} days with readings at sites that have this season; {shared.MIN_READINGS} needed"
        return not_judged(why, unit=UGM3, days=days)
    lower, upper = interval(inside.daily)
    deviation = max(inside.spread, limits.LEAST_SEASON_UGM3)
    limit = limits.SEASON_DEVIATIONS * deviation
    others = f"; the sites around moved by {around.mean:+.1f}" if np.isfinite(around.mean) else ""
    return [
        Finding(
            what=(
                f"PM2.5 is {inside.mean:+.1f} µg/m³ from the same season of earlier years, "
                f"{inside.mean / deviation:+.1f} standard deviations of its months{others}."
            ),
            unit=UGM3,
            is_found=bool(abs(inside.mean) >= limit),
            effect=inside.mean,
            limit=limit,
            lower=lower,
            upper=upper,
            days=days,
            sites=inside.sites,
            reference_days=reference_days,
            reference_sites=inside.sites,
        )
    ]


def smoke(one: AreaMonth) -> list[Finding]:
    """Days on which most sites rose together far above the season, and the sites around with them."""
    history, anomaly = one.history, one.data.contrasts.anomaly
    inside, count = _share_above(anomaly, one.is_in)
    around, count_around = _share_above(anomaly, surroundings(one))
    is_month = history.months_ago == 0
    is_judged = is_month & (count >= limits.LEAST_SITES_OF_DAY)
    if not is_judged.any():
        return not_judged(f"no day has {limits.LEAST_SITES_OF_DAY} sites", unit="days", days=history.day_count)
    is_high = is_judged & (inside >= limits.SMOKE_SHARE)
    is_shared = is_high & ((count_around < limits.LEAST_SITES_OF_DAY) | (around >= limits.SMOKE_SHARE / 2))
    days = history.days[is_shared]
    what = "No day on which most sites rose together to twice their usual PM2.5 or more."
    if len(days):
        highest = float(np.nanmax(np.nanmedian(history.pm25[is_shared][:, one.is_in], axis=1)))
        what = (
            f"On {len(days)} days, from {days[0]:%-d} to {days[-1]:%-d %B %Y}, most sites rose together to twice their "
            f"usual PM2.5 or more, those around too; the highest day's median is {highest:.0f} µg/m³."
        )
    return [
        Finding(
            what=what,
            unit="days",
            is_found=len(days) >= limits.SMOKE_DAYS,
            effect=float(len(days)),
            limit=float(limits.SMOKE_DAYS),
            days=int(is_judged.sum()),
            sites=int(count[is_month].max()),
            reference_days=min(shared.TRAINING_DAYS, history.start),
            reference_sites=int(count_around[is_month].max()),
        )
    ]


def season_days(one: AreaMonth) -> np.ndarray:
    """The days of the same calendar month and its two neighbours in earlier years."""
    ago = one.history.months_ago
    return np.asarray((ago >= shared.YEAR_MONTHS - 1) & ((ago + 1) % shared.YEAR_MONTHS <= 2))


@dataclass(frozen=True)
class _Departure:
    daily: np.ndarray
    """Per day of the month: mean over sites of the reading minus the site's season, µg/m³."""
    mean: float
    spread: float
    """Standard deviation of the same mean over the months of the season in earlier years, µg/m³."""
    sites: int


def _departure(one: AreaMonth, chosen: np.ndarray, is_season: np.ndarray) -> _Departure:
    history = one.history
    season = history.pm25[is_season]
    count = np.isfinite(season).sum(axis=0)
    is_known = chosen & (count >= shared.MIN_READINGS) & np.isfinite(history.pm25[history.start :]).any(axis=0)
    nothing = np.full(history.day_count, np.nan)
    if not is_known.any():
        return _Departure(nothing, np.nan, np.nan, 0)
    level = np.nansum(season[:, is_known], axis=0) / count[is_known]
    daily = _mean_of_days(history.pm25[:, is_known] - level)
    ago = history.months_ago[is_season]
    months = [daily[is_season][ago == number] for number in np.unique(ago)]
    means = [month[np.isfinite(month)].mean() for month in months if np.isfinite(month).any()]
    now = daily[history.start :]
    mean = float(now[np.isfinite(now)].mean()) if np.isfinite(now).any() else np.nan
    return _Departure(now, mean, float(np.std(means, ddof=1)) if len(means) > 1 else np.nan, int(is_known.sum()))


def _mean_of_days(values: np.ndarray) -> np.ndarray:
    count = np.isfinite(values).sum(axis=1)
    return np.asarray(np.where(count, np.nansum(values, axis=1), np.nan) / np.maximum(count, 1))


def _share_above(anomaly: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per day the share of the sites that read far above their usual, and how many sites there are."""
    values = anomaly[:, chosen]
    count = np.isfinite(values).sum(axis=1)
    with np.errstate(invalid="ignore"):
        above = (values >= limits.SMOKE_LOG).sum(axis=1)
    return above / np.maximum(count, 1), count
