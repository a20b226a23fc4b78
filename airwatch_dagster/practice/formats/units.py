"""Units of bulletins of the weather."""

from typing import Final

from airwatch_dagster.practice.world.random_streams import Floats

KNOTS: Final = 3600.0 / 1852.0
"""Knots of a metre per second."""

FAULT_F: Final = 8.0
"""What temperatures are too high by in a bulletin that is published anew later, °F."""


def fahrenheit(celsius: Floats) -> Floats:
    """Temperatures in °F."""
    return celsius * 1.8 + 32.0
