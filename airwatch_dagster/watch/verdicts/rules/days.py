"""Rules about days: shifted, repeated, or of another calendar."""

from typing import NamedTuple

import numpy as np

from airwatch_dagster.watch.sensors.medians import median, spread
from airwatch_dagster.watch.verdicts import limits as shared
from airwatch_dagster.watch.verdicts.area_month import AreaMonth
from airwatch_dagster.watch.verdicts.chances import chance_of_equal
from airwatch_dagster.watch.verdicts.finding import Finding, not_judged
from airwatch_dagster.watch.verdicts.history import History
from airwatch_dagster.watch.verdicts.rules import limits
from airwatch_dagster.watch.verdicts.rules.levels import surroundings

DAYS = "days"


def clock(one: AreaMonth) -> list[Finding]:
    """Sites, or the whole area, whose days match their neighbours' a day earlier or later better than the same days.

    An hour's shift moves a twenty-fourth of a daily mean: daily readings do not show it.
    """
    history, contrasts = one.history, one.data.contrasts
    days = slice(history.start, len(history.days))
    ratios, count = lag_ratios(contrasts.anomaly, contrasts.expected, days)
    is_judged = one.is_in & (count >= limits.CLOCK_DAYS)
    judged = int(is_judged.sum())
    if not judged:
        why = f"no site has {limits.CLOCK_DAYS} days beside its neighbours'"
        return not_judged(why, unit=DAYS, days=history.day_count)
    chance, least, most = min(
        (chance_of_equal(int((ratio[is_judged] >= least).sum()), judged, share=share), least, number)
        for number, ratio in enumerate(ratios)
        for least, share in limits.CLOCK_RATIOS.items()
    )
    shifted = np.flatnonzero(is_judged & (ratios[most] >= least))
    is_some = chance <= limits.CLOCK_CHANCE
    of_area = _lag_of_area(one)
    effect = float(of_area or (limits.LAGS[most] if is_some else 0))
    which = "before" if effect > 0 else "after"
    what = f"{len(shifted)} of {judged} sites match their neighbours better a day apart"
    if of_area:
        what = f"The area's days match those of the day {which} at the sites around it"
    elif is_some:
        what = f"{len(shifted)} of {judged} sites match the day {which} of their neighbours: {one.sites(shifted)}"
    return [
        Finding(
            what=f"{what}.",
            unit=DAYS,
            is_found=bool(of_area or is_some),
            effect=effect,
            limit=1.0,
            days=history.day_count,
            sites=judged,
            reference_days=history.day_count,
            reference_sites=int(surroundings(one).sum()),
        )
    ]


def lag_ratios(own: np.ndarray, air: np.ndarray, days: slice) -> tuple[np.ndarray, np.ndarray]:
    """For each lag of ``LAGS`` and each site how much better the lag fits than none, and the days compared.

    ``own`` and ``air`` are days × sites. The measure is half the number of days times the log of the ratio of summed
    squared differences: for independent days a log likelihood ratio.
    """
    moved = np.stack([_lagged(air, lag)[days] for lag in (0, *limits.LAGS)])
    mine = own[days]
    is_used = ~np.isnan(mine) & ~np.isnan(moved).any(axis=0)
    count = is_used.sum(axis=0)
    difference = np.where(is_used, mine - moved, 0.0)
    middle = difference.sum(axis=1, keepdims=True) / np.maximum(count, 1)
    error = np.where(is_used, (difference - middle) ** 2, 0.0).sum(axis=1) + shared.LEAST_SQUARES
    return count / 2 * np.log(error[0] / error[1:]), count


def _lagged(values: np.ndarray, lag: int) -> np.ndarray:
    """Row d has what row d − lag had."""
    moved = np.full_like(values, np.nan)
    if lag > 0:
        moved[lag:] = values[:-lag]
    elif lag < 0:
        moved[:lag] = values[-lag:]
    else:
        moved[:] = values
    return moved


def _lag_of_area(one: AreaMonth) -> int:
    """Lag of the whole area against the sites around it, 0 for none.

    Some areas lie down the wind and follow the others by half a day: an area is compared with its own past.
    """
    around, anomaly = surroundings(one), one.data.contrasts.anomaly
    if around.sum() < limits.LEAST_SITES or one.is_in.sum() < limits.LEAST_SITES_OF_DAY:
        return 0
    own, air = (_middle(anomaly[:, chosen])[:, None] for chosen in (one.is_in, around))
    ratios = []
    for ago in range(one.history.months_before + 1):
        rows = np.flatnonzero(one.history.months_ago == ago)
        ratio, count = lag_ratios(own, air, slice(rows[0], rows[-1] + 1))
        ratios.append(ratio[:, 0] if count[0] >= limits.CLOCK_DAYS else np.full(len(limits.LAGS), np.nan))
    now, past = ratios[0], np.array(ratios[1:])
    if len(past) < shared.MIN_PAST_MONTHS or np.isnan(now).any():
        return 0
    usual = median(past, axis=0)
    score = (now - usual) / spread(past, usual, axis=0, floor=limits.LEAST_CLOCK_SPREAD)
    best = int(score.argmax())
    return limits.LAGS[best] if score[best] >= limits.CLOCK_SCORE and now[best] >= limits.CLOCK_RATIO else 0


def _middle(values: np.ndarray) -> np.ndarray:
    return median(values, axis=1, at_least=limits.LEAST_SITES_OF_DAY)


def sampling_days(one: AreaMonth) -> list[Finding]:
    """Filters on other days than EPA's calendar, which samples every third day everywhere.

    It tells a shift of all days, which no comparison between sites does. Source: EPA's sampling schedule calendars.
    """
    history = one.history
    is_there = np.isfinite(history.pm25[:, one.is_in])
    phase = (history.days - limits.CALENDAR_DAY).days.to_numpy() % limits.CALENDAR_STEP
    past = is_there[max(history.start - shared.TRAINING_DAYS, 0) : history.start]
    readings = past.sum(axis=0)
    is_filter = (readings >= limits.MOVEMENT_READINGS) & (readings <= limits.FILTER_SHARE * len(past))
    on_past = past[phase[max(history.start - shared.TRAINING_DAYS, 0) : history.start] == 0].sum(axis=0)
    is_filter &= on_past >= limits.CALENDAR_SHARE * readings
    now = is_there[history.start :][:, is_filter]
    samples = int(now.sum())
    if samples < limits.CALENDAR_SAMPLES:
        why = f"{samples} filter samples of {int(is_filter.sum())} sites; {limits.CALENDAR_SAMPLES} needed"
        return not_judged(why, unit="%", days=history.day_count, sites=int(is_filter.sum()))
    by_phase = [int(now[phase[history.start :] == number].sum()) for number in range(limits.CALENDAR_STEP)]
    off = max(by_phase[1:])
    off_pct = 100 * off / samples
    return [
        Finding(
            what=f"{off} of {samples} filter samples are of the same wrong day of EPA's calendar.",
            unit="%",
            is_found=off_pct >= limits.OFF_CALENDAR_PCT,
            effect=off_pct,
            limit=limits.OFF_CALENDAR_PCT,
            days=history.day_count,
            sites=int(is_filter.sum()),
            reference_days=len(past),
            reference_sites=int(is_filter.sum()),
        )
    ]


def repeated_days(one: AreaMonth) -> list[Finding]:
    """A day whose readings are those of an earlier one at several sites: of the area, or of one county or state in it,
    as where one agency's feed repeats itself."""
    history, parts = one.history, _parts(one)
    own, most = np.flatnonzero(one.is_in), _most_sites(one)
    if most < limits.REPEAT_SITES:
        return not_judged(f"{most} sites on a day; {limits.REPEAT_SITES} needed", unit="sites", days=history.day_count)
    worst = _most_unlikely(history, own, least=limits.REPEAT_SITES, share=limits.REPEAT_SHARE)
    by_chance, where = worst.by_chance(history.day_count), ""
    for name, sites in parts:
        repeat = _most_unlikely(history, sites, least=limits.PART_SITES, share=limits.PART_SHARE)
        if (expected := repeat.by_chance(history.day_count) * len(parts)) < min(by_chance, limits.REPEAT_CHANCE):
            worst, by_chance, where = repeat, expected, f" of {name}"
    what = "No day repeats an earlier one."
    if worst.lag:
        day, before = (f"{history.days[row]:%-d %B %Y}" for row in (worst.row, worst.row - worst.lag))
        what = f"On {day} {worst.equal} of {worst.number} sites{where} read exactly what they did on {before}."
    return [
        Finding(
            what=what,
            unit="sites",
            is_found=worst.lag > 0 and by_chance <= limits.REPEAT_CHANCE,
            effect=float(worst.equal),
            limit=float(limits.PART_SITES if where else limits.REPEAT_SITES),
            days=history.day_count,
            sites=most,
            reference_days=limits.REPEAT_LAGS,
            reference_sites=most,
        )
    ]


class _Repeat(NamedTuple):
    """The repeated day that is least likely; of lag 0 where there is no candidate."""

    chance: float = 1.0
    """That these sites repeat this day by chance."""
    row: int = 0
    lag: int = 0
    equal: int = 0
    number: int = 0

    def by_chance(self, days: int) -> float:
        """How many such days there are in a month of so many days, by chance."""
        return self.chance * days * (1 if self.lag == 1 else limits.REPEAT_LAGS)


def _most_sites(one: AreaMonth) -> int:
    month = one.history.pm25[one.history.start :][:, one.is_in]
    return int(np.isfinite(month).sum(axis=1).max(initial=0))


def _parts(one: AreaMonth) -> list[tuple[str, np.ndarray]]:
    """Name and sites of each county and state that is a part of the area; the country's are areas of their own."""
    own = np.flatnonzero(one.is_in)
    if one.area == "us":
        return []
    found = []
    for kind, digits_of in (("county", 5), ("state", 2)):
        codes = np.array([str(site_id)[:digits_of] for site_id in one.history.site_ids[own]])
        for code in np.unique(codes):
            sites = own[codes == code]
            if limits.PART_SITES <= len(sites) < len(own):
                found.append((f"{kind} {code}", sites))
    return found


def _most_unlikely(history: History, sites: np.ndarray, *, least: int, share: float) -> _Repeat:
    values, worst = history.pm25[:, sites], _Repeat()
    for lag in range(1, limits.REPEAT_LAGS + 1):
        rows = np.arange(max(history.start, lag), len(history.days))
        both = np.isfinite(values[rows]) & np.isfinite(values[rows - lag])
        same = both & (np.abs(values[rows] - values[rows - lag]) < limits.SAME_UGM3)
        number, equal = both.sum(axis=1), same.sum(axis=1)
        for at in np.flatnonzero((equal >= least) & (equal >= share * number)):
            found, of = int(equal[at]), int(number[at])
            chance = chance_of_equal(found, of, share=limits.SAME_CHANCE)
            worst = min(worst, _Repeat(chance, int(rows[at]), lag, found, of))
    return worst


def digits(one: AreaMonth) -> list[Finding]:
    """Readings that a program has changed: whole numbers, or values below zero, where there were few."""
    history = one.history
    month = history.pm25[history.start :][:, one.is_in]
    past = history.pm25[max(history.start - shared.TRAINING_DAYS, 0) : history.start][:, one.is_in]
    count, count_past = int(np.isfinite(month).sum()), int(np.isfinite(past).sum())
    if min(count, count_past) < limits.DIGIT_READINGS:
        why = f"{count} readings and {count_past} of the year before; {limits.DIGIT_READINGS} needed"
        return not_judged(why, unit="%", days=history.day_count)
    with np.errstate(invalid="ignore"):
        whole, whole_past = (100 * float((values == np.rint(values)).sum()) for values in (month, past))
        below, below_past = (100 * float((values < 0).sum()) for values in (month, past))
    effects = {
        "whole numbers": whole / count - whole_past / count_past,
        "below zero": below / count - below_past / count_past,
    }
    name = max(effects, key=lambda key: effects[key])
    share = {"whole numbers": whole / count, "below zero": below / count}[name]
    return [
        Finding(
            what=f"{share:.0f} % of the readings are {name}, {share - effects[name]:.0f} % were in the year before.",
            unit="%",
            is_found=effects[name] >= limits.DIGITS_PCT,
            effect=effects[name],
            limit=limits.DIGITS_PCT,
            days=history.day_count,
            sites=int(one.is_in.sum()),
            reference_days=min(shared.TRAINING_DAYS, history.start),
            reference_sites=int(one.is_in.sum()),
        )
    ]
