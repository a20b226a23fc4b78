"""A fact that several modules need is written in one of them."""

from pathlib import Path

import pytest

import airwatch_dagster

PACKAGE = Path(airwatch_dagster.__file__).parent

FACTS = {
    '"88101"': "parameters.py",
    '"88502"': "parameters.py",
    '"Concurred Events Excluded"': "acquire/parsing/vocabulary.py",
    '"Events Included"': "acquire/parsing/vocabulary.py",
    '"iso-8859-1"': "acquire/parsing/encoding.py",
    'unfinished(path, suffix="part"': "acquire/http/atomic_file.py",
    "(408, 425, 429)": "acquire/http/session.py",
}
"""Text in the source, and the only module that contains it; the practice server deliberately shares no code."""


@pytest.mark.parametrize(("text", "module"), FACTS.items(), ids=FACTS)
def test_a_shared_fact_is_written_in_one_module(text: str, module: str) -> None:
    modules = [path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if text in path.read_text()]
    assert [one for one in modules if not one.startswith("practice/")] == [module]
