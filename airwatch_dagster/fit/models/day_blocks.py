"""Blocks of days: what is forecast by a fit on the days of the other blocks, as the input of what learns from it."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd

BLOCKS: Final = 6
"""Parts of the window that are forecast by coefficients fitted on the others, as inputs of what learns from them."""

GAP_DAYS: Final = 5
"""Days on either side of such a part that are left out as well: neighbouring days share their readings."""


def day_blocks(days: pd.Series) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each of ``BLOCKS`` parts of the distinct ``days``: the mask of the rows inside, and of those inside or at
    most ``GAP_DAYS`` away. Every row is inside one."""
    number = (days - days.min()).dt.days.to_numpy()
    ends = np.quantile(np.unique(number), np.linspace(0.0, 1.0, BLOCKS + 1))
    ends[-1] += 1.0
    for begin, end in pairwise(ends):
        inside = (number >= begin) & (number < end)
        yield inside, (number >= begin - GAP_DAYS) & (number < end + GAP_DAYS)
