"""Pages of monthly findings as HTML: one file each, without any request or script."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from airwatch_dagster.publish.findings.content import MonthReport, headline
from airwatch_dagster.publish.findings.rates import Rates
from airwatch_dagster.publish.findings.verdicts import AIR, SENSOR, TITLES, Mark, marks
from airwatch_dagster.publish.page import inline

MOST_LINES: Final = 60
"""Findings of a verdict on a page, largest first, so that it stays below 300 kB; the table has all."""


OPEN_LINES: Final = 6
"""Findings of a verdict that are seen at once; the others open by a click."""

LEGEND: Final = (Mark(AIR, "found"), Mark(SENSOR, "found"), Mark(SENSOR, "clear"), Mark(SENSOR, "open"))
"""One of each mark."""


@dataclass(frozen=True)
class Links:
    """Addresses beside a page, relative to it."""

    before: str | None = None
    """The month before."""
    after: str | None = None
    drift: str | None = None
    """The drift report of the month."""


@dataclass(frozen=True)
class MonthRow:
    """A month in the index."""

    month: date
    file_name: str
    marks: Sequence[Mark]


def month_file(month: pd.Timestamp | date) -> str:
    """``2026-11.html``, in the folder of these pages."""
    return f"{month:%Y-%m}.html"


def month_page(report: MonthReport, *, links: Links | None = None, rates: Rates | None = None) -> bytes:
    """The page of a month; ``rates`` tell how often a finding is wrong."""
    return _html(
        "month.html",
        report=report,
        headline=headline(report),
        links=links or Links(),
        open=OPEN_LINES,
        most=MOST_LINES,
        rates=rates,
        is_simulated=report.is_simulated,
    )


def index_page(findings: pd.DataFrame, *, area: str, is_simulated: bool) -> bytes:
    """All months, newest first, with their four verdicts, from all rows of ``monthly_findings``."""
    months = [
        MonthRow(month.date(), month_file(month), marks(findings[findings["month"] == month]))
        for month in sorted(findings["month"].unique(), reverse=True)
    ]
    faulty = sum(any(mark.state == "found" and not mark.is_air for mark in one.marks) for one in months)
    return _html(
        "index.html",
        months=months,
        titles=list(TITLES.values()),
        legend=LEGEND,
        headline=_of_months(faulty, len(months)),
        area=area,
        is_simulated=is_simulated,
    )


def _of_months(faulty: int, count: int) -> str:
    if not count:
        return "No month has been judged yet."
    months = "one month" if count == 1 else f"{count} months"
    return f"Probable faults in {faulty} of {months}." if faulty else f"No fault was found in {months}."


def _html(template: str, **values: Any) -> bytes:
    text = _environment().get_template(template).render(style=Markup(_style()), **values)  # noqa: S704
    return inline.with_used_style(re.sub(r"\n\s+", "\n", text)).encode()


@cache
def _style() -> str:
    own = files("airwatch_dagster.publish.findings").joinpath("templates", "style.css").read_text(encoding="utf-8")
    return inline.style() + re.sub(r"\s+", " ", own)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("airwatch_dagster.publish.findings"),
        autoescape=select_autoescape(enabled_extensions=("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
