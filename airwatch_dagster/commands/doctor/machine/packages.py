"""Whether the installed packages are those of the lock."""

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from airwatch_dagster.commands.doctor.findings import Check, Finding, ok, warning
from airwatch_dagster.orchestration.configuration.environment import installation

LOCK: Final = "requirements.txt"
"""Every package of an installation with its version."""

INSTALL: Final = "rm -f .venv/runtime.stamp && make setup"
"""The command that installs the lock again."""

MAX_NAMED: Final = 5
"""Packages that a sentence names; the rest is counted."""

_PIN: Final = re.compile(r"^(?P<requirement>[\w.\[\],-]+==[^\\#]+?)\s*\\?$", re.MULTILINE)


def _packages() -> Iterator[Finding]:
    lock = installation() / LOCK
    if not lock.is_file():
        yield ok("packages", f"not compared: there is no {LOCK} in {installation()}")
        return
    count, wrong = compared(lock)
    if not wrong:
        yield ok("packages", f"all {count} have the versions of {LOCK}")
        return
    named = ", ".join(wrong[:MAX_NAMED]) + (f" and {len(wrong) - MAX_NAMED} more" if len(wrong) > MAX_NAMED else "")
    says = f"{len(wrong)} of {count} packages differ from {LOCK}: {named}. Only those of the lock are tested."
    yield warning("packages", says, run=INSTALL)


def compared(lock: Path) -> tuple[int, list[str]]:
    """How many packages the lock has for this Python, and those that differ: ``pandas 2.2.0, not 2.3.3``."""
    from packaging.requirements import Requirement

    pinned = [Requirement(found["requirement"]) for found in _PIN.finditer(lock.read_text(encoding="utf-8"))]
    wanted = {
        one.name: str(one.specifier).removeprefix("==") for one in pinned if not one.marker or one.marker.evaluate()
    }
    differing = ((name, _installed(name), wants) for name, wants in wanted.items())
    return len(wanted), [f"{name} {has or 'missing'}, not {wants}" for name, has, wants in differing if has != wants]


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


CHECK: Final = Check("packages", _packages, INSTALL)
