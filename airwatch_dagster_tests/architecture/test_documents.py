"""What a newcomer reads first is short, and every link in it leads somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md", "airwatch_dagster/schemas/README.md")
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
MAX_README_LINES = 150


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_leads_to_a_file(page: str) -> None:
    """The pages below docs/ are checked when the site is built."""
    path = ROOT / page

    links = LINK.findall(path.read_text(encoding="utf-8"))

    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_readme_is_read_in_one_sitting_and_starts_with_the_two_commands() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()

    assert len(lines) <= MAX_README_LINES
    commands = [line.split("#")[0].strip() for line in lines if line.startswith("make ")]
    assert commands[:2] == ["make demo", "make test"]


def test_every_benchmark_is_listed_with_its_question() -> None:
    listed = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    modules = {path.stem for path in (ROOT / "benchmarks").glob("*.py")} - {"__init__"}

    assert {name for name in modules if name not in listed} == set()
