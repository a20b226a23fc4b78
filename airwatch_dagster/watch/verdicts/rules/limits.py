"""Limits of the rules, each with its reason or with what it was measured on.

"Measured" means the nation's valid site-days of parameter 88101 in 42 states, 2019 to 2021: 42 states, 35 metropolitan
areas with five sites or more, and the nation, each month judged. A chance is that of a finding in one undisturbed month
of one area, whatever the number of its sites.
"""

from typing import Final

import pandas as pd

SITE_CHANCE: Final = 0.003
"""Single sites that step or drift. What is found in real months is mostly true: readings of 0.07, 0.15 or 7.5 times
what the neighbours say."""

LEAST_SHIFT_UGM3: Final = 2.0
"""Smaller shifts of a single site are no alarm, however quiet the site."""

STEP_SHARE: Final = 0.5
"""A drift is slow if no month makes up more of it than this: the rest are steps, which are told when they come."""

LEAST_SITES: Final = 4
"""Sites of which several can be counted."""

COUNTED_SCORES: Final = (1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0)
"""Standard deviations beyond which sites are counted: few far ones or many near ones are both unlikely."""

SEVERAL_CHANCE: Final = 0.005
"""Chance of the least likely of these counts. In real months 0.3 % of metropolitan areas and 0.6 % of states have a
smaller one, and fewer with the next limit. In 22 months each with a fault at a third of the sites it finds +5 µg/m³ in
95 % of states and 75 % of metropolitan areas, +3 in 86 and 50 %."""

SEVERAL_DRIFTS_CHANCE: Final = 0.008
"""The same of slow drifts, of which steps are left out: measured 0.5 % without the next limit."""

LEAST_SEVERAL_SHARE: Final = 0.15
"""Share of the sites that must be more than this: 25 of the nation's 666 also move together by weather."""

LEAST_SEVERAL_UGM3: Final = 2.0
"""Median shift of the sites that moved together: below it are states whose weather differs from their neighbours'. With
1.5 two months more of a state and one of a metropolitan area, of 1,223, had a finding."""

LEAST_SEVERAL_DRIFTS_UGM3: Final = 1.5
"""The same of slow drifts."""

STUCK_CHANCE: Final = 0.002
"""Single sites that move less than they did against their neighbours."""

ATTENUATED_PCT: Final = 30.0
"""Share of a site's usual movement that counts as stuck: half of it also comes by a calm month."""

MOVEMENT_READINGS: Final = 8
"""Readings of a month that show movement, and of two months that show a level."""

MOVING_AIR_LOG: Final = 0.15
"""Standard deviation of log PM2.5 that the neighbours must show, about half the usual one."""

LEAST_MOVEMENT: Final = 0.02
"""Smaller shares of the neighbours' movement count as this."""

DUE_READINGS: Final = 4.0
"""Readings due by now without which silence tells nothing."""

LEAST_RUNNING: Final = 3
"""Sites of which a share can be told."""

SILENT_SHARE: Final = 0.1
"""A site with fewer of its due readings is silent."""

LOST_SITES_PCT: Final = 40.0
"""Share of the sites that fall silent together: measured in four of 2,300 months of areas, all of them Ohio's in April
2020, when operators stayed at home."""

PROVISIONAL_SHARE: Final = 0.25
"""Share of the readings that is AirNow's, above that of the month before, from which on silence means nothing: AirNow
has no filters, which are two of five sites."""

LEAST_LOST: Final = 2
"""One site that stops is no change of a network."""

SWAP_CHANCE: Final = 0.15
"""Steps at sites that have another instrument: little evidence is needed where the cause is known. One month in 40
of a metropolitan area has a swap."""

SITES_OF_A_SWAP: Final = 10
"""Sites of an area that count as one swap, if there are fewer: in the nation some instrument is new each month."""

LEAST_SWAP_UGM3: Final = 1.0
"""Of 12 real swaps in metropolitan areas one brought a larger step."""

LEAST_SWAPS: Final = 2

SWAPPED_SHARE: Final = 0.2
"""Share of the sites with another instrument that is told whether or not readings stepped."""

MOST_NAMED: Final = 5
"""Swaps that a sentence lists."""

SAMPLING_DAYS: Final = 15
"""Days of the month that show a schedule: five samples of a filter."""

DAILY_SHARE: Final = 0.7

RARE_SHARE: Final = 0.5
"""Shares of days with readings of a daily monitor and of a filter; one in three is 0.33."""

RESCHEDULED_PCT: Final = 40.0
"""Share of the sites with another schedule or parameter: below it are single sites of small areas."""

MAIN_SHARE: Final = 0.75
"""Share of its days that a site's main method or parameter has."""

USED_SHARE: Final = 0.1
"""A method that had more of the year's days is not new: collocated monitors take turns."""

UNITS_DAYS: Final = 60
"""Days before the month that show the usual level."""

UNITS_READINGS: Final = 2
"""Readings that show another unit: it differs by a factor of 1,000."""

LEAST_UNITS_UGM3: Final = 1.0
"""Lower levels count as this: at them zero is a reading like others."""

UNITS_FACTOR: Final = 200.0
"""Between the factor of 1,000 and any fire: only sensors that stand at zero come near it."""

UNITS_OFFSET_UGM3: Final = 1.0
"""Added before the logarithm of the cleanest days: small enough that a factor of 3 stays one of 2.5."""

LEAST_CLEAN_LOG: Final = 0.1
"""Least standard deviation of the cleanest days from month to month."""

AREA_FACTOR: Final = 2.4
"""Factor of the cleanest days: measured at most 2.3 from season to season in areas; in the nation 1.3."""

UNITS_CHANCE: Final = 0.01
"""By the area's own months; with the factor and steady days it is found in fewer."""

STEADY_SHARE: Final = 1.3
"""Smoke spreads the days: their range may be this much of the two months' before."""

CLEAN_DAYS: Final = 15
"""Days whose cleanest tenth is a measure: of ten days it is chance."""

LEAST_SITES_OF_DAY: Final = 3
"""Sites that make an area's median of a day."""

AREA_CARRY: Final = 0.75
"""Share of an area's contrast to the sites around it that lasts into the next month, as of single sites."""

AREA_CHANCE: Final = 0.002

LEAST_AREA_LOG: Final = 0.2
"""Smaller shifts of a whole area are weather."""

LAGS: Final = (1, -1)
"""A site that reads what its neighbours read the day before, or the day after."""

CLOCK_DAYS: Final = 9
"""Days beside the neighbours' that show a lag."""

CLOCK_RATIOS: Final = {3.0: 0.01, 5.0: 0.003, 9.0: 0.0005}
"""Log of how much better a lag fits → twice or more the share of 18,189 real site-months that exceed it. With days
shifted by one half of the sites exceed 19 and 95 % of them 2.9."""

CLOCK_CHANCE: Final = 0.001
"""Of so many sites beyond these, of all."""

CLOCK_RATIO: Final = 3.0

CLOCK_SCORE: Final = 5.0
"""For a whole area, in standard deviations of its own months: of 912 months of states four exceed 4, none 5. With 4 a
shift of a day was found in 67 % of states. Florida, Montana and Nevada follow their surroundings by half a day."""

LEAST_CLOCK_SPREAD: Final = 1.5
"""Least standard deviation of an area's log fit."""

CALENDAR_STEP: Final = 3

CALENDAR_DAY: Final = pd.Timestamp(2018, 1, 2)
"""A day on which filters sample everywhere; so do 98 % of the samples of four years."""

FILTER_SHARE: Final = 0.4
"""A site with readings on fewer days of the year is a filter."""

CALENDAR_SHARE: Final = 0.9
"""Share of a filter's samples of the year that keep to the calendar, or it has one of its own."""

CALENDAR_SAMPLES: Final = 6

OFF_CALENDAR_PCT: Final = 60.0
"""Share of the samples on one wrong day: a filter that became a daily monitor has a third on each."""

SAME_UGM3: Final = 0.05
"""Readings closer than this are the same: AQS publishes tenths."""

SAME_CHANCE: Final = 0.02
"""Chance of the same reading on two days: measured one in 67 on days in a row."""

REPEAT_LAGS: Final = 7
"""Days back to which a repeated day is sought."""

REPEAT_SITES: Final = 3

REPEAT_SHARE: Final = 0.5
"""Sites, and their share, that repeat a day: by chance at most 0.09 of ten sites do."""

REPEAT_CHANCE: Final = 0.0005

PART_SITES: Final = 4

PART_SHARE: Final = 0.9
"""Sites of a county or state within the area, and their share, that repeat a day: up to nine all of them. From 2018 to
2021 no county with four sites or more has such a day, and no state: of 613,000 pairs of days that were compared,
one repeats four of five sites, and two all of three."""

DIGIT_READINGS: Final = 40

DIGITS_PCT: Final = 30.0
"""More whole numbers or readings below zero than in the year before, in percent of all: measured at most 12 and 18."""

SEASON_DAYS: Final = 60

SEASON_VALUES: Final = 60
"""Days and values of the season in earlier years: two months of one site."""

SEASON_DEVIATIONS: Final = 2.0
"""Standard deviations of the season's months in earlier years."""

LEAST_SEASON_UGM3: Final = 0.3
"""Least of these standard deviations."""

SMOKE_LOG: Final = 0.8
"""Log anomaly of a site on a day of smoke: 14 instead of 5, or 22 instead of 8 µg/m³."""

SMOKE_SHARE: Final = 0.6
"""Share of the area's sites that show it, and half of it of the sites around."""

SMOKE_DAYS: Final = 2
