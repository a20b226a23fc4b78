"""The style of every plot: fonts, sizes, colours. Lengths are points (1/72 inch)."""

from typing import Final

FONTS: Final = "'DejaVu Sans', Verdana, Arial, sans-serif"
"""Widths of text are those of the first two; the others are narrower."""

WIDTH: Final = 424.8
"""As wide as Dagster's UI shows a plot on a screen of 1,440 pixels without cutting it."""

EDGE: Final = 7.0
"""Least distance of the title from the edges."""

TOP: Final = 43.0
"""Room above the axes for the title and one line of legend."""

BOTTOM: Final = 35.0
"""Room below the axes for tick labels and one axis label."""

TITLE_SIZE: Final = 10.0
SUBTITLE_SIZE: Final = 8.5
LABEL_SIZE: Final = 8.0
NOTE_SIZE: Final = 7.5

THIN: Final = 0.8
"""Width of the lines of axes."""

BLUE: Final = "#0072B2"
SKY_BLUE: Final = "#56B4E9"
GREEN: Final = "#009E73"
ORANGE: Final = "#E69F00"
VERMILION: Final = "#D55E00"
PURPLE: Final = "#CC79A7"
"""Colours that colour-blind eyes tell apart. Source: Okabe and Ito (2008), Color Universal Design."""

BLACK: Final = "#000"
WHITE: Final = "#fff"
DARK_GREY: Final = "#404040"
GREY: Final = "#707070"
LIGHT_GREY: Final = "#B8B8B8"
GRID_GREY: Final = "#E4E4E4"
