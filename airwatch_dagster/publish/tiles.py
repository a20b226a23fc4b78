"""The tiles of a bulletin: each target day's worst site, probabilities and categories."""

from collections import Counter
from collections.abc import Sequence

from airwatch_dagster.publish.content import DayForecast, Site, Tile
from airwatch_dagster.schemas.columns import AQI_CATEGORIES, MODERATE_TOP_UGM3
from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS


def tiles_of(sites: Sequence[Site]) -> tuple[Tile, ...]:
    """A tile per horizon that any of the sites has a forecast for, in order.

    Of sites with the same AQI and value, and of those with the same probability, the first counts.
    """
    by_horizon: dict[int, list[tuple[Site, DayForecast]]] = {}
    for site in sites:
        for day in site.days:
            by_horizon.setdefault(day.horizon_days, []).append((site, day))
    return tuple(_tile(by_horizon[horizon]) for horizon in sorted(by_horizon))


def _tile(forecasts: Sequence[tuple[Site, DayForecast]]) -> Tile:
    worst_site, worst = max(forecasts, key=lambda pair: (pair[1].aqi, pair[1].pm25_ugm3))
    likeliest, _ = max(forecasts, key=lambda pair: pair[1].probabilities[MODERATE_TOP_UGM3])
    counts = Counter(day.category for _, day in forecasts)
    return Tile(
        target_date=worst.target_date,
        horizon_days=worst.horizon_days,
        worst_site=worst_site,
        worst=worst,
        most_likely_above_35=likeliest,
        highest_probability={
            limit: max(day.probabilities[limit] for _, day in forecasts) for limit in PROBABILITY_COLUMNS
        },
        sites_by_category={category: counts[category] for category in AQI_CATEGORIES if counts[category]},
    )
