"""The page of a month's drift: what was compared, the findings as a table, and the way to Evidently's plots."""

from collections.abc import Callable
from html import escape
from typing import Any, Final

import pandas as pd

STYLE: Final = """<style>
body {font: 16px/1.5 system-ui, sans-serif; max-width: 60em; margin: 1.5em auto; padding: 0 1em; color: #222}
div {overflow-x: auto} table {border-collapse: collapse} th, td {padding: .2em .8em; text-align: right}
th:first-child, td:first-child {text-align: left} tr {border-bottom: 1px solid #ddd} .drifted {background: #ffe9d6}
</style>"""

HEADINGS: Final = ("Feature", "Distance", "Mean", "Mean of its season", "Values", "Values of the season")


def drift_page(
    findings: pd.DataFrame, *, month: pd.Timestamp, threshold: float, details: str, title_of: Callable[[str], str]
) -> bytes:
    """HTML of a few kB: a sentence and a table of the findings, drifted features first, and a link to ``details``.

    ``findings`` are rows of ``drift_report``, at least one; ``title_of`` names a feature for people.
    """
    title = f"Drift in {month:%B %Y}"
    drifted = int(findings["is_drifted"].sum())
    ordered = findings.sort_values(["is_drifted", "statistic"], ascending=False).to_dict("records")
    rows = "".join(_row(row, title_of) for row in ordered)
    head = "".join(f"<th scope='col'>{heading}</th>" for heading in HEADINGS)
    page = (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        f"<title>{title}</title>{STYLE}</head><body><h1>{title}</h1><p>{drifted} of {len(findings)} features drifted "
        "from their season: the same calendar month and its neighbours in earlier years. The distance is Evidently's "
        "normed Wasserstein distance, in standard deviations of the season; from "
        f"{threshold:g} on it is drift (shaded).</p><div><table><tr>{head}</tr>{rows}</table></div>"
        f"<p><a href='{escape(details)}'>Evidently's plots of every feature</a> (4 MB)</p></body></html>"
    )
    return page.encode()


def _row(row: dict[Any, Any], title_of: Callable[[str], str]) -> str:
    numbers = (f"{row[name]:.2f}" for name in ("statistic", "current_mean", "reference_mean"))
    counts = (f"{row[name]:,}" for name in ("current_rows", "reference_rows"))
    cells = "".join(f"<td>{text}</td>" for text in (escape(title_of(row["feature"])), *numbers, *counts))
    shaded = " class='drifted'" if row["is_drifted"] else ""
    return f"<tr{shaded}>{cells}</tr>"
