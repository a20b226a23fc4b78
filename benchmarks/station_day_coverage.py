"""How far is a day's mean off when the day's last hours are missing?

FOLDER has NBS bulletins (``mos_nbm_bulletins/``). Days with all 8 3-hourly values, by standard offsets of -5 to -8
hours, are cut after their first values. Prints root mean square errors of what is left, and of the same completed by
the missing hours of the day before, as they are and shifted by the difference of the other hours.
"""

import sys
from itertools import product
from pathlib import Path

import pandas as pd

from airwatch_dagster.acquire.weather.nbm.bulletin import read_nbs
from airwatch_dagster.errors import BadPayload

VALUES = ["temperature_c", "dew_point_c", "wind_speed_ms", "wind_east_ms", "cloud_cover_pct", "mixing_height_m"]
OFFSETS = (-5, -6, -7, -8)
COMPLETE = 8
DAY = pd.Timedelta(days=1)


def bulletins(folder: Path) -> list[pd.DataFrame]:
    """The hours of every NBS bulletin of the contiguous states that can be read, each station by itself."""
    found = []
    for path in sorted((folder / "mos_nbm_bulletins").glob("*/*.txt")):
        if "nbs" not in path.name.lower() or "PHNL" in path.name or "unknown" in path.name:
            continue
        try:
            hours = read_nbs(path, issued_at=pd.Timestamp("2026-01-01"), culprit=path.name).hours
        except BadPayload:  # bulletins with planted damage
            continue
        found += [rows for _, rows in hours.groupby("station_id")]
    return found


def errors(hours: pd.DataFrame, offset: int) -> list[dict[str, object]]:
    local = hours["valid_at"] + pd.Timedelta(hours=offset)
    by_day = {day: rows for day, rows in hours.groupby(local.dt.floor("D")) if len(rows) == COMPLETE}
    found: list[dict[str, object]] = []
    for day, rows in by_day.items():
        if day - DAY not in by_day:
            continue
        today = rows[VALUES].set_axis(range(COMPLETE))
        before = by_day[day - DAY][VALUES].set_axis(range(COMPLETE))
        for first in (4, 5, 6, 7):
            known, missing = today.iloc[:first], before.iloc[first:]
            shift = (known - before.iloc[:first]).mean()
            ways = {
                "first values": known,
                "and the day before": pd.concat([known, missing]),
                "and it shifted": pd.concat([known, missing + shift]),
            }
            error = {how: (one.mean() - today.mean()) ** 2 for how, one in ways.items()}
            found += [{"first": first, "how": how, "day": (day, offset), **one} for how, one in error.items()]
    return found


def main() -> None:
    stations = bulletins(Path(sys.argv[1]))
    rows = pd.DataFrame([one for hours, offset in product(stations, OFFSETS) for one in errors(hours, offset)])
    names = {hours["station_id"].iloc[0] for hours in stations}
    print(f"{len(rows) // 12} days of {len(names)} stations, cut by {len(OFFSETS)} offsets")
    print((rows.groupby(["first", "how"])[VALUES].mean() ** 0.5).round(2).to_string())


if __name__ == "__main__":
    main()
