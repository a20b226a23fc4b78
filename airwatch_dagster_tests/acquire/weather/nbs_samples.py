"""Small NBS bulletins in the publisher's layout, with invented values."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pandas as pd

from airwatch_dagster.acquire.weather.nbm.bulletin import read_nbs
from airwatch_dagster.acquire.weather.station_hours import StationHours

RUN = pd.Timestamp(2021, 7, 4, 17)
ISSUED = pd.Timestamp("2021-07-04 17:44")
COLUMNS = 23

VALUES: Mapping[str, int] = {
    "TMP": 68,
    "DPT": 50,
    "SKY": 25,
    "WDR": 18,
    "WSP": 10,
    "GST": 20,
    "MHT": 30,
    "TWS": 20,
}
"""Every column's value; °F, %, tens of degrees, knots, hundreds of feet."""


def hours_of(run: pd.Timestamp, columns: int = COLUMNS) -> list[pd.Timestamp]:
    """The times of the columns: every third hour from the first that is at least four hours after the run."""
    first = run + timedelta(hours=4)
    while first.hour % 3:
        first += timedelta(hours=1)
    return [first + timedelta(hours=3 * n) for n in range(columns)]


def line(name: str, cells: Sequence[object]) -> str:
    return f"{name} " + "".join(f"{'' if cell is None else cell!s:>3}" for cell in cells).rstrip()


def times(run: pd.Timestamp, columns: int = COLUMNS) -> list[str]:
    hours = hours_of(run, columns)
    days = list(f"DT{' ' * (3 * columns + 10)}")
    for at, hour in enumerate(hours):
        # The first day has a label only where the second leaves room for it.
        if hour.hour == 0 or (at == 0 and hours[1].hour != 0):
            label = f"/{hour:%b}".upper() + f"{hour.day:>4}"
            start = 3 if at == 0 else 5 + 3 * at
            days[start : start + len(label)] = label
    after = [f"{int((hour - run).total_seconds() // 3600):02}" for hour in hours]
    return ["".join(days).rstrip(), line("UTC", [f"{one.hour:02}" for one in hours]), line("FHR", after)]


def station(
    station_id: str = "KORD",
    *,
    run: pd.Timestamp = RUN,
    version: str | None = "4.0",
    columns: int = COLUMNS,
    extra: Sequence[str] = (),
    **changes: object,
) -> list[str]:
    """The lines of a station; ``changes`` are a value for all columns or one for each, None for no line."""
    hours = hours_of(run, columns)
    number = f"V{version} " if version else ""
    header = f"{station_id:<6}  NBM {number}NBS GUIDANCE   {run.month:>2}/{run:%d/%Y}  {run:%H%M} UTC"
    values: dict[str, object] = {**VALUES, **changes}
    lines = [header, *times(run, columns)]
    if "TXN" not in changes:
        values["TXN"] = [86 if one.hour == 0 else 59 if one.hour == 12 else None for one in hours]
    if "P12" not in changes:
        values["P12"] = [40 if one.hour % 12 == 0 else None for one in hours]
    if "Q06" not in changes:
        values["Q06"] = [10 if one.hour % 6 == 0 else None for one in hours]
    for name, value in values.items():
        if value is not None:
            lines.append(line(name, value if isinstance(value, list) else [value] * columns))
    return [*lines, *extra]


def bulletin(*stations: Sequence[str], indent: str = "") -> str:
    """A file: the heading of the telecommunication system, then the stations."""
    heading = ["000 ", "FOUS16 KWNO 041700", "NBSUSA"]
    body = "\n\n".join("\n".join(indent + text for text in one) for one in stations)
    return "\n".join([*heading, body, ""])


def read(folder: Path, text: str, **options: object) -> StationHours:
    path = folder / "nbs.txt"
    path.write_text(text, newline="")
    arguments: dict[str, object] = {"issued_at": ISSUED, "culprit": "nbs.txt", **options}
    return read_nbs(path, **arguments)  # type: ignore[arg-type]
