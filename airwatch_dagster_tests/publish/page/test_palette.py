import pytest

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
