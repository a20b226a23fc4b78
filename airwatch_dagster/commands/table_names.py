"""What to say about a name that is not a table's."""

import difflib
from collections.abc import Sequence

from airwatch_dagster.errors import ConfigurationError


def unknown_table(culprit: str, name: str, known: Sequence[str]) -> ConfigurationError:
    """The error for a name that is not one of the ``known`` tables; suggests the most similar one."""
    near = difflib.get_close_matches(name, known, n=1)
    fix = f"Did you mean {near[0]}?" if near else f"Use one of {', '.join(known)}"
    return ConfigurationError(culprit, f"there is no table {name!r}", fix=fix)
