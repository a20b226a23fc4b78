"""What the page of a month says: four verdicts, what each rests on, and what could not be judged."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import pandas as pd

from airwatch_dagster.publish.findings.verdicts import AIR, MEANINGS, STATES, TITLES, TODO, State, once, state_of
from airwatch_dagster.publish.material import records
from airwatch_dagster.publish.page.language import NO_BREAK, language_of
from airwatch_dagster.schemas.watch import CAUSES

DECIMALS: Final[Mapping[str, int]] = {"%": 0, "days": 0, "sites": 0}
"""Unit → decimals of its values; one for the others."""


_MINUS: Final = re.compile(r"(?<![\w.-])-(?=\d)")
"""A hyphen that stands for a minus sign, as in -3.2; not those of a date."""


@dataclass(frozen=True)
class Scale:
    """An effect on a line from ``low`` to ``high``, each as a share of its length."""

    zero: float
    effect: float
    lower: float | None
    upper: float | None
    limit: float | None


@dataclass(frozen=True)
class Line:
    """One row of the table, for people."""

    rule: str
    where: str
    what: str
    effect: str
    interval: str
    limit: str
    compared: str
    scale: Scale | None
    site_id: str = ""


@dataclass(frozen=True)
class Open:
    """A rule that could not judge, in one or more areas."""

    rule: str
    why: str
    where: str


@dataclass(frozen=True)
class Verdict:
    """One of the four verdicts of a month."""

    cause: str
    state: State
    found: Sequence[Line]
    passed: Sequence[Line]
    """Of the whole area."""
    not_judged: Sequence[Open]

    @property
    def is_air(self) -> bool:
        """Whether it is about the air, and no fault."""
        return self.cause == AIR

    @property
    def title(self) -> str:
        """Its heading."""
        return TITLES[self.cause]

    @property
    def meaning(self) -> str:
        """What it looks at."""
        return MEANINGS[self.cause]

    @property
    def todo(self) -> str:
        """What to do about what was found; empty for the air."""
        return TODO[self.cause] if self.state == "found" else ""

    @property
    def words(self) -> str:
        """What it says, in two or three words."""
        return STATES[self.cause][self.state]

    @property
    def anchor(self) -> str:
        """Its address on the page."""
        return self.cause.split()[0]


@dataclass(frozen=True)
class MonthReport:
    """What the page of a month shows."""

    month: date
    last_day: date | None
    """The newest day with readings; None without any."""
    area: str
    verdicts: Sequence[Verdict]
    parts: Sequence[tuple[str, Sequence[Verdict]]]
    """Name of each area within, and its verdicts."""
    is_simulated: bool

    @property
    def is_over(self) -> bool:
        """Whether all days of the month are there."""
        return self.last_day is not None and (pd.Timestamp(self.last_day) + pd.Timedelta(days=1)).day == 1


def month_report(
    findings: pd.DataFrame,
    *,
    month: pd.Timestamp,
    last_day: pd.Timestamp | None,
    area: str,
    name_of: Callable[[str], str],
    is_simulated: bool,
) -> MonthReport:
    """The report of a month from its rows of ``monthly_findings``.

    ``area`` is the configured one, ``name_of`` gives the name of an area for people.
    """
    parts = [one for one in findings["area"].drop_duplicates() if one != area]
    return MonthReport(
        month=month.date(),
        last_day=None if last_day is None else last_day.date(),
        area=name_of(area),
        verdicts=[_verdict(cause, findings, area=area, name_of=name_of) for cause in CAUSES[:4]],
        parts=[(name_of(part), _verdicts_of(findings[findings["area"] == part], part, name_of)) for part in parts],
        is_simulated=is_simulated,
    )


def _verdicts_of(rows: pd.DataFrame, area: str, name_of: Callable[[str], str]) -> list[Verdict]:
    return [_verdict(cause, rows, area=area, name_of=name_of) for cause in CAUSES[:4]]


def _verdict(cause: str, findings: pd.DataFrame, *, area: str, name_of: Callable[[str], str]) -> Verdict:
    rows = findings[findings["cause"] == cause]
    is_open = rows["not_judged"].notna()
    found = once(rows[rows["is_found"]]).sort_values("area", key=lambda areas: areas != area, kind="stable")
    whole = rows[(rows["area"] == area) & ~is_open & ~rows["is_found"]]
    own = rows[rows["area"] == area]
    return Verdict(
        cause=cause,
        state=state_of(own if len(own) else rows, found),
        found=[_line(row, name_of) for row in records(found)],
        passed=[_line(row, name_of) for row in records(whole)],
        not_judged=_open(rows[is_open], name_of),
    )


def _open(rows: pd.DataFrame, name_of: Callable[[str], str]) -> list[Open]:
    """Rules that could not judge, by reason; many areas are counted."""
    found = []
    for (rule, why), group in rows.groupby(["rule", "not_judged"], sort=False):
        areas = list(dict.fromkeys(group["area"]))
        where = name_of(areas[0]) if len(areas) == 1 else f"{len(areas)} areas"
        found.append(Open(rule_title(str(rule)), str(why), where))
    return found


def rule_title(rule: str) -> str:
    """``Repeated days`` for ``repeated_days``."""
    words = rule.replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}"


def _line(row: Mapping[str, Any], name_of: Callable[[str], str]) -> Line:
    words, unit = language_of("en"), row["unit"]

    def amount(value: float, *, signed: bool = False) -> str:
        text = words.number(value, DECIMALS.get(unit, 1))
        return f"+{text}" if signed and value > 0 else text

    effect, limit, lower, upper = (_number(row[name]) for name in ("effect", "limit", "lower", "upper"))
    interval = "" if lower is None or upper is None else f"{amount(lower)} to {amount(upper)}"
    bound = limit if limit is None or effect is None or effect >= 0 or limit < 0 else -limit
    return Line(
        rule=rule_title(row["rule"]),
        where=name_of(row["area"]),
        what=_MINUS.sub("−", row["what"]),
        effect="" if effect is None else f"{amount(effect)}{NO_BREAK}{_unit(unit, effect)}",
        interval=interval,
        limit="" if limit is None else f"{amount(bound or 0.0)}{NO_BREAK}{_unit(unit, bound or 0.0)}",
        compared=_compared(row),
        scale=None if effect is None else _scale(effect, lower, upper, bound),
        site_id=row["site_id"],
    )


def _unit(unit: str, value: float) -> str:
    """``day`` for a value of one, of units that are counted."""
    return unit.removesuffix("s") if abs(value) == 1.0 and DECIMALS.get(unit) == 0 else unit


def _number(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def _compared(row: Mapping[str, Any]) -> str:
    """``28 days of 9 sites with 270 days of 8 sites``."""
    now, then = ((row[f"{one}days"], row[f"{one}sites"]) for one in ("", "reference_"))
    sides = [f"{_counted(days, 'day')} of {_counted(sites, 'site')}" for days, sites in (now, then) if days or sites]
    return " with ".join(sides)


def _counted(count: int, what: str) -> str:
    return f"{count:,}{NO_BREAK}{what}{'' if count == 1 else 's'}"


def _scale(effect: float, lower: float | None, upper: float | None, limit: float | None) -> Scale:
    values = [0.0, effect, *(one for one in (lower, upper, limit) if one is not None)]
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or 1.0

    def place(value: float | None) -> float | None:
        return None if value is None else (value - low + room) / (high - low + 2 * room)

    return Scale(place(0.0) or 0.0, place(effect) or 0.0, place(lower), place(upper), place(limit))


def headline(report: MonthReport) -> str:
    """The month in one or two sentences, faults first."""
    air, *faults = report.verdicts
    found = [_fault(one) for one in faults if one.state == "found"]
    if found:
        first = f"Probable faults: {', '.join(found)}."
    elif any(one.state == "clear" for one in faults):
        first = "No fault was found."
    else:
        first = "Faults could not be looked for."
    second = {"found": "The air moved.", "clear": "The air was as in its season.", "open": ""}[air.state]
    return f"{first} {second}".strip()


def _fault(verdict: Verdict) -> str:
    sites = {line.site_id for line in verdict.found} - {""}
    return _counted(len(sites), "sensor") if sites else f"the {verdict.title.lower()}"
