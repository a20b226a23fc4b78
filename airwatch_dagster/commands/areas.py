"""`airwatch areas`: what to set AIRWATCH_AREA to."""

from collections.abc import Sequence

from airwatch_dagster.acquire.area_names import areas_named
from airwatch_dagster.errors import ConfigurationError


def list_areas(words: Sequence[str]) -> str:
    """A line per area whose name, state or county has every word: the setting and the name.

    Raises ConfigurationError when there is none.
    """
    text = " ".join(words)
    found = areas_named(text)
    if not found:
        fix = "Try one word: a city, a county, a state or its abbreviation"
        raise ConfigurationError("areas", f"no area is called {text!r}", fix=fix)
    lines = [f"  {area.setting:<12} {area.name}{f'  (has {area.county})' if area.county else ''}" for area in found]
    return "\n".join([*lines, "", f"To choose one: export AIRWATCH_AREA={found[0].setting}"])
