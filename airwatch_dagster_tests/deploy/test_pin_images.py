"""`make image-digests`: versions get the digests that the registries name, and nothing else changes."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from airwatch_dagster_tests.architecture.test_compose import ROOT, SERVICES

DOCKER = '#!/bin/sh\nprintf \'"sha256:%s"\\n\' "$(printf %s "$4" | sha256sum | cut -c1-64)"\n'
"""Answers as `docker buildx imagetools inspect IMAGE --format …` does, with a digest of the image's name."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("docker-compose.yml", "Dockerfile"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def pin(project: Path, docker: str = DOCKER) -> subprocess.CompletedProcess[str]:
    programs = project / "programs"
    programs.mkdir(exist_ok=True)
    (programs / "docker").write_text(docker)
    (programs / "docker").chmod(0o755)
    command = [sys.executable, "-I", str(ROOT / "deploy" / "pin_images.py"), str(project)]
    path = f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin"
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": path})


def test_every_foreign_image_gets_its_digest_and_a_second_call_changes_nothing(project: Path) -> None:
    assert pin(project).returncode == 0
    compose, dockerfile = ((project / name).read_text() for name in ("docker-compose.yml", "Dockerfile"))
    assert pin(project).returncode == 0

    for image in {one["image"] for one in SERVICES.values()}:
        name = image.partition("@")[0]
        digest = hashlib.sha256(name.encode()).hexdigest()
        own = name.startswith("airwatch-dagster:")
        assert re.search(rf"image: {re.escape(name)}{'' if own else f'@sha256:{digest}'}$", compose, re.MULTILINE)
    assert re.search(r"^FROM python:\S+@sha256:[0-9a-f]{64}$", dockerfile, re.MULTILINE)
    assert (project / "docker-compose.yml").read_text() == compose
    unpinned = re.sub(r"@sha256:[0-9a-f]{64}", "", (ROOT / "docker-compose.yml").read_text())
    assert re.sub(r"@sha256:[0-9a-f]{64}", "", compose) == unpinned


def test_without_an_answer_nothing_is_changed(project: Path) -> None:
    done = pin(project, docker="#!/bin/sh\necho no such image >&2\nexit 1\n")

    assert done.returncode
    assert "the digest of caddy:" in done.stderr
    assert "no such image" in done.stderr
    assert (project / "docker-compose.yml").read_text() == (ROOT / "docker-compose.yml").read_text()
