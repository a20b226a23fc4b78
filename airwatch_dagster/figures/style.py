"""The style of every plot: fonts, colours, frame; and its form as a file, SVG."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FONTS: Final = ("DejaVu Sans", "Verdana", "Arial", "sans-serif")
"""matplotlib lays text out in the first; a browser without it takes Verdana, which is as wide."""

WIDTH_INCHES: Final = 5.9
"""As wide as Dagster's UI shows a plot on a screen of 1,440 pixels without cutting it."""

TITLE_POINTS: Final = 10
SUBTITLE_POINTS: Final = 8.5
LABEL_POINTS: Final = 8
NOTE_POINTS: Final = 7.5

BLUE: Final = "#0072B2"
SKY_BLUE: Final = "#56B4E9"
GREEN: Final = "#009E73"
ORANGE: Final = "#E69F00"
VERMILION: Final = "#D55E00"
PURPLE: Final = "#CC79A7"
"""Colours that colour-blind eyes tell apart. Source: Okabe and Ito (2008), Color Universal Design."""

DARK_GREY: Final = "#404040"
GREY: Final = "#707070"
LIGHT_GREY: Final = "#B8B8B8"
GRID_GREY: Final = "#E4E4E4"

TOP_INCHES: Final = 0.6
"""Room above the axes for the title and one line of legend."""

BOTTOM_INCHES: Final = 0.48
"""Room below the axes for tick labels and one axis label."""


def new_figure(title: str, *, width_inches: float, height_inches: float) -> "Figure":
    """A white matplotlib figure with a bold title at its top left."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_inches, height_inches), facecolor="white")
    place = 0.1 / width_inches, 1 - 0.1 / height_inches
    figure.text(*place, title, fontsize=TITLE_POINTS, weight="bold", va="top")
    return figure


def set_margins(
    figure: "Figure", *, left: float, right: float = 0.985, top_inches: float = TOP_INCHES, **spaces: float
) -> None:
    """Margins of the axes: ``left``, ``right`` and ``spaces`` (wspace, hspace) as matplotlib's shares of the figure.

    A layout engine would find them too, but takes as long as the drawing.
    """
    height = figure.get_figheight()
    figure.subplots_adjust(left=left, right=right, bottom=BOTTOM_INCHES / height, top=1 - top_inches / height, **spaces)


def finish_axes(axes: "Axes", *, x: str, y: str, hidden: Sequence[str] = ("top", "right")) -> None:
    """Axis labels and tick labels at the common size, without the ``hidden`` sides of the frame."""
    axes.set_xlabel(x, fontsize=LABEL_POINTS)
    axes.set_ylabel(y, fontsize=LABEL_POINTS)
    axes.tick_params(labelsize=LABEL_POINTS)
    axes.spines[list(hidden)].set_visible(False)


def svg_of(figure: "Figure") -> bytes:
    """The matplotlib figure as SVG, the same bytes for the same figure: sharp at any size, its text can be selected.

    A dollar sign is one: names of sites are no formulas.
    """
    from matplotlib import rc_context
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)
    written = io.BytesIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "airwatch", "font.sans-serif": FONTS}):
        figure.savefig(written, format="svg", metadata={"Date": None})
    return written.getvalue()
