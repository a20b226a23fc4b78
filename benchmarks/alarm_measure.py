"""What alarms in undisturbed months, and what with faults: the two tables of `benchmarks.alarm_replay`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from airwatch_dagster.orchestration.metadata.monthly_findings import GRAVEST
from airwatch_dagster.schemas import TABLES
from airwatch_dagster.schemas.watch import CAUSES, FLAG_FAIL, FLAG_SUSPECT, RULE_CAUSE
from airwatch_dagster.watch.sensors.flags import sensor_flags
from airwatch_dagster.watch.sensors.window import days_needed
from airwatch_dagster.watch.verdicts.area_month import MonthData
from airwatch_dagster.watch.verdicts.judge import judge_area
from benchmarks.alarm_faults import Case, Fault, faulty
from benchmarks.alarm_history import SEASONS, AreaHistory, is_smoke_month, month_end

AIR, SENSOR = CAUSES[:2]
"""The cause that is told and is no alarm; and that of a failing flag."""

FLAGS: Final = "no_sensor_failed"
"""The daily check on sensor_flags, beside the rules of monthly_findings."""

ANY: Final = "any"
"""Any warning, of the rules or of the flags."""

UNRECORDED: Final = "any, no exchange on record"
"""The same without months in which `methods` names an instrument that was exchanged by EPA's own codes: it is true."""

NATION_AND_STATES: Final = "nation and its states"
"""What somebody with AIRWATCH_AREA=us is warned of: the nation and each state are judged, months of smoke included."""

LOOKS: Final = (15,)
"""Days of a month under way on which it is judged, besides its last one."""

DELAYS: Final = (3, 7, 14, 21, 31)
"""Days of a fault, its first one counted, after which the month under way is judged, besides the first month's end."""

GROSS_DAYS: Final = 3
"""Days within which flags are to find a gross fault."""

SLOW_DELAYS: Final = (31, 91, 182, 273, 365)
"""Days after which a slow fault is looked for."""


def findings(history: AreaHistory, day: pd.Timestamp, areas: Sequence[AreaHistory]) -> pd.DataFrame:
    """What ``monthly_findings`` of the month of ``day`` finds in these areas of ``history``, at the end of ``day``."""
    stored = history.as_of(day)
    data = MonthData.of(stored.site_days, month=day.replace(day=1))
    parts = [judge_area(data, area=one.area, in_area=one.in_area, changes=stored.changes, names={}) for one in areas]
    found = pd.concat([part[part["is_found"]] for part in parts], ignore_index=True)
    return found.assign(look=day)


def flagged_sites(history: AreaHistory, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Sites and days with a sensor flag that is suspect or fails (``is_failed``)."""
    rows = history.site_days[history.site_days["date_local"].isin(days_needed(days))]
    flags = sensor_flags(rows, days=days, raw_readings=TABLES["raw_readings"].empty())
    flagged = flags[flags["flag"].isin((FLAG_SUSPECT, FLAG_FAIL))]
    return flagged.assign(is_failed=flagged["flag"] == FLAG_FAIL)[["site_id", "date_local", "test", "is_failed"]]


def undisturbed_month(nation: AreaHistory, areas: Sequence[AreaHistory], month: pd.Timestamp) -> pd.DataFrame:
    """A row per area and rule, with ``is_alarm``: whether it found something at any look of the month.

    For the rules of the air ``is_alarm`` tells that it was found; nobody is warned of it.
    """
    end = month_end(month)
    looks = [*(month.replace(day=day) for day in LOOKS), end]
    found = pd.concat([findings(nation, day, areas) for day in looks], ignore_index=True)
    flagged = flagged_sites(nation, pd.date_range(month, end))
    failed = flagged[flagged["is_failed"]]
    rows = nation.site_days[nation.site_days["date_local"].between(month, end)]
    of_month = nation.with_rows(rows)
    rows = [row for one in areas for row in _area_month(one.of_month(of_month, month), month, found, failed)]
    return pd.DataFrame(rows)


def _area_month(
    area: AreaHistory, month: pd.Timestamp, found: pd.DataFrame, failed: pd.DataFrame
) -> Iterator[dict[str, object]]:
    common = {"area": area.area, "scale": area.scale, "month": month, "season": SEASONS[month.month]}
    common["is_smoke"] = is_smoke_month(area, month)
    own, failed = found[found["area"] == area.area], failed[failed["site_id"].isin(area.in_area)]
    for rule, cause in RULE_CAUSE.items():
        of_rule = own[own["rule"] == rule].sort_values(["look", "site_id"])
        told = "; ".join(
            f"by {look:%d %b}: {what}" for look, what in zip(of_rule["look"], of_rule["what"], strict=True)
        )
        yield {**common, "rule": rule, "cause": cause, "is_alarm": len(of_rule) > 0, "what": told}
    told = "; ".join(f"{row.site_id} {row.date_local:%d %b} {row.test}" for row in failed.itertuples())
    yield {**common, "rule": FLAGS, "cause": SENSOR, "is_alarm": len(failed) > 0, "what": told}
    is_any = len(own[own["cause"] != AIR]) > 0 or len(failed) > 0
    yield {**common, "rule": ANY, "cause": ANY, "is_alarm": is_any, "what": ""}
    is_recorded = bool((own["rule"] == "methods").any())
    yield {**common, "rule": UNRECORDED, "cause": ANY, "is_alarm": is_any and not is_recorded, "what": ""}


@dataclass
class Finder:
    """Looks for faults in one area; what undisturbed days show is judged once."""

    history: AreaHistory
    usual: dict[pd.Timestamp, pd.DataFrame] = field(default_factory=dict)
    usual_flags: dict[pd.Timestamp, pd.DataFrame] = field(default_factory=dict)

    def detections(self, faults: Sequence[Fault], starts: Sequence[pd.Timestamp]) -> pd.DataFrame:
        """A row per fault and start: delays in days until found, null where it was not, and what was told."""
        return pd.DataFrame([self._detection(faulty(self.history, one, start)) for start in starts for one in faults])

    def _detection(self, case: Case) -> dict[str, object]:
        days = pd.date_range(case.start, periods=GROSS_DAYS)
        if case.start not in self.usual_flags:
            self.usual_flags[case.start] = flagged_sites(self.history, days)
        flagged = flagged_sites(case.history, days)
        flagged = flagged[flagged["site_id"].isin(case.sites & self.history.in_area)]
        flagged = _new(flagged, self.usual_flags[case.start], ["site_id", "date_local", "test", "is_failed"])
        age = (flagged["date_local"] - case.start).dt.days + 1
        delay, told = self._first_alarm(case)
        leading = leading_cause(told)
        return {
            "area": self.history.area,
            "scale": self.history.scale,
            "fault": case.fault.name,
            "start": case.start,
            "sites": len(case.sites),
            "flagged_after": age.min(),
            "failed_after": age[flagged["is_failed"].astype(bool)].min(),
            "found_after": delay,
            "cause": leading,
            "is_right": leading in case.fault.causes,
            "rules": ", ".join(sorted(set(told["rule"]))) if len(told) else "",
            "what": "; ".join(told["what"].head(2)) if len(told) else "",
        }

    def _first_alarm(self, case: Case) -> tuple[float, pd.DataFrame]:
        for day in looks_of(case):
            if day not in self.usual:
                self.usual[day] = findings(self.history, day, [self.history])
            found = findings(case.history, day, [self.history])
            new = _new(found[found["cause"] != AIR], self.usual[day], ["rule", "site_id"])
            new = new[new["site_id"].isin({"", *case.sites})]
            if len(new):
                return (day - case.start).days + 1, new
        return np.nan, pd.DataFrame()


def _new(found: pd.DataFrame, usual: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Rows of ``found`` that are not found without the fault."""
    known = pd.MultiIndex.from_frame(usual[key])
    return found[~pd.MultiIndex.from_frame(found[key]).isin(known)]


def looks_of(case: Case) -> list[pd.Timestamp]:
    """Days at whose end the month under way is judged."""
    delays = SLOW_DELAYS if case.fault.is_slow else DELAYS
    looks = {case.start + pd.Timedelta(days=delay - 1) for delay in delays}
    if not case.fault.is_slow:
        looks.add(month_end(case.start))
    return sorted(looks)


def leading_cause(found: pd.DataFrame) -> str:
    """The cause that the warning names: that which explains the others, as ``no_fault_found`` says it."""
    return next((cause for cause in GRAVEST if len(found) and cause in set(found["cause"])), "")


def undisturbed_table(months: pd.DataFrame) -> pd.DataFrame:
    """Of rows of ``undisturbed_month``: rows of ``UNDISTURBED_COLUMNS``."""
    states = months[months["scale"].isin(("nation", "state"))].assign(scale=NATION_AND_STATES)
    together = ["scale", "cause", "rule", "season", "month", "draw"]
    states = states.groupby(together, sort=False).agg(is_alarm=("is_alarm", "any")).reset_index().assign(is_smoke=False)
    months = pd.concat([months, states], ignore_index=True)
    key = ["scale", "cause", "rule", "season"]
    usual = months[~months["is_smoke"]].groupby(key, sort=False)["is_alarm"]
    smoke = months[months["is_smoke"]].groupby(key, sort=False)["is_alarm"]
    table = usual.agg(area_months="size", alarm_months="sum").join(
        smoke.agg(smoke_months="size", smoke_alarm_months="sum")
    )
    return table.fillna(0).astype(int).reset_index()


def fault_table(cases: pd.DataFrame) -> pd.DataFrame:
    """Of rows of ``Finder.detections``: rows of ``FAULT_COLUMNS``."""
    groups = cases.groupby(["fault", "scale"], sort=False)
    found = cases[cases["found_after"].notna()].groupby(["fault", "scale"], sort=False)
    table = groups.agg(
        cases=("start", "size"),
        flagged_share=("flagged_after", lambda days: round(float((days <= GROSS_DAYS).mean()), 3)),
        failed_share=("failed_after", lambda days: round(float((days <= GROSS_DAYS).mean()), 3)),
        found_share=("found_after", lambda days: round(float(days.notna().mean()), 3)),
        median_days=("found_after", "median"),
    )
    told = found.agg(
        cause_share=("is_right", lambda right: round(float(right.mean()), 3)), rules=("rules", _counted),
        causes=("cause", _counted),
    )  # fmt: skip
    return table.join(told).reset_index()


def _counted(names: pd.Series) -> str:
    counts = pd.Series([name for one in names for name in one.split(", ")]).value_counts()
    return ", ".join(f"{name} {count}" for name, count in counts.items())
