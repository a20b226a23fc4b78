"""The page of a month's drift."""

import pandas as pd

from airwatch_dagster.watch.drift_page import drift_page

FINDINGS = pd.DataFrame(
    {
        "feature": ["pm25_last_ugm3", "odd <name>", "new_ugm3"],
        "statistic": [0.2, 1.5, float("nan")],
        "is_drifted": [False, True, False],
        "current_mean": [9.04, float("nan"), 2.0],
        "reference_mean": [8.0, 25.0, 3.0],
        "current_rows": [1200, 0, 1200],
        "reference_rows": [3000, 3000, 26],
        "effect": [0.26, float("nan"), float("nan")],
        "not_judged": [None, None, "26 values of 3 days"],
    }
)


def page() -> str:
    month = pd.Timestamp("2021-07-01")
    places = {"details": "plots.html", "changes": "../findings/2021-07.html"}
    return drift_page(FINDINGS, month=month, threshold=0.75, title_of=str.upper, **places).decode()


def test_it_is_small_and_links_the_plots() -> None:
    assert len(page()) < 3000
    assert "<a href='plots.html'>" in page()
    assert "<a href='../findings/2021-07.html'>" in page()


def test_it_counts_what_drifted_and_shows_it_first_with_names_for_people() -> None:
    text = page()
    assert "<title>Drift in July 2021</title>" in text
    assert "1 of 2 features drifted" in text
    assert text.index("<tr class='drifted'><td>ODD &lt;NAME&gt;</td>") < text.index("<tr><td>PM25_LAST_UGM3</td>")
    assert "<td>0.20</td><td>0.26</td><td>9.04</td><td>8.00</td>" in text
    assert "<td class='many'>1,200</td><td class='many'>3,000</td>" in text


def test_it_says_what_was_not_judged_and_why() -> None:
    assert "<h2>Not judged</h2><ul><li>NEW_UGM3: 26 values of 3 days</li></ul>" in page()
