"""What a backfill prints of its plan and of its runs, in a file and on a terminal."""

import io
import sys

import pytest
from rich.console import Console

from airwatch_dagster.acquire.aqs.request_plan import Cost
from airwatch_dagster.commands.backfill.estimates import RUN_S, Estimates
from airwatch_dagster.commands.backfill.parallel import Task
from airwatch_dagster.commands.backfill.plan_text import plan_table, plan_text
from airwatch_dagster.commands.backfill.planning import Step
from airwatch_dagster.commands.backfill.progress import Reporter, TerminalReporter, reporter
from airwatch_dagster.commands.backfill.runs import RunReport
from airwatch_dagster.commands.wording import duration_text

READINGS = Task("raw_readings", Step("raw_readings", "2021-05-01", "2021-05-31", 31, {"missing": 31}))
MODELS = Task("trained_models", Step("trained_models", "2021-04", "2021-05", 2, {"missing": 1, "refresh": 1}))
MONITORS = Task("monitors")
QUIET = RunReport("1", 2.5, 930)
LOUD = RunReport(
    "2",
    30.0,
    14,
    failed_checks=("trained_models all_fitted: - 2021-05: ridge was not fitted",),
    warned_checks=("trained_models few_rows: " + "\n".join(f"- 2021-0{month}: 3 rows" for month in range(1, 6)),),
)


def shown(show: Reporter) -> None:
    with show.showing([MONITORS, READINGS, MODELS], processes=1):
        for task, report in ((MONITORS, QUIET), (READINGS, QUIET), (MODELS, LOUD)):
            show.started(task)
            show.done(task, report)


def test_a_file_gets_a_line_for_each_start_and_end_and_no_control_characters() -> None:
    lines: list[str] = []
    shown(Reporter(lines.append, estimates=Estimates()))

    runs = [line.split() for line in lines if "warning" not in line and "failed" not in line and "- 2021" not in line]
    assert [words[:2] for words in runs[:4]] == [
        *(["→", "monitors"], ["monitors", "930"], ["→", "raw_readings"], ["[", "1/2]"])
    ]
    assert "2021-05-01…2021-05-31" in lines[2]
    assert "930 rows" in lines[3]
    assert "left" in lines[3]
    assert not any(ord(sign) < 32 for line in lines for sign in line)


def test_checks_that_did_not_pass_are_printed_with_their_sentences_and_counted() -> None:
    lines: list[str] = []
    show = Reporter(lines.append, estimates=Estimates())
    shown(show)
    after = [line.strip() for line in lines[lines.index(next(line for line in lines if "[  2/2]" in line)) + 1 :]]

    assert after == [
        *("failed: trained_models all_fitted", "- 2021-05: ridge was not fitted"),
        *("warning: trained_models few_rows", "- 2021-01: 3 rows", "- 2021-02: 3 rows", "- 2021-03: 3 rows"),
        "… and 2 more; the Dagster UI shows them",
    ]
    assert "1 failed, 1 warned" in show.checks_text()
    assert show.failed == list(LOUD.failed_checks)


def test_a_terminal_gets_a_bar_and_keeps_the_lines_of_ended_runs() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, color_system="standard", _environ={})
    shown(TerminalReporter(console, estimates=Estimates()))

    text = screen.getvalue()
    assert "\x1b[" in text
    assert "of 3 runs" in text
    assert "━" in text
    assert "[  2/2]" in text
    assert "ridge was not fitted" in text


@pytest.mark.parametrize(
    ("is_terminal", "variables", "is_plain"),
    [(False, {}, True), (True, {}, False), (True, {"NO_COLOR": "1"}, True), (True, {"TERM": "dumb"}, True)],
)
def test_bars_are_for_terminals_that_want_them(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool, variables: dict[str, str], is_plain: bool
) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)
    monkeypatch.setattr(sys.stdout, "fileno", lambda: 1)

    with reporter(print, estimates=Estimates()) as show:
        assert (type(show) is Reporter) is is_plain


def test_estimates_follow_what_runs_take() -> None:
    estimates = Estimates({"raw_readings": 0.1})
    assert estimates.seconds(READINGS) == pytest.approx(RUN_S + 3.1)

    estimates.observe(READINGS, RUN_S + 62.0)
    assert estimates.seconds(READINGS) == pytest.approx(RUN_S + 62.0)

    estimates.add_downloads({READINGS: Cost(5, 100, seconds=600.0)})
    assert estimates.seconds(READINGS) == 600.0
    assert estimates.all_seconds([READINGS, READINGS], processes=2) == 600.0


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "1 s"), (45.4, "45 s"), (600.0, "10 min"), (7_700.0, "2 h 8 min")])
def test_durations_are_told_in_their_own_unit(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_a_plan_counts_in_the_singular_and_the_plural() -> None:
    one = Task("raw_readings", Step("raw_readings", "2021-05-01", "2021-05-01", 1))

    assert plan_text([one], seconds=1.0).startswith("1 run builds 1 partition of 1 table, in about 1 s.")
    assert plan_text([READINGS, MODELS, MONITORS], seconds=1.0).startswith("2 runs build 33 partitions of 2 tables")
    assert plan_text([MONITORS], seconds=1.0).startswith("Only monitors to build")
    assert "--refresh" in plan_text([], seconds=0.0)


def test_a_plan_as_a_table_has_range_count_reason_and_time() -> None:
    estimates = Estimates({"raw_readings": 0.1, "trained_models": 9.5})
    head, *rows = [line.split() for line in plan_table([MONITORS, READINGS, MODELS], estimates)]

    assert head == ["table", "first…last", "count", "runs", "time", "why"]
    assert rows[0][:4] == ["monitors", "as", "a", "whole"]
    assert rows[1] == ["raw_readings", "2021-05-01…2021-05-31", "31", "1", "4", "s", "missing"]
    assert rows[2] == ["trained_models", "2021-04…2021-05", "2", "1", "20", "s", "1", "missing,", "1", "refresh"]
