"""The workflows: least rights, pinned actions, and commands that exist."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from airwatch_dagster_tests.installations import REPOSITORY

FILES = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


def jobs_of(path: Path) -> dict[str, dict[str, Any]]:
    jobs: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())["jobs"]
    return jobs


def test_there_are_a_check_and_an_image() -> None:
    assert [path.name for path in FILES] == ["ci.yml", "image.yml"]


@each_file
def test_a_job_may_read_unless_it_says_why_not_and_ends_by_itself(path: Path) -> None:
    assert yaml.safe_load(path.read_text())["permissions"] == {"contents": "read"}
    writing = {name for name, job in jobs_of(path).items() if "write" in str(job.get("permissions", ""))}
    assert writing <= {"release"}
    assert all(job["timeout-minutes"] <= 60 for job in jobs_of(path).values())


@each_file
def test_every_action_and_image_has_a_version_and_a_checkout_keeps_no_credentials(path: Path) -> None:
    steps = [step for job in jobs_of(path).values() for step in job["steps"]]

    used = [step["uses"] for step in steps if "uses" in step]
    assert [one for one in used if not re.fullmatch(r"[\w./-]+@v\d+(\.\d+)*", one)] == []
    checkouts = [
        step["with"]["persist-credentials"] for step in steps if step.get("uses", "").startswith("actions/checkout")
    ]
    assert checkouts
    assert not any(checkouts)


@each_file
def test_what_they_run_exists_and_no_expression_becomes_shell(path: Path) -> None:
    commands = "\n".join(step["run"] for job in jobs_of(path).values() for step in job["steps"] if "run" in step)

    assert "${{" not in commands, "a name of a branch or tag would be run"
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"make ([a-z-]+)", commands)) <= targets
    named = re.findall(r"(?:\.ci/|deploy/|requirements)[\w./-]+", commands)
    assert [name for name in named if not (REPOSITORY / name).exists()] == []
