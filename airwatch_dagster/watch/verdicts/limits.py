"""What contrasts and shifts are measured with, each number with where it was measured.

"Measured" means the nation's valid site-days of parameter 88101 in 42 states, 2018 to 2021: each month of 2019 to 2021
judged with the months before it. The limits of the rules are in ``rules/limits.py``.
"""

from typing import Final

TRAINING_DAYS: Final = 365
"""Days before the month that say how a site follows its neighbours, and what is usual at it: each season once."""

NEIGHBOUR_SHARE: Final = 0.5
"""Share of these days that a neighbour has readings of: filters are judged, but judge nobody."""

NEIGHBOUR_KM: Final = 400.0
"""Farthest neighbour: as far as the inner ring of the features."""

MAX_NEIGHBOURS: Final = 12
"""Nearest sites that a regression uses: with 8, 12 and 20 a month's shift varies by 0.053, 0.053 and 0.055."""

MIN_NEIGHBOURS: Final = 3
"""Fewer say nothing: of two nobody knows which is wrong."""

CLOSENESS_KM: Final = 100.0
"""Distance over which a neighbour's weight falls to 1/e, before the regression sees the readings."""

RIDGE: Final = 3.0
"""Strength of that prior, in squared log PM2.5: 2, 5 and 10 differ by 0.001 in the spread of shifts. The plain mean by
closeness has 0.068 instead of 0.054."""

YEAR_MONTHS: Final = 12

REFERENCE_MONTHS: Final = 3
"""Months before the month of which the newest with readings is its reference."""

MIN_READINGS: Final = 3
"""Readings that make a mean of a month: a filter of a 1-in-6 schedule has five."""

MOST_CONTRAST_LOG: Final = 1.0
"""A single day counts as no more than a factor of 2.7: a fire next door is no shift of a month."""

CARRY: Final = 0.75
"""Share of a contrast that lasts into the next month: 0.65, 0.75 and 0.85 leave a spread of 0.056, 0.054 and 0.054."""

MOST_MOVE_LOG: Final = 0.3
"""Shifts of earlier months count as no more than this in a site's own spread, so that an old fault hides no new one."""

MIN_PAST_MONTHS: Final = 6
"""Earlier shifts without which nobody knows how much is usual."""

PRIOR_MONTHS: Final = 6
"""Weight, in months, of what is usual at all sites in a site's own spread: with 0, 6 and 12 the limit that one shift in
10,000 exceeds is 6.9, 7.1 and 7.3 standard deviations; without the own spread 9.7."""

LENT_SCORE: Final = 2.5
"""Standard deviations from which on a neighbour's shift is taken out of what it says of others."""

FIRE_LOG: Final = 0.3
"""Upward shifts from which on, 3 µg/m³ at 6, a fire is thought of."""

FIRE_SHARE: Final = 1 / 3
"""Share of a shift that the cleaner days of the month's later half must show, at their lower quartile. Smoke that stays
in a valley to the end of the month, as in Colorado in August 2020, is not told from a fault."""

CLEANING_ROUNDS: Final = 6
"""Rounds of that: a third of the sites may be wrong at once."""

TAIL_DEGREES: Final = 8
"""Degrees of freedom of Student's t whose tails the scores have: of 10,973 site-months 1 % exceed 3.4, 0.1 % 5.0 and
0.01 % 7.1; t has 3.4, 5.0 and 7.1."""

EXCESS_OF_COUNT: Final = 0.1
"""Excess of the variance of counts over independent sites, per square root of the sites: counts of sites beyond 1 to 4
standard deviations vary 1.2 times as much in metropolitan areas, 1.4 in states and 2 to 4 in the nation."""

LEAST_SQUARES: Final = 1e-9
"""Added where a sum of squares divides: two series that are the same differ by this."""
