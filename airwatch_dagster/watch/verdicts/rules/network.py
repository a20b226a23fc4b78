"""Rules about who reports: sites, instruments, schedules and parameter."""

from typing import Final

import numpy as np

from airwatch_dagster.watch.instrument_names import instrument_name
from airwatch_dagster.watch.verdicts import limits as shared
from airwatch_dagster.watch.verdicts.area_month import AreaMonth
from airwatch_dagster.watch.verdicts.chances import score_limit
from airwatch_dagster.watch.verdicts.finding import Finding, not_judged
from airwatch_dagster.watch.verdicts.rules import limits
from airwatch_dagster.watch.verdicts.rules.sensors import size_ugm3

_LATE: Final = (
    "readings are AirNow's and those of the month before AQS's; sites that AirNow does not have are late, not silent"
)


def sites_reporting(one: AreaMonth) -> list[Finding]:
    """Sites that reported in the month before and have fallen silent."""
    history = one.history
    before = _readings(one, 1)
    now = _readings(one, 0)
    due = before * history.day_count / max(int((history.months_ago == 1).sum()), 1)
    is_running = one.is_in & (due >= limits.DUE_READINGS)
    running = int(is_running.sum())
    if _is_newly_provisional(one):
        return not_judged(_LATE, unit="%", days=history.day_count, sites=running)
    if running < limits.LEAST_RUNNING:
        why = f"{running} sites with {limits.DUE_READINGS:.0f} readings due by now; {limits.LEAST_RUNNING} needed"
        return not_judged(why, unit="%", days=history.day_count, sites=running)
    is_silent = is_running & (now <= limits.SILENT_SHARE * due)
    silent = np.flatnonzero(is_silent)
    is_new = one.is_in & (now > 0) & (np.isfinite(history.pm25[: history.start]).sum(axis=0) == 0)
    what = (
        f"{len(silent)} of the {running} sites that reported in the month before have fallen silent"
        f"{', ' + str(int(is_new.sum())) + ' are new' if is_new.any() else ''}; by their levels alone the area's mean "
        f"changes by {_composition(one, is_running, is_silent):+.1f} µg/m³"
    )
    return _share_of_sites(one, silent, what, of=running, limit_pct=limits.LOST_SITES_PCT, left=running - len(silent))


def methods(one: AreaMonth) -> list[Finding]:
    """Sites with another instrument than before, and whether their readings stepped."""
    history, steps = one.history, one.data.steps
    new, old = _main(history.method[history.start :]), _main(_last_days(one, history.method))
    swapped = np.flatnonzero(one.is_in & (new >= 0) & (old >= 0) & (new != old) & ~_was_used(one, new))
    reported = one.changes[one.changes["kind"].isin(("restated_pair", "relocation"))]
    listed = np.flatnonzero(one.is_in & np.isin(history.site_ids.astype(str), reported["site_id"].to_numpy(dtype=str)))
    swapped = np.union1d(swapped, listed)
    judged = int((one.is_in & (new >= 0)).sum())
    if not judged or not history.months_before:
        return not_judged("no site has a known method now and before", unit="sites", days=history.day_count)
    score, size = steps.score[swapped], size_ugm3(one, steps)[swapped]
    tried = max(len(swapped), judged / limits.SITES_OF_A_SWAP, 1)
    limit = score_limit(limits.SWAP_CHANCE / tried / 2)
    stepped = swapped[(np.abs(score) >= limit) & (np.abs(size) >= limits.LEAST_SWAP_UGM3)]
    many = max(limits.LEAST_SWAPS, limits.SWAPPED_SHARE * judged)
    is_found = len(stepped) > 0 or len(swapped) >= many
    told = [
        _swap(one, int(number), int(old[number]), int(new[number])) for number in (stepped if len(stepped) else swapped)
    ]
    what = f"{len(swapped)} of {judged} sites changed instrument or place"
    what += f", {len(stepped)} with a step against their neighbours" if len(stepped) else ""
    return [
        Finding(
            what=f"{what}: {'; '.join(told[: limits.MOST_NAMED])}." if told else f"{what}.",
            unit="sites",
            is_found=bool(is_found),
            effect=float(len(swapped)),
            limit=float(np.ceil(many)),
            days=history.day_count,
            sites=judged,
            reference_days=int((history.months_ago[: history.start] <= shared.REFERENCE_MONTHS).sum()),
            reference_sites=judged,
        )
    ]


def sampling(one: AreaMonth) -> list[Finding]:
    """Sites that report on far more or far fewer days of a month than before."""
    history = one.history
    days_before = _stored_days_before(one)
    share_before = _readings(one, 1) / max(days_before, 1)
    share = _readings(one, 0) / max(history.day_count, 1)
    is_judged = one.is_in & (share_before > 0) & (share > limits.SILENT_SHARE * share_before)
    judged = int(is_judged.sum())
    if _is_newly_provisional(one):
        return not_judged(_LATE, unit="%", days=history.day_count, sites=judged)
    days = min(history.day_count, days_before)
    if days < limits.SAMPLING_DAYS or judged < limits.LEAST_RUNNING:
        why = f"{days} days and {judged} sites; {limits.SAMPLING_DAYS} and {limits.LEAST_RUNNING} needed"
        return not_judged(why, unit="%", days=history.day_count, sites=judged)
    was_daily, is_daily = share_before >= limits.DAILY_SHARE, share >= limits.DAILY_SHARE
    was_rare, is_rare = share_before <= limits.RARE_SHARE, share <= limits.RARE_SHARE
    fewer, more = is_judged & was_daily & is_rare, is_judged & was_rare & is_daily
    what = (
        f"{int(fewer.sum())} of {judged} sites went from daily readings to one in two days or fewer, "
        f"{int(more.sum())} the other way"
    )
    changed = np.flatnonzero(fewer | more)
    return _share_of_sites(one, changed, what, of=judged, limit_pct=limits.RESCHEDULED_PCT, reference_days=days_before)


def _stored_days_before(one: AreaMonth) -> int:
    """Days of the month before, from the first day on of which anything is stored."""
    history = one.history
    begun = np.maximum.accumulate(np.isfinite(history.pm25).any(axis=1))
    return int(((history.months_ago == 1) & begun).sum())


def parameters(one: AreaMonth) -> list[Finding]:
    """Sites whose value comes from another parameter code than before."""
    history = one.history
    new, old = _main(history.parameter[history.start :]), _main(_last_days(one, history.parameter))
    is_judged = one.is_in & (new >= 0) & (old >= 0)
    judged, changed = int(is_judged.sum()), np.flatnonzero(is_judged & (new != old))
    if not judged:
        return not_judged("no site has readings now and before", unit="%", days=history.day_count)
    what = f"{len(changed)} of {judged} sites have their value from another parameter code than before"
    before = int((history.months_ago[: history.start] <= shared.REFERENCE_MONTHS).sum())
    return _share_of_sites(one, changed, what, of=judged, limit_pct=limits.RESCHEDULED_PCT, reference_days=before)


def _share_of_sites(
    one: AreaMonth,
    changed: np.ndarray,
    what: str,
    *,
    of: int,
    limit_pct: float,
    reference_days: int | None = None,
    left: int | None = None,
) -> list[Finding]:
    """The finding that these of ``of`` sites changed, if they are many enough; compared with the month before unless
    ``reference_days`` says with what. ``left`` are the sites that still report."""
    history = one.history
    share_pct = 100 * len(changed) / of
    is_found = share_pct >= limit_pct and len(changed) >= limits.LEAST_LOST
    return [
        Finding(
            what=f"{what}: {one.sites(changed)}." if is_found else f"{what}.",
            unit="%",
            is_found=is_found,
            effect=share_pct,
            limit=limit_pct,
            days=history.day_count,
            sites=of if left is None else left,
            reference_days=int((history.months_ago == 1).sum()) if reference_days is None else reference_days,
            reference_sites=of,
        )
    ]


def _is_newly_provisional(one: AreaMonth) -> bool:
    """Whether AirNow has a larger share of the readings than in the month before."""
    history = one.history
    now, before = ((history.months_ago == ago)[:, None] & one.is_in for ago in (0, 1))
    shares = [
        (history.is_provisional & days).sum() / max(int((np.isfinite(history.pm25) & days).sum()), 1)
        for days in (now, before)
    ]
    return bool(shares[0] - shares[1] > limits.PROVISIONAL_SHARE)


def _readings(one: AreaMonth, ago: int) -> np.ndarray:
    return np.asarray(np.isfinite(one.history.pm25[one.history.months_ago == ago]).sum(axis=0))


def _last_days(one: AreaMonth, codes: np.ndarray) -> np.ndarray:
    """The codes of the months of reference."""
    ago = one.history.months_ago
    return np.asarray(codes[(ago >= 1) & (ago <= shared.REFERENCE_MONTHS)])


def _main(codes: np.ndarray) -> np.ndarray:
    """The code of at least three quarters of each site's known days; -1 where none has as many."""
    known = (codes >= 0).sum(axis=0)
    found = np.full(codes.shape[1], -1)
    for code in range(int(codes.max(initial=-1)) + 1):
        is_main = (codes == code).sum(axis=0) >= np.maximum(limits.MAIN_SHARE * known, 1)
        found = np.where(is_main, code, found)
    return found


def _was_used(one: AreaMonth, method: np.ndarray) -> np.ndarray:
    """Whether a site had the method on a tenth of its known days of the year before, beside another one."""
    ago = one.history.months_ago
    past = one.history.method[(ago >= 1) & (ago <= shared.YEAR_MONTHS)]
    return np.asarray((past == method).sum(axis=0) > limits.USED_SHARE * np.maximum((past >= 0).sum(axis=0), 1))


def _swap(one: AreaMonth, number: int, old: int, new: int) -> str:
    history, steps = one.history, one.data.steps
    size = float(size_ugm3(one, steps)[number])
    moved = f" and moved by {size:+.1f} µg/m³" if np.isfinite(size) else ""
    if old == new or min(old, new) < 0:
        rows = one.changes[one.changes["site_id"] == str(history.site_ids[number])]
        return f"{one.site(number)}{moved} ({rows['kind'].iloc[-1].replace('_', ' ')})"
    codes = [str(history.methods[code]) for code in (old, new)]
    parameter = str(history.parameters[max(int(_main(history.parameter[history.start :])[number]), 0)])
    before, after = (instrument_name(code, parameter) for code in codes)
    return f"{one.site(number)} from {before} to {after}{moved}"


def _composition(one: AreaMonth, is_running: np.ndarray, is_silent: np.ndarray) -> float:
    """Change of the mean of the month before, µg/m³, if the silent sites had been silent then."""
    month = one.history.pm25[one.history.months_ago == 1]
    count = np.isfinite(month).sum(axis=0)
    level = np.nansum(month, axis=0) / np.maximum(count, 1)
    rest = is_running & ~is_silent
    return float(level[rest].mean() - level[is_running].mean()) if rest.any() else float("nan")
