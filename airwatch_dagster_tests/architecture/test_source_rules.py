"""Rules of the tree that no linter knows."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASSETS = ROOT / "airwatch_dagster" / "orchestration" / "assets"
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "shared"}
LONGEST_ASSET = 15
"""Lines of an asset function, from its signature to its end: it gathers arguments, calls one function, returns."""

LOCKS = ("requirements.txt", "requirements-k8s.txt", "requirements-dev.txt")

LONGEST_FILE = 300
"""Lines of a source file."""

FORBIDDEN_TEXT = {
    "a package registry's host": re.compile(
        r"(?:pypi\.org|pythonhosted\.org|npmjs\.org|artifactory|/simple/)", re.IGNORECASE
    ),
    "a path of one person's machine": re.compile(r"(?<![\w.])/(?:home|Users|root|work)/\w"),
}


def tracked_files() -> list[Path]:
    """Files git tracks or would; everything outside ignored folders where there is no git."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout: the list of tracked files is not known")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    tree = ast.parse(path.read_text())
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("what", FORBIDDEN_TEXT)
def test_no_tracked_file_names(what: str) -> None:
    found = []
    for path in tracked_files():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in FORBIDDEN_TEXT[what].finditer(text)]

    assert [
        line for line in found if not line.startswith("airwatch_dagster_tests/architecture/test_source_rules.py")
    ] == []


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [path for path in tracked_files() if path.stem in VAGUE_NAMES or path.parent.name in VAGUE_NAMES] == []


def test_no_source_file_is_too_long_to_read() -> None:
    sources = [
        path for path in tracked_files() if path.suffix == ".py" and path.is_relative_to(ROOT / "airwatch_dagster")
    ]

    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_every_asset_function_is_short() -> None:
    lengths = {
        f"{path.stem}.{function.name}": (function.end_lineno or 0) - function.lineno + 1
        for path in sorted(ASSETS.glob("*.py"))
        for function in functions(path)
        if function.decorator_list
    }

    assert lengths, "no asset was found: the rule checks nothing"
    assert {name: length for name, length in lengths.items() if length > LONGEST_ASSET} == {}


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_pinned_and_hashed(name: str) -> None:
    lock = re.sub(r"\\\n\s*", " ", (ROOT / name).read_text())
    requirements = [line for line in lock.splitlines() if line and not line.lstrip().startswith("#")]

    assert len(requirements) > 100
    assert [line for line in requirements if not re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)] == []


def test_development_uses_the_versions_of_production() -> None:
    pinned = {name: set(re.findall(r"^([\w.-]+==\S+)", (ROOT / name).read_text(), re.MULTILINE)) for name in LOCKS}

    assert (pinned["requirements.txt"] | pinned["requirements-k8s.txt"]) - pinned["requirements-dev.txt"] == set()
