"""`airwatch areas`."""

import pytest

from airwatch_dagster.commands.areas import list_areas
from airwatch_dagster.errors import ConfigurationError


def test_each_area_is_a_line_with_its_setting_and_what_to_type() -> None:
    lines = list_areas(["St.", "Louis"]).splitlines()

    assert lines[0].split(maxsplit=1) == ["cbsa:41180", "St. Louis, MO-IL"]
    assert lines[1].endswith("(has St. Louis, MN)")
    assert lines[-1].endswith("export AIRWATCH_AREA=cbsa:41180")


def test_a_word_that_no_area_has_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="xyzzy"):
        list_areas(["xyzzy"])
