"""Made-up bulletins: valid content, of which a test changes one thing."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from airwatch_dagster.clean.aqi import pm25_aqi
from airwatch_dagster.publish.content import (
    AgencyForecast,
    Bulletin,
    DataStatus,
    DayForecast,
    LastVerdict,
    Maker,
    MonitorChange,
    Neighbour,
    PastDay,
    ReliabilityPoint,
    Revision,
    Rival,
    SilentSite,
    Site,
    SiteRecord,
    Tile,
    Trust,
    TrustDay,
)
from airwatch_dagster.schemas.columns import AQI_CATEGORIES

ISSUE_DATE = date(2026, 11, 27)
LIMITS = (9.0, 35.4, 55.4, 125.4, 225.4)
NAMES = (
    "Steelworks",
    "Rail Yard",
    "Harbor",
    "Schiller Park",
    "Com Ed",
    "Mayfair Pump Station",
    "Braidwood",
    "Alsip",
    "Cicero",
)


def aqi_of(pm25_ugm3: float) -> tuple[int, str]:
    aqi = int(pm25_aqi(pd.Series([pm25_ugm3])).iloc[0])
    tops = (50, 100, 150, 200, 300)
    return aqi, AQI_CATEGORIES[sum(aqi > top for top in tops)]


def day_forecast(horizon: int, pm25_ugm3: float, *, half: float = 5.6, chance: float = 0.36) -> DayForecast:
    aqi, category = aqi_of(pm25_ugm3)
    return DayForecast(
        target_date=ISSUE_DATE + timedelta(days=horizon),
        horizon_days=horizon,
        pm25_ugm3=pm25_ugm3,
        lower_ugm3=round(max(pm25_ugm3 - half, 0.0), 1),
        upper_ugm3=round(pm25_ugm3 + half * 1.2, 1),
        aqi=aqi,
        category=category,
        probabilities=dict(zip(LIMITS, (chance, 0.012, 0.0, 0.0, 0.0), strict=True)),
    )


def past_days(random_stream: random.Random, level: float, days: int = 60) -> tuple[PastDay, ...]:
    value, past = level, []
    for back in range(days - 1, -1, -1):
        forecast = round(0.6 * value + 0.4 * level, 1)
        value = max(0.6 * value + 0.4 * level + random_stream.gauss(0, 2.2), 0.4)
        past.append(
            PastDay(
                ISSUE_DATE - timedelta(days=back),
                round(value, 1),
                forecast_ugm3=forecast,
                lower_ugm3=round(max(forecast - 4, 0.0), 1),
                upper_ugm3=round(forecast + 5, 1),
            )
        )
    return tuple(past)


def site(
    number: int,
    pm25_ugm3: Sequence[float] = (7.1, 8.9, 8.2),
    *,
    name: str | None = None,
    place: tuple[float, float] = (-87.6, 41.8),
    state: str = "IL",
    seed: int = 1,
) -> Site:
    days = tuple(day_forecast(horizon, value) for horizon, value in enumerate(pm25_ugm3, 1))
    return Site(
        site_id=f"17031{number:04d}",
        name=name or f"{NAMES[number % len(NAMES)]}{f' {number}' if number >= len(NAMES) else ''}",
        county="Cook",
        state=state,
        latitude=place[1],
        longitude=place[0],
        days=days,
        days_since_observed=0,
        past=past_days(random.Random(seed * 1000 + number), pm25_ugm3[0]),
        is_revised=False,
        record=SiteRecord(30, 29, 27, 2, 1, 2.1),
        neighbours=(Neighbour(f"17031{number + 1:04d}", NAMES[(number + 1) % len(NAMES)], 7.4),),
    )


def tile(sites: Sequence[Site], horizon: int) -> Tile:
    days = [(one, day) for one in sites for day in one.days if day.horizon_days == horizon]
    worst_site, worst = max(days, key=lambda pair: (pair[1].aqi, pair[1].pm25_ugm3))
    counts = Counter(day.category for _, day in days)
    return Tile(
        worst.target_date,
        horizon,
        worst_site,
        worst,
        worst_site,
        {limit: max(day.probabilities[limit] for _, day in days) for limit in LIMITS},
        {category: counts[category] for category in AQI_CATEGORIES if counts[category]},
    )


def trust() -> Trust:
    stream = random.Random(3)
    days = []
    for back in range(29, -1, -1):
        forecast = 8 + stream.gauss(0, 1.6)
        observed = max(forecast + stream.gauss(0, 1.7), 0.2)
        days.append(
            TrustDay(ISSUE_DATE - timedelta(days=back), 9, forecast, max(forecast - 4, 0), forecast + 5, observed)
        )
    points = (
        ReliabilityPoint(9.0, 0.04, 0.03, 90),
        ReliabilityPoint(9.0, 0.2, 0.19, 137),
        ReliabilityPoint(9.0, 0.45, 0.5, 30),
        ReliabilityPoint(9.0, 0.8, 0.75, 13),
        ReliabilityPoint(35.4, 0.02, 0.01, 270),
    )
    last = LastVerdict(ISSUE_DATE, 9, 8, 9, 7.2, 8.0)
    rivals = (
        Rival("persistence", 236, 0.23, 0.03, 0.35),
        Rival("nearest_site", 236, 0.31, -0.05, 0.52),
        Rival("agencies", 31, None, None, None),
        Rival("noaa_bias_corrected", 120, -0.04, None, None),
    )
    return Trust(days[0].day, days[-1].day, 270, 2.8, 0.91, 0.11, tuple(days), points, last, rivals)


def bulletin(sites: Sequence[Site] | None = None, **changes: object) -> Bulletin:
    """Nine sites of Chicago, all Good tomorrow; Steelworks has the highest AQI, 49."""
    if sites is None:
        sites = chicago()
    made = Bulletin(
        area="Chicago-Naperville-Elgin, IL-IN-WI",
        issue_date=ISSUE_DATE,
        made_at=datetime(2026, 11, 28, 18, 42, tzinfo=UTC),
        is_simulated=True,
        tiles=tuple(tile(sites, horizon) for horizon in (1, 2, 3)),
        sites=tuple(sites),
        change_in_aqi=-6,
        agency_forecasts=(AgencyForecast("Chicago", date(2026, 11, 29), 42, "Good", is_action_day=False),),
        trust=trust(),
        status=DataStatus(sites=len(sites)),
        maker=Maker(
            "ridge",
            "114",
            date(2026, 11, 1),
            "It had 10 % less squared error than damped persistence over the last 12 months.",
            datetime(2026, 11, 28, 14, 5, tzinfo=UTC),
            "0.1.0",
        ),
    )
    return replace(made, **changes)


def chicago(count: int = 9) -> list[Site]:
    """Sites around Chicago, worst first."""
    stream = random.Random(7)
    values = [8.9, *(round(8.6 - 0.1 * number, 1) for number in range(1, 9)), *(5.0 for _ in range(9, count))]
    return [
        site(
            number,
            (round(values[number] - 1.2, 1), values[number], round(values[number] - 0.4, 1)),
            place=(-87.85 + stream.gauss(0, 0.25), 41.85 + stream.gauss(0, 0.22)),
        )
        for number in range(count)
    ]


def troubled_status() -> DataStatus:
    return DataStatus(
        9,
        silent=(SilentSite("170310002", "Harbor", 2, "missing"),),
        revisions=(Revision("170310001", "Rail Yard", date(2026, 11, 20), "changed", 8.1, 9.2),),
        monitor_changes=(
            MonitorChange(
                "170310003", "Schiller Park", date(2026, 11, 3), "instrument", "Teledyne T640 replaced BAM 1022."
            ),
        ),
    )
