"""AQS parameters that are PM2.5."""

from typing import Final

PM25_PARAMETER: Final = "88101"
"""AQS parameter of PM2.5 by a federal reference or equivalent method."""

ACCEPTABLE_PARAMETER: Final = "88502"
"""AQS parameter of "acceptable PM2.5 AQI & speciation mass": monitors that show the AQI without an equivalent method,
and the filters of IMPROVE and the Chemical Speciation Network. Source: AQS parameters."""

PARAMETERS: Final = (PM25_PARAMETER, ACCEPTABLE_PARAMETER)
"""Parameters of PM2.5, the more trusted one first."""
