"""The practice network's vocabulary: sites, monitors and instruments, with real codes of counties and areas.

Sites are invented: their numbers lie in the 9000s, which no agency uses for PM2.5 here, and their names start with
"Practice". County and CBSA codes are real, so that areas such as ``cbsa:16980`` select the intended sites.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

Schedule = Literal["hourly", "1-in-3", "1-in-6"]

FIRST_DAY: Final = date(2015, 1, 1)
"""First day with data."""

DEFAULT_SEED: Final = 1
"""Seed of the simulated air by default."""

PARAMETER_CODE: Final = "88101"
ACCEPTABLE_CODE: Final = "88502"

PARAMETERS: Final = {
    PARAMETER_CODE: "PM2.5 - Local Conditions",
    ACCEPTABLE_CODE: "Acceptable PM2.5 AQI & Speciation Mass",
}
"""Codes and names of the parameters, as in AQS."""

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
"""Codes and names as in AQS (delineation of 2013-15)."""


@dataclass(frozen=True)
class Instrument:
    """A measuring method with the errors of its readings."""

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
        Instrument("702", "PM2.5 SCC w/Correction Factor - TEOM Gravimetric 50 deg C", 0.96, 0.70),
        Instrument("707", "IMPROVE Module A with Cyclone Inlet-Teflon Filter, 2.2 sq. cm. - GRAVIMETRIC", 0.98, 0.30),
        Instrument("731", "Met-One BAM-1020 W/PM2.5 SCC - Beta Attenuation", 1.04, 0.90),
        Instrument("736", "Teledyne T640 at 5.0 LPM (Corrected) - Broadband spectroscopy", 1.00, 0.20),
    )
}

RESTATED_RATIO: Final = 0.83
"""Corrected divided by original value of a restated T640 day: the median of published pairs of 2023."""

RESTATED_POC_OFFSET: Final = 20
"""POC of a corrected T640 row minus the POC of its original."""


@dataclass(frozen=True)
class Monitor:
    """A monitor of a site; site, parameter and POC identify it in the published data."""

    poc: int
    methods: tuple[tuple[date, str], ...]
    """First days and method codes, oldest first; the monitor opens on the first of them."""
    schedule: Schedule = "hourly"
    is_primary: bool = False
    reports_events: bool = True
    """Whether its rows are flagged for exceptional events: on every day, as agencies do once they flag any."""
    closed_on: date | None = None
    """Last day of sampling."""
    outages: tuple[tuple[date, date], ...] = ()
    """First and last day of each long outage."""
    restates_poc: int | None = None
    """POC whose readings this monitor publishes corrected; None for a monitor of its own."""
    parameter_code: str = PARAMETER_CODE

    @property
    def opened_on(self) -> date:
        """First day of sampling."""
        return self.methods[0][0]

    def method_on(self, day: date) -> Instrument:
        """The instrument in use on ``day``; the first one on days before the opening."""
        used = [code for since, code in self.methods if since <= day] or [self.methods[0][1]]
        return INSTRUMENTS[used[-1]]


@dataclass(frozen=True)
class Site:
    """A site with its monitors."""

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
    """Median PM2.5 of the site without smoke, µg/m³."""
    monitors: tuple[Monitor, ...] = field(default=())

    @property
    def site_id(self) -> str:
        """State, county and site number, 9 digits."""
        return self.state_code + self.county_code + self.site_number

    @property
    def address(self) -> str:
        """Invented street address."""
        return f"{int(self.site_number) - 8900} PRACTICE AVE."

    @property
    def state(self) -> str:
        """Name of the state."""
        return STATES[self.state_code]

    @property
    def cbsa(self) -> str | None:
        """Name of the statistical area; None outside of one."""
        return CBSAS[self.cbsa_code] if self.cbsa_code else None
