"""The plot of a decision."""

from collections.abc import Sequence

import pytest

from airwatch_dagster.figures.champion import SKILL_FLOOR, decision_plot
from airwatch_dagster.fit.champion.decision import Decision, Verdict
from airwatch_dagster_tests.figures.read_plot import Plot

TITLE = "Champion of July 2021: ridge"
VERDICTS = (
    Verdict("catboost", 0.25, 0.2, 0.3, 1.0, True, "better than ridge on the whole but worse in EPA region 4"),
    Verdict("blend", 0.2, 0.15, 0.25, 1.0, False, "worse than damped persistence in winter (-0.03)"),
    Verdict("ridge", 0.1, 0.05, 0.15, None, True, "serves"),
    Verdict("damped_persistence", 0.0, 0.0, 0.0, 0.0, True, "no better than ridge"),
    Verdict("persistence", -0.6, -0.7, -0.5, 0.0, True, "no better than ridge"),
    Verdict("random_forest", None, None, None, None, False, "Not fitted."),
)


def drawn(verdicts: Sequence[Verdict] = VERDICTS, *, champion: str | None = "ridge") -> bytes:
    return decision_plot(Decision("ridge", tuple(verdicts)), champion=champion, title=TITLE)


def plot(verdicts: Sequence[Verdict] = VERDICTS, *, champion: str | None = "ridge") -> Plot:
    return Plot(drawn(verdicts, champion=champion))


def test_the_plot_is_as_wide_as_the_ui_shows_it_and_has_a_line_per_compared_family() -> None:
    shown = plot()
    assert (shown.width, shown.height) == (424.8, 223.2), "5.9 × 3.1 inches"
    assert shown.axes[0].labels("y") == ["catboost", "blend", "ridge", "damped persistence", "persistence"]
    assert drawn() == drawn(), "the same bytes for the same decision"


def test_it_shows_families_skills_and_outcomes() -> None:
    shown = plot()
    assert shown.words("title") == [TITLE]
    assert {"+0.25", "-0.60", "serves"} <= set(shown.words("outcome"))
    assert "better than ridge on the whole but worse in EPA region 4" in " ".join(shown.words("outcome"))
    assert "random forest" not in shown.words(), "it was not compared"


def test_who_does_not_see_it_is_told_what_it_shows() -> None:
    root = plot(VERDICTS[3:]).root
    assert root.get("role") == "img"
    assert root[0].text == TITLE
    assert root[1].text == (
        "Skill over damped persistence and outcome of each family: damped persistence +0.00, no better than ridge; "
        "persistence -0.60, no better than ridge."
    )


def test_the_champion_is_bold_and_the_legend_has_every_kind() -> None:
    shown = plot()
    assert shown.axes[0].bold() == ["ridge"]
    assert shown.keys() == ["eligible", "not eligible", "champion", "baseline"]


def test_a_family_below_the_axis_is_an_arrow_at_its_end() -> None:
    [axes] = plot().axes
    [arrow] = axes.found("below")
    assert axes.x(float(arrow.attrib["points"].split(",")[0])) == pytest.approx(SKILL_FLOOR, abs=0.025)
    assert len(axes.found("skill")) == 4


def test_ranges_are_those_of_the_bootstrap_samples() -> None:
    ranges = plot().axes[0].lines("range")
    assert ranges[:3] == [pytest.approx(ends, abs=0.005) for ends in ([0.2, 0.3], [0.15, 0.25], [0.05, 0.15])]


def test_holdouts_have_no_range_and_the_axis_label_no_mention_of_it() -> None:
    [axes] = plot([Verdict("ridge", 0.1, None, None, None, True, "serves")]).axes
    assert axes.label("x") == "Skill over damped persistence"
    assert (len(axes.found("range")), len(axes.found("skill"))) == (0, 1)


def test_no_text_is_cut_off_at_the_edges() -> None:
    assert plot(champion="damped_persistence").outside() == [], "bold, it is the widest name"


def test_an_override_is_shown_beside_the_outcome_by_evidence() -> None:
    shown = " ".join(plot(champion="catboost").words("outcome"))
    assert "serves by manual override; better than ridge on the whole but worse in EPA region 4" in shown
    assert "chosen by evidence, but overridden" in shown
