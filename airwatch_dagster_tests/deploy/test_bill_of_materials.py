"""What AirWatch is made of, for programs and people."""

import csv
import json
import re
import subprocess
import sys
from typing import Any

import pytest

from airwatch_dagster_tests.installations import REPOSITORY

LOCK = (REPOSITORY / "requirements.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], list[dict[str, str]], bytes]:
    """The document, the table of licences, and the document's bytes when it is made again."""
    folder = tmp_path_factory.mktemp("made")
    for name in ("one", "two"):
        files = [str(folder / name / file) for file in ("sbom.json", "licences.csv")]
        script = REPOSITORY / "deploy" / "bill_of_materials.py"
        subprocess.run([sys.executable, script, REPOSITORY / "requirements.txt", *files], check=True)
    with (folder / "one" / "licences.csv").open(encoding="utf-8", newline="") as file:
        licences = list(csv.DictReader(file))
    text = (folder / "one" / "sbom.json").read_bytes()
    return json.loads(text), licences, (folder / "two" / "sbom.json").read_bytes()


def test_every_package_of_the_lock_is_listed_with_its_hashes(made: Any) -> None:
    listed = {(one["name"], one["version"]): one for one in made[0]["components"]}

    pinned = re.findall(r"^([\w.-]+)==([\w.+!-]+)", LOCK, flags=re.MULTILINE)
    assert set(listed) == {(name.lower(), version) for name, version in pinned}
    assert len(pinned) > 100
    assert sum(len(one["hashes"]) for one in listed.values()) == LOCK.count("--hash=sha256:")
    assert listed["pandas", dict(pinned)["pandas"]]["purl"] == f"pkg:pypi/pandas@{dict(pinned)['pandas']}"


def test_it_says_who_needs_whom(made: Any) -> None:
    needs = {
        one["ref"].partition("@")[0]: [ref.partition("@")[0] for ref in one["dependsOn"]]
        for one in made[0]["dependencies"]
    }

    assert "pkg:pypi/pandas" in needs["pkg:pypi/airwatch-dagster"]
    assert "pkg:pypi/numpy" in needs["pkg:pypi/pandas"]
    assert {ref for used in needs.values() for ref in used} <= set(needs)


def test_it_is_what_programs_read_and_the_same_each_time(made: Any) -> None:
    document, _, again = made

    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", document["serialNumber"])
    assert json.loads(again) == document


def test_every_installed_package_declares_a_licence_and_none_obliges_what_uses_it(made: Any) -> None:
    licences = {one["package"]: one["licence"] for one in made[1]}

    assert licences["requests"] == "Apache Software License"
    without = [name for name, licence in licences.items() if not licence and not is_for_another_system(name)]
    assert without == ["huey"], "its licence file is that of MIT, which it does not declare"
    strict = re.compile(r"\bA?GPL|(?<!Lesser )General Public License", re.IGNORECASE)
    assert {name: licence for name, licence in licences.items() if strict.search(licence)} == {}


def is_for_another_system(name: str) -> bool:
    return re.search(rf"^{re.escape(name)}==.* ; ", LOCK, flags=re.MULTILINE) is not None
