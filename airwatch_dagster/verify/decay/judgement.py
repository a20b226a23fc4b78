"""Windows of whole weeks judged against noise; findings open when they are certain and close when they are gone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from airwatch_dagster.verify.decay.measures import MEASURES, MIN_EXCEEDANCES, WINDOW_WEEKS, Measure, Sums
from airwatch_dagster.verify.decay.totals import GROUP, WHOLE_AREA
from airwatch_dagster.verify.week_bootstrap import ratio_interval

MIN_DAYS_SHARE: Final = 2 / 3
"""Share of the days that have to be scored."""

MIN_CASES: Final = 150
"""Forecasts that a judgement against noise needs."""

MIN_CASES_WITHOUT_NOISE: Final = 30
"""Forecasts that are enough where nothing is left to chance."""

FALSE_ALARMS: Final = 0.02
"""Chance that a check is wrong about a month of forecasts that just keep its limits, however many leads, regions and
measures it judges (Bonferroni); 3 % in a simulation. Healthy forecasts keep their limits with a margin, and are blamed
less often."""

MEMORY_MONTHS: Final = 2
"""Months before the judged one from which a finding may still be open."""


@dataclass(frozen=True)
class Judgement:
    """One measure of one lead and group in the weeks up to the end of a month."""

    measure: Measure
    horizon_days: int
    group_name: str
    value: float
    """The ratio; null without forecasts."""
    lower: float
    upper: float
    """Its interval; null when it was not judged."""
    cases: int
    days: int
    first_day: pd.Timestamp
    last_day: pd.Timestamp
    not_judged: str = ""
    """Why not; empty when it was."""
    is_open: bool = False
    """Beyond its limits for certain, or since it was so and not yet back."""
    since: pd.Timestamp | None = None
    """First day from which on it was beyond its limits."""

    @property
    def is_found(self) -> bool:
        """Whether it is beyond its limits for certain: with its whole interval."""
        return bool(self.lower > self.measure.highest or self.upper < self.measure.lowest)

    @property
    def is_beyond(self) -> bool:
        """Whether it is beyond its limits as it stands."""
        return bool(self.value > self.measure.highest or self.value < self.measure.lowest)


def judged_months(totals: pd.DataFrame, months: Sequence[pd.Timestamp]) -> dict[pd.Timestamp, list[Judgement]]:
    """The judgements of each month, with what is open at its end; no month sees a later day.

    ``totals`` have the rows of ``daily_totals`` and should begin ``days_before`` days before the first month. A
    finding opens when the whole interval is beyond the limits. It stays open while the value itself is, or while it
    cannot be judged, and no longer than MEMORY_MONTHS. A month without scored days has no judgements.
    """
    found: dict[pd.Timestamp, list[Judgement]] = {}
    for month in pd.date_range(months[0] - pd.DateOffset(months=MEMORY_MONTHS), months[-1], freq="MS"):
        begins = month - pd.Timedelta(days=days_before())
        known = totals[totals["target_date"].between(begins, month + pd.offsets.MonthEnd(0))]
        ends_on = known["target_date"].max()
        if pd.isna(ends_on) or ends_on < month:
            continue
        before = [found.get(month - pd.DateOffset(months=back), []) for back in range(1, MEMORY_MONTHS + 1)]
        judged = judged_window(known, ends_on=ends_on)
        found[month] = [_with_state(one, _earlier(one, before), known) for one in judged]
    return {month: found.get(month, []) for month in months}


def days_before() -> int:
    """Days before the first day of a month from which on totals matter for it."""
    return 31 * MEMORY_MONTHS + 7 * WINDOW_WEEKS


def judged_window(totals: pd.DataFrame, *, ends_on: pd.Timestamp) -> list[Judgement]:
    """The judgements of WINDOW_WEEKS up to a day, in the order of MEASURES, leads and groups; the whole area first.

    Half of FALSE_ALARMS is for the whole area and half for its regions, where there are any.
    """
    windows = {weeks: _groups(totals, weeks, ends_on) for weeks in {measure.weeks for measure in MEASURES}}
    judged = []
    for check in dict.fromkeys(measure.check for measure in MEASURES):
        rough = [
            (one, key, rows, _not_judged(one, rows))
            for one in MEASURES
            if one.check == check
            for key, rows in windows[one.weeks].items()
            if one.of_regions or key[1] == WHOLE_AREA
        ]
        tails = _tails([key[1] for _, key, _, problem in rough if not problem])
        judged += [
            _judgement(one, key, rows, ends_on, problem, tails.get(key[1] == WHOLE_AREA, 0.5))
            for one, key, rows, problem in rough
        ]
    return judged


@dataclass(frozen=True)
class _Window:
    """One lead and group in the judged weeks."""

    weeks: Sums
    """Weeks × sums; weeks without forecasts have no row."""
    days: int
    first_day: pd.Timestamp


def _groups(totals: pd.DataFrame, weeks: int, ends_on: pd.Timestamp) -> dict[tuple[int, str], _Window]:
    """Lead and group → its last weeks."""
    begins = ends_on - pd.Timedelta(days=7 * weeks - 1)
    inside = totals[totals["target_date"].between(begins, ends_on)]
    spans: dict[Any, Any] = inside.groupby(GROUP)["target_date"].agg(["nunique", "min"]).to_dict("index")
    return {
        key: _Window(sums, spans[key]["nunique"], spans[key]["min"]) for key, sums in _by_week(inside, ends_on).items()
    }


def _tails(groups: Sequence[str]) -> Mapping[bool, float]:
    """Whether it is of the whole area → tail of each of its judgements."""
    whole = sum(group == WHOLE_AREA for group in groups)
    regions = len(groups) - whole
    share = FALSE_ALARMS / 2 if regions else FALSE_ALARMS
    return {is_whole: share / count for is_whole, count in ((True, whole), (False, regions)) if count}


def _not_judged(measure: Measure, window: _Window) -> str:
    needed = round(7 * measure.weeks * MIN_DAYS_SHARE)
    if window.days < needed:
        return f"{window.days} scored days; {needed} needed"
    cases = int(measure.cases(window.weeks).sum())
    wanted = MIN_CASES if measure.has_noise else MIN_CASES_WITHOUT_NOISE
    if cases < wanted:
        return f"{cases} forecasts; {wanted} needed"
    if measure.needs:
        events = min(float(window.weeks[f"{name}_{measure.needs}"].sum()) for name in ("exceeded", "probability"))
        if events < MIN_EXCEEDANCES:
            return f"{events:.0f} exceedances; {MIN_EXCEEDANCES:.0f} needed"
    return ""


def _judgement(
    measure: Measure, key: tuple[int, str], window: _Window, ends_on: pd.Timestamp, problem: str, tail: float
) -> Judgement:
    parts = (measure.numerator(window.weeks), measure.denominator(window.weeks))
    numerators, denominators = (part.to_numpy(dtype=float) for part in parts)
    below = denominators.sum()
    value = float(numerators.sum() / below) if below > 0 else float("nan")
    lower, upper = (float("nan"),) * 2 if problem else _interval(measure, numerators, denominators, tail=tail)
    if not problem and np.isnan(lower):
        problem = "too few weeks with forecasts to compare"
    cases = int(measure.cases(window.weeks).sum())
    return Judgement(measure, *key, value, lower, upper, cases, window.days, window.first_day, ends_on, problem)


def _interval(
    measure: Measure, numerators: np.ndarray, denominators: np.ndarray, *, tail: float
) -> tuple[float, float]:
    if measure.has_noise:
        return ratio_interval(numerators, denominators, tail=tail)
    return (float(numerators.sum() / denominators.sum()) if denominators.sum() > 0 else float("nan"),) * 2


def _by_week(rows: pd.DataFrame, ends_on: pd.Timestamp) -> dict[tuple[int, str], Sums]:
    """Lead and group → sums over whole weeks, numbered back from the last day; the last first."""
    week = ((ends_on - rows["target_date"]).dt.days // 7).rename("week")
    sums = rows.drop(columns="target_date").groupby([*GROUP, week]).sum()
    by_group: Any = sums.groupby(GROUP)
    return {(int(lead), str(group)): part.droplevel([0, 1]) for (lead, group), part in by_group}


def _earlier(judgement: Judgement, before: Sequence[Sequence[Judgement]]) -> Iterator[Judgement]:
    """The same in the months before, the newest first."""
    same = (judgement.measure.name, judgement.horizon_days, judgement.group_name)
    for month in before:
        yield from (one for one in month if (one.measure.name, one.horizon_days, one.group_name) == same)


def _with_state(judgement: Judgement, earlier: Iterator[Judgement], totals: pd.DataFrame) -> Judgement:
    """Open if it is found, or was found in a month before and has not come back since."""
    is_open = judgement.is_found
    if not is_open and (judgement.not_judged or judgement.is_beyond):
        for one in earlier:
            if one.is_found:
                is_open = True
            if one.is_found or not (one.not_judged or one.is_beyond):
                break
    return replace(judgement, is_open=is_open, since=_since(judgement, totals)) if is_open else judgement


def _since(judgement: Judgement, totals: pd.DataFrame) -> pd.Timestamp:
    """The first day of the weeks, up to the last, over which most is lost beyond the limit.

    Source: Page (1954), Biometrika 41, 100-115 (cumulative sums); the week at which their suffix is largest.
    """
    ends_on, measure = judgement.last_day, judgement.measure
    weeks = _by_week(totals, ends_on)[judgement.horizon_days, judgement.group_name]
    limit, sign = (measure.highest, 1.0) if judgement.value > measure.highest else (measure.lowest, -1.0)
    beyond = sign * (measure.numerator(weeks) - limit * measure.denominator(weeks))
    number = int(beyond.cumsum().idxmax())
    return max(ends_on - pd.Timedelta(days=7 * number + 6), totals["target_date"].min())
