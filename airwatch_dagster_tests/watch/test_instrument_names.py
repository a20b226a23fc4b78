"""Names of instruments."""

from airwatch_dagster.practice.world.network import MONITORS
from airwatch_dagster.watch.instrument_names import instrument_name


def test_every_method_of_the_practice_network_has_a_name() -> None:
    used = {(code, one.parameter_code) for _, one in MONITORS for _, code in one.methods}
    assert not [method for method in used if instrument_name(*method) == method[0]]


def test_a_code_means_another_instrument_under_another_parameter() -> None:
    assert instrument_name("183", "88101") == "183 Thermo 5014i"
    assert instrument_name("183", "88502") == "183 Thermo 1405-F FDMS"
    assert instrument_name("999", "88502") == "999"
