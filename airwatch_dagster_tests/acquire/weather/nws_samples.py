"""Small bulletins of selected cities in the publisher's layout, with invented values."""

from collections.abc import Sequence
from datetime import timedelta

import pandas as pd

CITIES = ("CHICAGO", "MILWAUKEE")


def city(
    name: str,
    first: str = "SUNNY",
    second: str = "SHWRS",
    *,
    observed: tuple[str, str] = ("80", "60"),
    precipitation: str = "",
    one: tuple[str, str] = ("86", "68"),
    two: tuple[str, str] = ("77", "59"),
) -> str:
    """A line; temperatures in the order of the bulletin."""
    temperatures = [f"{a:>3}/{b}" for a, b in (one, two)]
    seen = f"{name:<16}{observed[0]:>3} {observed[1]:>3}  {precipitation:>4}"
    return f"{seen}   {first:<7}{temperatures[0]:<7} {second:<7}{temperatures[1]}".rstrip()


def bulletin(
    issued: str = "2021-07-04 12:50",
    *,
    zone: str = "EDT",
    part: int = 1,
    order: str | None = None,
    cities: Sequence[str] | None = None,
) -> str:
    """A bulletin issued at a time (UTC); by its local time it is one of the morning or of the evening."""
    at = pd.Timestamp(issued)
    local = at - timedelta(hours=4 if zone == "EDT" else 5)
    half = f"{local:%p}"
    order = order or ("HI/LO" if half == "AM" else "LO/HI")
    first = local - timedelta(days=1 if half == "AM" else 0)
    days = [first + timedelta(days=n) for n in range(3)]
    named = [f"{one:%a}{dots}{one:%b %d}".upper() for one, dots in zip(days, ("...", "....", "...."), strict=True)]
    indicate = "DAYTIME HIGH...NIGHTTIME LOW" if order == "HI/LO" else "NIGHTTIME LOW...DAYTIME HIGH"
    lines = [
        f"FPUS20 KWBN {at:%d%H%M}",
        f"SCS{part:02}",
        f"SELECTED CITIES WEATHER SUMMARY AND FORECASTS...PART {part} OF 4",
        "NWS/NDFD TELECOMMUNICATION OPERATIONS CENTER SILVER SPRING MD",
        f"{int(f'{local:%I}')}{local:%M} {half} {zone} {local:%a %b %d %Y}".upper(),
        "",
        f"TEMPERATURES INDICATE {indicate}",
        "B INDICATES TEMPERATURES BELOW ZERO",
        f"PRECIPITATION FOR 24 HOURS ENDING AT 8 {half} {zone}",
        "",
        "                                FORECAST        FORECAST",
        f"                 {named[0]}   {named[1]}   {named[2]}",
        f"CITY             {order}   PCPN   WEA     {order}   WEA     {order}",
        "",
        *(cities if cities is not None else [city(name) for name in CITIES]),
        "",
        "NATIONAL TEMPERATURE EXTREMES",
        "",
        "HIGH SAT...99 AT FALCON LAKE TX",
        "",
        "$$",
        "",
    ]
    return "\n".join(lines)
