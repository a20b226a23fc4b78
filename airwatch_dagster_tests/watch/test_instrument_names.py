"""Names of instruments."""

from airwatch_dagster.practice.world.network import MONITORS
from airwatch_dagster.watch.instrument_names import INSTRUMENT_NAMES


def test_every_method_of_the_practice_network_has_a_name() -> None:
    assert {code for _, one in MONITORS for _, code in one.methods} <= set(INSTRUMENT_NAMES)
