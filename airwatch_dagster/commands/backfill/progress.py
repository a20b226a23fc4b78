"""What a terminal shows of a backfill's runs: each start and end, checks that did not pass, and how long is left."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from time import monotonic
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from airwatch_dagster.commands.backfill.estimates import Estimates
from airwatch_dagster.commands.backfill.parallel import Task
from airwatch_dagster.commands.backfill.runs import RunReport
from airwatch_dagster.commands.wording import counted, duration_text
from airwatch_dagster.orchestration.configuration.environment import wants_plain_text

Echo = Callable[[str], None]

MAX_SENTENCES: Final = 3
"""Partitions of one check that are printed; the Dagster UI has all."""


class Reporter:
    """Prints a line when a run starts and when it ends, and counts what the runs' checks found.

    Lines have neither colours nor control characters.
    """

    def __init__(self, echo: Echo, *, estimates: Estimates) -> None:
        self._echo = echo
        self.estimates = estimates
        self.failed: list[str] = []
        """Checks that failed, each with what is wrong."""
        self.warned: list[str] = []
        """Checks that warned."""
        self._waiting: list[Task] = []
        self._running: dict[Task, float] = {}
        self._processes = self._numbered = self._ended = self._total = 0
        self._numbers: Iterator[int] = iter(())

    def showing(self, tasks: Sequence[Task], *, processes: int) -> AbstractContextManager[object]:
        """Within, the runs of ``tasks`` are shown."""
        self._waiting, self._processes = [*tasks], processes
        self._ended, self._total = 0, len(tasks)
        self._numbered = sum(task.step is not None for task in tasks)
        self._numbers = iter(range(1, self._numbered + 1))
        return nullcontext()

    def started(self, task: Task) -> None:
        """A run starts."""
        self._waiting.remove(task)
        self._running[task] = monotonic()
        self._show_start(task)

    def done(self, task: Task, report: RunReport) -> None:
        """A run ended."""
        del self._running[task]
        self._ended += 1
        self.estimates.observe(task, report.seconds)
        number = ""
        if task.step is not None and self._numbered > 1:
            number = f"[{next(self._numbers):>3}/{self._numbered}]"
        left = f"   about {duration_text(self.left_s())} left" if self._waiting or self._running else ""
        self._show_end(
            task, f"  {number:<9} {_what(task)} {counted(report.rows, 'row'):>14} {report.seconds:7.1f} s{left}"
        )
        for word, found, seen in (
            ("failed", report.failed_checks, self.failed),
            ("warning", report.warned_checks, self.warned),
        ):
            seen.extend(found)
            for check in found:
                for line in _check_lines(word, check):
                    self._print(line)

    def left_s(self) -> float:
        """Seconds until the last run ends, estimated."""
        now = monotonic()
        under_way = sum(
            max(0.0, self.estimates.seconds(task) + since - now) for task, since in [*self._running.items()]
        )
        waiting = self.estimates.all_seconds([*self._waiting], processes=self._processes)
        return waiting + under_way / max(1, self._processes)

    def checks_text(self) -> str:
        """How many checks warned and failed, and which."""
        if not self.failed and not self.warned:
            return "Checks: all passed."
        names = dict.fromkeys(check.partition(":")[0] for check in (*self.failed, *self.warned))
        return f"Checks: {len(self.failed)} failed, {len(self.warned)} warned ({', '.join(names)})."

    def _print(self, line: str) -> None:
        self._echo(line)

    def _show_start(self, task: Task) -> None:
        self._print(f"  {'→':<9} {_what(task)} about {duration_text(self.estimates.seconds(task))}")

    def _show_end(self, task: Task, line: str) -> None:
        self._print(line)


class TerminalReporter(Reporter):
    """Instead of lines of starts, shows below the lines of ended runs those under way, and a bar of all of them."""

    def __init__(self, console: Console, *, estimates: Estimates) -> None:
        super().__init__(partial(console.print, markup=False, highlight=False, soft_wrap=True), estimates=estimates)
        self._console = console
        self._began = 0.0

    def showing(self, tasks: Sequence[Task], *, processes: int) -> AbstractContextManager[object]:
        """Within, the runs of ``tasks`` are shown."""
        plain = super().showing(tasks, processes=processes)
        self._began = monotonic()
        if not tasks:
            return plain
        return Live(
            console=self._console,
            get_renderable=self._under_way,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def _show_start(self, task: Task) -> None:
        """The next picture has it."""

    def _under_way(self) -> Table:
        """A row for each run under way, and the bar."""
        rows, now, left = Table.grid(padding=(0, 1)), monotonic(), self.left_s()
        for task, since in [*self._running.items()]:
            rows.add_row(f"  {'→':<9} {_what(task)}", "", f"{now - since:.0f} s", style="cyan")
        spent = now - self._began
        bar = ProgressBar(total=spent + left or 1.0, completed=spent, width=30)
        rows.add_row(f"  {self._ended} of {self._total} runs", bar, f"about {duration_text(left)} left")
        return rows


class _Console(Console):
    """Leaves the cursor on: a process that is killed could not bring it back."""

    def show_cursor(self, show: bool = True) -> bool:
        return False


@contextmanager
def reporter(echo: Echo, *, estimates: Estimates) -> Iterator[Reporter]:
    """With bars for a terminal; plain lines where standard output is a file or pipe, or NO_COLOR is set."""
    if not sys.stdout.isatty() or wants_plain_text():
        yield Reporter(echo, estimates=estimates)
        return
    # A descriptor of its own: Dagster points standard output at a log file while a step runs.
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as screen:
        yield TerminalReporter(_Console(file=screen), estimates=estimates)


def _what(task: Task) -> str:
    days = "" if task.step is None else "…".join(dict.fromkeys((task.step.first, task.step.last)))
    return f"{task.table:<18} {days:<21}"


def _check_lines(word: str, check: str) -> Iterator[str]:
    """``warning drift_report no_drift``, and what is wrong with each partition, some of them."""
    name, _, found = check.partition(": ")
    sentences = found.splitlines()
    yield f"            {word}: {name}"
    for sentence in sentences[:MAX_SENTENCES]:
        yield f"              {sentence}"
    if len(sentences) > MAX_SENTENCES:
        yield f"              … and {len(sentences) - MAX_SENTENCES} more; the Dagster UI shows them"
