"""Bulletins of the weather over HTTP: NBS bulletins as objects of an archive, selected cities from a text service."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

from airwatch_dagster.practice.formats.nbs import nbs_bulletin
from airwatch_dagster.practice.formats.selected_cities import PARTS, selected_cities
from airwatch_dagster.practice.http import Request, Response, not_found
from airwatch_dagster.practice.server.validators import has_version, validators
from airwatch_dagster.practice.world.weather.publication import versions_of_run
from airwatch_dagster.practice.world.world import FIRST_DAY

NBM_PREFIX: Final = "/nbm/"
NWS_PREFIX: Final = "/nws/"

_NBS: Final = re.compile(r"/nbm/blend\.(\d{8})/(\d{2})/text/blend_nbstx\.t(\d{2})z")
_PRODUCT: Final = re.compile(r"SCS0([1-9])")


def end_of(today: date) -> datetime:
    """The time (UTC) to which a clock that shows only ``today`` has come: the end of its day in UTC."""
    return datetime(today.year, today.month, today.day, tzinfo=UTC) + timedelta(days=1)


def weather(request: Request, *, seed: int, now: datetime) -> Response:
    """The response to a request of a bulletin at ``now`` (UTC): nothing that is published later.

    An NBS bulletin has the time of its publication as Last-Modified; the one that was published last counts.
    """
    if request.path.startswith(NBM_PREFIX):
        return _nbs(request, seed=seed, now=now)
    return _selected_cities(request, seed=seed, now=now)


def _nbs(request: Request, *, seed: int, now: datetime) -> Response:
    match = _NBS.fullmatch(request.path)
    run_at = _time(f"{match[1]}{match[2]}", "%Y%m%d%H") if match and match[2] == match[3] else None
    if run_at is None or run_at.date() < FIRST_DAY:
        return not_found(request.path)
    published = [version for version in versions_of_run(run_at, seed=seed) if version.published_at <= now]
    if not published:
        return not_found(request.path)
    content = nbs_bulletin(run_at, seed=seed, has_fault=published[-1].has_fault)
    headers = validators(content, published[-1].published_at)
    if has_version(request.headers, headers):
        return Response(304, headers=headers)
    return Response(200, content, "application/octet-stream", headers)


def _selected_cities(request: Request, *, seed: int, now: datetime) -> Response:
    """A part's bulletins of a time; the text of a service without any is invented."""
    query = request.query
    product = _PRODUCT.fullmatch(query.get("pil", ""))
    first, end = (_time(query.get(name, ""), "%Y-%m-%dT%H:%MZ") for name in ("sdate", "edate"))
    if request.path != f"{NWS_PREFIX}retrieve.py":
        return not_found(request.path)
    if product is None or first is None or end is None or query.get("fmt") != "text":
        return Response(422, b"pil, fmt=text, sdate and edate are needed\n")
    part = int(product[1])
    first = max(first, end_of(FIRST_DAY))
    text = selected_cities(part, first, min(end, now), known_by=now, seed=seed) if part <= PARTS else b""
    return Response(200, text or f"ERROR: nothing found of {query['pil']}\n".encode())


def _time(text: str, layout: str) -> datetime | None:
    try:
        return datetime.strptime(text, layout).replace(tzinfo=UTC)
    except ValueError:
        return None
