"""Colours and symbols of the AQI categories. To correct a colour, change it here and nowhere else."""

from dataclasses import dataclass
from typing import Final

from airwatch_dagster.schemas.columns import AQI_CATEGORIES


@dataclass(frozen=True)
class Look:
    """How one AQI category is shown."""

    category: str
    number: int
    """Position from Good upwards, from 0."""
    official: str
    """EPA's colour. Source: Technical Assistance Document for the Reporting of Daily Air Quality, EPA-454/B-24-002,
    Table 2."""
    assist: str
    """The colour of EPA's ColorVision Assist palette. Source: the same document, Table 3, as quoted by three
    publications that agree."""
    symbol: str
    """A character that tells the category without colour, where no SVG can be."""


_COLOURS: Final = (
    ("#00E400", "#9EFF91", "●"),
    ("#FFFF00", "#FFC905", "■"),
    ("#FF7E00", "#FF8205", "▲"),
    ("#FF0000", "#F02200", "◆"),
    ("#8F3F97", "#890997", "✚"),
    ("#7E0023", "#640015", "✖"),
)

LOOKS: Final = {
    category: Look(category, number, official, assist, symbol)
    for number, (category, (official, assist, symbol)) in enumerate(zip(AQI_CATEGORIES, _COLOURS, strict=True))
}
"""AQI category → look, from Good upwards."""


def text_on(colour: str) -> str:
    """Black or white, whichever stands out more from ``colour`` (``#RRGGBB``)."""
    return "#000000" if contrast(colour, "#000000") >= contrast(colour, "#FFFFFF") else "#FFFFFF"


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (``#RRGGBB``), 1 to 21. Source: WCAG 2.2, "contrast ratio"."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
