"""All that the tests of a day look at."""

from dataclasses import dataclass

from airwatch_dagster.watch.sensors.neighbours import Neighbours
from airwatch_dagster.watch.sensors.published import PublishedDay
from airwatch_dagster.watch.sensors.window import Window


@dataclass(frozen=True)
class TestedDay:
    """A day's readings and those before, who stands near whom, and what else was published of the day."""

    __test__ = False
    """Not a class of tests for pytest."""

    window: Window
    neighbours: Neighbours
    published: PublishedDay
