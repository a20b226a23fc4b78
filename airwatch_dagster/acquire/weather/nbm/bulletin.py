"""NBS bulletins of the National Blend of Models: what each says of a station's next three days, 3-hourly."""

import gzip
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.acquire.http.download_cache import PACKED
from airwatch_dagster.acquire.parsing.rejections import MAX_SHOWN_CHARACTERS, Rejection, SourceLocation
from airwatch_dagster.acquire.weather.nbm.elements import (
    ELEMENTS,
    HUNDRED_FEET_M,
    HUNDREDTH_INCH_MM,
    KNOT_MS,
)
from airwatch_dagster.acquire.weather.nbm.lines import BadStation, Block, BlockReader, blocks
from airwatch_dagster.acquire.weather.station_hours import (
    StationHours,
    fahrenheit_in_c,
    no_station_hours,
    station_hours,
    wind_components,
)
from airwatch_dagster.errors import BadPayload
from airwatch_dagster.limits import MAX_WEATHER_BYTES, MAX_WEATHER_LINES, MAX_WEATHER_STATIONS, megabytes

_FIX: Final = "Use an untouched copy of the file; if NOAA changed the layout, AirWatch has to learn it"

HOUR_OF_HIGHEST, HOUR_OF_LOWEST = 0, 12
"""Hours (UTC) at which the daytime's highest and the night's lowest temperature stand: those of 12 to 06 UTC and of 00
to 18 UTC. Source: NBM text card v4.2, MDL; so from V3.2 to V5.0 in the contiguous states, and in Honolulu."""


def read_nbs(
    path: Path,
    *,
    issued_at: pd.Timestamp,
    culprit: str,
    stations: Collection[str] | None = None,
    run_at: pd.Timestamp | None = None,
) -> StationHours:
    """The hours of ``stations`` (all without) in an NBS bulletin published at ``issued_at`` (naive UTC); a ``path``
    that ends in ``.gz`` is compressed by gzip.

    Reads every version from 2018 to V5.0; lines of unknown elements are ignored. A station whose header, times, lines
    or values cannot be read, or that is of another run than ``run_at``, is set aside with the first line at fault; so
    is a second one of the same name. Missing values and stations without an element have nulls. Raises BadPayload for a
    file without one station that can be read, and for one beyond the limits of ``limits``.
    """
    origin = SourceLocation(culprit, "line", 1, fix=_FIX)
    reader, rows, seen, count = BlockReader(), _Rows(), set[str](), 0
    versions: dict[str, int] = {}
    unread: list[Block] = []
    for block in blocks(_lines(path, culprit)):
        count += 1
        if count > MAX_WEATHER_STATIONS:
            raise _too_much(culprit, f"more than {MAX_WEATHER_STATIONS:,} stations")
        if block.station_id is not None and stations is not None and block.station_id not in stations:
            unread.append(block)
            continue
        try:
            _refuse_other(block, seen, run_at)
            rows.add(block, *reader.read(block))
        except BadStation as bad:
            line = bad.line.strip()[:MAX_SHOWN_CHARACTERS]
            origin.note(bad.line_number - 1, Rejection(f"the station is set aside: {bad.reason}", line, bad.name))
        else:
            seen.add(str(block.station_id))
            versions[block.version or ""] = versions.get(block.version or "", 0) + 1
    if not seen and not _has_readable(unread, run_at):
        raise _unreadable(culprit, origin, count)
    version = max(versions, key=lambda name: versions[name], default="")
    return StationHours(rows.frame(issued_at), origin.rejected(pd.DataFrame()), count, version or None)


def _refuse_other(block: Block, seen: set[str], run_at: pd.Timestamp | None) -> None:
    if block.station_id in seen:
        raise BadStation(block.first_line, block.lines[0], f"station {block.station_id} occurs twice")
    if run_at is not None and block.run_at is not None and block.run_at != run_at:
        reason = f"expected the run of {run_at:%Y-%m-%d %H:%M} UTC in station {block.station_id}"
        raise BadStation(block.first_line, block.lines[0], reason)


def _has_readable(unread: Iterable[Block], run_at: pd.Timestamp | None) -> bool:
    """Whether a station that nobody asked for can be read: then the file is sound and only lacks the wanted ones."""
    reader = BlockReader()
    for block in unread:
        try:
            _refuse_other(block, set(), run_at)
            reader.read(block)
        except BadStation:
            continue
        return True
    return False


def _unreadable(culprit: str, origin: SourceLocation, count: int) -> BadPayload:
    if not origin.found:
        return BadPayload(culprit, "has no station of an NBS bulletin", fix=_FIX)
    first = origin.described(min(origin.found))
    return BadPayload(culprit, f"none of its {count:,} stations can be read, such as {first}", fix=_FIX)


def _too_much(culprit: str, found: str) -> BadPayload:
    return BadPayload(culprit, f"holds {found}, several times what the largest bulletin has", fix=_FIX)


def _lines(path: Path, culprit: str) -> list[str]:
    with gzip.open(path) if path.suffix == PACKED else path.open("rb") as file:
        content = file.read(MAX_WEATHER_BYTES + 1)
    found = None
    if len(content) > MAX_WEATHER_BYTES:
        found = f"more than {megabytes(MAX_WEATHER_BYTES)}"
    elif content.count(b"\n") > MAX_WEATHER_LINES:
        found = f"more than {MAX_WEATHER_LINES:,} lines"
    if found is not None:
        raise _too_much(culprit, found)
    return content.decode("ascii", errors="replace").split("\n")


class _Rows:
    """Columns of the stations read so far; values are objects that all equal cells share."""

    def __init__(self) -> None:
        self._stations: list[str] = []
        self._runs: list[pd.Timestamp] = []
        self._hours: list[tuple[int, ...]] = []
        self._values: dict[str, list[float]] = {element.key: [] for element in ELEMENTS}

    def add(self, block: Block, hours: tuple[int, ...], values: dict[str, list[float]]) -> None:
        assert block.station_id is not None
        assert block.run_at is not None
        self._stations.append(block.station_id)
        self._runs.append(block.run_at)
        self._hours.append(hours)
        missing = [float("nan")] * len(hours)
        for name, column in self._values.items():
            column.extend(values.get(name, missing))

    def frame(self, issued_at: pd.Timestamp) -> pd.DataFrame:
        if not self._stations:
            return no_station_hours()
        lengths = [len(hours) for hours in self._hours]
        run_at = np.repeat(np.array(self._runs, dtype="datetime64[ns]"), lengths)
        after = np.concatenate([np.array(hours) for hours in self._hours])
        valid_at = run_at + after.astype("timedelta64[h]")
        station_id = np.repeat(np.array(self._stations, dtype=object), lengths)
        named = {"station_id": station_id, "valid_at": valid_at, "run_at": run_at, "issued_at": issued_at}
        values = {name: np.array(column, dtype="float32") for name, column in self._values.items()}
        hour = (valid_at - valid_at.astype("datetime64[D]")) // np.timedelta64(1, "h")
        return station_hours(named | _metric(values, hour))


def _metric(values: dict[str, np.ndarray], hour: np.ndarray) -> dict[str, np.ndarray]:
    """The published values in the units of station hours."""
    speed = values["wind_speed"] * KNOT_MS
    east, north = wind_components(speed, values["wind_direction"] * 10.0)
    extreme = fahrenheit_in_c(values["extreme_temperature"])
    return {
        "temperature_c": fahrenheit_in_c(values["temperature"]),
        "dew_point_c": fahrenheit_in_c(values["dew_point"]),
        "wind_speed_ms": speed,
        "wind_east_ms": east,
        "wind_north_ms": north,
        "wind_gust_ms": values["wind_gust"] * KNOT_MS,
        "cloud_cover_pct": values["cloud_cover"],
        "mixing_height_m": values["mixing_height"] * HUNDRED_FEET_M,
        "transport_wind_ms": values["transport_wind"] * KNOT_MS,
        "precipitation_mm": values["precipitation"] * HUNDREDTH_INCH_MM,
        "precipitation_probability_pct": values["precipitation_probability"],
        "temperature_max_c": np.where(hour == HOUR_OF_HIGHEST, extreme, np.nan),
        "temperature_min_c": np.where(hour == HOUR_OF_LOWEST, extreme, np.nan),
    }
