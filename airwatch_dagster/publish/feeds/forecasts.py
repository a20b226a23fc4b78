"""The newest forecasts of every site: latest.json, forecasts.csv and sites.geojson."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any, Final

from airwatch_dagster.publish.content import Bulletin, DayForecast, Site
from airwatch_dagster.schemas.forecast import PROBABILITY_COLUMNS

LATEST_FORM: Final = "airwatch-latest/2"
SITES_FORM: Final = "airwatch-sites/2"

DECIMALS: Final = 4
"""Decimals of numbers in the JSON feeds."""


def latest_json(bulletin: Bulletin) -> bytes:
    """Everything the bulletin says; dates as ``2026-11-28``, moments in UTC as ``…Z``, µg/m³, probabilities 0 to 1.

    A tile names its sites by ``worst_site_id`` and ``most_likely_above_35_site_id``.
    """
    content = {"form": LATEST_FORM, **_values(bulletin), "tiles": [_values(tile) for tile in bulletin.tiles]}
    for tile in content["tiles"]:
        tile["worst_site_id"] = tile.pop("worst_site").site_id
        tile["most_likely_above_35_site_id"] = tile.pop("most_likely_above_35").site_id
    return _json(content)


def sites_geojson(bulletin: Bulletin) -> bytes:
    """A point per site with its forecasts by target day, longitude before latitude (RFC 7946), WGS 84."""
    features = [
        {
            "type": "Feature",
            "id": site.site_id,
            "geometry": {"type": "Point", "coordinates": [site.longitude, site.latitude]},
            "properties": {
                "site_id": site.site_id,
                "name": site.name,
                "county": site.county,
                "state": site.state,
                "days_since_observed": site.days_since_observed,
                "forecasts": site.days,
            },
        }
        for site in bulletin.sites
    ]
    head = {
        "form": SITES_FORM,
        "area": bulletin.area,
        "issue_date": bulletin.issue_date,
        "made_at": bulletin.made_at,
        "is_simulated": bulletin.is_simulated,
        "is_early": bulletin.early is not None,
        "issued_at": bulletin.issued_at,
    }
    return _json({"type": "FeatureCollection", **head, "features": features})


CSV_COLUMNS: Final = (
    *("site_id", "site_name", "county", "state", "latitude", "longitude"),
    *("issue_date", "target_date", "horizon_days", "pm25_ugm3", "pm25_lower_ugm3", "pm25_upper_ugm3"),
    *(
        "aqi",
        "aqi_category",
        *PROBABILITY_COLUMNS.values(),
        "days_since_observed",
        "is_simulated",
        "is_early",
        "issued_at",
    ),
)


def forecasts_csv(bulletin: Bulletin) -> bytes:
    """A line per site and target day in the names of the table ``predictions``; UTF-8, CSV of RFC 4180."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    writer.writerows(_line(bulletin, site, day) for site in bulletin.sites for day in site.days)
    return text.getvalue().encode()


def _line(bulletin: Bulletin, site: Site, day: DayForecast) -> Iterator[Any]:
    yield from (site.site_id, _cell(site.name), _cell(site.county), site.state, site.latitude, site.longitude)
    yield from (bulletin.issue_date, day.target_date, day.horizon_days)
    yield from (day.pm25_ugm3, round(day.lower_ugm3, DECIMALS), round(day.upper_ugm3, DECIMALS), day.aqi, day.category)
    yield from (round(day.probabilities[limit], DECIMALS) for limit in PROBABILITY_COLUMNS)
    flags = (bulletin.is_simulated, bulletin.early is not None)
    yield from (site.days_since_observed, *(str(one).lower() for one in flags), _plain(bulletin.issued_at))


def _cell(text: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _json(content: Any) -> bytes:
    return (json.dumps(_plain(content), ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n").encode()


def _values(one: Any) -> dict[str, Any]:
    """The fields of a dataclass, as they are."""
    return {field.name: getattr(one, field.name) for field in fields(one)}


def _plain(value: Any) -> Any:
    """The value with JSON's types only."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return round(value, DECIMALS)
    if is_dataclass(value):
        return _plain(_values(value))
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return f"{value.isoformat(timespec='seconds')}Z"
    if isinstance(value, date):
        return value.isoformat()
    return value
