"""The plot of a decision."""

from collections.abc import Sequence
from typing import Any

import pytest

from airwatch_dagster.figures import champion as champion_plot
from airwatch_dagster.figures.champion import SKILL_FLOOR, decision_plot
from airwatch_dagster.fit.champion.decision import Decision, Verdict

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


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every figure drawn in the test."""
    drawn_figures: list[Any] = []
    finish = champion_plot.svg_of

    def capture(figure: Any) -> bytes:
        drawn_figures.append(figure)
        return finish(figure)

    monkeypatch.setattr(champion_plot, "svg_of", capture)
    return drawn_figures


def texts(figure: Any) -> list[str]:
    from matplotlib.text import Text

    return [text.get_text().replace("\n", " ") for text in figure.findobj(Text)]


def test_the_plot_is_as_wide_as_the_ui_shows_it_and_has_a_line_per_compared_family() -> None:
    svg = drawn().decode()
    assert 'width="424.8pt" height="226.8pt"' in svg, "5.9 × 3.15 inches"
    assert svg == drawn().decode(), "the same bytes for the same decision"


def test_it_shows_families_skills_and_outcomes(figures: list[Any]) -> None:
    drawn()
    shown = texts(figures[0])
    assert {TITLE, "catboost", "damped persistence", "+0.25", "-0.60", "serves"} <= set(shown)
    assert "better than ridge on the whole but worse in EPA region 4" in shown
    assert "random forest" not in shown, "it was not compared"


def test_the_champion_is_bold_and_the_legend_has_every_kind(figures: list[Any]) -> None:
    drawn()
    [axes] = figures[0].axes
    labels = {label.get_text(): label for label in axes.get_yticklabels()}
    assert [name for name, label in labels.items() if label.get_weight() == "bold"] == ["ridge"]
    kinds = [text.get_text() for text in axes.get_legend().get_texts()]
    assert kinds == ["eligible", "not eligible", "champion", "baseline"]


def test_a_family_below_the_axis_is_an_arrow_at_its_end(figures: list[Any]) -> None:
    drawn()
    [axes] = figures[0].axes
    assert SKILL_FLOOR - 0.05 < axes.get_xlim()[0] < SKILL_FLOOR
    arrows = [line for line in axes.get_lines() if line.get_marker() == "<"]
    assert [line.get_ydata()[0] for line in arrows] == [4]


def test_ranges_are_those_of_the_bootstrap_samples(figures: list[Any]) -> None:
    drawn()
    [axes] = figures[0].axes
    ranges = {line.get_ydata()[0]: tuple(line.get_xdata()) for line in axes.get_lines() if len(line.get_xdata()) == 2}
    assert (ranges[0], ranges[1], ranges[2]) == ((0.2, 0.3), (0.15, 0.25), (0.05, 0.15))


def test_holdouts_have_no_range_and_the_axis_label_no_mention_of_it(figures: list[Any]) -> None:
    drawn([Verdict("ridge", 0.1, None, None, None, True, "serves")])
    [axes] = figures[0].axes
    assert axes.get_xlabel() == "Skill over damped persistence"
    assert [line.get_marker() for line in axes.get_lines() if len(line.get_xdata()) == 1] == ["D"]


def test_no_text_is_cut_off_at_the_edges(figures: list[Any]) -> None:
    drawn(champion="damped_persistence")
    width, height = figures[0].bbox.size

    boxes = {label.get_text(): label.get_window_extent() for label in figures[0].axes[0].get_yticklabels()}

    assert boxes["damped persistence"].x0 > 0, "bold, it is the widest name"
    assert all(box.y0 > 0 and box.y1 < height and box.x1 < width for box in boxes.values())
    assert all(text.get_window_extent().x1 < width for text in figures[0].axes[0].texts)


def test_an_override_is_shown_beside_the_outcome_by_evidence(figures: list[Any]) -> None:
    drawn(champion="catboost")
    shown = texts(figures[0])
    assert "serves by manual override; better than ridge on the whole but worse in EPA region 4" in shown
    assert "chosen by evidence, but overridden" in shown
