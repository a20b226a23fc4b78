import re

import pytest

from airwatch_dagster.publish.page import inline
from airwatch_dagster.publish.page.palette import LOOKS, contrast, text_on

AA_TEXT = 4.5
"""Least contrast of text. Source: WCAG 2.2, success criterion 1.4.3."""


def test_the_official_palette_is_epas() -> None:
    assert [look.official for look in LOOKS.values()] == [
        "#00E400",
        "#FFFF00",
        "#FF7E00",
        "#FF0000",
        "#8F3F97",
        "#7E0023",
    ]


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("palette", ["official", "assist"])
def test_text_on_every_aqi_colour_can_be_read(palette: str) -> None:
    colours = [getattr(look, palette) for look in LOOKS.values()]

    assert {colour for colour in colours if contrast(colour, text_on(colour)) < AA_TEXT} == set()


def test_every_category_has_a_symbol_of_its_own() -> None:
    assert len({look.symbol for look in LOOKS.values()}) == len(LOOKS)


def theme(style: str) -> dict[str, str]:
    """The theme's colours by name, short hexadecimal ones written out."""
    found = re.findall(r"--(\w+):(#[0-9a-f]{3}(?:[0-9a-f]{3})?)[;}]", style)
    return {
        name: colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:]) for name, colour in found
    }


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_texts_and_lines_stand_out_from_their_ground_in_every_theme(scheme: str) -> None:
    light, dark, paper = (theme(part) for part in re.findall(r":root{(--paper[^}]*)}", inline.style()))
    colours = {**light, **{"light": {}, "dark": dark, "print": paper}[scheme]}

    texts = {
        (text, ground): contrast(colours[text], colours[ground])
        for text in ("ink", "quiet", "link")
        for ground in ("paper", "card")
    }
    lines = {
        ("edge", ground): contrast(colours["edge"], colours[ground]) for ground in ("land", "around", "card", "paper")
    }
    assert {pair: found for pair, found in texts.items() if found < AA_TEXT} == {}
    assert {pair: found for pair, found in lines.items() if found < 3.0} == {}
    assert contrast(colours["banner"], "#FFFFFF") >= AA_TEXT
