"""URLs of EPA's sources; a setting can name a mirror instead."""

from typing import Final

AIRDATA_URL: Final = "https://aqs.epa.gov/aqsweb/airdata"
"""EPA's pre-generated files; no key needed."""

AIRNOW_URL: Final = "https://files.airnowtech.org/airnow"
"""AirNow's file archive, a folder per day; no key needed."""

AIRNOW_API_URL: Final = "https://www.airnowapi.org/aq"
"""AirNow's API; a key is needed."""

AQS_URL: Final = "https://aqs.epa.gov/data/api"
"""Version 2 of EPA's API."""
