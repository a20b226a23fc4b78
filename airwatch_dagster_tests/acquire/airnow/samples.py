"""Lines of AirNow's files, and the paths of the files on a server."""

from datetime import date

import pandas as pd

DAY = date(2023, 1, 9)
FOLDER = "/airnow/2023/20230109"
DAILY = f"{FOLDER}/daily_data_v2.dat"
OLD_DAILY = f"{FOLDER}/daily_data.dat"
AREAS = f"{FOLDER}/reportingarea.dat"

LINE = (
    "01/09/23|060290014|Bakersfield - California Ave|PM2.5-24hr|UG/M3|4.5|24|California Air Resources Board|19|0"
    "|35.356615|-119.062613|840060290014"
)
CHICAGO = "01/09/23|170310001|ALSIP|PM2.5-24hr|UG/M3|8.1|24|Illinois EPA|34|0|41.670992|-87.732457|840170310001"
CANADA = "01/09/23|000060435|Toronto|PM2.5-24hr|UG/M3|6.0|24|Canada|25|0|43.657|-79.388|124000060435"
DHAKA = "01/09/23|DK1010001|Dhaka|PM2.5-24hr|UG/M3|250.1|24|State Dept|300|4|23.796374|90.424614|050DK1010001"
OLD_LINE = "01/09/23|060290014|Bakersfield - California Ave|PM2.5-24hr|UG/M3|4.5|24|California Air Resources Board"


def areas_line(**changes: str) -> str:
    """One record of reportingarea.dat."""
    values = {
        "issued": "01/09/23", "valid": "01/10/23", "time": "", "zone": "PST", "index": "1", "type": "F", "primary": "Y",
        "area": "Bakersfield", "state": "CA", "latitude": "35.3570", "longitude": "-119.0630", "parameter": "PM2.5",
        "aqi": "65", "category": "Moderate", "action": "No", "discussion": 'Fog, "light" winds; a=1&b=2',
        "source": "San Joaquin Valley APCD",
    }  # fmt: skip
    return "|".join((values | changes).values())


def lines(*written: str) -> bytes:
    return "".join(f"{line}\n" for line in written).encode("iso-8859-1")


def changed(old: str, new: str, line: str = LINE) -> str:
    assert old in line
    return line.replace(old, new)


def site_locations(**changes: object) -> pd.DataFrame:
    """The location of one site."""
    location = {"site_id": "060290014", "latitude": 35.35, "longitude": -119.06, "cbsa_code": "12540"}
    return pd.DataFrame([location | changes])
