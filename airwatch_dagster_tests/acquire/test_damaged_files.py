"""Whatever is damaged in a file, its reader gives valid rows or an error of AirWatch, and loses no line unseen."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airwatch_dagster_tests.acquire.mutations import READERS, check_damaged, damaged

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("reader", READERS)
def test_a_good_file_is_read_whole(reader: str) -> None:
    make, _ = READERS[reader]

    assert check_damaged(reader, make()) == "read"


@pytest.mark.parametrize("reader", READERS)
@settings(suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damage_gives_valid_rows_or_an_error_of_airwatch(reader: str, data: st.DataObject) -> None:
    make, _ = READERS[reader]

    check_damaged(reader, data.draw(damaged(make())))


def test_lines_between_two_stray_quotes_are_rows_of_their_own() -> None:
    make, read = READERS["airdata"]
    lines = make().split(b"\n")
    lines[2] = lines[2].replace(b',"Alsip"', b',|Alsip"')
    lines[4] = lines[4].replace(b'cubic meter (LC)"', b"cubic|")

    result = read(b"\n".join(lines))

    assert lines[2].count(b'"') % 2 == lines[4].count(b'"') % 2 == 1
    assert sorted(result.readings["site_number"]) == [f"{number:04d}" for number in range(1, 13) if number != 4]
    assert result.rejected["line_number"].tolist() == [5]
