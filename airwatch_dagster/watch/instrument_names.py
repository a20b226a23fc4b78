"""Names of the instruments behind AQS's method codes."""

from typing import Final

from airwatch_dagster.parameters import ACCEPTABLE_PARAMETER, PM25_PARAMETER

INSTRUMENT_NAMES: Final = {
    "116": "BGI PQ200 filter, WINS",
    "117": "R&P 2000 filter, WINS",
    "118": "R&P 2025 filter, WINS",
    "119": "Andersen RAAS2.5-100 filter, WINS",
    "120": "Andersen RAAS2.5-300 filter, WINS",
    "142": "BGI PQ200 filter",
    "143": "R&P 2000 filter",
    "145": "R&P 2025 filter",
    "153": "Thermo RAAS2.5-100 filter",
    "155": "Thermo RAAS2.5-300 filter",
    "170": "Met One BAM-1020",
    "181": "Thermo TEOM 1405 FDMS",
    "182": "Thermo TEOM 1405-DF",
    "183": "Thermo 5014i",
    "184": "Thermo 5030 SHARP",
    "195": "GRIMM EDM 180",
    "209": "Met One BAM-1022",
    "236": "Teledyne T640",
    "238": "Teledyne T640X",
    "545": "Met One E-SEQ filter",
    "581": "Thermo 1405-F FDMS",
    "636": "Teledyne T640, aligned",
    "638": "Teledyne T640X, aligned",
    "736": "Teledyne T640, corrected",
    "738": "Teledyne T640X, corrected",
}
"""Short name by AQS method code: every method of 88101 that is the last one of three or more monitors in EPA's list,
and the aligned and corrected T640. Source: AQS methods of parameter 88101."""


ACCEPTABLE_NAMES: Final = {
    "145": "R&P 2025 filter",
    "170": "Met One BAM-1020",
    "171": "Met One BAM-1022",
    "178": "Thermo TEOM 1405",
    "181": "FDMS",
    "183": "Thermo 1405-F FDMS",
    "184": "Thermo 5030 SHARP",
    "236": "Teledyne T640",
    "701": "TEOM 50 °C, uncorrected",
    "702": "TEOM 50 °C, corrected",
    "703": "TEOM 30 °C, uncorrected",
    "704": "TEOM 30 °C, corrected",
    "707": "IMPROVE filter",
    "715": "TEOM 30 °C with VSCC, uncorrected",
    "716": "TEOM 50 °C with VSCC, uncorrected",
    "717": "TEOM 50 °C with VSCC, corrected",
    "731": "Met One BAM-1020",
    "733": "Met One BAM with VSCC",
    "750": "Andersen BAM",
    "753": "Andersen BAM with VSCC",
    "760": "FDMS",
    "761": "FDMS with VSCC",
    "792": "TEOM 1405-D",
    "802": "Ambilabs 2-WIN nephelometer",
    "810": "Met One SASS filter",
}
"""Short name by AQS method code of 88502, whose codes are its own: every method of AirData's files of 2018-21. Source:
their column Method Name."""


def instrument_name(method_code: str, parameter_code: str = PM25_PARAMETER) -> str:
    """AQS method code and short name, such as ``170 Met One BAM-1020``; the code alone when the name is unknown."""
    names = ACCEPTABLE_NAMES if parameter_code == ACCEPTABLE_PARAMETER else INSTRUMENT_NAMES
    return f"{method_code} {names.get(method_code, '')}".strip()
