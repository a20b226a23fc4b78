"""Head of the drift page, above Evidently's plots: the comparison and its findings."""

from html import escape
from typing import Final

import pandas as pd

STYLE: Final = """<style>
.airwatch {font: 15px/1.5 sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em; color: #222}
.airwatch table {border-collapse: collapse} .airwatch th, .airwatch td {padding: .2em .8em; text-align: right}
.airwatch th:first-child, .airwatch td:first-child {text-align: left} .airwatch tr {border-bottom: 1px solid #ddd}
.airwatch .drifted {background: #ffe9d6}
</style>"""

COLUMNS: Final = {
    "feature": "feature",
    "statistic": "distance",
    "current_mean": "mean of the month",
    "reference_mean": "mean of its season",
    "current_rows": "values",
    "reference_rows": "values of the season",
}


def with_summary(page: bytes, *, findings: pd.DataFrame, month: pd.Timestamp, threshold: float) -> bytes:
    """Evidently's ``page`` (HTML) with a title and a table of the findings on top, drifted features first."""
    text = page.decode()
    title = f"Drift report of {month:%B %Y}"
    text = text.replace("<head>", f"<head><title>{title}</title>", 1)
    body = text.index(">", text.index("<body")) + 1
    return (text[:body] + _summary(findings, title=title, threshold=threshold) + text[body:]).encode()


def _summary(findings: pd.DataFrame, *, title: str, threshold: float) -> str:
    rows = ""
    for row in findings.sort_values(["is_drifted", "statistic"], ascending=False).to_dict("records"):
        shaded = " class='drifted'" if row["is_drifted"] else ""
        values = [row[name] for name in COLUMNS]
        texts = [f"{value:.2f}" if isinstance(value, float) else str(value) for value in values]
        cells = "".join(f"<td>{escape(text)}</td>" for text in texts)
        rows += f"<tr{shaded}>{cells}</tr>"
    head = "".join(f"<th>{name}</th>" for name in COLUMNS.values())
    drifted = int(findings["is_drifted"].sum())
    return (
        f"{STYLE}<div class='airwatch'><h1>{title}</h1><p>{drifted} of {len(findings)} features drifted from "
        "their season, the same calendar month and its neighbours in earlier years. The distance is Evidently's normed "
        f"Wasserstein distance, in standard deviations of the season; {threshold:g} and more is drift (shaded).</p>"
        f"<table><tr>{head}</tr>{rows}</table><p>Below: the values of each feature, in alphabetical order.</p></div>"
    )
