"""The practice network: invented sites in real counties, and the instruments that stand there.

Site numbers lie in the 9000s, which no agency uses for PM2.5 here, and every name starts with "Practice".
County and CBSA codes are the real ones, so that areas such as ``cbsa:16980`` select what they should.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

Schedule = Literal["hourly", "1-in-3", "1-in-6"]

FIRST_DAY: Final = date(2015, 1, 1)
"""First day with air; earlier ones have no data."""

DEFAULT_SEED: Final = 1
"""Which of the possible airs is simulated unless another is asked for."""

PARAMETER_CODE: Final = "88101"
PARAMETER_NAME: Final = "PM2.5 - Local Conditions"
UNITS: Final = "Micrograms/cubic meter (LC)"
DATUM: Final = "WGS84"

STATES: Final = {
    "17": "Illinois",
    "18": "Indiana",
    "19": "Iowa",
    "26": "Michigan",
    "27": "Minnesota",
    "29": "Missouri",
    "31": "Nebraska",
    "39": "Ohio",
    "55": "Wisconsin",
}

CBSAS: Final = {
    "16580": "Champaign-Urbana, IL",
    "16980": "Chicago-Naperville-Elgin, IL-IN-WI",
    "17140": "Cincinnati, OH-KY-IN",
    "19340": "Davenport-Moline-Rock Island, IA-IL",
    "19780": "Des Moines-West Des Moines, IA",
    "19820": "Detroit-Warren-Dearborn, MI",
    "24340": "Grand Rapids-Wyoming, MI",
    "26900": "Indianapolis-Carmel-Anderson, IN",
    "28140": "Kansas City, MO-KS",
    "31540": "Madison, WI",
    "33340": "Milwaukee-Waukesha-West Allis, WI",
    "33460": "Minneapolis-St. Paul-Bloomington, MN-WI",
    "36540": "Omaha-Council Bluffs, NE-IA",
    "37900": "Peoria, IL",
    "41180": "St. Louis, MO-IL",
}
"""Codes and names as AQS serves them (delineation of 2013-15)."""


@dataclass(frozen=True)
class Instrument:
    """A measuring method: how its readings differ from the air."""

    method_code: str
    name: str
    bias: float
    """Reading divided by truth."""
    noise_ugm3: float
    """Standard deviation of the additive noise of a 24-hour mean, µg/m³."""


INSTRUMENTS: Final = {
    instrument.method_code: instrument
    for instrument in (
        Instrument("145", "R & P Model 2025 PM-2.5 Sequential Air Sampler w/VSCC - Gravimetric", 1.00, 0.25),
        Instrument("170", "Met One BAM-1020 Mass Monitor w/VSCC - Beta Attenuation", 1.03, 0.90),
        Instrument("209", "Met One BAM-1022 Mass Monitor w/ VSCC or TE-PM2.5C - Beta Attenuation", 0.98, 0.60),
        Instrument("236", "Teledyne T640 at 5.0 LPM - Broadband spectroscopy", 1.20, 0.20),
        Instrument("238", "Teledyne T640X at 16.67 LPM - Broadband spectroscopy", 1.15, 0.20),
        Instrument(
            "638", "Teledyne T640X at 16.67 LPM w/Network Data Alignment enabled - Broadband spectroscopy", 1.01, 0.20
        ),
        Instrument("736", "Teledyne T640 at 5.0 LPM (Corrected) - Broadband spectroscopy", 1.00, 0.20),
    )
}

RESTATED_RATIO: Final = 0.83
"""Corrected over original value of a restated T640 day; the median over published pairs of 2023."""

RESTATED_POC_OFFSET: Final = 20
"""A corrected T640 row carries the original row's POC plus this."""


@dataclass(frozen=True)
class Monitor:
    """One instrument position at a site; a key of the published data together with its site."""

    poc: int
    methods: tuple[tuple[date, str], ...]
    """Method codes with the first day each was used, oldest first; the first day opens the monitor."""
    schedule: Schedule = "hourly"
    is_primary: bool = False
    reports_events: bool = True
    """Its rows are flagged for exceptional events, on every day, as agencies do once they flag any."""
    closed_on: date | None = None
    """Last day of sampling."""
    outages: tuple[tuple[date, date], ...] = ()
    """Long gaps, first and last day."""
    restates_poc: int | None = None
    """Publishes that POC's readings again, corrected."""

    @property
    def opened_on(self) -> date:
        return self.methods[0][0]

    def method_on(self, day: date) -> Instrument:
        """The instrument in use; the first one before it was installed."""
        used = [code for since, code in self.methods if since <= day] or [self.methods[0][1]]
        return INSTRUMENTS[used[-1]]


@dataclass(frozen=True)
class Site:
    """A place with monitors."""

    state_code: str
    county_code: str
    site_number: str
    name: str
    city: str
    county: str
    latitude: float
    longitude: float
    cbsa_code: str | None
    typical_ugm3: float
    """Median PM2.5 of the place without smoke, µg/m³."""
    monitors: tuple[Monitor, ...] = field(default=())

    @property
    def site_id(self) -> str:
        return self.state_code + self.county_code + self.site_number

    @property
    def address(self) -> str:
        return f"{int(self.site_number) - 8900} PRACTICE AVE."

    @property
    def state(self) -> str:
        return STATES[self.state_code]

    @property
    def cbsa(self) -> str | None:
        return CBSAS[self.cbsa_code] if self.cbsa_code else None
