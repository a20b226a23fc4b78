"""The data dictionary is complete and matches the schemas."""

import re

from airwatch_dagster.schemas import CONTRACTS
from airwatch_dagster.schemas.dictionary import DICTIONARY_PATH, data_dictionary, unit_of


def test_the_committed_dictionary_is_the_one_the_schemas_generate() -> None:
    assert DICTIONARY_PATH.read_text(encoding="utf-8") == data_dictionary(), "run `make dictionary`"


def test_every_column_of_every_table_has_a_meaning() -> None:
    silent = [f"{t.name}.{n}" for t in CONTRACTS.values() for n, c in t.schema.columns.items() if not c.description]
    assert silent == []


def test_a_column_that_tables_share_has_one_type_in_all_of_them() -> None:
    types: dict[str, set[str]] = {}
    for table in (table for table in CONTRACTS.values() if table.name != "raw_readings"):  # its source's names
        for name, column in table.schema.columns.items():
            types.setdefault(name, set()).add(str(column.dtype))
    differing = {name: found for name, found in types.items() if len(found) > 1}
    assert differing == {}


def test_a_column_has_the_unit_of_its_name_or_a_declared_one() -> None:
    units = {name: unit_of(name, column) for t in CONTRACTS.values() for name, column in t.schema.columns.items()}

    assert units["pm25_lag_1d_ugm3"] == "µg/m³"
    assert units["flow_east_km"] == "km"
    assert units["boundary_layer_height_m"] == "m"
    assert units["horizon_days"] == "days"
    assert units["latitude"] == "°"
    assert units["arithmetic_mean"] == "units_of_measure"
    assert units["changed_days"] is None, "a text of ranges"
    assert units["aqi"] is None


def test_a_unit_in_a_meaning_is_the_unit_of_the_column() -> None:
    """A limit may be given in the unit of another column: probability_above_9_0 is not in µg/m³."""
    stated = re.compile(r", (µg/m³|km|mm|m|m/s|°C|%|s|min)(?:utes)?(?: at local conditions)?(?:;|$)")
    differing = {
        f"{table.name}.{name}": (found[1], unit_of(name, column))
        for table in CONTRACTS.values()
        for name, column in table.schema.columns.items()
        if (found := stated.search(column.description or "")) and unit_of(name, column) != found[1]
    }
    assert differing == {}
