"""Rows of the AQS API: field names, order, types and vocabulary of dailyData, monitors and lists."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Any, Final

from airwatch_dagster.practice.formats.airdata import AGENCY
from airwatch_dagster.practice.formats.geographies import Geography
from airwatch_dagster.practice.world.network import MONITORS, SITES
from airwatch_dagster.practice.world.published import AT_ONCE, Publishing, published_year
from airwatch_dagster.practice.world.world import (
    CBSAS,
    DATUM,
    INSTRUMENTS,
    PARAMETER_CODE,
    PARAMETERS,
    STATES,
    UNITS,
    Monitor,
    Site,
)

Row = dict[str, Any]

STANDARDS: Final = tuple(f"PM25 {form} {year}" for year in (2006, 2012, 1997, 2024) for form in ("24-hour", "Annual"))
"""Standards; each repeats the values of every monitor-day."""

_CODES: Final = {"24 HOUR": "7", "24-HR BLK AVG": "X", "1 HOUR": "1"}


def daily_rows(
    geography: Geography,
    first: date,
    last: date,
    *,
    changed: tuple[date, date],
    parameters: Collection[str] = tuple(PARAMETERS),
    seed: int,
    today: date,
    publishing: Publishing = AT_ONCE,
) -> Iterator[Row]:
    """Rows of dailyData of ``parameters``: days ``first`` to ``last`` of one year, last changed within ``changed``."""
    days = published_year(first.year, seed=seed, today=today, publishing=publishing)
    numbers = [
        number
        for number, (site, monitor) in enumerate(MONITORS)
        if geography.contains(site) and monitor.parameter_code in parameters
    ]
    wanted = (
        days["monitor"].isin(numbers)
        & days["date_local"].between(first.isoformat(), last.isoformat())
        & days["last_change"].between(changed[0].isoformat(), changed[1].isoformat())
    )
    day: Any
    for day in days[wanted].itertuples(index=False):
        yield from _rows_of(day, *MONITORS[day.monitor])


def monitor_rows(
    geography: Geography, first: date, last: date, *, today: date, parameters: Collection[str] = tuple(PARAMETERS)
) -> list[Row]:
    """Rows of monitors of ``parameters`` that ran on a day from ``first`` to ``last`` and opened before ``today``."""
    return [
        _monitor_row(number, site, monitor, today)
        for number, (site, monitor) in enumerate(MONITORS)
        if geography.contains(site)
        and monitor.parameter_code in parameters
        and monitor.opened_on < today
        and monitor.opened_on <= last
        and (monitor.closed_on is None or monitor.closed_on >= first)
    ]


def state_rows() -> list[Row]:
    """list/states rows of the practice network."""
    return _listed(STATES.items())


def cbsa_rows() -> list[Row]:
    """list/cbsas rows of the practice network."""
    return _listed(CBSAS.items())


def county_rows(state: str) -> list[Row]:
    """list/countiesByState rows of the practice network."""
    return _listed(sorted({(site.county_code, site.county) for site in SITES if site.state_code == state}))


def site_rows(state: str, county: str) -> list[Row]:
    """list/sitesByCounty rows of the practice network."""
    here = (site for site in SITES if (site.state_code, site.county_code) == (state, county))
    return _listed((site.site_number, site.name) for site in here)


def _listed(pairs: Iterable[tuple[str, str]]) -> list[Row]:
    return [{"code": code, "value_represented": name} for code, name in pairs]


def _rows_of(day: Any, site: Site, monitor: Monitor) -> Iterator[Row]:
    """Rows of a day: one per standard of a filter; of a continuous monitor as many block averages and the hours, with
    and without events. Only 88101 has standards."""
    if monitor.schedule != "hourly":
        yield from _day_values(day, site, monitor, duration="24 HOUR", event_type="No Events")
        return
    event_types = ("Events Included", "Concurred Events Excluded") if monitor.reports_events else ("No Events",)
    if day.day_mean_ugm3 == day.day_mean_ugm3:
        yield from _day_values(day, site, monitor, duration="24-HR BLK AVG", event_type=event_types[0])
    for event_type in event_types:
        is_excluded = event_type == "Concurred Events Excluded"
        yield _row(
            *(day, site, monitor),
            duration="1 HOUR",
            standard=None,
            event_type=event_type,
            observed=(day.excluded_count if is_excluded else day.observation_count, day.observation_percent),
            mean=day.excluded_mean_ugm3 if is_excluded else day.hours_mean_ugm3,
            highest=(day.max_ugm3, day.max_hour),
            aqi=None,
        )


def _day_values(day: Any, site: Site, monitor: Monitor, *, duration: str, event_type: str) -> Iterator[Row]:
    for standard in STANDARDS if monitor.parameter_code == PARAMETER_CODE else (None,):
        yield _row(
            *(day, site, monitor),
            duration=duration,
            standard=standard,
            event_type=event_type,
            observed=(1, day.day_percent),
            mean=day.day_mean_ugm3,
            highest=(day.day_mean_ugm3, 0),
            aqi=int(day.aqi),
        )


def _row(
    day: Any,
    site: Site,
    monitor: Monitor,
    *,
    duration: str,
    standard: str | None,
    event_type: str,
    observed: tuple[int, float],
    mean: float,
    highest: tuple[float, int],
    aqi: int | None,
) -> Row:
    """One dailyData row, its fields in EPA's order."""
    return {
        "state_code": site.state_code,
        "county_code": site.county_code,
        "site_number": site.site_number,
        "parameter_code": monitor.parameter_code,
        "poc": monitor.poc,
        "latitude": site.latitude,
        "longitude": site.longitude,
        "datum": DATUM,
        "parameter": PARAMETERS[monitor.parameter_code],
        "sample_duration_code": _CODES[duration],
        "sample_duration": duration,
        "pollutant_standard": standard,
        "date_local": day.date_local,
        "units_of_measure": UNITS,
        "event_type": event_type,
        "observation_count": observed[0],
        "observation_percent": observed[1],
        "validity_indicator": "Y" if observed[1] >= 75.0 else "N",
        "arithmetic_mean": mean,
        "first_max_value": highest[0],
        "first_max_hour": highest[1],
        "aqi": aqi,
        "method_code": day.method_code,
        "method": INSTRUMENTS[day.method_code].name,
        "local_site_name": site.name,
        "site_address": site.address,
        "state": site.state,
        "county": site.county,
        "city": site.city,
        "cbsa_code": site.cbsa_code,
        "cbsa": site.cbsa,
        "date_of_last_change": day.last_change,
    }


def _monitor_row(number: int, site: Site, monitor: Monitor, today: date) -> Row:
    """One monitors row, its fields in EPA's order."""
    closed_on = monitor.closed_on if monitor.closed_on and monitor.closed_on < today else None
    method = monitor.method_on(closed_on or today)
    installed_on = next(since for since, code in monitor.methods if code == method.method_code)
    return {
        "state_code": site.state_code,
        "county_code": site.county_code,
        "site_number": site.site_number,
        "parameter_code": monitor.parameter_code,
        "poc": monitor.poc,
        "parameter_name": PARAMETERS[monitor.parameter_code],
        "open_date": monitor.opened_on.isoformat(),
        "close_date": closed_on.isoformat() if closed_on else None,
        "concurred_exclusions": None,
        "dominant_source": None,
        "measurement_scale": "NEIGHBORHOOD",
        "measurement_scale_def": "500 M TO 4KM",
        "monitoring_objective": "POPULATION EXPOSURE",
        "last_method_code": method.method_code,
        "last_method_description": method.name,
        "last_method_begin_date": installed_on.isoformat(),
        "naaqs_primary_monitor": "Y" if monitor.is_primary else None,
        "qa_primary_monitor": None,
        "monitor_type": "SLAMS",
        "networks": None,
        "monitoring_agency_code": "9999",
        "monitoring_agency": AGENCY,
        "si_id": 900000 + number,
        "latitude": site.latitude,
        "longitude": site.longitude,
        "datum": DATUM,
        "lat_lon_accuracy": 10.0,
        "elevation": 200.0,
        "probe_height": 4.0,
        "pl_probe_location": "TOP OF BUILDING",
        "local_site_name": site.name,
        "address": site.address,
        "state_name": site.state,
        "county_name": site.county,
        "city_name": site.city,
        "cbsa_code": site.cbsa_code,
        "cbsa_name": site.cbsa,
        "csa_code": None,
        "csa_name": None,
        "tribal_code": None,
        "tribe_name": None,
    }
