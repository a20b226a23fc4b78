"""The result of one test for every site of a day: flags in QARTOD's numbers, and why."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from airwatch_dagster.schemas.watch import FLAG_FAIL, FLAG_MISSING, FLAG_NOT_EVALUATED, FLAG_PASS, FLAG_SUSPECT
from airwatch_dagster.watch.sensors.neighbours import NEIGHBOUR_KM, Witnesses
from airwatch_dagster.watch.sensors.window import REPORTED_DAYS, Window

ALONE: Final = f"; no neighbour within {NEIGHBOUR_KM:.0f} km had a reading to tell, so it is suspect only"
SHARED: Final = "; a neighbour shows at least half of it, so it is in the air"


@dataclass(frozen=True)
class Result:
    """Per site of the window."""

    flag: np.ndarray
    statistic: np.ndarray
    """What the test compares with its limits; null where it could not judge."""
    reason: np.ndarray
    is_shared: np.ndarray
    """The flag would be suspect or fail without the neighbours, or without a second monitor at the site."""


def result_of(
    window: Window,
    statistic: np.ndarray,
    *,
    is_suspect: np.ndarray,
    is_fail: np.ndarray,
    why: Callable[[int], str],
    passed: str,
    needs: str,
    witnesses: Witnesses | None = None,
) -> Result:
    """Flags of a test whose ``statistic`` is null where it could not judge, for want of what it ``needs``.

    With ``witnesses`` a change that neighbours share passes, and one that no neighbour can witness is suspect at most.
    ``why`` says in words what is wrong at a site (its column).
    """
    has_reading, is_judged = ~np.isnan(window.pm25[-1]), ~np.isnan(statistic)
    flag = np.where(is_fail, FLAG_FAIL, np.where(is_suspect, FLAG_SUSPECT, FLAG_PASS))
    is_flagged = (flag != FLAG_PASS) & has_reading & is_judged
    is_shared = is_flagged & (witnesses.is_shared if witnesses else False)
    is_alone = is_flagged & ~(witnesses.are_there if witnesses else True)
    flag = np.where(is_shared, FLAG_PASS, np.where(is_alone, np.minimum(flag, FLAG_SUSPECT), flag))
    flag = np.where(has_reading, np.where(is_judged, flag, FLAG_NOT_EVALUATED), FLAG_MISSING)
    reason = np.full(flag.shape, passed, dtype=object)
    reason[flag == FLAG_NOT_EVALUATED] = f"Not judged: it needs {needs}"
    for site in np.flatnonzero(is_flagged):
        reason[site] = why(int(site)) + (SHARED if is_shared[site] else ALONE if is_alone[site] else "")
    for site in np.flatnonzero(flag == FLAG_MISSING):
        reason[site] = _missing(window, int(site))
    return Result(flag, np.where(has_reading, statistic, np.nan), reason, is_shared)


def _missing(window: Window, site: int) -> str:
    if window.is_invalid[site]:
        return "The reading of the day is not valid: too few hours, or marked so by the agency"
    ages = np.flatnonzero(~np.isnan(window.pm25[::-1, site]))
    if not len(ages) or ages[0] >= REPORTED_DAYS:
        return "No reading of the day, and no valid one in four weeks"
    return f"No reading of the day; the newest valid one is {ages[0]} {'day' if ages[0] == 1 else 'days'} older"
