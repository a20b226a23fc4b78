from airwatch_dagster.schemas import CONTRACTS
from airwatch_dagster.schemas.dictionary import DICTIONARY_PATH, data_dictionary


def test_the_committed_dictionary_is_the_one_the_schemas_generate() -> None:
    assert DICTIONARY_PATH.read_text(encoding="utf-8") == data_dictionary(), "run `make dictionary`"


def test_every_column_of_every_table_says_what_it_means() -> None:
    silent = [f"{t.name}.{n}" for t in CONTRACTS.values() for n, c in t.schema.columns.items() if not c.description]
    assert silent == []


def test_a_column_that_tables_share_has_one_type_in_all_of_them() -> None:
    types: dict[str, set[str]] = {}
    for table in (table for table in CONTRACTS.values() if table.name != "raw_readings"):  # keeps its source's names
        for name, column in table.schema.columns.items():
            types.setdefault(name, set()).add(str(column.dtype))
    differing = {name: found for name, found in types.items() if len(found) > 1}
    assert differing == {}
