"""Limits of the seven tests, each with what it was measured on.

"Measured" means the nation's valid site-days of 2019 to 2021 in benchmarks/sensor_flags.py; a rate is per 1,000 of them
after the exemption for neighbours. Source of the tests and of the flags: QARTOD, Manual for Real-Time Quality Control
of In-situ Temperature and Salinity Data (U.S. Integrated Ocean Observing System, 2016), which leaves limits to the
operator.
"""

from typing import Final

SUSPECT_BELOW_UGM3: Final = -3.0
"""Lowest daily mean that is noise of an instrument: 1 of 10,000 is below -2.9."""

FAIL_BELOW_UGM3: Final = -10.0
"""Below any daily mean in 730,175 site-days, the lowest of which is -6.7."""

SUSPECT_ABOVE_UGM3: Final = 500.4
"""Top of the AQI scale until May 2024: beyond it only fires near by. Source: 40 CFR 58 App. G before 89 FR 16202."""

FAIL_ABOVE_UGM3: Final = 1000.0
"""Full scale of the most common continuous monitor, Met One's BAM 1020, in its usual range. Source: its manual."""

MILLIGRAMS_UGM3: Final = 0.1
"""Highest daily mean that a reading in mg/m³ looks like: it would be 100 µg/m³ in the right unit."""

UNIT_SHARE: Final = 0.9
"""Share of a day's sites, of FEED_SITES or more, that must look like another unit. In 14 areas of the nation, each
alone and with the sites around, at most 0.64 of a day's sites of 2018 to 2021 had 0.1 µg/m³ or less."""

SAME_UGM3: Final = 0.05
"""Readings closer than this are the same: AQS publishes tenths."""

SUSPECT_SAME_READINGS: Final = 3
"""Readings of the same value in a row: measured 0.24. Source of the number: QARTOD's example of the flat
line test."""

FAIL_SAME_READINGS: Final = 5
"""Measured 0.02, one monitor that stood at 1.0 for weeks; 4 in a row happen by chance. A sensor that repeats its last
reading is suspect on its second day and fails on its fourth. Source of the number: as above."""

MAX_GAP_DAYS: Final = 7
"""Days between two readings in a row: one more than the longest usual schedule of a filter."""

FEED_SITES: Final = 5
"""Sites with a reading on both days that a feed needs, to say that it repeats the day before. One reading in 67 is that
of the day before, so by chance three of five sites are once in 80 years."""

FEED_SHARE: Final = 0.5
"""Share of these sites with the same reading as the day before: measured at most 0.09 of 10 or more sites."""

FEED_PART_SITES: Final = 4

FEED_PART_SHARE: Final = 0.9
"""Sites of a county or state, and their share, that say so of its feed; up to nine all of them. From 2018 to 2021 no
county or state with as many sites has such a day."""

MIN_HOURS: Final = 18
"""Hours that make a day's highest hour comparable. Source: 75 percent of 24, 40 CFR 50 App. N 3.0."""

ATTENUATION_DAYS: Final = 14
"""Days, up to the day itself, of which highest and lowest reading are compared."""

ATTENUATION_READINGS: Final = 10
"""Readings that these days must have, so filters are not judged."""

LOWEST_NOISE_UGM3: Final = -2.0
"""Lower readings count as this where movement is compared: a logarithm of them would swing."""

MOVING_AIR_LOG: Final = 0.4
"""Range of log PM2.5 that the neighbours must show, a factor of 1.5, for a site to be judged."""

SUSPECT_ATTENUATION: Final = 0.25
"""Range of a site as a share of its neighbours': measured 0.2."""

FAIL_ATTENUATION: Final = 0.1
"""Measured 0."""

SPIKE_READINGS: Final = 3
"""Readings before the day, within MAX_GAP_DAYS, whose median a spike rises above."""

SUSPECT_SPIKE_UGM3: Final = 25.0
"""Rise above that median: measured 0.3."""

FAIL_SPIKE_UGM3: Final = 250.0
"""Measured 0. The seven rises of 100 to 150 µg/m³ in three years without a neighbour were fireworks of 1 January and
4 July, and smoke of fires where no neighbour stands."""

SPIKE_HOUR_UGM3: Final = 100.0
"""Lowest highest hour that is a spike of an hour."""

SPIKE_HOUR_SHARE: Final = 0.5
"""Share of the day's sum that this hour must have: measured 0.35 in EPA's file of 88502 of 2020 and 0.25 in its
file of 88101 of 2012, before the exemption (benchmarks/sensor_evidence.py)."""

FAIL_SPIKE_HOUR_UGM3: Final = 500.0
"""Measured 0.02 and 0 in the same files."""

RATE_GAP_DAYS: Final = 3
"""Days between two readings whose difference is a rate; QARTOD compares readings next to each other."""

MIN_PAST_READINGS: Final = 10
"""Readings of the window that say what is usual."""

LEAST_STEP_LOG: Final = 0.05
"""Least standard deviation of log steps and residuals: 0.5 µg/m³ at 7 µg/m³, less than half of all pairs of monitors at
one site differ by."""

SUSPECT_STEPS: Final = 6.0
"""Standard deviations of the site's own steps: measured 0.2. QARTOD's example, 3, would give 5."""

FAIL_STEPS: Final = 12.0
"""With the last of these limits measured 0."""

LEAST_STEP_UGM3: Final = 5.0
"""Smaller steps are no rate that matters, whatever the site's habits."""

LEAST_FAILED_STEP_UGM3: Final = 25.0
"""The same for a failure: the three steps of 12 times the usual one in three years, of 5 to 8 µg/m³, were true, at
lonely sites of clean air."""

SUSPECT_RESIDUAL: Final = 6.0
"""Standard deviations of the site's own residual, on a single day; with the next limit measured 1.8."""

SUSPECT_RESIDUAL_OF_THREE: Final = 2.5
"""The same on each of the last three readings, to the same side. Three days tell a shift from a fire that passes: at
the same rate of false flags this finds +5 µg/m³ six times as often as a single day."""

FAIL_RESIDUAL_OF_THREE: Final = 8.0
"""On each of the last three readings; or FAIL_RESIDUAL_OF_FIVE on the last five. A failure warns somebody, so it is to
be rare in a whole nation: together, with the next limit, six spells at single sites in 661 sites and three years, of
which four look like faults. With 5 on three readings and half the next limit there were 23."""

FAIL_RESIDUAL_OF_FIVE: Final = 4.0
"""On each of the last five readings: a scaled sensor fails after a week, and is suspect from its first days."""

FAIL_RESIDUAL_LOG: Final = 0.7
"""Least residual of a failure in log PM2.5, a factor of 2: a quiet site's small shift is suspect at most."""

FIVE_WITHIN_DAYS: Final = 10
"""Days within which the last five readings lie: readings of filters are judged by three alone."""

MIN_SEASON_READINGS: Final = 15
"""Readings of the season in earlier years: of 45 days, so a 1-in-3 schedule has as many."""

LEAST_SEASON_LOG: Final = 0.1
"""Least standard deviation of log PM2.5 in a season."""

SUSPECT_SEASON: Final = 6.0
"""Standard deviations of the site's own season: measured 0.3. Nothing fails for its season alone, as in QARTOD, whose
climatology test knows no failure: what did so (beyond 10 standard deviations, 21 site-days of three years) was seldom a
fault."""

AGREES_UGM3: Final = 3.0
"""Difference of two monitors at one site that agree, at low PM2.5: 95 percent of 25,758 site-days of 2020 are below
3.8."""

AGREES_SHARE: Final = 0.25
"""The same as a share of the reading, at high PM2.5."""

CONTRADICTS_SHARE: Final = 0.5
"""Share of the reading by which a second monitor contradicts it, if that is also twice AGREES_UGM3."""
