"""The page of a month's drift."""

import pandas as pd

from airwatch_dagster.watch.drift_page import drift_page

FINDINGS = pd.DataFrame(
    {
        "feature": ["pm25_last_ugm3", "odd <name>"],
        "statistic": [0.2, 1.5],
        "is_drifted": [False, True],
        "current_mean": [9.04, float("nan")],
        "reference_mean": [8.0, 25.0],
        "current_rows": [1200, 0],
        "reference_rows": [3000, 3000],
    }
)


def page() -> str:
    month = pd.Timestamp("2021-07-01")
    return drift_page(FINDINGS, month=month, threshold=0.75, details="plots.html", title_of=str.upper).decode()


def test_it_is_small_and_links_the_plots() -> None:
    assert len(page()) < 3000
    assert "<a href='plots.html'>" in page()


def test_it_counts_what_drifted_and_shows_it_first_with_names_for_people() -> None:
    text = page()
    assert "<title>Drift in July 2021</title>" in text
    assert "1 of 2 features drifted" in text
    assert text.index("<tr class='drifted'><td>ODD &lt;NAME&gt;</td>") < text.index("<tr><td>PM25_LAST_UGM3</td>")
    assert "<td>0.20</td><td>9.04</td><td>8.00</td><td>1,200</td><td>3,000</td>" in text
