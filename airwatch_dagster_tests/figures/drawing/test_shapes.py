"""Shapes and text of a plot."""

from xml.etree.ElementTree import fromstring

import pytest

from airwatch_dagster.figures.drawing.shapes import CORNERS, Canvas, Mark, fitted, mark, text, text_width
from airwatch_dagster_tests.figures.read_plot import Plot

HOSTILE = r"Dollar $\frac$ General <script>alert(1)</script> & \"quoted\""


def test_text_from_elsewhere_stays_text() -> None:
    canvas = Canvas(HOSTILE, HOSTILE, width=900.0, height=50.0)
    shown = Plot(canvas.svg())
    assert shown.words("title") == [HOSTILE]
    assert [part.text for part in shown.root[:2]] == [HOSTILE, HOSTILE]
    assert b"<script" not in canvas.svg()


def test_a_title_that_is_too_long_is_smaller() -> None:
    [short, long] = [fromstring(Canvas("PM2.5" * n, "", width=200.0, height=50.0).svg())[3] for n in (2, 20)]
    assert float(short.attrib["font-size"]) == 10.0
    assert text_width("PM2.5" * 20, float(long.attrib["font-size"]), is_bold=True) <= 190.0


@pytest.mark.parametrize("shape", ["dot", *CORNERS])
def test_every_mark_is_about_as_large_as_it_says(shape: str) -> None:
    canvas = Canvas("", "", width=100.0, height=100.0)
    mark(canvas.root, (50.0, 50.0), "mark", Mark(shape, "#000", size=10.0))
    drawn = canvas.root[-1]
    if shape == "dot":
        assert drawn.attrib["r"] == "5"
        return
    across = [float(point.split(",")[0]) for point in drawn.attrib["points"].split()]
    assert 10.0 <= max(across) - min(across) <= 14.0


def test_a_name_that_is_too_wide_is_cut() -> None:
    name = "instrument at A Very Long Name of a Site"
    assert fitted(name, 1000.0, 8.0) == name
    assert name.startswith(fitted(name, 100.0, 8.0).removesuffix("…"))
    assert text_width(fitted(name, 100.0, 8.0), 8.0) <= 100.0


def test_the_middle_of_the_letters_is_at_the_height_that_was_asked_for() -> None:
    canvas = Canvas("", "", width=100.0, height=100.0)
    text(canvas.root, (10.0, 50.0), "0", "number", size=10.0)
    assert canvas.root[-1].attrib["y"] == "53.6", "the line they stand on"
