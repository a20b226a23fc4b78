"""The page of a month's drift: what was compared, the findings as a table, and the way to Evidently's plots."""

from collections.abc import Callable
from html import escape
from typing import Any, Final

import pandas as pd

STYLE: Final = """<style>
:root {color-scheme: light dark; --ink: #222; --paper: #fbfaf7; --line: #ddd; --shade: #ffe9d6; --link: #0a5585}
@media (prefers-color-scheme: dark) {
:root {--ink: #e9ebe8; --paper: #12171a; --line: #2f383d; --shade: #4a2f18; --link: #86c5f2}}
body {font: 16px/1.5 system-ui, sans-serif; max-width: 60em; margin: 1.5em auto; padding: 0 1em; color: var(--ink);
background: var(--paper)}
a {color: var(--link)} div {overflow-x: auto} table {border-collapse: collapse} th, td {padding: .2em .8em .2em 0;
text-align: right; vertical-align: bottom} th:first-child, td:first-child {text-align: left}
tr {border-bottom: 1px solid var(--line)} .drifted {background: var(--shade)}
@media (max-width: 40em) {table {font-size: .8125em} .many {display: none}}
</style>"""

HEADINGS: Final = ("Feature", "Distance", "Shift", "Mean", "Mean of its season")
COUNTS: Final = ("Values", "Values of the season")
"""Headings of the columns that a narrow screen leaves out."""


def drift_page(
    findings: pd.DataFrame,
    *,
    month: pd.Timestamp,
    threshold: float,
    details: str,
    title_of: Callable[[str], str],
    changes: str,
) -> bytes:
    """HTML of a few kB: a sentence, a table of the findings, drifted features first, and what was not judged.

    ``findings`` are rows of ``drift_report``, at least one; ``title_of`` names a feature for people. ``details`` is the
    address of Evidently's plots, ``changes`` that of the page of what changed in the month.
    """
    title = f"Drift in {month:%B %Y}"
    judged = findings[findings["not_judged"].isna()]
    drifted = int(judged["is_drifted"].sum())
    ordered = judged.sort_values(["is_drifted", "statistic"], ascending=False).to_dict("records")
    table = _table("".join(_row(row, title_of) for row in ordered)) if ordered else ""
    plots = f"<p><a href='{escape(details)}'>Evidently's plots</a> of the features that differ most.</p>"
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        f"<title>{title}</title>{STYLE}</head><body><p><a href='{escape(changes)}'>What changed in the month</a></p>"
        f"<h1>{title}</h1><p>{drifted} of {len(judged)} features drifted from their season: the "
        "same calendar month and its neighbours in up to three earlier years. The distance is Evidently's normed "
        f"Wasserstein distance, in standard deviations of the season; from {threshold:g} on it is drift (shaded). The "
        f"shift is that of the mean, in the same unit.</p>{table}{_not_judged(findings, title_of)}"
        f"{plots if judged['statistic'].notna().any() else ''}</body></html>"
    ).encode()


def _table(rows: str) -> str:
    head = "".join(f"<th scope='col'>{heading}</th>" for heading in HEADINGS)
    head += "".join(f"<th scope='col' class='many'>{heading}</th>" for heading in COUNTS)
    return f"<div><table><tr>{head}</tr>{rows}</table></div>"


def _row(row: dict[Any, Any], title_of: Callable[[str], str]) -> str:
    values = (row[name] for name in ("statistic", "effect", "current_mean", "reference_mean"))
    numbers = ("–" if pd.isna(value) else f"{value:.2f}" for value in values)
    cells = "".join(f"<td>{text}</td>" for text in (escape(title_of(row["feature"])), *numbers))
    cells += "".join(f"<td class='many'>{row[name]:,}</td>" for name in ("current_rows", "reference_rows"))
    shaded = " class='drifted'" if row["is_drifted"] else ""
    return f"<tr{shaded}>{cells}</tr>"


def _not_judged(findings: pd.DataFrame, title_of: Callable[[str], str]) -> str:
    """The features that were not judged, and why."""
    rows = findings[findings["not_judged"].notna()].to_dict("records")
    lines = "".join(f"<li>{escape(title_of(row['feature']))}: {escape(row['not_judged'])}</li>" for row in rows)
    return f"<h2>Not judged</h2><ul>{lines}</ul>" if rows else ""
