"""URLs of the sources; a setting can name a mirror instead."""

from typing import Final

AIRDATA_URL: Final = "https://aqs.epa.gov/aqsweb/airdata"
"""EPA's pre-generated files; no key needed."""

AIRNOW_URL: Final = "https://files.airnowtech.org/airnow"
"""AirNow's file archive, a folder per day; no key needed."""

AIRNOW_API_URL: Final = "https://www.airnowapi.org/aq"
"""AirNow's API; a key is needed."""

AQS_URL: Final = "https://aqs.epa.gov/data/api"
"""Version 2 of EPA's API."""

NBM_URL: Final = "https://noaa-nbm-grib2-pds.s3.amazonaws.com"
"""NOAA's open data of the National Blend of Models, bulletins for stations included; no key needed."""

AFOS_URL: Final = "https://mesonet.agron.iastate.edu/cgi-bin/afos"
"""The Iowa Environmental Mesonet's archive of text products of the National Weather Service; no key needed."""

OPEN_METEO_PREVIOUS_RUNS_URL: Final = "https://previous-runs-api.open-meteo.com/v1/forecast"
"""Open-Meteo's forecasts by the days that they were made before; no key needed, unless for commercial use."""

OPEN_METEO_SINGLE_RUNS_URL: Final = "https://single-runs-api.open-meteo.com/v1/forecast"
"""Open-Meteo's forecasts by run, most of them since 2 April 2026; key as above."""
